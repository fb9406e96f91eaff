import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { DeleteItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { figuresOf } from '../../jobs/duckdb/figures.ts';
import { queryLake } from '../../jobs/duckdb/query-lake.ts';
import { type Command, perform } from '../../recover/command.ts';
import { openPipeline } from '../../recover/pipeline.ts';
import { rebuild } from '../../recover/rebuild.ts';
import { redeliver } from '../../recover/redeliver.ts';
import { redrive } from '../../recover/redrive.ts';
import { given } from './memory.ts';
import { Town } from './town.ts';

/** The whole pipeline, with data that is really stuck in each of the ways; beside it one in which nothing ever broke. */
let room: string;
let stuck: Town;
let whole: Town;
beforeAll(async () => {
  room = mkdtempSync(join(tmpdir(), 'bikelake-recover-'));
  stuck = new Town(join(room, 'stuck'));
  await stuck.poll(0, 4);
  await stuck.poll(4, 7, { silver: true });
  await stuck.poll(7, 9, { bronze: true });
  await stuck.poll(9, 11, { column: true });
  await stuck.poll(11, 14, { delivery: true });
  await stuck.poll(14, 16);
  await stuck.settle();
  whole = new Town(join(room, 'whole')).packagedAs(stuck);
  await whole.poll(0, 18);
  await whole.settle();
}, 300_000);
afterAll(() => rmSync(room, { recursive: true, force: true }));

async function run(command: Command, options: Parameters<typeof given>[0] = {}, dry_run = false) {
  const drained = !dry_run && (command.drains?.(given(options)) ?? false);
  const pipeline = await openPipeline({ dir: stuck.dir, drained });
  try {
    return await perform(command, pipeline, given(options, dry_run));
  } finally {
    await pipeline.close();
  }
}

const sumOf = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

/** Every file of lake, stream and positions, by path. */
function files(): Record<string, string> {
  const all = ['s3', 'kinesis', 'mapping', 'firehose'].flatMap((folder) =>
    readdirSync(join(stuck.dir, folder), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name)),
  );
  return Object.fromEntries(all.sort().map((file) => [relative(stuck.dir, file), sumOf(file)]));
}

const rows = async (town: Town, sql: string): Promise<readonly unknown[]> => (await queryLake(town.lake, sql)).rows;
const SETTLED = [
  'SELECT * FROM silver.station_status ORDER BY ALL',
  'SELECT * FROM gold.station_hourly ORDER BY ALL',
  'SELECT * FROM gold.system_hourly ORDER BY ALL',
  'SELECT * EXCLUDE (latency_max_ms) FROM gold.feed_quality_daily ORDER BY ALL',
  'SELECT system_id, feed, slot, status, accepted, bronze_events, bronze_difference FROM silver.polls ORDER BY ALL',
];

/** The second run changes no file, a dry run neither. */
async function changesNothing(command: Command, options: Parameters<typeof given>[0] = {}): Promise<void> {
  const before = files();
  expect((await run(command, options)).outcome.changed).toBe(false);
  expect(files()).toEqual(before);
}

