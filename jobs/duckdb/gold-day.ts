import {
  FEED_QUALITY_DAILY,
  LEDGER_DAILY,
  POLLS,
  STATION_HOURLY,
  STATION_LAST,
  STATION_PROFILE,
  STATION_STATUS,
  SYSTEM_DAILY,
  SYSTEM_HOURLY,
} from '../tables.ts';
import { DAY_MS, dayQuery, daysAfter, startOf } from './days.ts';
import { feedsQuery, guardMs, type SystemSettings, systemsQuery } from './feeds.ts';
import { settleName } from './settle-day.ts';
import type { Workshop } from './workshop.ts';

const hoursName = (date: string): string => `hours ${date}`;

/** How many days back an interval may begin that ends in a day: one, unless a system is polled so seldom that its guard is longer. */
function reach(shop: Workshop): number {
  const ids = new Set(Object.values(shop.manifest.content.systems).flat());
  const guard_ms = Math.max(0, ...[...ids].map((id) => guardMs(shop.systems.of(id).interval_s)));
  return Math.max(1, Math.ceil(guard_ms / DAY_MS));
}

const systemsOf = (shop: Workshop, dates: readonly string[]): SystemSettings[] =>
  [...new Set(dates.flatMap((date) => shop.manifest.content.systems[date] ?? []))]
    .sort()
    .map((id) => shop.systems.of(id));

/** Dates from `back` days before to `ahead` days after another. */
const around = (date: string, back: number, ahead: number): string[] =>
  Array.from({ length: back + 1 + ahead }, (_, i) => daysAfter(date, i - back));

/** Makes what of Gold depends on settled days that changed. Every partition is made from its inputs alone, and replaced atomically. */
export async function makeGold(shop: Workshop, sql: string): Promise<void> {
  const settled = shop.settledDates();
  const days_back = reach(shop);
  const hourDates = [...new Set(settled.flatMap((date) => around(date, 0, days_back - 1)))].sort();
  for (const date of hourDates) await makeStationHours(shop, date, days_back, sql);
  const totalDates = [...new Set(hourDates.flatMap((date) => around(date, 1, 1)))].sort();
  for (const date of totalDates) await makeTotals(shop, date, sql);
  for (const date of settled) await makeQuality(shop, date, settled, sql);
  await makeProfile(shop, hourDates, sql);
}

async function makeStationHours(shop: Workshop, date: string, days_back: number, sql: string): Promise<void> {
  const dates = around(date, days_back, 0);
  const systems = systemsOf(shop, dates);
  const before = shop.settledDates().findLast((d) => d < date) ?? null;
  const inputs = dates.map((d) => shop.content(settleName(d), STATION_STATUS));
  const carried = before === null ? null : shop.content(settleName(before), STATION_LAST);
  await shop.make(hoursName(date), [sql, inputs, carried, systems], async () => {
    await shop.bind('day', dayQuery(date));
    await shop.bind('systems', systemsQuery(systems));
    await shop.bindTable('station_before', STATION_LAST, before === null ? [] : [before]);
    const spans = shop.relation(STATION_STATUS, dates);
    await shop.bind(
      'spans_around',
      `SELECT * FROM (${spans}) WHERE unix_millis(valid_to) >= ${startOf(date)} OR event_date = DATE '${date}'`,
    );
    return shop.write(STATION_HOURLY, date, 'gold/station_hourly');
  });
}

async function makeTotals(shop: Workshop, date: string, sql: string): Promise<void> {
  const dates = around(date, 1, 1);
  const systems = systemsOf(shop, around(date, 1 + reach(shop), 1));
  const inputs = dates.map((d) => shop.content(hoursName(d), STATION_HOURLY));
  await shop.make(`totals ${date}`, [sql, inputs, systems], async () => {
    await shop.bind('day', dayQuery(date));
    await shop.bind('systems', systemsQuery(systems));
    await shop.bindTable('station_hours', STATION_HOURLY, dates);
    await shop.keep('period_hours', 'gold/period_hours');
    await shop.keep('system_totals', 'gold/system_totals');
    const written = {
      ...(await shop.write(SYSTEM_HOURLY, date, 'gold/system_hourly')),
      ...(await shop.write(SYSTEM_DAILY, date, 'gold/system_daily')),
    };
    await shop.forget('period_hours', 'system_totals');
    return written;
  });
}

async function makeQuality(shop: Workshop, date: string, settled: readonly string[], sql: string): Promise<void> {
  const dates = [settled.findLast((d) => d < date), date, settled.find((d) => d > date)].filter((d) => d !== undefined);
  const systems = systemsOf(shop, [date]);
  const inputs = dates.map((d) => [d, shop.content(settleName(d), POLLS)]);
  await shop.make(
    `quality ${date}`,
    [sql, inputs, shop.content(settleName(date), STATION_STATUS), systems],
    async () => {
      await shop.bind('day', dayQuery(date));
      await shop.bind('feeds', feedsQuery(systems));
      await shop.bindTable('polls_around', POLLS, dates);
      await shop.bindTable('day_polls', POLLS, [date]);
      await shop.bindTable('day_spans', STATION_STATUS, [date]);
      // Reading JSON is where the engines differ, so that the rejections are an input of the SQL and not a part of it.
      await shop.bind(
        'rejections',
        `SELECT system_id, feed, j.key AS reason, CAST(j.value AS BIGINT) AS rejected
       FROM day_polls, json_each(rejected_reasons) AS j WHERE rejected_reasons IS NOT NULL`,
      );
      return {
        ...(await shop.write(FEED_QUALITY_DAILY, date, 'gold/feed_quality_daily')),
        ...(await shop.write(LEDGER_DAILY, date, 'ledger/ledger_daily')),
      };
    },
  );
}

async function makeProfile(shop: Workshop, dates: readonly string[], sql: string): Promise<void> {
  const inputs = dates.map((d) => shop.content(hoursName(d), STATION_HOURLY));
  await shop.make('profile', [sql, inputs], async () => {
    await shop.bindTable('station_hours', STATION_HOURLY, dates);
    return shop.write(STATION_PROFILE, null, 'gold/station_profile');
  });
}
