/** What is on the dashboard and in alarms is what is sent, and the other way round. */

import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { mockClient } from 'aws-sdk-client-mock';
import { beforeAll, describe, expect, it, vi } from 'vitest';
import { pollGroup } from '../../lib/poll/poll-group.ts';
import { encodeChunk } from '../../lib/stream/chunk.ts';
import { METRICS } from '../../lib/watch/metrics.ts';
import { sendMetrics } from '../../lib/watch/send.ts';
import { FakeWorld, inputOf, SLOT_MS, seoulSystem } from '../poll/fakes.ts';
import { watchOf } from './definition.ts';
import { linesOf, metricsIn } from './lines.ts';

type Resources = Awaited<ReturnType<typeof watchOf>>;
interface Widget {
  readonly type: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
  // biome-ignore lint/suspicious/noExplicitAny: as CloudWatch takes it
  readonly properties: any;
}
/** Namespace, name, a dimension and its value (perhaps more), and how it is drawn. */
type Line = readonly [
  namespace: string,
  name: string,
  dimension: string,
  value: string,
  drawn: { readonly stat: string },
];

const NAMESPACE = 'bikelake/dev';
const widgetsOf = ({ Dashboard }: Resources): Widget[] =>
  JSON.parse(Dashboard?.Properties.DashboardBody['Fn::Sub']).widgets;

/** `stage/name` of our own metrics on the dashboard. */
function shown(resources: Resources): string[] {
  const lines: Line[] = widgetsOf(resources).flatMap(({ properties }) => properties.metrics ?? []);
  return lines.flatMap(([namespace, name, , stage]) => (namespace === NAMESPACE ? [`${stage}/${name}`] : []));
}

