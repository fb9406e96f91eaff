import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { at, chunk, receipt, type Seen, SmallLake } from './small-lake.ts';

const t = (time: string, day = '21'): number => at(`2026-11-${day}T${time}:00Z`);
let lake: SmallLake;
beforeEach(() => {
  lake = new SmallLake();
});
afterEach(() => lake.remove());

/** Records of station `s`: sequence → time and bikes. */
function stream(records: Readonly<Record<number, readonly [time: string, bikes: number, day?: string]>>): void {
  lake.bronze(
    Object.entries(records).flatMap(([sequence, [time, bikes, day]]) =>
      chunk({ slot_ms: t(time, day), sequence: Number(sequence) }, { s: { bikes } }),
    ),
  );
}
const change = (time: string, bikes: number, day?: string): { station_id: string; slot_ms: number; seen: Seen } => ({
  station_id: 's',
  slot_ms: t(time, day),
  seen: { bikes },
});

async function audit(): Promise<unknown[][]> {
  await settleLake(lake.root);
  return lake.rows(`SELECT settled_changes, log_changes, missing, extra, missing_explained, extra_explained
    FROM gold.audit_daily ORDER BY event_date, system_id, kind`);
}

describe('the audit of the log', () => {
  test('the same changes on both sides', async () => {
    stream({ 1: ['10:00', 3], 2: ['10:01', 4], 3: ['10:02', 3] });
    lake.log([1, 3], { fresh: 3 }, [change('10:00', 3), change('10:01', 4), change('10:02', 3)]);
    expect(await audit()).toEqual([[3, 3, 0, 0, 0, 0]]);
  });

  test('a change that the log lost is missing, one that it made up is extra, other content is both', async () => {
    stream({ 1: ['10:00', 3], 2: ['10:01', 4], 3: ['10:02', 5] });
    lake.log([1, 3], { fresh: 3 }, [change('10:00', 3), change('10:02', 6), change('10:03', 7)]);
    expect(await audit()).toEqual([[3, 3, 2, 2, 0, 0]]);
  });

  test('a row that stands twice in the log is extra', async () => {
    stream({ 1: ['10:00', 3] });
    lake.log([1, 1], { fresh: 2 }, [change('10:00', 3), change('10:00', 3)]);
    expect(await audit()).toEqual([[1, 2, 0, 1, 0, 0]]);
  });

  test('a late record explains its own slot and the next one of its station, and no other', async () => {
    stream({ 1: ['10:00', 3], 2: ['10:02', 3], 3: ['10:01', 9], 4: ['10:05', 4] });
    lake.log([1, 4], { fresh: 1, unchanged: 1, late: 1 }, [change('10:00', 3)]);
    // settled: 3, 9 (late), 3 again (after it), 4; that the log lacks the last one nothing explains.
    expect(await audit()).toEqual([[4, 1, 1, 0, 2, 0]]);
  });

  test('a late record that changes nothing leaves the log one change less or one more: explained', async () => {
    stream({ 1: ['10:00', 3], 2: ['10:02', 9], 3: ['10:01', 9] });
    lake.log([1, 3], { fresh: 2, late: 1 }, [change('10:00', 3), change('10:02', 9)]);
    expect(await audit()).toEqual([[2, 2, 0, 0, 1, 1]]);
  });

  test.each([
    ['10:01', [5, 3, 0, 0, 2, 0]],
    ['10:02', [3, 3, 0, 0, 0, 0]],
  ] as const)(
    'a 304 at 10:03 that confirms %s: explained where that is not the newest body',
    async (basis, expected) => {
      stream({ 1: ['10:00', 3], 2: ['10:01', 9], 3: ['10:02', 3], 4: ['10:04', 3] });
      const ok = ['10:00', '10:01', '10:02', '10:04'].map((time, i) =>
        receipt({ slot_ms: t(time), sequence: 5 + i }, 1),
      );
      const confirms = { status: 'not_modified', basis_slot_ms: t(basis) };
      lake.bronze([...ok.flat(), receipt({ slot_ms: t('10:03'), sequence: 9 }, 0, confirms)]);
      lake.log([1, 4], { fresh: 3, unchanged: 1 }, [change('10:00', 3), change('10:01', 9), change('10:02', 3)]);
      expect(await audit()).toEqual([[...expected]]);
    },
  );

  test('a given-up record explains as well; one beyond the last batch is only not there yet', async () => {
    stream({ 1: ['10:00', 3], 2: ['10:01', 9], 3: ['10:02', 3] });
    lake.log([1, 1], { fresh: 1 }, [change('10:00', 3)]);
    lake.log([3, 3], { unchanged: 1 }, []);
    expect(await audit()).toEqual([[3, 1, 0, 0, 2, 0]]);
  });

  test('what the log catches up with is compared again, although Bronze is the same', async () => {
    stream({ 1: ['10:00', 3], 2: ['10:01', 9] });
    lake.log([1, 1], { fresh: 1 }, [change('10:00', 3)]);
    expect(await audit()).toEqual([[2, 1, 0, 0, 1, 0]]);
    lake.log([2, 2], { fresh: 1 }, [change('10:01', 9)]);
    expect(await audit()).toEqual([[2, 2, 0, 0, 0, 0]]);
  });

  test('across midnight: the late record of one day explains the first change of the next', async () => {
    stream({ 1: ['23:57', 3], 2: ['00:01', 3, '22'], 3: ['23:59', 9], 4: ['00:02', 3, '22'] });
    lake.log([1, 1], { fresh: 1 }, [change('23:57', 3)]);
    lake.log([2, 4], { unchanged: 2, late: 1 }, []);
    expect(await audit()).toEqual([
      [2, 1, 0, 0, 1, 0],
      [1, 0, 0, 0, 1, 0],
    ]);
  });

  test('a station that is seen again days later: the late record explains its first change then, and no other', async () => {
    stream({ 1: ['10:00', 3], 3: ['10:01', 9], 5: ['10:00', 3, '24'], 6: ['10:01', 3, '24'], 7: ['10:02', 4, '24'] });
    lake.bronze(chunk({ slot_ms: t('10:02'), sequence: 2 }, { u: { bikes: 1 } }));
    lake.bronze(chunk({ slot_ms: t('12:00', '23'), sequence: 4 }, { u: { bikes: 1 } }));
    lake.log([1, 2], { fresh: 2 }, [change('10:00', 3), { ...change('10:02', 1), station_id: 'u' }]);
    lake.log([3, 7], { unchanged: 4, late: 1 }, []);
    // settled: 3, 9 (late) and u; on the 24th 3 again (after the late one) and 4, which nothing explains.
    expect(await audit()).toEqual([
      [3, 2, 0, 0, 1, 0],
      [2, 0, 1, 0, 1, 0],
    ]);
  });

  test('the next event after a late record is the next that counts: not one of a poll that ran a second time', async () => {
    lake.bronze([
      ...chunk({ slot_ms: t('10:01'), sequence: 1 }, { s: { bikes: 3 } }),
      ...chunk({ slot_ms: t('10:01'), sequence: 2 }, { u: { bikes: 9 } }),
      ...chunk({ slot_ms: t('10:00'), sequence: 3 }, { u: { bikes: 9 } }),
      ...chunk({ slot_ms: t('10:02'), sequence: 4 }, { s: { bikes: 3 }, u: { bikes: 9 } }),
    ]);
    const changes = [change('10:01', 3), { ...change('10:02', 9), station_id: 'u' }];
    lake.log([1, 4], { fresh: 2, unchanged: 1, duplicate: 1, late: 1 }, changes);
    expect(await audit()).toEqual([[2, 2, 0, 0, 1, 1]]);
  });

  test('a poll that ran twice, of which the log holds the second record, because the first was given up: explained', async () => {
    lake.bronze([
      ...chunk({ slot_ms: t('10:00'), sequence: 1 }, { s: { bikes: 3 } }),
      ...chunk({ slot_ms: t('10:01'), sequence: 2 }, { s: { bikes: 4 } }),
      ...chunk({ slot_ms: t('10:01'), sequence: 3 }, { s: { bikes: 5 }, u: { bikes: 7 } }),
      ...chunk({ slot_ms: t('10:02'), sequence: 4 }, { s: { bikes: 5 }, u: { bikes: 7 } }),
    ]);
    lake.log([1, 1], { fresh: 1 }, [change('10:00', 3)]);
    lake.log([3, 4], { fresh: 2, unchanged: 2 }, [change('10:01', 5), { ...change('10:01', 7), station_id: 'u' }]);
    expect(await audit()).toEqual([[4, 3, 0, 0, 3, 2]]);
  });

  test('a 304 out of turn explains that the next 304 says something else again', async () => {
    stream({ 1: ['10:00', 3], 2: ['10:01', 9], 3: ['10:04', 9] });
    const confirms = (slot: string, basis: string, sequence: number) =>
      receipt({ slot_ms: t(slot), sequence }, 0, { status: 'not_modified', basis_slot_ms: t(basis) });
    const ok = ['10:00', '10:01', '10:04'].map((time, i) => receipt({ slot_ms: t(time), sequence: 5 + i }, 1));
    lake.bronze([...ok, confirms('10:02', '10:00', 8), confirms('10:03', '10:01', 9)]);
    lake.log([1, 3], { fresh: 2, unchanged: 1 }, [change('10:00', 3), change('10:01', 9)]);
    expect(await audit()).toEqual([[4, 2, 0, 0, 2, 0]]);
  });

  test('a slot that was answered with 304 and polled again with a body: the next 304 is explained', async () => {
    stream({ 1: ['10:00', 3], 2: ['10:01', 9], 3: ['10:03', 9] });
    const confirms = (slot: string, sequence: number) =>
      receipt({ slot_ms: t(slot), sequence }, 0, { status: 'not_modified', basis_slot_ms: t('10:00') });
    const ok = (slot: string, sequence: number) => receipt({ slot_ms: t(slot), sequence }, 1);
    lake.bronze([ok('10:00', 5), confirms('10:01', 6), confirms('10:02', 7), ok('10:01', 8), ok('10:03', 9)]);
    lake.log([1, 3], { fresh: 2, unchanged: 1 }, [change('10:00', 3), change('10:01', 9)]);
    expect(await audit()).toEqual([[4, 2, 0, 0, 2, 0]]);
  });
});
