import { existsSync } from 'node:fs';
import { FatalError } from '../../lib/errors.ts';
import type { Kind } from '../../lib/event.ts';
import { POLLS, RECORDS, STATION_INFORMATION, STATION_LAST, STATION_STATUS } from '../tables.ts';
import { bronzeKeys, firstBasis } from './bronze-files.ts';
import { DAY_MS, dayQuery, startOf } from './days.ts';
import { feedsQuery, guardMs, INFORMATION_GUARD_MS, systemsQuery } from './feeds.ts';
import { mustBeWhole } from './kept-days.ts';
import { BRONZE_COLUMNS, parquetRelation, queryText } from './relation.ts';
import { rangesWithin, reloadsQuery } from './reloads.ts';
import type { Workshop } from './workshop.ts';

const { raw: _, ...BRONZE_WITHOUT_RAW } = BRONZE_COLUMNS;
const STEPS = [
  '01_records',
  '02_receipts',
  '03_events',
  '04_observations',
  '05_spans',
  '06_span_values',
  '10_fetches',
] as const;
const tableOf = (step: string): string => step.slice('00_'.length);

/** Name of what settling a date makes, in the manifest. */
export const settleName = (date: string): string => `settle ${date}`;

/**
 * Settles a UTC day from Bronze alone: its observations become spans, its receipts polls, its chunks records. The rows come by path
 * from every file that holds some of the day, of the bases that its 304s confirm, and of the guard after its end; whether the
 * content of a station's first observation is a change, the settled day before says. Each table's partition is replaced atomically.
 * Throws FatalError `bronze_is_gone` and `bronze_is_less` where Bronze has lost something of a day that is settled; `of_the_rest` settles it
 * all the same.
 */
export async function settleDay(shop: Workshop, date: string, sql: string, of_the_rest = false): Promise<void> {
  const { manifest } = shop;
  const before = shop.settledDates().findLast((d) => d < date) ?? null;
  const systems = (manifest.content.systems[date] ?? []).map((id) => shop.systems.of(id));
  const start_ms = startOf(date);
  const end_ms = start_ms + DAY_MS;
  const from_ms = Math.min(start_ms, firstBasis(manifest, date) ?? start_ms);
  const status_ms = end_ms + Math.max(0, ...systems.map((s) => guardMs(s.interval_s)));
  const until: Record<Kind, number> = {
    status: status_ms,
    information: end_ms + INFORMATION_GUARD_MS,
    receipt: status_ms,
  };
  const keys = bronzeKeys(manifest, from_ms, until);
  const reloads = rangesWithin(shop.reloads, from_ms, Math.max(...Object.values(until)));
  const carried = before === null ? null : shop.content(settleName(before), STATION_LAST);
  await shop.make(settleName(date), [sql, keys, systems, before, carried, reloads], async () => {
    const gone = keys.find((key) => !existsSync(shop.lake.path(key)));
    if (gone !== undefined) {
      throw new FatalError(
        'gold',
        'bronze_is_gone',
        `${date} can't be settled again: ${gone}, which holds rows of it, is gone from the lake. The day stays as it is. Put the file back`,
      );
    }
    await shop.bind('day', dayQuery(date));
    await shop.bind('feeds', feedsQuery(systems));
    await shop.bind('systems', systemsQuery(systems));
    await shop.bindTable('station_before', STATION_LAST, before === null ? [] : [before]);
    const rows = parquetRelation(
      BRONZE_WITHOUT_RAW,
      keys.map((key) => shop.lake.path(key)),
    );
    const bounds = Object.entries(until).map(([kind, ms]) => `kind = '${kind}' AND slot_ms < ${ms}`);
    await shop.bind('bronze_all', `SELECT * FROM (${rows}) WHERE slot_ms >= ${from_ms} AND (${bounds.join(' OR ')})`);
    await shop.bind('reloads', reloadsQuery(reloads));
    await shop.bind('bronze_window', queryText('settle/00_bronze_window'));
    for (const step of STEPS) await shop.keep(tableOf(step), `settle/${step}`);
    if (!of_the_rest) await mustBeWhole(shop, date);
    const written = {
      ...(await shop.write(STATION_STATUS, date, 'settle/07_station_status')),
      ...(await shop.write(STATION_INFORMATION, date, 'settle/08_station_information')),
      ...(await shop.write(STATION_LAST, date, 'settle/09_station_last')),
      ...(await shop.write(POLLS, date, 'settle/10_polls')),
      ...(await shop.write(RECORDS, date, 'settle/11_stream_records')),
    };
    await shop.forget(...STEPS.map(tableOf));
    return written;
  });
}
