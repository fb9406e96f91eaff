import { rmSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { figuresOf } from '../../jobs/duckdb/figures.ts';
import { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { ledgerOf } from '../../jobs/duckdb/ledger.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { withoutSystems } from '../../recover/erase/chunk.ts';
import type { SmallLake } from '../gold/small-lake.ts';
import { pollSeason } from '../pipeline/polling.ts';
import { eraseFolder, filesBelow, seasonLake, twoSystems } from './erase-lake.ts';
import { Effects, Killed } from './memory.ts';

/** Each season is settled six times, and takes seconds: more of them by ERASE_RUNS. */
const RUNS = Number(process.env.ERASE_RUNS ?? 1);
const LIMIT_MS = 120_000;

/** A season, which of its systems goes, and where the first run is killed. */
const drawn = fc.record({
  season: twoSystems,
  gone: fc.constantFrom('one', 'two'),
  kill: fc.record({ at: fc.integer({ min: 0, max: 30 }), when: fc.constantFrom('before' as const, 'after' as const) }),
});

const TABLES = [
  'silver.station_status', 'silver.station_information', 'silver.station_last', 'silver.polls', 'silver.records', 'silver.explanations',
  'gold.station_hourly', 'gold.system_hourly', 'gold.system_daily', 'gold.station_profile', 'gold.feed_quality_daily', 'gold.audit_daily',
  'gold.ledger_daily', 'gold.ledger_lanes', 'bronze.station_status', 'bronze.polls',
]; // biome-ignore format: a list

async function tablesOf(lake: SmallLake): Promise<Record<string, unknown>> {
  const rows: Record<string, unknown> = {};
  for (const table of TABLES) {
    // A row keeps the number of the line that it was in its record.
    const without = table.startsWith('bronze') ? 'EXCLUDE (line)' : '';
    rows[table] = await lake.rows(`SELECT * ${without} FROM ${table} ORDER BY ALL`);
  }
  return rows;
}

const ledgerFindings = async (lake: SmallLake) =>
  (await ledgerOf(lake.root)).findings.filter(({ level }) => level !== 'note');

test(
  'a system is erased: the lake is as if it had never been polled, object by object of the log, also after a kill; nothing is unexplained',
  async () => {
    await fc.assert(
      fc.asyncProperty(drawn, async ({ season: s, gone, kill }) => {
        const { stored } = await pollSeason(s);
        const ids: ReadonlySet<string> = new Set([gone]);
        const stripped = stored.map((r) => ({ ...r, bytes: withoutSystems(r.bytes, ids)?.bytes ?? r.bytes }));
        const lake = await seasonLake(s, stored, ['one', 'two']);
        const never = await seasonLake(
          s,
          stripped,
          ['one', 'two'].filter((id) => id !== gone),
        );
        try {
          for (const { root } of [lake, never]) await settleLake(root);
          const effects = new Effects();
          effects.killAt(kill.at, kill.when);
          await eraseFolder(lake.root, gone, { effects }).catch((error: unknown) => {
            if (!(error instanceof Killed)) throw error;
          });
          await eraseFolder(lake.root, gone);
          expect(filesBelow(join(lake.root, 'log'))).toEqual(filesBelow(join(never.root, 'log')));
          await settleLake(lake.root);
          expect(await tablesOf(lake)).toEqual(await tablesOf(never));
          expect(await figuresOf(lake.root)).toEqual(await figuresOf(never.root));
          expect(await ledgerFindings(lake)).toEqual(await ledgerFindings(never));

          const files = filesBelow(lake.root);
          const again = await eraseFolder(lake.root, gone);
          expect(Object.values(again.counts).every((n) => n === 0)).toBe(true);
          expect((await settleLake(lake.root)).made).toEqual([]);
          rmSync(new LakeFolder(lake.root).manifest_file);
          await settleLake(lake.root);
          expect(filesBelow(lake.root)).toEqual(files);
        } finally {
          lake.remove();
          never.remove();
        }
      }),
      {
        numRuns: RUNS,
        seed: 20261121,
        endOnFailure: process.env.ERASE_SHRINK !== '1',
        ...(process.env.ERASE_SEED && { seed: Number(process.env.ERASE_SEED) }),
      },
    );
  },
  LIMIT_MS * 10,
);
