import { afterEach, describe, expect, test } from 'vitest';
import { figuresOf } from '../../jobs/duckdb/figures.ts';
import { ledgerOf, sumOf } from '../../jobs/duckdb/ledger.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { type ChainPoll, chainLake } from './chain-lake.ts';
import { at, MINUTE, type SmallLake } from './small-lake.ts';

let lake: SmallLake;
afterEach(() => lake.remove());

const FROM = at('2026-11-21T08:00:00Z');
const HOUR = 60 * MINUTE;

/** Three hours, minute by minute: a bike leaves s1 each minute of an hour and they all come back at its end; s2 stands still. */
function threeHours(): ChainPoll[] {
  return Array.from({ length: 180 }, (_, n) => ({
    slot_ms: FROM + n * MINUTE,
    stations: { s1: 60 - (n % 60), s2: 5 },
  }));
}

describe('a poll function that was down for an hour', { timeout: 120_000 }, () => {
  test('leaves a gap that is counted, and nothing is counted across it', async () => {
    lake = await chainLake(threeHours().filter(({ slot_ms }) => slot_ms < FROM + HOUR || slot_ms >= FROM + 2 * HOUR));
    await settleLake(lake.root);
    expect(
      await lake.rows(
        'SELECT polls_expected, polls_made, polls_failed, longest_gap_seconds FROM gold.feed_quality_daily',
      ),
    ).toEqual([[180, 120, 0, 61 * 60]]);
    // 08:00 and 10:00: 59 minutes known of each, 59 bikes gone. Of 09:00 nothing is known, and the 59 bikes that stand there again at 10:00
    // were brought by nobody that was seen.
    expect(
      await lake.rows(
        `SELECT hour(hour), observed_seconds, falls, rises, changes FROM gold.station_hourly WHERE station_id = 's1' ORDER BY 1`,
      ),
    ).toEqual([
      [8, 59 * 60, 59, 0, 59],
      [10, 59 * 60, 59, 0, 60],
    ]);
    const ledger = await ledgerOf(lake.root, { quick: true });
    expect([sumOf(ledger.polls, 'expected'), sumOf(ledger.polls, 'no_receipt'), ledger.findings]).toEqual([
      180,
      60,
      [],
    ]);
  });

  test('that says why, where it ran and failed', async () => {
    const down = (slot_ms: number): boolean => slot_ms >= FROM + HOUR && slot_ms < FROM + 2 * HOUR;
    lake = await chainLake(threeHours().map((poll) => (down(poll.slot_ms) ? { ...poll, stations: null } : poll)));
    await settleLake(lake.root);
    expect(
      await lake.rows(
        'SELECT polls_expected, polls_made, polls_failed, failed_reasons, longest_gap_seconds FROM gold.feed_quality_daily',
      ),
    ).toEqual([[180, 180, 60, '{"http_503":60}', 61 * 60]]);
    const ledger = await ledgerOf(lake.root, { quick: true });
    expect([sumOf(ledger.polls, 'failed'), sumOf(ledger.polls, 'no_receipt'), ledger.findings]).toEqual([60, 0, []]);
  });

  test('polls that come late, after newer ones, are settled as if they had come in time, and explained', async () => {
    const late = (slot_ms: number): boolean => slot_ms >= FROM + 65 * MINUTE && slot_ms < FROM + 75 * MINUTE;
    const polls = threeHours();
    const inTime = polls.filter(({ slot_ms }) => !late(slot_ms));
    const after = polls.filter(({ slot_ms }) => late(slot_ms)).map((poll) => ({ ...poll, at_ms: FROM + 4 * HOUR }));
    lake = await chainLake([...inTime, ...after]);
    await settleLake(lake.root);
    const found = await figuresOf(lake.root);
    const whole = await chainLake(polls);
    await settleLake(whole.root);
    const twin = await figuresOf(whole.root);
    const settled = 'SELECT station_id, valid_from, valid_to, content_hash FROM silver.station_status ORDER BY ALL';
    expect(await lake.rows(settled)).toEqual(await whole.rows(settled));
    const hours = 'SELECT * FROM gold.station_hourly ORDER BY ALL';
    expect(await lake.rows(hours)).toEqual(await whole.rows(hours));
    whole.remove();
    expect([found.late, found.settled_changes, found.silver_rows]).toEqual([
      20,
      twin.settled_changes,
      twin.silver_rows - 10,
    ]);
    expect([found.audit_missing, found.audit_extra, found.audit_explained, found.ledger_difference]).toEqual([
      0, 0, 10, 0,
    ]);
  });
});
