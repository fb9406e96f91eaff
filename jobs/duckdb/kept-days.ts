import { existsSync } from 'node:fs';
import { FatalError } from '../../lib/errors.ts';
import {
  AUDIT_DAILY,
  EXPLANATIONS,
  LEDGER_LANES_DAILY,
  POLLS,
  RECORDS,
  STATION_INFORMATION,
  STATION_LAST,
  STATION_STATUS,
  type Table,
} from '../tables.ts';
import { partitionKey, sumOf } from './lake-folder.ts';
import type { Manifest } from './manifest.ts';
import { parquetRelation, queryText } from './relation.ts';
import type { Workshop } from './workshop.ts';

/** What settling a day writes, and what its audit does: neither can be made again. */
const KEPT: Readonly<Record<string, readonly Table[]>> = {
  settle: [STATION_STATUS, STATION_INFORMATION, STATION_LAST, POLLS, RECORDS],
  audit: [EXPLANATIONS, AUDIT_DAILY, LEDGER_LANES_DAILY],
};
/** In the place of the fingerprint of what a day was made from: nobody knows, and it is looked at again in each run. */
const UNKNOWN = '';

/**
 * Takes a settled day over as it is: Bronze has too little left to make it again, and the days after it go on from it. Nothing is taken over where nothing is settled of the day.
 */
export async function keepAsItIs({ db, lake, manifest }: Workshop, date: string): Promise<void> {
  const polls = [partitionKey(POLLS, date)].map((key) => lake.path(key)).filter((file) => existsSync(file));
  const known = await db.rows<{ system_id: string }>(
    `SELECT DISTINCT system_id FROM (${parquetRelation(POLLS.columns, polls)})`,
  );
  const { systems } = manifest.content;
  systems[date] = [...new Set([...(systems[date] ?? []), ...known.map((row) => row.system_id)])].sort();
  for (const [what, tables] of Object.entries(KEPT)) {
    const keys = tables.map((table) => partitionKey(table, date)).filter((key) => existsSync(lake.path(key)));
    if (keys.length === 0) continue;
    const files = Object.fromEntries(keys.map((key) => [key, sumOf(lake.path(key))]));
    manifest.content.made[`${what} ${date}`] = { inputs: UNKNOWN, files };
  }
}

/** Days that are settled and that nothing is remembered of, because the manifest was lost; and of which Bronze has nothing any more. */
export async function keepGoneDays(shop: Workshop): Promise<void> {
  const { lake, manifest } = shop;
  const held = new Set(Object.values(manifest.content.bronze).flatMap((contents) => contents.map(({ date }) => date)));
  for (const folder of lake.folders(RECORDS.name.replace('.', '/'))) {
    const date = folder.slice('event_date='.length);
    if (!held.has(date) && !(`settle ${date}` in manifest.content.made)) await keepAsItIs(shop, date);
  }
}

/** Whether a day stays as it was settled: neither it nor its audit is made again. */
export const isKept = (manifest: Manifest, date: string): boolean =>
  manifest.content.made[`settle ${date}`]?.inputs === UNKNOWN;

/**
 * Throws FatalError `bronze_is_less` where a day that is settled was made of more than Bronze has of it now (jobs/sql/gate/lost_records.sql), by its own tables: so
 * it holds without the manifest. To be asked when `records` and `bronze_all` are bound, before anything is written.
 */
export async function mustBeWhole(shop: Workshop, date: string): Promise<void> {
  if (
    !existsSync(shop.lake.path(partitionKey(RECORDS, date))) &&
    !existsSync(shop.lake.path(partitionKey(POLLS, date)))
  )
    return;
  await shop.bindTable('settled_records', RECORDS, [date]);
  await shop.bindTable('settled_polls', POLLS, [date]);
  await shop.bind('bronze_receipts', `SELECT DISTINCT system_id, feed, slot_ms FROM bronze_all WHERE kind = 'receipt'`);
  const [found] = await shop.db.rows<{ lost: number; example: string }>(queryText('gate/lost_records'));
  if (found === undefined || found.lost === 0) return;
  throw new FatalError(
    'gold',
    'bronze_is_less',
    `${date} can't be settled again: Bronze has no more ${found.lost} records and receipts that its settled partition was made of, such as ${found.example}. ` +
      'The day stays as it is. Put the files of Bronze back; or, where they are gone for good and the day is to be made of the rest, ' +
      `remove event_date=${date} from silver.records and silver.polls, and settle again`,
  );
}
