import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ScanCommand } from '@aws-sdk/client-dynamodb';
import { GetRecordsCommand, GetShardIteratorCommand, ListShardsCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { type Figures, figuresOf } from '../jobs/duckdb/figures.ts';
import { ledgerOf } from '../jobs/duckdb/ledger.ts';
import { settleLake } from '../jobs/duckdb/settle.ts';
import { FatalError } from '../lib/errors.ts';
import type { Receipt } from '../lib/event.ts';
import type { Plan } from '../lib/poll/plan.ts';
import { decodeChunk } from '../lib/stream/chunk.ts';
import { deliver, invoke, type StreamRecord } from './bronze-twin.ts';
import type { Clients } from './clients.ts';

/** Physical names of what a poll goes through. */
export interface PipelineNames {
  readonly poll: string;
  readonly stream: string;
  readonly bronze: string;
  readonly transform: string;
  readonly lake: string;
  readonly polls: string;
}

export interface Polled {
  readonly receipts: number;
  readonly events: number;
  readonly records: number;
  readonly figures: Figures;
}

/** What settle and ledger read. Below errors/ lies what the server's own delivery gave up. */
const COPIED = /^(bronze|log|config|quarantine)\//;
const ARRIVES_MS = 120_000;
const AGAIN_MS = 500;

/**
 * Sends a poll of every group through the deployed functions, and follows it: receipts, records of the stream, Bronze and Silver in the lake,
 * which a copy in `dir` settles, and whose ledger must balance. Throws FatalError `poll_lost` with the hop that has less than the one before.
 */
export async function pollThrough(
  clients: Clients,
  names: PipelineNames,
  plan: Plan,
  { dir, signal }: { readonly dir: string; readonly signal: AbortSignal },
): Promise<Polled> {
  const slot_ms = Math.floor(Date.now() / 60_000) * 60_000;
  const receipts = (
    await Promise.all(plan.groups.map((group) => poll(clients, names.poll, { group, slot_ms })))
  ).flat();
  const bad = receipts.find((receipt) => receipt.status !== 'ok');
  if (bad) throw lost(`the poll of ${bad.system_id} ${bad.feed} is ${bad.status}: ${bad.reason}`);
  const accepted = receipts.reduce((sum, receipt) => sum + receipt.accepted, 0);
  if (accepted === 0) throw lost('no poll accepted an event');

  const records = await streamRecords(clients, names.stream);
  const chunks = records.map(({ data }) => decodeChunk(data)).filter(({ header }) => header.lane !== null);
  const inStream = chunks.reduce((sum, chunk) => sum + chunk.lines.length, 0);
  if (inStream !== accepted) throw lost(`${accepted} events were accepted, and the stream has ${inStream}`);

  await deliver(clients, names, records);
  const lake = join(dir, 's3', names.lake);
  const figures = await arrived(clients, names.lake, lake, accepted, signal);
  const { findings } = await ledgerOf(lake, { quick: false });
  const finding = findings.find(({ level }) => level !== 'note');
  if (finding) throw lost(`the ledger of the lake finds: ${JSON.stringify(finding)}`);
  await kept(clients, names.polls, plan.groups.length, 'groups that were polled');
  return { receipts: receipts.length, events: accepted, records: records.length, figures };
}

async function poll(
  clients: Clients,
  name: string,
  { group, slot_ms }: { group: Plan['groups'][number]; slot_ms: number },
): Promise<Receipt[]> {
  const input = { scheduled_time: new Date(slot_ms).toISOString(), group };
  return ((await invoke(clients, name, input)) as { receipts: Receipt[] }).receipts;
}

async function streamRecords({ kinesis }: Clients, StreamName: string): Promise<StreamRecord[]> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
  const records: StreamRecord[] = [];
  for (const { ShardId } of Shards) {
    const begin = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
    let next = (await kinesis.send(new GetShardIteratorCommand(begin))).ShardIterator;
    for (let isMore = true; isMore && next !== undefined; ) {
      const page = await kinesis.send(new GetRecordsCommand({ ShardIterator: next }));
      records.push(
        ...(page.Records ?? []).map((record) => ({
          shard_id: ShardId ?? '',
          sequence_number: record.SequenceNumber ?? '',
          partition_key: record.PartitionKey ?? '',
          arrived_at_ms: record.ApproximateArrivalTimestamp?.getTime() ?? 0,
          data: record.Data ?? new Uint8Array(),
        })),
      );
      next = page.NextShardIterator;
      isMore = (page.Records?.length ?? 0) > 0;
    }
  }
  return records;
}

/** Copies the lake until Bronze and the log's batches hold all events; the settled figures then. */
async function arrived(
  clients: Clients,
  bucket: string,
  lake: string,
  accepted: number,
  signal: AbortSignal,
): Promise<Figures> {
  let seen = 'nothing';
  for (const until_ms = Date.now() + ARRIVES_MS; Date.now() < until_ms; ) {
    signal.throwIfAborted();
    await copyLake(clients, bucket, lake);
    await settleLake(lake);
    const figures = await figuresOf(lake);
    const { fresh, unchanged, duplicate, late, bronze_rows, ledger_difference, pending } = figures;
    seen = `Bronze ${bronze_rows} rows of status, the log's batches ${fresh + unchanged + duplicate + late} events, ${pending} pending, a ledger difference of ${ledger_difference}`;
    if (fresh + unchanged + duplicate + late === accepted && ledger_difference === 0 && pending === 0) return figures;
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
  }
  throw lost(`${accepted} events were accepted, and after ${ARRIVES_MS / 1000} s the lake has: ${seen}`);
}

async function copyLake({ s3 }: Clients, Bucket: string, lake: string): Promise<void> {
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket })) {
    for (const { Key = '' } of page.Contents ?? []) {
      if (!COPIED.test(Key)) continue;
      const bytes = await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body?.transformToByteArray();
      const path = join(lake, Key);
      mkdirSync(dirname(path), { recursive: true });
      writeFileSync(path, bytes ?? new Uint8Array());
    }
  }
}

async function kept({ dynamodb }: Clients, TableName: string, wanted: number, what: string): Promise<void> {
  const { Count = 0 } = await dynamodb.send(new ScanCommand({ TableName, Select: 'COUNT' }));
  if (Count !== wanted) throw lost(`table ${TableName} has ${Count} items, and there are ${wanted} ${what}`);
}

const lost = (message: string): FatalError => new FatalError('local', 'poll_lost', message);
