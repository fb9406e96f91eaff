import { afterEach, beforeEach, expect, test } from 'vitest';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { at, chunk, receipt, SmallLake } from '../gold/small-lake.ts';

const t = (time: string): number => at(`2026-11-21T${time}:00Z`);
let lake: SmallLake;
beforeEach(() => {
  lake = new SmallLake();
});
afterEach(() => lake.remove());

test('given-up lines that came again are told apart, whether their copy was consumed or is pending', async () => {
  const given_up = (minute: string, sequence: number) =>
    chunk({ slot_ms: t(minute), sequence }, { s: { bikes: 1 }, u: { bikes: 2 } });
  lake.bronze([
    ...given_up('10:00', 10),
    ...given_up('10:01', 11),
    ...given_up('10:02', 12),
    ...chunk({ slot_ms: t('10:03'), sequence: 13 }, { s: { bikes: 1 } }),
    ...given_up('10:00', 20), // redriven, and consumed as late
    ...given_up('10:01', 21), // redriven, and not consumed yet
  ]);
  lake.log([13, 13], { fresh: 1 }, [{ station_id: 's', slot_ms: t('10:03'), seen: { bikes: 1 } }]);
  lake.log([20, 20], { late: 2 }, []);
  await settleLake(lake.root);
  expect(
    await lake.rows('SELECT lines, consumed, given_up, pending, redriven, difference FROM gold.ledger_lanes'),
  ).toEqual([[11, 3, 6, 2, 2, 0]]);
});

test('a receipt that came again is the same poll; another fetch of the slot is a second one', async () => {
  const slot_ms = t('10:00');
  lake.bronze([
    ...chunk({ slot_ms, sequence: 1 }, { s: { bikes: 1 } }),
    receipt({ slot_ms, sequence: 2 }, 1),
    receipt({ slot_ms, sequence: 3 }, 1),
  ]);
  const polls = async () => {
    await settleLake(lake.root);
    return lake.rows('SELECT receipts, bronze_difference FROM silver.polls');
  };
  expect(await polls()).toEqual([[1, 0]]);
  lake.bronze([receipt({ slot_ms, sequence: 4, fetched_at_ms: slot_ms + 30_000 }, 1)]);
  expect((await polls())[0]?.[0]).toBe(2);
});
