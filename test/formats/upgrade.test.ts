import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { zstdDecompressSync } from 'node:zlib';
import { parquetMetadata } from 'hyparquet';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { figuresOf } from '../../jobs/duckdb/figures.ts';
import { queryLake } from '../../jobs/duckdb/query-lake.ts';
import { KinesisStore } from '../../local/aws/kinesis/store.ts';
import { VirtualClock } from '../../local/clock.ts';
import { type Command, perform } from '../../recover/command.ts';
import { openPipeline } from '../../recover/pipeline.ts';
import { given } from '../recover/memory.ts';
import { Town } from '../recover/town.ts';
import { functionsOf, moduleOf, type Version } from './versions.ts';

const STATIONS = 12;
/** Three packagings and four runs take a tenth of what `npm test` may: it leaves them to UPGRADE=1, which CI sets. */
const hasTime = process.env.UPGRADE === '1';

/** Functions are exchanged while polls go on: up by two versions, one function after the other; down by one with new chunks in the stream; up. */
let room: string;
let town: Town;
let whole: Town;
const functions = {} as Record<Version, (name: string) => string>;
beforeAll(async () => {
  room = mkdtempSync(join(tmpdir(), 'bikelake-upgrade-'));
  for (const version of ['previous', 'current', 'newer'] as const) {
    functions[version] = await functionsOf(version, join(room, 'versions'));
  }
  town = new Town(join(room, 'town'));
  whole = new Town(join(room, 'whole'));
}, 60_000);
afterAll(() => rmSync(room, { recursive: true, force: true }));

const all = (version: Version) => ({ code: functions[version] });
/** In the middle of a deploy: one function is of another version than the others. */
const only = (name: string, version: Version, others: Version) => ({
  code: (of: string) => functions[of === name ? version : others](of),
});

/** Formats that stand in the lake and the stream. */
async function formats() {
  const files = readdirSync(join(town.lake, 'log'), { recursive: true, encoding: 'utf8' }).filter((f) =>
    f.endsWith('.parquet'),
  );
  const log = files.map((file) => {
    const bytes = readFileSync(join(town.lake, 'log', file));
    const { key_value_metadata } = parquetMetadata(new Uint8Array(bytes).buffer);
    return key_value_metadata?.find(({ key }) => key === 'bikelake.format')?.value ?? 'none';
  });
  const store = await KinesisStore.open(town.dir, new VirtualClock(0, 0));
  const records = await store.read('bikelake-dev-events', 'shardId-000000000000', 'TRIM_HORIZON', {
    records: 1e6,
    bytes: 1e9,
  });
  await store.close();
  const chunks = records.map(({ data }) => JSON.parse(zstdDecompressSync(data).toString().split('\n')[0] ?? '').format);
  return { log: [...new Set(log)].sort(), chunks: [...new Set(chunks)].sort((a, b) => a - b) };
}

async function figures() {
  await town.settle();
  const { bronze_distinct, polls_failed, ledger_difference, audit_missing, audit_extra, given_up, pending } =
    await figuresOf(town.lake);
  return { bronze_distinct, polls_failed, ledger_difference, audit_missing, audit_extra, given_up, pending };
}
const balanced = (polls: number) => ({
  bronze_distinct: STATIONS * polls,
  polls_failed: 0,
  ledger_difference: 0,
  audit_missing: 0,
  audit_extra: 0,
  given_up: 0,
  pending: 0,
});

async function bringBack(file: string, name: string): Promise<void> {
  const command = (await moduleOf('newer', file, join(room, name)))[name] as Command;
  const pipeline = await openPipeline({ dir: town.dir });
  try {
    expect((await perform(command, pipeline, given({}))).outcome.notes).toEqual([]);
  } finally {
    await pipeline.close();
  }
}

const rows = async (of: Town, sql: string): Promise<readonly unknown[]> => (await queryLake(of.lake, sql)).rows;

describe.runIf(hasTime)('functions are exchanged while polls go on', () => {
  test('from the previous version to this one, in the middle of a batch: nothing is lost, nothing doubled', async () => {
    await town.poll(0, 2, all('previous'));
    await town.poll(2, 4, { ...all('previous'), undrained: true });
    await town.poll(4, 6, { ...only('poll', 'current', 'previous'), undrained: true });
    await town.poll(6, 8, all('current'));
    expect(await formats()).toEqual({ log: ['1', 'none'], chunks: [1] });
    expect(await figures()).toEqual(balanced(8));
  }, 60_000);

  test('to a newer one, the poll first: Silver waits for the version that reads its chunks', async () => {
    await town.poll(8, 10, { ...only('poll', 'newer', 'current'), undrained: true });
    await town.poll(10, 12, { ...only('bronze', 'current', 'newer'), undrained: true });
    await town.poll(12, 14, all('newer'));
    expect(await formats()).toEqual({ log: ['1', 'none'], chunks: [1, 2] });
    expect(readFileSync(join(town.dir, 'logs/silver.log'), 'utf8')).toContain('a chunk of a newer format waits');
    expect(existsSync(join(town.lake, 'aws'))).toBe(false);
    expect(await figures()).toEqual(balanced(14));
  }, 60_000);

  test('back, with newer chunks in the stream: they are kept as they are, and the ledger says what is missing', async () => {
    await town.poll(14, 16, { ...all('newer'), undrained: true });
    await town.poll(16, 18, all('current'));
    expect(existsSync(join(town.lake, 'aws/lambda'))).toBe(true);
    expect(existsSync(join(town.lake, 'errors/bronze'))).toBe(true);
    const { bronze_distinct, ledger_difference, polls_failed } = await figures();
    expect([bronze_distinct, polls_failed]).toEqual([STATIONS * 16, 0]);
    expect(ledger_difference).toBeGreaterThan(0);
  }, 60_000);

  test('up again: redeliver and redrive of the newer version bring them back, and all is as if nothing had been exchanged', async () => {
    await town.poll(18, 20, all('newer'));
    await bringBack('recover/redeliver.ts', 'redeliver');
    await bringBack('recover/redrive.ts', 'redrive');
    await town.poll(20, 22, all('newer'));
    // Those of the two newer polls, and perhaps what lay behind them in a batch.
    const { given_up, ...others } = await figures();
    expect({ ...others, given_up: 0 }).toEqual(balanced(22));
    expect(given_up).toBeGreaterThanOrEqual(2 * STATIONS);
    await whole.packagedAs(town).poll(0, 22);
    await whole.settle();
    for (const sql of [
      'SELECT * FROM silver.station_status ORDER BY ALL',
      'SELECT * FROM gold.station_hourly ORDER BY ALL',
    ]) {
      expect(await rows(town, sql), sql).toEqual(await rows(whole, sql));
    }
  }, 60_000);
});
