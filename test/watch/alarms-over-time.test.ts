/**
 * The alarms of a plan over hours of metrics as a well and an ill pipeline make them, by the embedded CloudWatch: polls up to a minute late,
 * batches and deliveries when they come, and every value seen some minutes after its time.
 */
import { describe, expect, it } from 'vitest';
import { toAlarm } from '../../local/aws/cloudwatch/alarm.ts';
import { Alarms } from '../../local/aws/cloudwatch/alarms.ts';
import { MetricStore } from '../../local/aws/cloudwatch/store.ts';
import { seededChance } from '../../local/aws/seeded.ts';
import { resolveTemplate, type Template } from '../../local/template/resolve.ts';
import { watchOf } from './definition.ts';

const T0 = Date.parse('2026-03-01T00:00:00Z');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** What a value takes at most to be seen. */
const SEEN_LATE_MS = 2.5 * MINUTE_MS;

interface Point {
  readonly seen_ms: number;
  readonly at_ms: number;
  readonly metric: readonly [namespace: string, name: string, dimensions: Record<string, string>];
  readonly value: number;
}

interface Story {
  readonly interval_s: number;
  readonly bronze_s: number;
  readonly hours: number;
  readonly seed: number;
  /** Minutes from which, and to which, a part is not there. */
  readonly polls_off?: readonly [from: number, to: number];
  readonly silver_off?: readonly [from: number, to: number];
  readonly bronze_off?: readonly [from: number, to: number];
}

const CLOCK = ['AWS/Kinesis', 'GetRecords.Success', { StreamName: 'bikelake-dev-events' }] as const;
const AGE = ['AWS/Lambda', 'IteratorAge', { FunctionName: 'bikelake-dev-silver' }] as const;
const FRESHNESS = [
  'AWS/Firehose',
  'DeliveryToS3.DataFreshness',
  { DeliveryStreamName: 'bikelake-dev-bronze' },
] as const;
const ours = (name: string) => ['bikelake/dev', name, { stage: 'poll' }] as const;

/** The stack is there from T0 on, its first poll at the first slot after 5 minutes: schedules are made last. */
function pointsOf({ interval_s, bronze_s, hours, seed, polls_off, silver_off, bronze_off }: Story): Point[] {
  const random = seededChance(seed);
  const points: Point[] = [];
  const end_ms = T0 + hours * HOUR_MS;
  const isOff = (at_ms: number, off: Story['polls_off']) =>
    off !== undefined && at_ms >= T0 + off[0] * MINUTE_MS && at_ms < T0 + off[1] * MINUTE_MS;
  const add = (at_ms: number, metric: Point['metric'], value: number) =>
    points.push({ at_ms, seen_ms: at_ms + random() * SEEN_LATE_MS, metric, value });

  for (let at_ms = T0; at_ms < end_ms; at_ms += MINUTE_MS) add(at_ms, CLOCK, 120);
  const first_slot_ms = Math.ceil((T0 + 5 * MINUTE_MS) / (interval_s * 1000)) * interval_s * 1000;
  let delivered_ms = 0;
  for (let slot_ms = first_slot_ms; slot_ms < end_ms; slot_ms += interval_s * 1000) {
    const polled_ms = slot_ms + random() * MINUTE_MS;
    if (isOff(polled_ms, polls_off)) continue;
    for (const [name, value] of [
      ['Polls', 10],
      ['PollsFailed', random() < 0.2 ? 1 : 0],
      ['FeedsFrozen', 0],
    ] as const) {
      add(polled_ms, ours(name), value);
    }
    // A batch is handed over when its window of a minute is over.
    const batch_ms = polled_ms + MINUTE_MS * (0.2 + random());
    if (!isOff(batch_ms, silver_off)) add(batch_ms, AGE, batch_ms - polled_ms);
    // What is read opens a buffer of a minute, and one of the delivery stream's interval.
    const file_ms = polled_ms + MINUTE_MS * (0.5 + random()) + bronze_s * 1000;
    if (file_ms - delivered_ms >= bronze_s * 1000 && !isOff(file_ms, bronze_off)) {
      delivered_ms = file_ms;
      add(file_ms, FRESHNESS, (file_ms - polled_ms) / 1000);
    }
  }
  return points.sort((a, b) => a.seen_ms - b.seen_ms);
}

