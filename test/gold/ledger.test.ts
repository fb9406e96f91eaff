import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { figuresOf } from '../../jobs/duckdb/figures.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { at, chunk, receipt, SmallLake } from './small-lake.ts';

const t = (time: string): number => at(`2026-11-21T${time}:00Z`);
const one = { s: { bikes: 3 } };
let lake: SmallLake;
beforeEach(() => {
  lake = new SmallLake();
});
afterEach(() => lake.remove());

async function figures() {
  await settleLake(lake.root);
  return figuresOf(lake.root);
}

describe('the ledger', () => {
  test('an empty lake is all 0', async () => {
    const found = await figures();
    expect(Object.values(found).every((n) => n === 0)).toBe(true);
    expect(found.ledger_difference).toBe(0);
  });

  test('balances: fetched in its parts, accepted in Bronze, Bronze in the log', async () => {
    lake.bronze([
      ...chunk({ slot_ms: t('10:00'), sequence: 1 }, { s: { bikes: 3 }, u: { bikes: 1 } }),
      receipt({ slot_ms: t('10:00'), sequence: 2 }, 2, {
        fetched: 5,
        rejected: 2,
        repeated: 1,
        rejected_reasons: '{"negative_count":2}',
      }),
      ...chunk({ slot_ms: t('10:01'), sequence: 3 }, { s: { bikes: 4 }, u: { bikes: 1 } }),
      receipt({ slot_ms: t('10:01'), sequence: 4 }, 2),
      receipt({ slot_ms: t('10:02'), sequence: 5 }, 0, { status: 'failed', reason: 'http_503', http_code: 503 }),
    ]);
    lake.log([1, 3], { fresh: 3, unchanged: 1 }, [
      { station_id: 's', slot_ms: t('10:00'), seen: { bikes: 3 } },
      { station_id: 'u', slot_ms: t('10:00'), seen: { bikes: 1 } },
      { station_id: 's', slot_ms: t('10:01'), seen: { bikes: 4 } },
    ]);
    expect(await figures()).toEqual({
      polls: 3, polls_failed: 1, fetched: 7, accepted: 4, rejected: 2, repeated: 1, bronze_rows: 4, bronze_distinct: 4,
      silver_rows: 3, fresh: 3, unchanged: 1, duplicate: 0, late: 0, settled_spans: 3, settled_changes: 3,
      audit_missing: 0, audit_extra: 0, audit_explained: 0, given_up: 0, redriven: 0, pending: 0, polls_without_receipt: 0, ledger_difference: 0,
    }); // biome-ignore format: a table
  });

  test('a receipt that does not add up is a difference', async () => {
    lake.bronze([receipt({ slot_ms: t('10:00'), sequence: 2 }, 0, { fetched: 5, rejected: 2 })]);
    expect((await figures()).ledger_difference).toBe(3);
  });

  test('accepted events that Bronze lacks, and events without a receipt, are differences', async () => {
    lake.bronze([
      ...chunk({ slot_ms: t('10:00'), sequence: 1 }, one),
      receipt({ slot_ms: t('10:00'), sequence: 2 }, 3),
      ...chunk({ slot_ms: t('10:01'), sequence: 3 }, one),
    ]);
    lake.log([1, 3], { fresh: 1, unchanged: 1 }, [{ station_id: 's', slot_ms: t('10:00'), seen: { bikes: 3 } }]);
    const found = await figures();
    expect([found.ledger_difference, found.polls_without_receipt]).toEqual([3, 1]);
  });

  test('rows delivered twice by Firehose and chunks sent twice by the poller balance', async () => {
    const sent = [
      ...chunk({ slot_ms: t('10:00'), sequence: 1 }, one),
      receipt({ slot_ms: t('10:00'), sequence: 3 }, 1),
    ];
    lake.bronze([...sent, ...chunk({ slot_ms: t('10:00'), sequence: 2 }, one)]);
    lake.bronze(sent);
    lake.log([1, 2], { fresh: 1, duplicate: 1 }, [{ station_id: 's', slot_ms: t('10:00'), seen: { bikes: 3 } }]);
    const found = await figures();
    expect([found.bronze_rows, found.bronze_distinct, found.accepted, found.ledger_difference]).toEqual([3, 1, 1, 0]);
  });

  test('a poll that ran twice with other content: the first receipt counts, and each balances with its own chunk', async () => {
    const slot_ms = t('10:00');
    lake.bronze([
      ...chunk({ slot_ms, sequence: 1, fetched_at_ms: slot_ms + 1000 }, { s: { bikes: 3 }, u: { bikes: 1 } }),
      receipt({ slot_ms, sequence: 2, fetched_at_ms: slot_ms + 1000 }, 2),
      ...chunk(
        { slot_ms, sequence: 3, fetched_at_ms: slot_ms + 9000 },
        { s: { bikes: 4 }, x: { bikes: 1 }, y: { bikes: 1 } },
      ),
      receipt({ slot_ms, sequence: 4, fetched_at_ms: slot_ms + 9000 }, 3),
    ]);
    lake.log([1, 3], { fresh: 2, duplicate: 3 }, [
      { station_id: 's', slot_ms, seen: { bikes: 3 } },
      { station_id: 'u', slot_ms, seen: { bikes: 1 } },
    ]);
    const found = await figures();
    expect([found.polls, found.accepted, found.bronze_distinct, found.ledger_difference]).toEqual([1, 2, 4, 0]);
    expect([found.settled_changes, found.audit_missing, found.audit_extra]).toEqual([2, 0, 0]);
  });

  test('lines that the log consumed twice or never are differences; given-up ones have a name', async () => {
    lake.bronze([
      ...chunk({ slot_ms: t('10:00'), sequence: 1 }, one),
      ...chunk({ slot_ms: t('10:01'), sequence: 2 }, one),
      ...chunk({ slot_ms: t('10:02'), sequence: 3 }, one),
      ...chunk({ slot_ms: t('10:03'), sequence: 10 }, one),
      ...['10:00', '10:01', '10:02', '10:03'].map((time, i) => receipt({ slot_ms: t(time), sequence: 20 + i }, 1)),
    ]);
    const change = { station_id: 's', slot_ms: t('10:00'), seen: { bikes: 3 } };
    lake.log([1, 1], { fresh: 1 }, [change]);
    lake.log([3, 3], { unchanged: 1 }, []);
    let found = await figures();
    expect([found.given_up, found.pending, found.ledger_difference]).toEqual([1, 1, 0]);
    lake.log([10, 10], { unchanged: 2 }, []); // the record has one line
    found = await figures();
    expect([found.given_up, found.pending, found.ledger_difference]).toEqual([1, 0, 1]);
  });

  test('ledger_lanes and ledger_daily tell where', async () => {
    lake.bronze([
      ...chunk({ slot_ms: t('10:00'), sequence: 1 }, one),
      receipt({ slot_ms: t('10:00'), sequence: 2 }, 4),
    ]);
    lake.log([1, 1], { fresh: 1, late: 1 }, []);
    await settleLake(lake.root);
    expect(
      await lake.rows('SELECT lane, lines, consumed, given_up, pending, difference FROM gold.ledger_lanes'),
    ).toEqual([['a', 1, 2, 0, 0, 1]]);
    expect(
      await lake.rows(
        'SELECT system_id, feed, polls, accepted, bronze_events, bronze_difference FROM gold.ledger_daily',
      ),
    ).toEqual([['sys', 'station_status', 1, 4, 1, 3]]);
  });
});
