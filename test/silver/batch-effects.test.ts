import { describe, expect, test } from 'vitest';
import { DynamoCheckpoints } from '../../lib/silver/dynamo-checkpoint.ts';
import { processBatch, type SilverPorts } from '../../lib/silver/process-batch.ts';
import { S3Log } from '../../lib/silver/s3-log.ts';
import { Cloud, type Effect, serviceError } from './cloud.ts';
import { laneRecord } from './records.ts';

/** The calls of S3 and DynamoDB that a batch makes, all of them and in order. The minutes of `laneRecord` count from 23:58 of November 21. */
function silver(cloud = new Cloud(), checkpoint_every = 16) {
  const calls: string[] = [];
  /** The next call of that name is refused. */
  const faults: [call: string, error: Error][] = [];
  const answer = (effect: Effect): void => {
    const call = `${effect.kind} ${effect.target.replace('log/lane=a/event_date=', '')}`;
    calls.push(call);
    if (calls.length > 100) throw new Error('more calls than any batch here makes');
    const fault = take(faults, call);
    if (fault !== null) {
      effect.refuse(fault);
      return;
    }
    try {
      effect.answer(effect.perform());
    } catch (error) {
      effect.refuse(error as Error);
    }
  };
  const { s3, dynamodb } = cloud.clients(answer);
  const ports: SilverPorts = {
    log: new S3Log(s3, 'lake'),
    checkpoints: new DynamoCheckpoints(dynamodb, 'checkpoints'),
    memory: new Map(),
    checkpoint_every,
    pause: async (attempt) => void calls.push(`pause ${attempt}`),
    warn: (message) => void calls.push(message),
  };
  return {
    cloud,
    calls,
    faults,
    ports,
    run: (...batch: Parameters<typeof processBatch>[0]) => processBatch(batch, ports),
  };
}

function take(faults: [call: string, error: Error][], call: string): Error | null {
  const n = faults.findIndex(([name]) => name === call);
  return n < 0 ? null : (faults.splice(n, 1)[0]?.[1] ?? null);
}

const record = (sequence: number, minute: number, content: string, lane = 'a') =>
  laneRecord(sequence, minute, { 0: { s: content } }, lane);
const DAY = 24 * 60;

