import type { Kind } from '../../lib/event.ts';
import {
  AUDIT_DAILY,
  EXPLANATIONS,
  POLLS,
  RECORDS,
  STATION_INFORMATION,
  STATION_LAST,
  STATION_STATUS,
} from '../tables.ts';
import { bronzeKeys } from './bronze-files.ts';
import { bindCarried } from './carried.ts';
import { DAY_MS, dayQuery, daysAfter, startOf } from './days.ts';
import { partitionKey } from './lake-folder.ts';
import { logExpiredUntil } from './log-expiry.ts';
import { keepLog, logFiles } from './log-files.ts';
import { BRONZE_COLUMNS, parquetRelation, queryText } from './relation.ts';
import { settleName } from './settle-day.ts';
import type { Workshop } from './workshop.ts';

const auditName = (date: string): string => `audit ${date}`;

/** Compares each settled day with the Silver log, where either side changed. In order: what explains a day may explain the next. */
export async function makeAudits(shop: Workshop, sql: string): Promise<void> {
  let loaded = false;
  const settled = shop.settledDates();
  const gone = logExpiredUntil(shop.lake);
  for (const date of settled) {
    // What has expired would be missing. The day's audit stays as it is, from when the log was there.
    if (gone !== null && date <= gone) continue;
    const name = settleName(date);
    const sides = [STATION_STATUS, STATION_INFORMATION, RECORDS, POLLS].map((table) => shop.content(name, table));
    const explaining = settled.filter((d) => d < date && hasExplanations(shop, d));
    const explained = explaining.map((d) => shop.content(auditName(d), EXPLANATIONS));
    await shop.make(auditName(date), [sql, sides, explained, shop.manifest.content.log[date]], async () => {
      if (!loaded) await loadLog(shop, date);
      loaded = true;
      return auditDay(shop, date, settled);
    });
  }
}

const hasExplanations = (shop: Workshop, date: string): boolean =>
  partitionKey(EXPLANATIONS, date) in shop.manifest.files(auditName(date));

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
      fresh, unchanged, duplicate, late
    FROM (${rows}) WHERE row_kind IN ('change', 'batch')`,
  );
  await shop.bind('log_changes', `SELECT * FROM log_rows WHERE row_kind = 'change'`);
  await shop.bind('log_batches', `SELECT * FROM log_rows WHERE row_kind = 'batch'`);
  await shop.keep('batch_ranges', 'ledger/batch_ranges');
  await bindCarried(shop);
}

async function auditDay(shop: Workshop, date: string, settled: readonly string[]) {
  await shop.bind('day', dayQuery(date));
  const [before, next] = [settled.findLast((d) => d < date), settled.find((d) => d > date)];
  await shop.bindTable('records_from', RECORDS, next === undefined ? [date] : [date, next]);
  await shop.keep('outsiders', 'ledger/outsiders');
  const outside = await shop.db.rows<{ given_up: number; all_of_them: number }>(
    `SELECT count_if(why = 'given_up') AS given_up, count(*) AS all_of_them FROM outsiders`,
  );
  const { given_up = 0, all_of_them = 0 } = outside[0] ?? {};
  if (given_up > 0) shop.manifest.content.open[date] = true;
  else delete shop.manifest.content.open[date];
  await shop.bindTable('polls_around', POLLS, [daysAfter(date, -1), date]);
  await shop.keep('odd_confirmations', 'ledger/odd_confirmations');
  const [odd] = await shop.db.rows<{ odd: number }>('SELECT count(*) AS odd FROM odd_confirmations');
  const explanations = all_of_them + (odd?.odd ?? 0) === 0 ? null : 'ledger/explanations';
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
  return { ...written, ...(await shop.write(AUDIT_DAILY, date, 'ledger/audit_daily')) };
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
