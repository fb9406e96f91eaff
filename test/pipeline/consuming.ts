import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { type SourceRecord, unpackRecords } from '../../lib/bronze/unpack.ts';
import type { Row } from '../../lib/parquet.ts';
import { type CheckpointStore, decodeCheckpoint, encodeCheckpoint } from '../../lib/silver/checkpoint.ts';
import type { LogStore } from '../../lib/silver/log.ts';
import { processBatch, type SilverPorts } from '../../lib/silver/process-batch.ts';
import columns from '../../lib/stream/columns.json' with { type: 'json' };
import { toLaneRecord } from '../../lib/stream/record.ts';
import type { SmallLake } from '../gold/small-lake.ts';
import type { DrawnBatch, DrawnDelivery, LogPut } from './draw.ts';
import type { Stored } from './polling.ts';

const SHARDS = ['shardId-000000000000', 'shardId-000000000001'] as const;
const NAMES = new Map(columns.map(({ key, name }) => [key, name]));
const BATCHES_IN_A_FILE = 3;

/** Delivers records to Bronze as Firehose does: at least once, in files of some batches; what the transform marked as failed comes in the end. */
export function deliver(stored: readonly Stored[], deliveries: readonly DrawnDelivery[], lake: SmallLake): void {
  const failed: Stored[] = [];
  let open = [...stored];
  let rows: Row[] = [];
  let batches = 0;
  const flush = () => {
    if (rows.length > 0) lake.bronze(rows);
    rows = [];
  };
  while (open.length > 0) {
    const drawn = deliveries[batches % deliveries.length] as DrawnDelivery;
    const batch = open.slice(0, drawn.records);
    open = open.slice(drawn.records);
    batches += 1;
    const answer = transform(batch, drawn.limit_bytes);
    failed.push(...answer.failed);
    rows.push(...answer.rows);
    if (drawn.is_twice || batches % BATCHES_IN_A_FILE === 0) flush();
    if (drawn.is_twice) rows.push(...answer.rows);
  }
  flush();
  for (const record of failed.reverse()) rows.push(...transform([record], 5_500_000).rows);
  flush();
}

function transform(batch: readonly Stored[], limit_bytes: number): { rows: Row[]; failed: Stored[] } {
  const sources = batch.map(({ bytes, shard, sequence_number, arrived_at_ms }, n): SourceRecord => {
    const body = Buffer.from(bytes).toString('base64');
    return { record_id: String(n), body, shard_id: SHARDS[shard], sequence_number, arrived_at_ms };
  });
  const { records } = unpackRecords(sources, limit_bytes);
  const rows = records.flatMap(({ result, data }) =>
    result === 'Ok' ? rowsOf(Buffer.from(data, 'base64').toString()) : [],
  );
  return { rows, failed: batch.filter((_, n) => records.find((r) => r.recordId === String(n))?.result !== 'Ok') };
}

/** Rows with their columns' names: Firehose's part. */
const rowsOf = (ndjson: string): Row[] =>
  ndjson
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => {
      const row = JSON.parse(line) as Record<string, unknown>;
      return Object.fromEntries(Object.entries(row).map(([key, value]) => [NAMES.get(key) ?? key, value]));
    });

/** The log as S3 keeps it, and what becomes of its puts. */
class Log implements LogStore {
  readonly objects = new Map<string, Uint8Array>();
  readonly #puts: LogPut[];

  constructor(puts: readonly LogPut[]) {
    this.#puts = [...puts];
  }

  async put(key: string, bytes: Uint8Array) {
    const put = this.#puts.shift() ?? 'none';
    const is_new = !this.objects.has(key);
    if (put !== 'request lost' && is_new) this.objects.set(key, bytes);
    if (put !== 'none') return 'unknown';
    return is_new ? 'created' : 'exists';
  }

  async get(key: string) {
    const bytes = this.objects.get(key);
    if (bytes === undefined) throw new Error(`NoSuchKey ${key}`);
    return bytes;
  }

  async folders(prefix: string) {
    const keys = await this.keys(prefix);
    return [...new Set(keys.map((key) => key.slice(0, key.lastIndexOf('/') + 1)))];
  }

  async keys(prefix: string) {
    return [...this.objects.keys()].filter((key) => key.startsWith(prefix)).sort();
  }
}

function checkpointsInMemory(): CheckpointStore {
  const items = new Map<string, { version: number; bytes: Uint8Array }>();
  return {
    read: async (lane) => {
      const item = items.get(lane);
      return item ? decodeCheckpoint(item.bytes) : null;
    },
    write: async (lane, state) => {
      if ((items.get(lane)?.version ?? -1) < state.version)
        items.set(lane, { version: state.version, bytes: encodeCheckpoint(state) });
    },
  };
}

/** Two environments of the Silver function at the stream. */
export class Silver {
  /** Records that are never delivered again, although nobody did them. */
  readonly given_up = new Set<Stored>();
  readonly #log: Log;
  readonly #ports: readonly SilverPorts[];

  constructor(log_puts: readonly LogPut[]) {
    this.#log = new Log(log_puts);
    const checkpoints = checkpointsInMemory();
    this.#ports = [0, 1].map(() => ({
      log: this.#log,
      checkpoints,
      memory: new Map(),
      checkpoint_every: 3,
      pause: async () => undefined,
      warn: () => undefined,
    }));
  }

  /** Takes these records, each shard in order, in batches as they are drawn; then what is left, by ten. */
  async consume(stored: readonly Stored[], batches: readonly DrawnBatch[]): Promise<void> {
    const queues = SHARDS.map((_, shard) => stored.filter((record) => record.shard === shard));
    const rest: DrawnBatch[] = SHARDS.flatMap((_, shard) =>
      Array.from(
        { length: stored.length },
        (): DrawnBatch => ({ shard: shard as 0 | 1, records: 10, environment: 0, is: 'done' }),
      ),
    );
    for (const { shard, records, environment, is } of [...batches, ...rest]) {
      const batch = queues[shard]?.splice(0, records) ?? [];
      if (batch.length === 0) continue;
      if (is === 'given up') for (const record of batch) this.given_up.add(record);
      else await this.#process(batch, environment);
      if (is !== 'delivered again') continue;
      const half = Math.ceil(batch.length / 2);
      for (const part of [batch.slice(0, half), batch.slice(half)]) await this.#process(part, 1 - environment);
    }
  }

  async #process(batch: readonly Stored[], environment: number): Promise<void> {
    let records = batch.flatMap(
      ({ bytes, shard, sequence_number }) => toLaneRecord(bytes, SHARDS[shard], sequence_number) ?? [],
    );
    while (records.length > 0) {
      const open = await processBatch(records, this.#ports[environment] as SilverPorts);
      records = open === null ? [] : records.slice(records.findIndex((r) => r.sequence_number === open));
    }
  }

  /** The log's objects as files of the lake. */
  write(lake: SmallLake): void {
    for (const [key, bytes] of this.#log.objects) {
      mkdirSync(dirname(join(lake.root, key)), { recursive: true });
      writeFileSync(join(lake.root, key), bytes);
    }
  }
}