describe('the calls of a batch', () => {
  test('the first of a lane: checkpoint, list, the turn to its date as version 1, its object', async () => {
    const { calls, run } = silver();
    expect(await run(record(1, 0, 'A'))).toBeNull();
    expect(calls).toEqual([
      'read checkpoint a',
      'list log/lane=a/',
      'put 1970-01-01/000000000001.parquet',
      'put 2026-11-21/000000000002.parquet',
    ]);
  });

  test('the next, from memory: one put, also where nothing changed and where it is late', async () => {
    const { calls, run } = silver();
    await run(record(1, -1, 'A'));
    calls.length = 0;
    await run(record(2, 0, 'B'), record(3, 1, 'A'));
    await run(record(4, 1, 'A'));
    await run(record(5, -2, 'C'));
    expect(calls).toEqual([
      'put 2026-11-21/000000000003.parquet',
      'put 2026-11-21/000000000004.parquet',
      'put 2026-11-21/000000000005.parquet',
    ]);
  });

  test('one that is done already: none', async () => {
    const { calls, run } = silver();
    await run(record(1, -1, 'A'));
    calls.length = 0;
    expect(await run(record(1, -1, 'A'))).toBeNull();
    expect(calls).toEqual([]);
  });

  test('a collision: the checkpoint, the object that stands there, the next name; the checkpoint once only', async () => {
    const { cloud, calls, run } = silver();
    await run(record(1, -5, 'A'));
    const other = silver(cloud);
    await other.run(record(1, -5, 'A'), record(2, -4, 'B'));
    await other.run(record(3, -3, 'A'));
    calls.length = 0;
    await run(record(4, -2, 'B'));
    expect(calls).toEqual([
      'put 2026-11-21/000000000003.parquet',
      'read checkpoint a',
      'get 2026-11-21/000000000003.parquet',
      'put 2026-11-21/000000000004.parquet',
      'get 2026-11-21/000000000004.parquet',
      'put 2026-11-21/000000000005.parquet',
    ]);
  });

  test('a collision with a newer checkpoint there: it is taken, and no object is read', async () => {
    const { cloud, calls, run } = silver();
    await run(record(1, -5, 'A'));
    const other = silver(cloud, 1);
    await other.run(record(2, -4, 'B'));
    await other.run(record(3, -3, 'A'));
    calls.length = 0;
    await run(record(4, -2, 'B'));
    expect(calls).toEqual([
      'put 2026-11-21/000000000003.parquet',
      'read checkpoint a',
      'put 2026-11-21/000000000005.parquet',
    ]);
  });

  test('over midnight: object, turn, object; after two days at once, one turn', async () => {
    const { calls, run } = silver();
    await run(record(1, -1, 'A'));
    calls.length = 0;
    await run(record(2, 1, 'B'), record(3, 2, 'A'), record(4, 3, 'B'), record(5, 2 * DAY + 3, 'A'));
    expect(calls).toEqual([
      'put 2026-11-21/000000000003.parquet',
      'put 2026-11-21/000000000004.parquet',
      'put 2026-11-22/000000000005.parquet',
      'put 2026-11-22/000000000006.parquet',
      'put 2026-11-24/000000000007.parquet',
    ]);
  });

  test('a checkpoint that is due: after the objects', async () => {
    const { cloud, calls, run } = silver(new Cloud(), 3);
    await run(record(1, -3, 'A'));
    await run(record(2, -2, 'B'));
    await run(record(3, -1, 'A'));
    expect(calls.slice(2)).toEqual([
      'put 1970-01-01/000000000001.parquet',
      'put 2026-11-21/000000000002.parquet',
      'put 2026-11-21/000000000003.parquet',
      'write checkpoint a',
      'put 2026-11-21/000000000004.parquet',
    ]);
    expect(cloud.items.get('a')?.version).toBe(3);
  });

  test('a cold start from a checkpoint: no list', async () => {
    const { cloud, run } = silver(new Cloud(), 1);
    await run(record(1, -3, 'A'));
    const cold = silver(cloud);
    await cold.run(record(2, -2, 'B'));
    expect(cold.calls).toEqual(['read checkpoint a', 'put 2026-11-21/000000000003.parquet']);
  });

  test.each(['memory', 'a checkpoint'])(
    'a state in %s that is older than a week: the newest folder instead',
    async (from) => {
      const { cloud, calls, run } = silver(new Cloud(), from === 'memory' ? 16 : 1);
      await run(record(1, 0, 'A'));
      await run(record(2, 7 * DAY, 'B')); // a week to the minute is not older
      expect(calls.filter((call) => call.startsWith('list'))).toHaveLength(1);
      const late = from === 'memory' ? { calls, run } : silver(cloud);
      late.calls.length = 0;
      await late.run(record(3, 14 * DAY + 1, 'A'));
      expect(late.calls).toEqual([
        ...(from === 'memory' ? [] : ['read checkpoint a']),
        'list log/lane=a/',
        'list 2026-11-28/',
        'get 2026-11-28/000000000004.parquet',
        'put 2026-11-28/000000000005.parquet',
        'put 2026-12-05/000000000006.parquet', // minute 1 after the 14 days is still 23:59
      ]);
    },
  );

  test.each([
    ['no answer', serviceError('TimeoutError')],
    ['a server error', serviceError('SlowDown', 503)],
    ['a conflict', serviceError('ConditionalRequestConflict', 409)],
  ])('%s to a put: a pause, and the same name again', async (_, error) => {
    const { calls, faults, run } = silver();
    faults.push(['put 2026-11-21/000000000002.parquet', error]);
    await run(record(1, 0, 'A'));
    expect(calls.slice(3)).toEqual([
      'put 2026-11-21/000000000002.parquet',
      'pause 1',
      'put 2026-11-21/000000000002.parquet',
    ]);
  });

  test('five puts without an answer: the lane fails, and is given back from its first open record', async () => {
    const { calls, faults, run } = silver();
    await run(record(1, -1, 'A'));
    calls.length = 0;
    const put = 'put 2026-11-22/000000000005.parquet';
    for (let n = 0; n < 5; n++) faults.push([put, serviceError('TimeoutError')]);
    expect(await run(record(2, 1, 'B'), record(3, 2, 'A'), record(4, 3, 'B'))).toBe('3');
    expect(calls.slice(2)).toEqual([...[1, 2, 3, 4, 5].flatMap((n) => [put, `pause ${n}`]), 'a lane failed']);
    calls.length = 0;
    expect(await run(record(3, 2, 'A'), record(4, 3, 'B'))).toBeNull();
    expect(calls).toEqual([put]);
  });

  test('a put that is denied is not tried again; a list or a get that fails fails the lane', async () => {
    const { calls, faults, run } = silver();
    faults.push(['list log/lane=a/', serviceError('SlowDown', 503)]);
    faults.push(['put 1970-01-01/000000000001.parquet', serviceError('AccessDenied', 403)]);
    expect(await run(record(1, 0, 'A'))).toBe('1');
    expect(await run(record(1, 0, 'A'))).toBe('1');
    expect(calls).toEqual([
      'read checkpoint a',
      'list log/lane=a/',
      'a lane failed',
      'read checkpoint a',
      'list log/lane=a/',
      'put 1970-01-01/000000000001.parquet',
      'a lane failed',
    ]);
  });

  test('a checkpoint that can neither be read nor written: the log tells, and the batch is done', async () => {
    const { calls, faults, run } = silver(new Cloud(), 1);
    faults.push(['read checkpoint a', serviceError('ThrottlingException', 400)]);
    faults.push(['write checkpoint a', serviceError('ThrottlingException', 400)]);
    expect(await run(record(1, 0, 'A'))).toBeNull();
    expect(calls.filter((call) => call.includes('checkpoint'))).toEqual([
      'read checkpoint a',
      'checkpoint not read; the log tells',
      'write checkpoint a',
      'checkpoint not written',
    ]);
  });

  test('of two lanes that fail, the lowest sequence number by value; sequence numbers have many lengths', async () => {
    const { faults, run } = silver();
    faults.push(
      ['list log/lane=a/', serviceError('SlowDown', 503)],
      ['list log/lane=b/', serviceError('SlowDown', 503)],
    );
    expect(await run(record(8, 0, 'A', 'c'), record(9, 0, 'A', 'b'), record(10, 0, 'A', 'a'))).toBe('9');
  });
});

test('every put of the log is conditional', async () => {
  const { cloud, run } = silver();
  await run(record(1, 0, 'A'), record(2, 2, 'B'));
  const { s3 } = cloud.clients((effect) => effect.answer(effect.perform()));
  const [key = ''] = cloud.objects.keys();
  const before = cloud.objects.get(key);
  expect(await new S3Log(s3, 'lake').put(key, Buffer.from('x'))).toBe('exists');
  expect(cloud.objects.get(key)).toBe(before);
  expect(cloud.violations).toEqual([]);
});
