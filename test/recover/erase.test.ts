import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PutItemCommand, ScanCommand } from '@aws-sdk/client-dynamodb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ledgerOf } from '../../jobs/duckdb/ledger.ts';
import { queryLake } from '../../jobs/duckdb/query-lake.ts';
import { packState } from '../../lib/poll/dynamo-states.ts';
import { NEW_SYSTEM } from '../../lib/poll/state.ts';
import { type Command, perform } from '../../recover/command.ts';
import { erase } from '../../recover/erase.ts';
import { openPipeline } from '../../recover/pipeline.ts';
import { rebuild } from '../../recover/rebuild.ts';
import { redeliver } from '../../recover/redeliver.ts';
import { redrive } from '../../recover/redrive.ts';
import { filesBelow } from './erase-lake.ts';
import { filesThatHold, unpacked } from './held.ts';
import { given } from './memory.ts';
import { Town } from './town.ts';

/** Two systems in one lane, in every layer: Bronze, log, settled Silver, Gold, checkpoint, poll state, errors, given-up batches. */
const GONE = 'zzgone';
const LIMIT_MS = 120_000;
/** A packaging and five runs take a tenth of what `npm test` may: it leaves them to ERASE=1, which CI sets. */
const hasTime = process.env.ERASE === '1';
let room: string;
let town: Town;

async function run(command: Command, options: Parameters<typeof given>[0] = {}, dry_run = false) {
  const alone = command.drains?.(given(options)) ?? false;
  const pipeline = await openPipeline({ dir: town.dir, alone, drained: alone && !dry_run });
  try {
    return await perform(command, pipeline, given(options, dry_run));
  } finally {
    await pipeline.close();
  }
}

/** What both tables hold, unpacked. `state`: an item that is put before. */
async function items(state?: 'planted'): Promise<string> {
  const pipeline = await openPipeline({ dir: town.dir });
  const { dynamodb, names } = pipeline;
  try {
    if (state === 'planted') {
      const Item = {
        group_id: { S: 'g' },
        slot_ms: { N: '1' },
        state: packState({ [GONE]: NEW_SYSTEM, town: NEW_SYSTEM }),
      };
      await dynamodb.send(new PutItemCommand({ TableName: names.polls, Item }));
    }
    const tables = [names.checkpoints, names.polls];
    const all = await Promise.all(tables.map((TableName) => dynamodb.send(new ScanCommand({ TableName }))));
    const values = all.flatMap(({ Items = [] }) => Items.flatMap((item) => Object.values(item)));
    return values
      .map((value) => (value.B === undefined ? JSON.stringify(value) : unpacked(Buffer.from(value.B))))
      .join('\n');
  } finally {
    await pipeline.close();
  }
}

const TABLES = ['silver.station_status', 'silver.station_last', 'silver.polls', 'silver.records', 'gold.station_hourly', 'gold.system_hourly', 'gold.system_daily', 'gold.station_profile', 'gold.feed_quality_daily', 'gold.audit_daily', 'silver.changes', 'bronze.polls', 'bronze.station_status']; // biome-ignore format: a list
async function rowsOf(system_id: string): Promise<Record<string, unknown>> {
  const rows: Record<string, unknown> = {};
  for (const table of TABLES)
    rows[table] = (
      await queryLake(town.lake, `SELECT * FROM ${table} WHERE system_id = '${system_id}' ORDER BY ALL`)
    ).rows;
  return rows;
}
const findings = async () => (await ledgerOf(town.lake)).findings.filter(({ level }) => level !== 'note');
const prefixes = (keys: readonly string[]): string[] => [...new Set(keys.map((key) => key.split('/')[0] ?? ''))].sort();

describe.skipIf(!hasTime)('a system is erased from a lake of the packaged pipeline', () => {
  beforeAll(async () => {
    room = mkdtempSync(join(tmpdir(), 'bikelake-erase-test-'));
    town = new Town(join(room, 'state'), ['town', GONE]);
    await town.poll(0, 4);
    await town.poll(4, 6, { silver: true });
    await town.poll(6, 8, { bronze: true });
    await town.poll(8, 14);
    await run(redrive);
    await run(redeliver);
    await run(rebuild, { checkpoint: true });
    await town.settle();
  }, 300_000);
  afterAll(() => rmSync(room, { recursive: true, force: true }));

  test(
    'the data of a system goes from every layer, and nothing else does',
    async () => {
      expect(await items('planted')).toContain(GONE);
      const everywhere = ['aws', 'bronze', 'config', 'errors', 'gold', 'log', 'silver'];
      expect(prefixes(await filesThatHold(town.lake, GONE))).toEqual(everywhere);
      expect(await findings()).toEqual([]);
      const before = await rowsOf('town');

      const files = filesBelow(town.lake);
      const dry = await run(erase, { system: GONE }, true);
      expect(filesBelow(town.lake)).toEqual(files);

      const { outcome } = await run(erase, { system: GONE });
      expect(outcome.counts).toEqual(dry.outcome.counts);
      expect(Object.entries(outcome.counts).filter(([, n]) => n === 0)).toEqual([['rejects', 0], ['reloads', 0]]); // biome-ignore format: pairs
      expect(outcome.notes).toEqual([
        expect.stringMatching(
          /^the stream holds 32 records with events of zzgone until a run's clock is past 2026-11-23T/,
        ),
      ]);

      expect(await filesThatHold(town.lake, GONE)).toEqual([`erased/${GONE}.json`]);
      expect(await filesThatHold(join(town.dir, 'settle'), GONE)).toEqual([]);
      expect(await items()).not.toContain(GONE);
      expect(await rowsOf('town')).toEqual(before);
      expect(await findings()).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    'a second run changes nothing',
    async () => {
      const files = filesBelow(town.lake);
      const { outcome } = await run(erase, { system: GONE });
      expect(outcome.changed).toBe(false);
      expect(filesBelow(town.lake)).toEqual(files);
    },
    LIMIT_MS,
  );

  test(
    'no command brings it back from what the stream still holds',
    async () => {
      await run(redeliver, { stream: true });
      await run(redrive);
      await run(redeliver);
      expect(await filesThatHold(town.lake, GONE)).toEqual([`erased/${GONE}.json`]);
    },
    LIMIT_MS,
  );

  test(
    'a run that would poll it is refused; the others go on with their chains; taken back, it may come again',
    async () => {
      await expect(town.poll(14, 16)).rejects.toMatchObject({ reason: 'system_erased' });
      town.systems = ['town'];
      await town.poll(14, 18);
      await town.settle();
      expect(await findings()).toEqual([]);
      expect(await filesThatHold(town.lake, GONE)).toEqual([`erased/${GONE}.json`]);

      await run(erase, { system: GONE, 'allow-again': true });
      town.systems = ['town', GONE];
      await town.poll(18, 20);
      await town.settle();
      expect(await findings()).toEqual([]);
      const spans = await queryLake(
        town.lake,
        `SELECT count(DISTINCT station_id) FROM silver.station_status WHERE system_id = '${GONE}'`,
      );
      expect(spans.rows).toEqual([[12]]);
    },
    LIMIT_MS,
  );
});