describe('data that is stuck comes back', () => {
  test('before: events are missing in Bronze, changes in the log', async () => {
    const figures = await figuresOf(stuck.lake);
    expect(figures.ledger_difference).toBeGreaterThan(0);
    expect(figures.given_up).toBe(36);
    expect((await figuresOf(whole.lake)).ledger_difference).toBe(0);
  });

  test('a dry run of each tells what it would do, and no file differs', async () => {
    const before = files();
    expect((await run(redrive, {}, true)).outcome.counts).toMatchObject({ records_put_into_the_stream: 6 });
    expect((await run(redeliver, {}, true)).outcome.counts).toMatchObject({ error_objects: 2 });
    expect((await run(redeliver, { stream: true }, true)).outcome.counts).toMatchObject({ records_brought_back: 12 });
    expect((await run(rebuild, { 'all-days': true }, true)).outcome.dirty).toEqual(['2026-11-21', '2026-11-22']);
    expect(files()).toEqual(before);
  });

  test('redeliver: what the function or the conversion failed at is in Bronze, in the same partition', async () => {
    const { outcome, settled } = await run(redeliver);
    expect(outcome).toMatchObject({ notes: [], changed: true, dirty: ['2026-11-21', '2026-11-22'] });
    expect(settled?.made).toContain('settle 2026-11-21');
    const back = await rows(
      stuck,
      'SELECT count(DISTINCT slot_ms) FROM bronze.station_status WHERE slot_ms < 1795305660000',
    );
    expect(back).toEqual([[11]]);
    await changesNothing(redeliver);
  });

  test('redeliver --stream: what the replaced delivery stream never delivered is in Bronze', async () => {
    const { outcome } = await run(redeliver, { stream: true });
    expect(outcome).toMatchObject({ notes: [], changed: true });
    expect(outcome.counts).toMatchObject({ records_brought_back: 6 });
    expect((await figuresOf(stuck.lake)).ledger_difference).toBe(0);
    await changesNothing(redeliver, { stream: true });
  });

  test('redrive: what Silver gave up went through the stream again, and is told apart from what is still given up', async () => {
    const lanes = 'SELECT sum(given_up), sum(redriven), sum(difference) FROM gold.ledger_lanes';
    expect(await rows(stuck, lanes)).toEqual([[36, 0, 0]]);
    // Killed once its records are in the stream: the next run has nothing to put, and lets them go all the way.
    const pipeline = await openPipeline({ dir: stuck.dir });
    const { changed, notes, dirty } = await redrive.run(pipeline, given({}));
    await pipeline.close();
    expect([changed, notes, dirty]).toEqual([true, [], ['2026-11-21']]);
    const { outcome, settled } = await run(redrive);
    expect(outcome.changed).toBe(false);
    expect(settled?.made).toContain('settle 2026-11-21');
    expect(await rows(stuck, lanes)).toEqual([[36, 36, 0]]);
    await changesNothing(redrive);
  });

  test('rebuild --checkpoint: lost, and beyond the chain; Silver goes on from it', async () => {
    const lane = String((await rows(stuck, 'SELECT DISTINCT lane FROM silver.batches'))[0]);
    const pipeline = await openPipeline({ dir: stuck.dir });
    const key = { TableName: pipeline.names.checkpoints, Key: { lane: { S: lane } } };
    await pipeline.dynamodb.send(new DeleteItemCommand(key));
    await pipeline.close();
    expect((await run(rebuild, { checkpoint: true })).outcome.told).toEqual([
      expect.stringMatching(`^lane ${lane}: it was lost; now version`),
    ]);
    await changesNothing(rebuild, { checkpoint: true });
    const again = await openPipeline({ dir: stuck.dir });
    const checkpoint = { B: Buffer.from('broken') };
    const Item = { lane: { S: lane }, version: { N: '999' }, checkpoint };
    await again.dynamodb.send(new PutItemCommand({ TableName: again.names.checkpoints, Item }));
    await again.close();
    expect((await run(rebuild, { checkpoint: true, lane })).outcome.told[0]).toContain('it could not be read');
    await stuck.poll(16, 18);
    await stuck.settle();
  });

  test('then the settled days are those of a pipeline in which nothing broke, and the audit finds nothing', async () => {
    for (const sql of SETTLED) expect(await rows(stuck, sql), sql).toEqual(await rows(whole, sql));
    const figures = await figuresOf(stuck.lake);
    expect([figures.audit_missing, figures.audit_extra, figures.ledger_difference, figures.pending]).toEqual([
      0, 0, 0, 0,
    ]);
  });

  test('rebuild --date: a settled day and its Gold are made again from Bronze, also where their files were changed', async () => {
    const day = 'event_date=2026-11-21/part.parquet';
    const tables = [
      'silver/station_status',
      'silver/polls',
      'gold/station_hourly',
      'gold/system_hourly',
      'gold/audit_daily',
    ];
    const before = files();
    const other = readFileSync(join(stuck.lake, 'silver/station_status/event_date=2026-11-22/part.parquet'));
    for (const table of tables) writeFileSync(join(stuck.lake, table, day), other);
    expect((await run(rebuild, { date: '2026-11-21' })).settled?.made).toContain('settle 2026-11-21');
    expect(files()).toEqual(before);
    expect((await run(rebuild, { date: '2026-11-21' })).outcome.changed).toBe(true);
    expect(files()).toEqual(before);
  });
});

test('a folder that a run has open: what must see the end of all that is under way is refused', async () => {
  const file = join(stuck.dir, 'endpoints.json');
  writeFileSync(file, JSON.stringify({ pid: process.pid, region: 'us-east-1', endpoints: {} }));
  try {
    await expect(openPipeline({ dir: stuck.dir, alone: true })).rejects.toThrow('a run has it open');
  } finally {
    rmSync(file);
  }
});
