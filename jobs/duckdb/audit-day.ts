import { existsSync } from 'node:fs';
import type { Kind } from '../../lib/event.ts';
import {
  AUDIT_DAILY,
  EXPLANATIONS,
  LEDGER_LANES_DAILY,
  POLLS,
  RECORDS,
  STATION_INFORMATION,
  STATION_LAST,
  STATION_STATUS,
} from '../tables.ts';
import { bronzeKeys } from './bronze-files.ts';
import { bindCarried } from './carried.ts';
import { DAY_MS, dayQuery, daysAfter, startOf } from './days.ts';
import { isKept } from './kept-days.ts';
import { partitionKey, type Written } from './lake-folder.ts';
import { logExpiredUntil } from './log-expiry.ts';
import { CHAIN_DATE, keepLog, logFiles } from './log-files.ts';
import { BRONZE_COLUMNS, parquetRelation, queryText } from './relation.ts';
import { settleName } from './settle-day.ts';
import type { Workshop } from './workshop.ts';

const auditName = (date: string): string => `audit ${date}`;
const lanesName = (date: string): string => `lanes ${date}`;
/** The chains begin here: with a turn, never with a batch. */
const FIRST_FOLDER = '1970-01-01';

/**
 * Compares each settled day with the Silver log, where either side changed. In order: what explains a day may explain the next. Of a day that the
 * log has and Bronze has not, only the ledger of the lanes is made. Days from `first_open` on wait.
 */
export async function makeAudits(shop: Workshop, sql: string, first_open: string | null): Promise<void> {
  let loaded = false;
  const load = async (date: string): Promise<void> => {
    if (!loaded) await loadLog(shop, date);
    loaded = true;
  };
  const settled = shop.settledDates();
  const gone = logExpiredUntil(shop.lake);
  const days = new Set([...settled, ...Object.keys(shop.manifest.content.log)]);
  for (const date of [...days].sort()) {
    // What has expired would be missing, of the log or of Bronze. The day's audit stays as it is, from when all was there.
    if ((gone !== null && date <= gone) || isKept(shop.manifest, date)) continue;
    if (!settled.includes(date)) {
      if (date === FIRST_FOLDER || (first_open !== null && date >= first_open)) continue;
      await shop.make(lanesName(date), [sql, shop.manifest.content.log[date]], async () => {
        await load(date);
        return writeLanes(shop, date);
      });
      continue;
    }
    delete shop.manifest.content.made[lanesName(date)];
    const name = settleName(date);
    const sides = [STATION_STATUS, STATION_INFORMATION, RECORDS, POLLS].map((table) => shop.content(name, table));
    const explaining = settled.filter((d) => d < date && hasExplanations(shop, d));
    const explained = explaining.map((d) => [d, shop.content(auditName(d), EXPLANATIONS)]);
    await shop.make(auditName(date), [sql, sides, explained, shop.manifest.content.log[date]], async () => {
      await load(date);
      return auditDay(shop, date, settled);
    });
  }
}

/** By the file, which is there also where the manifest was lost and the log of the day has expired. */
const hasExplanations = (shop: Workshop, date: string): boolean =>
  existsSync(shop.lake.path(partitionKey(EXPLANATIONS, date)));

/** Changes and batches of the folders from a date on: a chain's date is never before the slots of what it consumes. */
async function loadLog(shop: Workshop, from_date: string): Promise<void> {
  const files = logFiles(shop.lake, from_date);
  await keepLog(
    shop.db,
    shop.lake,
    files,
    'log_rows',
    (
      rows,
    ) => `SELECT row_kind, lane, kind, system_id, station_id, slot, content_hash, shard_id, first_sequence, last_sequence,
      fresh, unchanged, duplicate, late, ${CHAIN_DATE} AS chain_date
    FROM (${rows}) WHERE row_kind IN ('change', 'batch')`,
  );
  await shop.bind('log_changes', `SELECT * FROM log_rows WHERE row_kind = 'change'`);
  await shop.bind('log_batches', `SELECT * FROM log_rows WHERE row_kind = 'batch'`);
  await shop.keep('dated_ranges', 'ledger/dated_ranges');
  await shop.bind('batch_ranges', 'SELECT * FROM dated_ranges');
  await bindCarried(shop);
}