/** `stage/name` of our own metrics that alarms read. */
function watched(resources: Resources): string[] {
  const text = JSON.stringify(Object.values(resources).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm'));
  const own = /"Namespace":"bikelake\/dev","MetricName":"(\w+)","Dimensions":\[\{"Name":"stage","Value":"(\w+)"\}\]/g;
  return [...text.matchAll(own)].map(([, name, stage]) => `${stage}/${name}`);
}

/** `stage/name` of what a poll with a refused key and a batch with a change send. */
async function sent(): Promise<string[]> {
  vi.stubEnv('METRICS_NAMESPACE', NAMESPACE);
  vi.stubEnv('BUCKET_NAME', 'lake');
  vi.stubEnv('CHECKPOINT_TABLE', 'checkpoints');
  vi.stubEnv('AWS_REGION', 'us-east-1');
  mockClient(S3Client).onAnyCommand().resolves({});
  mockClient(DynamoDBClient).onAnyCommand().resolves({});
  const { handler } = await import('../../functions/silver.ts');
  const world = new FakeWorld();
  const refused = { body: '<RESULT><CODE>INFO-100</CODE></RESULT>', type: 'application/xml' };
  for (const rows of ['1/1000', '1001/2000', '2001/3000', '3001/4000']) {
    world.sites.set(`http://seoul.example:8088/secretkey0123/json/bikeList/${rows}/`, refused);
  }
  const entry = { kind: 'status', system_id: 'city', part: 0, parts: 1, fetched_at_ms: SLOT_MS, feed_updated_ms: null };
  const line = '{"i":"s","h":"0123456789abcdef","b":1,"r":"{}"}';
  const data = encodeChunk('lane', SLOT_MS, [{ ...entry, kind: 'status', lines: [line] }]).toString('base64');
  const record = { eventID: 'shardId-000000000000:1', kinesis: { data, sequenceNumber: '1' } };
  const lines = await linesOf(async () => {
    const measured = sendMetrics('poll', () => NAMESPACE);
    await pollGroup(inputOf([seoulSystem]), { ...world.ports(), measured });
    await handler({ Records: [record] } as never, {} as never);
  });
  return lines.flatMap(metricsIn);
}

const idsOf = (...when: string[]) =>
  METRICS.filter((m) => when.includes(m.sent)).map(({ stage, name }) => `${stage}/${name}`);
const BY_THE_MINUTE = idsOf('each time', 'when it happens');

let prod: Resources;
let withoutGold: Resources;
beforeAll(async () => {
  prod = await watchOf([60]);
  withoutGold = await watchOf([60], { 'param:gold': 'off' });
});

describe('our own metrics', () => {
  it('of the table are what poll and silver send, no more and no less', async () => {
    expect((await sent()).sort()).toEqual(BY_THE_MINUTE.toSorted());
  });

  it('are all on the dashboard, once, and nothing else is', () => {
    expect(shown(prod).sort()).toEqual(METRICS.map(({ stage, name }) => `${stage}/${name}`).sort());
    expect(shown(withoutGold).sort()).toEqual(BY_THE_MINUTE.toSorted());
  });

  it('that alarms read are on the dashboard too', () => {
    const read = new Set(watched(prod));
    expect(read.size).toBeGreaterThanOrEqual(6);
    expect([...read].filter((id) => !shown(prod).includes(id))).toEqual([]);
  });
});

it('every metric that an alarm reads is on the dashboard, with the same statistic', () => {
  const graphs: Line[] = widgetsOf(prod).flatMap(({ properties }) => properties.metrics ?? []);
  const onIt = new Set(graphs.map((line) => `${line[0]} ${line[1]} ${line[4].stat}`));
  const alarms = Object.values(prod).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm');
  const read = alarms.flatMap(({ Properties: p }) =>
    p.Metrics === undefined
      ? [`${p.Namespace} ${p.MetricName} ${p.Statistic}`]
      : p.Metrics.flatMap(({ MetricStat: s }: { MetricStat?: Resources[string]['Properties'] }) =>
          s ? [`${s.Metric.Namespace} ${s.Metric.MetricName} ${s.Stat}`] : [],
        ),
  );
  expect(read.filter((metric) => !onIt.has(metric))).toEqual([]);
});

describe('the dashboard', () => {
  it('shows the alarms first, then a row for each stage in data order', () => {
    const [alarms, ...rest] = widgetsOf(prod);
    expect(alarms?.type).toBe('alarm');
    expect(alarms?.properties.alarms.slice(0, 2)).toEqual(['${UnwellAlarm.Arn}', '${PollSilentAlarm.Arn}']);
    expect(alarms?.properties.alarms).toHaveLength(13);
    const rows = (widgets: Widget[]) =>
      widgets.flatMap(({ properties: p }) => p.markdown?.match(/^## (\w+): /)?.[1] ?? []);
    expect(rows(rest)).toEqual(['poll', 'stream', 'bronze', 'silver', 'gold']);
    expect(rows(widgetsOf(withoutGold))).toEqual(['poll', 'stream', 'bronze', 'silver']);
    expect(widgetsOf(withoutGold)[0]?.properties.alarms).toHaveLength(10);
  });

  it('fits into the grid of 24 columns, without overlap and without a hole', () => {
    for (const resources of [prod, withoutGold]) {
      const cells = new Map<string, number>();
      for (const { x, y, width, height } of widgetsOf(resources)) {
        expect(x + width).toBeLessThanOrEqual(24);
        for (let column = x; column < x + width; column++) {
          for (let row = y; row < y + height; row++)
            cells.set(`${column},${row}`, (cells.get(`${column},${row}`) ?? 0) + 1);
        }
      }
      const bottom = Math.max(...widgetsOf(resources).map(({ y, height }) => y + height));
      expect([cells.size, Math.max(...cells.values())]).toEqual([24 * bottom, 1]);
    }
  });

  it('refers to what the template has, and says nothing else that CloudFormation would replace', () => {
    const references = ({ Dashboard }: Resources) => {
      const body: string = Dashboard?.Properties.DashboardBody['Fn::Sub'] ?? '';
      return new Set([...body.matchAll(/\$\{([^}]+)\}/g)].map(([, name = '']) => name.replace(/\.Arn$/, '')));
    };
    const known = new Set([...Object.keys(prod), 'SilverMapping', 'AWS::Region', 'AWS::Partition', 'AWS::AccountId']);
    for (const resources of [prod, withoutGold]) {
      expect([...references(resources)].filter((name) => !known.has(name))).toEqual([]);
    }
    expect(JSON.stringify(withoutGold)).not.toMatch(/Gold|gold/);
  });

  it('titles say what is to be seen', () => {
    const titles = widgetsOf(prod).flatMap(({ type, properties }) => (type === 'metric' ? [properties.title] : []));
    expect(titles).toHaveLength(15);
    expect(new Set(titles).size).toBe(15);
    for (const title of titles) expect(title).toMatch(/^[A-Z][^_]+$/);
  });
});
