import { afterEach, expect, it, vi } from 'vitest';
import { sendMetrics } from '../../lib/watch/send.ts';
import { linesOf } from './lines.ts';

afterEach(() => void vi.restoreAllMocks());

const NOW_MS = 1_795_257_062_000;

it('is one line in the embedded metric format, with the stage as the only dimension', async () => {
  vi.spyOn(Date, 'now').mockReturnValue(NOW_MS);
  const send = sendMetrics('poll', () => 'bikelake/dev');
  const lines = await linesOf(() =>
    send({ Polls: 3, PollsFailed: 1, FeedsFrozen: 0, KeyRefused: 0, EventsAccepted: 120 }),
  );
  expect(lines).toEqual([
    {
      _aws: {
        Timestamp: NOW_MS,
        CloudWatchMetrics: [
          {
            Namespace: 'bikelake/dev',
            Dimensions: [['stage']],
            Metrics: [
              { Name: 'Polls', Unit: 'Count' },
              { Name: 'PollsFailed', Unit: 'Count' },
              { Name: 'FeedsFrozen', Unit: 'Count' },
              { Name: 'EventsAccepted', Unit: 'Count' },
            ],
          },
        ],
      },
      stage: 'poll',
      Polls: 3,
      PollsFailed: 1,
      FeedsFrozen: 0,
      EventsAccepted: 120,
    },
  ]);
});

it('starts anew with each invocation of an environment', async () => {
  const send = sendMetrics('silver', () => 'bikelake/dev');
  const lines = await linesOf(() => {
    send({ ChangesLogged: 5 });
    send({ ChangesLogged: 0 });
  });
  expect(lines.map(({ ChangesLogged }) => ChangesLogged)).toEqual([5, 0]);
});

it('writes nothing where nothing is to be sent', async () => {
  expect(await linesOf(() => sendMetrics('poll', () => 'n')({ KeyRefused: 0 }))).toEqual([]);
});

it('does not fail the function: not without a namespace, not for a name that is not in the table', async () => {
  const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
  const send = sendMetrics('poll', () => 'bikelake/dev');
  const lines = await linesOf(() => {
    sendMetrics('poll', () => {
      throw new Error('METRICS_NAMESPACE is not set');
    })({ Polls: 1 });
    send({ NoSuchMetric: 1 });
    send({ Polls: 2 });
  });
  expect(warn.mock.calls.map(([told]) => (told as { error: string }).error)).toEqual([
    'Error: METRICS_NAMESPACE is not set',
    'Error: no metric NoSuchMetric of stage poll in lib/watch/metrics.json',
  ]);
  expect(lines).toMatchObject([{ stage: 'poll', Polls: 2 }]);
});