async function auditDay(shop: Workshop, date: string, settled: readonly string[]) {
  await shop.bind('day', dayQuery(date));
  const [before, next] = [settled.findLast((d) => d < date), settled.find((d) => d > date)];
  await shop.bindTable('records_from', RECORDS, next === undefined ? [date] : [date, next]);
  await shop.keep('outsiders', 'ledger/outsiders');
  const lanes = await writeLanes(shop, date);
  const [unconsumed] = await shop.db.rows<{ lines: number }>(
    `SELECT coalesce(sum(given_up + pending), 0) AS lines FROM (${shop.relation(LEDGER_LANES_DAILY, [date])})`,
  );
  const [outside] = await shop.db.rows<{ all_of_them: number }>('SELECT count(*) AS all_of_them FROM outsiders');
  if ((unconsumed?.lines ?? 0) > 0) shop.manifest.content.open[date] = true;
  else delete shop.manifest.content.open[date];
  await shop.bindTable('polls_around', POLLS, [daysAfter(date, -1), date]);
  await shop.keep('odd_confirmations', 'ledger/odd_confirmations');
  const [odd] = await shop.db.rows<{ odd: number }>('SELECT count(*) AS odd FROM odd_confirmations');
  const explanations = (outside?.all_of_them ?? 0) + (odd?.odd ?? 0) === 0 ? null : 'ledger/explanations';
  if (explanations !== null) await bindTwoDays(shop, date);
  const written = await shop.lake.replace(
    shop.db,
    EXPLANATIONS,
    date,
    explanations === null ? shop.relation(EXPLANATIONS, []) : queryText(explanations),
  );
  await shop.bindTable('explanations_around', EXPLANATIONS, [daysAfter(date, -1), date]);
  const earlier = settled.filter((d) => d < daysAfter(date, -1) && hasExplanations(shop, d));
  await shop.bind('open_explanations', `SELECT * FROM (${shop.relation(EXPLANATIONS, earlier)}) WHERE is_open`);
  await shop.bindTable('station_before', STATION_LAST, before === undefined ? [] : [before]);
  const spans = [STATION_STATUS, STATION_INFORMATION].map(
    (table, i) =>
      `SELECT '${i === 0 ? 'status' : 'information'}' AS kind, system_id, station_id, valid_from AS slot, content_hash, is_change
       FROM (${shop.relation(table, [date])})`,
  );
  await shop.bind('day_spans', spans.join(' UNION ALL '));
  await shop.bind('day_changes', 'SELECT * FROM day_spans WHERE is_change');
  await shop.bind(
    'day_firsts',
    'SELECT kind, system_id, station_id, min(slot) AS slot FROM day_spans GROUP BY kind, system_id, station_id',
  );
  return { ...lanes, ...written, ...(await shop.write(AUDIT_DAILY, date, 'ledger/audit_daily')) };
}

/** The ledger of the lanes, for the day's records and the batches of its folders. */
async function writeLanes(shop: Workshop, date: string): Promise<Written> {
  await shop.bind('day', dayQuery(date));
  await shop.bindTable('day_records', RECORDS, [date]);
  return shop.write(LEDGER_LANES_DAILY, date, 'ledger/ledger_lanes_daily');
}

/** Such records are read from Bronze again, with the rest of their day and the next; there seldom are any. */
async function bindTwoDays(shop: Workshop, date: string): Promise<void> {
  const from_ms = startOf(date);
  const until_ms = from_ms + 2 * DAY_MS;
  const until: Record<Kind, number> = { status: until_ms, information: until_ms, receipt: from_ms };
  const files = bronzeKeys(shop.manifest, from_ms, until).map((key) => shop.lake.path(key));
  const { kind, system_id, station_id, part, slot_ms, shard_id, sequence_number } = BRONZE_COLUMNS;
  const columns = { kind, system_id, station_id, part, slot_ms, shard_id, sequence_number } as typeof BRONZE_COLUMNS;
  await shop.bind(
    'bronze_window',
    `SELECT * FROM (${parquetRelation(columns, files)}) WHERE kind <> 'receipt' AND slot_ms >= ${from_ms} AND slot_ms < ${until_ms}`,
  );
}
