/**
 * Catching up after an outage: hours of polls lie in the stream, and the mapping and the delivery stream of the packaged template begin to
 * read. Events per second, the ratio to the live rate, and whether anything was given up, late, lost or doubled; beside the bound (decode and
 * parse every line of the same chunks, and do nothing with it) in the same run. Ends with 1 where something does not come out.
 *
 *   npm run bench:catchup -- [--hours 6] [--stations 10000]
 */
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { figuresOf } from '../jobs/duckdb/figures.ts';
import { settleLake } from '../jobs/duckdb/settle.ts';
import { decodeChunk } from '../lib/stream/chunk.ts';
import { KinesisStore } from '../local/aws/kinesis/store.ts';
import { VirtualClock } from '../local/clock.ts';
import { Cloud } from '../local/cloud.ts';
import { packageService } from '../local/package.ts';
import { Backlog } from './catchup/backlog.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const MINUTE_MS = 60_000;
const START_MS = Date.parse('2026-11-21T20:00:00Z'); // an outage across midnight
const LOOK_MS = 200;

const { values } = parseArgs({
  options: { hours: { type: 'string', default: '6' }, stations: { type: 'string', default: '10000' } },
});
const slots = Math.round(Number(values.hours) * 60);
const stations = Number(values.stations);
if (!(slots > 0) || !(stations > 0)) {
  console.error('--hours and --stations take numbers above 0');
  process.exit(2);
}
const dir = mkdtempSync(join(tmpdir(), 'bikelake-catchup-'));
const n = (value: number): string => Math.round(value).toLocaleString('en-US');
const rss = (): string => `${n(process.resourceUsage().maxRSS / 1024)} MB at most so far`;
try {
  await main();
} finally {
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}

async function main(): Promise<void> {
  const { template, code } = await packageService({ dir, stage: 'dev', root: ROOT });
  const open = (clock: VirtualClock): Promise<Cloud> => Cloud.start({ template, code, dir, clock });

  // Before the outage: the delivery stream exists, at the newest record of an empty stream.
  const clock = new VirtualClock(START_MS, 0);
  const before = await open(clock);
  const { stream, bucket } = before.names;
  await before.close();

  // During it: polls are put into the stream, and nobody reads.
  const backlog = new Backlog(stations, 1);
  const store = await KinesisStore.open(dir, clock);
  for (let slot = 0; slot < slots; slot++) {
    clock.advanceTo(START_MS + slot * MINUTE_MS + 3_000);
    await store.put(stream, backlog.slot(START_MS + slot * MINUTE_MS));
  }
  const [shard = ''] = store.shardIds(stream);
  const records = store.pending(stream, shard, undefined);
  await store.close();
  const lake = join(dir, 's3', bucket);
  mkdirSync(join(lake, 'config'), { recursive: true });
  writeFileSync(join(lake, 'config', 'plan.json'), JSON.stringify(backlog.plan));
  console.log(
    `${values.hours} h of ${n(stations)} stations a minute: ${n(backlog.events)} events, ${n(backlog.changes)} of them changes (${((100 * backlog.changes) / backlog.events).toFixed(1)} %), in ${n(records.records)} records, ${n(records.bytes / 2 ** 20)} MB; ${rss()}`,
  );

  // After it, on a clock that goes as a real one: what is too old for the mapping would be given up.
  const cloud = await open(new VirtualClock(START_MS + slots * MINUTE_MS, 1));
  const from = performance.now();
  const caught = { silver_ms: 0, bronze_ms: 0 };
  const draining = cloud.drain();
  const look = setInterval(() => {
    const { stream_records, bronze_records } = cloud.backlog();
    if (stream_records === 0) caught.silver_ms ||= performance.now() - from;
    if (bronze_records === 0) caught.bronze_ms ||= performance.now() - from;
  }, LOOK_MS);
  await draining;
  clearInterval(look);
  const all_ms = performance.now() - from;
  const { mapping, bronze, functions } = cloud.counters();
  await cloud.close();
  tell('Silver caught up', caught.silver_ms || all_ms, backlog.events);
  tell('Bronze caught up', caught.bronze_ms || all_ms, backlog.events);
  console.log(
    `  silver ${functions.silver?.invocations} invocations, bronze ${functions.bronze?.invocations}, ${bronze.files} files; ${rss()}`,
  );

  const bound_ms = await bound(stream);
  tell('bound, one core: decode and parse', bound_ms, backlog.events);
  console.log(`  Silver and Bronze together / bound, time: ${(all_ms / bound_ms).toFixed(1)}`);

  const settle_from = performance.now();
  await settleLake(lake);
  const f = await figuresOf(lake);
  console.log(`settled and audited in ${((performance.now() - settle_from) / 1000).toFixed(1)} s; ${rss()}`);
  const expected = {
    given_up_records: [mapping.given_up, 0], failed_records: [bronze.failed, 0], bronze_distinct: [f.bronze_distinct, backlog.events],
    silver_rows: [f.silver_rows, backlog.changes], settled_changes: [f.settled_changes, backlog.changes], late: [f.late, 0],
    duplicate: [f.duplicate, 0], given_up: [f.given_up, 0], pending: [f.pending, 0], audit_missing: [f.audit_missing, 0],
    audit_extra: [f.audit_extra, 0], audit_explained: [f.audit_explained, 0], ledger_difference: [f.ledger_difference, 0],
    failure_documents: [existsSync(join(lake, 'aws')) ? 1 : 0, 0],
  }; // biome-ignore format: a table
  for (const [name, [value, wanted]] of Object.entries(expected)) {
    if (value !== wanted) process.exitCode = 1;
    console.log(
      `${value === wanted ? 'ok ' : 'NOT'} ${name} ${n(value ?? 0)}${value === wanted ? '' : `, expected ${n(wanted ?? 0)}`}`,
    );
  }
}

function tell(what: string, ms: number, events: number): void {
  const rate = events / (ms / 1000);
  const live = stations / 60;
  console.log(
    `${what}: ${(ms / 1000).toFixed(1)} s, ${n(rate)} events/s, ${n(rate / live)} × the live rate of ${n(live)} events/s`,
  );
}

/** Decodes and parses what lies in the stream, once. */
async function bound(stream: string): Promise<number> {
  const store = await KinesisStore.open(dir, new VirtualClock(START_MS, 0));
  const from = performance.now();
  for (const shard of store.shardIds(stream)) {
    let after: string | undefined;
    for (;;) {
      const records = await store.read(stream, shard, after === undefined ? 'TRIM_HORIZON' : { after }, {
        records: 100,
        bytes: 2 ** 24,
      });
      if (records.length === 0) break;
      for (const { data } of records) for (const line of decodeChunk(data).lines) JSON.parse(line);
      after = records.at(-1)?.sequence_number;
    }
  }
  const ms = performance.now() - from;
  await store.close();
  return ms;
}
