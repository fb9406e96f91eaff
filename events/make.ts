/**
 * `node events/make.ts` writes the example events: what each function gets on AWS, for
 * `npx sls invoke local -f NAME -p events/NAME.json` while `npm start` runs.
 */
import { writeFileSync } from 'node:fs';
import type { FirehoseTransformationEvent, KinesisStreamEvent } from 'aws-lambda';
import type { EventKind, Receipt } from '../lib/event.ts';
import { parseStationStatus } from '../lib/poll/parse/document.ts';
import type { PollInput } from '../lib/poll/plan.ts';
import { type Entry, encodeChunk, eventLine, receiptLine } from '../lib/stream/chunk.ts';

// Names of their own: an example never takes the place of what a running pipeline collects.
const SYSTEM_ID = 'example_city';
const GROUP_ID = 'example';
const LANE = 'example';
const SHARD_ID = 'shardId-000000000000';
const SCHEDULED_TIME = '2026-01-01T00:00:00Z';
const SLOT_MS = Date.parse(SCHEDULED_TIME);
const FETCHED_AT_MS = SLOT_MS + 12_345;
const ARRIVED_AT_MS = SLOT_MS + 12_600;

const DOCUMENT = {
  last_updated: SLOT_MS / 1000,
  ttl: 60,
  version: '2.3',
  data: {
    stations: [
      {
        station_id: 'harbour',
        num_bikes_available: 7,
        num_docks_available: 13,
        is_installed: true,
        is_renting: true,
        is_returning: true,
        last_reported: SLOT_MS / 1000 - 30,
      },
      {
        station_id: 'mill-bridge',
        num_bikes_available: 0,
        num_docks_available: 20,
        is_installed: true,
        is_renting: true,
        is_returning: true,
        last_reported: SLOT_MS / 1000 - 45,
      },
    ],
  },
};

const RECEIPT: Receipt = {
  system_id: SYSTEM_ID,
  group_id: GROUP_ID,
  slot_ms: SLOT_MS,
  feed: 'station_status',
  status: 'ok',
  http_code: 200,
  fetched: 2,
  accepted: 2,
  rejected: 0,
  repeated: 0,
  rejected_reasons: null,
  bytes: Buffer.byteLength(JSON.stringify(DOCUMENT)),
  latency_ms: 87,
  fetched_at_ms: FETCHED_AT_MS,
  feed_updated_ms: SLOT_MS,
  reason: null,
  basis_slot_ms: null,
};

const entry = (kind: EventKind | 'receipt', lines: readonly string[]): Entry => ({
  kind,
  system_id: SYSTEM_ID,
  part: 0,
  parts: 1,
  fetched_at_ms: FETCHED_AT_MS,
  feed_updated_ms: SLOT_MS,
  lines,
});

const statusLines = (): string[] => {
  const context = { system_id: SYSTEM_ID, slot_ms: SLOT_MS, fetched_at_ms: FETCHED_AT_MS };
  return parseStationStatus(Buffer.from(JSON.stringify(DOCUMENT)), context).events.map(eventLine);
};

interface StreamRecord {
  readonly partition_key: string;
  readonly sequence_number: string;
  readonly body: string;
}

const record = (number: number, partition_key: string, chunk: Buffer): StreamRecord => ({
  partition_key,
  sequence_number: `4965${String(number).padStart(52, '0')}`,
  body: chunk.toString('base64'),
});

const statusChunk = () => encodeChunk(LANE, SLOT_MS, [entry('status', statusLines())]);
const receiptChunk = () => encodeChunk(null, SLOT_MS, [entry('receipt', [receiptLine(RECEIPT)])]);
/** A part without an event: the batch stands in the log, and a running pipeline's ledger still balances, for Bronze has none of it either. */
const emptyChunk = () => encodeChunk(LANE, SLOT_MS, [entry('status', [])]);

/** A group of one system, polled from the simulated city (`npm start` serves it on this port if it is free). */
const poll = (): PollInput => ({
  scheduled_time: SCHEDULED_TIME,
  group: {
    group_id: GROUP_ID,
    interval_s: 60,
    systems: [
      {
        system_id: SYSTEM_ID,
        kind: 'gbfs',
        url: 'http://127.0.0.1:8010/gbfs/2.3/gbfs.json',
        interval_s: 60,
        time_zone: 'Asia/Seoul',
        lanes: [`${LANE}-poll`],
      },
    ],
  },
});

/** A chunk of two stations and a receipt, as Firehose hands them to its transform. */
const bronze = (): FirehoseTransformationEvent => ({
  invocationId: '5a9e2c0e-8a64-4a86-9d26-3f9f3f3f0001',
  deliveryStreamArn: 'arn:aws:firehose:ap-northeast-2:000000000000:deliverystream/bikelake-dev-bronze',
  sourceKinesisStreamArn: 'arn:aws:kinesis:ap-northeast-2:000000000000:stream/bikelake-dev-events',
  region: 'ap-northeast-2',
  records: [record(1, LANE, statusChunk()), record(2, `receipts-${GROUP_ID}`, receiptChunk())].map((r) => ({
    recordId: `${r.sequence_number}0`,
    approximateArrivalTimestamp: ARRIVED_AT_MS,
    data: r.body,
    kinesisRecordMetadata: {
      shardId: SHARD_ID,
      partitionKey: r.partition_key,
      approximateArrivalTimestamp: ARRIVED_AT_MS,
      sequenceNumber: r.sequence_number,
      subsequenceNumber: '0',
    },
  })),
});

/** A record of a lane and a receipt, which has none, as the event source mapping hands them over. */
const silver = (): KinesisStreamEvent => ({
  Records: [record(1, LANE, emptyChunk()), record(2, `receipts-${GROUP_ID}`, receiptChunk())].map((r) => ({
    kinesis: {
      kinesisSchemaVersion: '1.0',
      partitionKey: r.partition_key,
      sequenceNumber: r.sequence_number,
      data: r.body,
      approximateArrivalTimestamp: ARRIVED_AT_MS / 1000,
    },
    eventSource: 'aws:kinesis',
    eventVersion: '1.0',
    eventID: `${SHARD_ID}:${r.sequence_number}`,
    eventName: 'aws:kinesis:record',
    invokeIdentityArn: 'arn:aws:iam::000000000000:role/bikelake-dev-silver',
    awsRegion: 'ap-northeast-2',
    eventSourceARN: 'arn:aws:kinesis:ap-northeast-2:000000000000:stream/bikelake-dev-events',
  })),
});

/** The example of each function as the text of its file. */
export function exampleEvents(): Readonly<Record<'poll' | 'bronze' | 'silver', string>> {
  const text = (event: unknown) => `${JSON.stringify(event, null, 2)}\n`;
  return { poll: text(poll()), bronze: text(bronze()), silver: text(silver()) };
}

if (import.meta.main) {
  for (const [name, text] of Object.entries(exampleEvents())) {
    writeFileSync(new URL(`${name}.json`, import.meta.url), text);
  }
}
