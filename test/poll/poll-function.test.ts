/** The function as it is deployed, with the AWS SDK's own clients, against the embedded services and the simulated city. */
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Context } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Receipt } from '../../lib/event.ts';
import { type PollInput, planOf } from '../../lib/poll/plan.ts';
import { toLaneRecord } from '../../lib/stream/record.ts';
import { startDynamoDb } from '../../local/aws/dynamodb/server.ts';
import type { Endpoint } from '../../local/aws/http.ts';
import { startKinesis } from '../../local/aws/kinesis/server.ts';
import { KinesisStore } from '../../local/aws/kinesis/store.ts';
import { startSsm } from '../../local/aws/ssm/server.ts';
import { VirtualClock } from '../../local/clock.ts';
import { type CityServer, startCity } from '../../local/sources/city/server.ts';
import { linesOf } from '../watch/lines.ts';

const STREAM = 'bikelake-dev-events';
const SHARD = 'shardId-000000000000';
const PARAMETER = '/bikelake/dev/seoul-key';
const clock = new VirtualClock(Date.UTC(2026, 10, 21, 8), 0);
const closing: Array<() => unknown> = [];
let city: CityServer;
let store: KinesisStore;
let quarantine: Server;
let handler: (input: PollInput, context: Context) => Promise<{ receipts: Receipt[] }>;

beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bikelake-poll-'));
  closing.push(() => rmSync(dir, { recursive: true }));
  city = await startCity({ clock, seed: 7, stations: 40, seoul_stations: 1_200 });
  store = await KinesisStore.open(dir, clock);
  await store.createStream({ name: STREAM, shards: 1, retention_hours: 24 });
  const kinesis = await startKinesis(store, clock);
  const dynamo = await startDynamoDb(dir);
  await dynamo.createTable({
    TableName: 'polls',
    BillingMode: 'PAY_PER_REQUEST',
    AttributeDefinitions: [{ AttributeName: 'group_id', AttributeType: 'S' }],
    KeySchema: [{ AttributeName: 'group_id', KeyType: 'HASH' }],
  });
  const ssm: Endpoint = await startSsm({ [PARAMETER]: city.seoulKey });
  quarantine = createServer((_, response) => void response.writeHead(500).end());
  await new Promise<void>((resolve) => quarantine.listen(0, '127.0.0.1', resolve));
  const environment = {
    AWS_REGION: 'us-east-1',
    AWS_ACCESS_KEY_ID: 'x',
    AWS_SECRET_ACCESS_KEY: 'x',
    AWS_ENDPOINT_URL_KINESIS: kinesis.url,
    AWS_ENDPOINT_URL_DYNAMODB: dynamo.url,
    AWS_ENDPOINT_URL_SSM: ssm.url,
    AWS_ENDPOINT_URL_FIREHOSE: `http://127.0.0.1:${(quarantine.address() as AddressInfo).port}`,
    STREAM_NAME: STREAM,
    QUARANTINE_NAME: 'quarantine',
    POLL_TABLE: 'polls',
    METRICS_NAMESPACE: 'bikelake/dev',
    SEOUL_KEY_PARAMETER: PARAMETER,
    FEED_ALLOWED_HOSTS: new URL(city.url).host,
  };
  for (const [name, value] of Object.entries(environment)) vi.stubEnv(name, value);
  handler = (await import('../../functions/poll.ts')).handler as typeof handler;
  closing.push(
    () => kinesis.close(),
    () => dynamo.close(),
    () => ssm.close(),
    () => store.close(),
    () => city.close(),
    () => quarantine.close(),
  );
});
afterAll(async () => {
  vi.unstubAllEnvs();
  for (const close of closing.reverse()) await close();
});

const context = { getRemainingTimeInMillis: () => 20_000 } as Context;
const summary = (r: Receipt) => [r.system_id, r.feed, r.status, r.accepted];

async function pollAll(): Promise<Receipt[]> {
  const scheduled_time = new Date(clock.now()).toISOString();
  const answers = [];
  for (const group of planOf(city.systems).groups)
    answers.push(...(await handler({ scheduled_time, group }, context)).receipts);
  return answers;
}

/** What the stream holds, one line an entry; receipts have no lane. */
async function streamed(): Promise<string[]> {
  const records = await store.read(STREAM, SHARD, 'TRIM_HORIZON', { records: 1_000, bytes: 100_000_000 });
  return records.flatMap(({ data, sequence_number }) => {
    const record = toLaneRecord(data, SHARD, sequence_number);
    return record?.parts.map((part) => `${record.lane} ${part.key} ${part.events.length}`) ?? ['receipts'];
  });
}

describe('the poll function', () => {
  it('polls GBFS 2.3, GBFS 3.0 and Seoul into the stream', async () => {
    expect((await pollAll()).map(summary)).toEqual([
      ['sim_gbfs23', 'station_status', 'ok', 40],
      ['sim_gbfs23', 'station_information', 'ok', 40],
      ['sim_gbfs30', 'station_status', 'ok', 40],
      ['sim_gbfs30', 'station_information', 'ok', 40],
      ['sim_seoul', 'station_status', 'ok', 1_200],
      ['sim_seoul', 'station_information', 'ok', 1_200],
    ]);
    const entries = await streamed();
    expect(entries.slice(0, 5)).toEqual([
      'lane-001 sim_gbfs23/status/0 40',
      'lane-001 sim_gbfs23/information/0 40',
      'lane-001 sim_gbfs30/status/0 40',
      'lane-001 sim_gbfs30/information/0 40',
      'receipts',
    ]);
    expect(entries.slice(5).map((entry) => entry.replace(/ \d+$/, ''))).toEqual([
      'lane-002 sim_seoul/status/0',
      'lane-002 sim_seoul/status/1',
      'lane-002 sim_seoul/status/2',
      'lane-002 sim_seoul/information/0',
      'lane-002 sim_seoul/information/1',
      'lane-002 sim_seoul/information/2',
      'receipts',
    ]);
    const stations = entries
      .filter((entry) => entry.includes('seoul/status'))
      .map((entry) => Number(entry.split(' ')[2]));
    expect(stations.reduce((sum, count) => sum + count, 0)).toBe(1_200);
  });

  it('finds a minute later in its table what it knew', async () => {
    clock.advanceTo(clock.now() + 60_000);
    const before = city.requests().total;
    expect((await pollAll()).map((r) => [r.system_id, r.feed])).toEqual([
      ['sim_gbfs23', 'station_status'],
      ['sim_gbfs30', 'station_status'],
      ['sim_seoul', 'station_status'],
    ]);
    expect(city.requests().total - before).toBe(4 + 1 + 1); // four pages, two documents
  });

  it('counts what it did, a line for each invocation', async () => {
    clock.advanceTo(clock.now() + 60_000);
    const lines = await linesOf(pollAll);
    expect(
      lines.map(({ stage, Polls, PollsFailed, EventsAccepted }) => [stage, Polls, PollsFailed, EventsAccepted]),
    ).toEqual([
      ['poll', 2, 0, 80],
      ['poll', 1, 0, 1_200],
    ]);
  });
});