/** `minute state` of each change of the named alarm, or of all alarms that were ever on. */
async function changesOf(story: Story, named?: string): Promise<string[]> {
  const resources = await watchOf([story.interval_s], {
    'param:bronzeIntervalSeconds': story.bronze_s,
    'param:gold': 'off',
  });
  const SilverMapping = { Type: 'AWS::Lambda::EventSourceMapping', Properties: {} };
  const template = { Resources: { ...resources, SilverMapping } } as unknown as Template;
  const metric = resolveTemplate(template, { account_id: '123456789012', region: 'us-east-1' })
    .filter(({ type }) => type === 'AWS::CloudWatch::Alarm')
    .map(toAlarm);
  const store = new MetricStore();
  const alarms = new Alarms(store, { metric, composite: [] }, T0);
  const points = pointsOf(story);
  let next = 0;
  for (let minute = 1; minute <= story.hours * 60; minute++) {
    const now_ms = T0 + minute * MINUTE_MS;
    for (let point = points[next]; point !== undefined && point.seen_ms < now_ms; point = points[++next]) {
      const [namespace, name, dimensions] = point.metric;
      store.series({ namespace, name, dimensions }).add(point.value, point.at_ms);
    }
    alarms.evaluateTo(now_ms);
  }
  const minuteOf = (at_ms: number) => Math.round((at_ms - T0) / MINUTE_MS);
  return alarms
    .history()
    .filter(
      ({ name, to, from }) => (to === 'ALARM' || from === 'ALARM') && (named === undefined || name.endsWith(named)),
    )
    .map(({ name, at_ms, to }) => `${name.replace('bikelake-dev-', '')} ${to} ${minuteOf(at_ms)}`);
}

/** Slow plans need longer stories. */
const PLANS = [
  [60, 300, 6],
  [60, 900, 6],
  [300, 60, 6],
  [900, 900, 8],
  [1200, 300, 14],
] as const;

describe.each(PLANS)('a plan polled every %i s, delivered every %i s', (interval_s, bronze_s, hours) => {
  const base = { interval_s, bronze_s, hours };
  const outage = (): [number, number] => [hours * 20, hours * 40];
  /** The first change, and whether the alarm held to the outage's end and was over in the end. */
  const course = (changes: readonly string[]) => changes.map((change) => change.replace(/ \d+$/, ''));

  it('is quiet from its first deploy on', async () => {
    for (const seed of [1, 2]) expect([seed, ...(await changesOf({ ...base, seed }))]).toEqual([seed]);
  });

  it('alarms once while nothing is polled, and no other alarm with it', async () => {
    const changes = await changesOf({ ...base, seed: 4, polls_off: outage() });
    expect(course(changes)).toEqual(['poll-silent ALARM', 'poll-silent OK']);
    const waited = Number(changes[0]?.split(' ').at(-1)) - hours * 20;
    expect(waited).toBeLessThanOrEqual(Math.max(15, (3 * interval_s) / 60) + interval_s / 60 + 61);
  });

  it('alarms once while no batch is handed over', async () => {
    const changes = await changesOf({ ...base, seed: 5, silver_off: outage() });
    expect(course(changes)).toEqual(['silver-behind ALARM', 'silver-behind OK']);
  });

  it('alarms once while nothing is delivered', async () => {
    const changes = await changesOf({ ...base, seed: 6, bronze_off: outage() });
    expect(course(changes)).toEqual(['bronze-behind ALARM', 'bronze-behind OK']);
  });
});
