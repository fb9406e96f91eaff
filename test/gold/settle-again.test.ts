import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { at, chunk, receipt, type Seen, SmallLake } from './small-lake.ts';

const MINUTE = 60_000;
const START = at('2026-11-20T22:00:00Z');
let lake: SmallLake;
let twin: SmallLake;
beforeEach(() => {
  lake = new SmallLake();
  twin = new SmallLake();
});
afterEach(() => {
  lake.remove();
  twin.remove();
});

/** Minute n of three stations that move at different paces; the whole is 28 hours in steps of 10 minutes, over three UTC days. */
const poll = (n: number, more: Readonly<Record<string, Seen>> = {}) => {
  const slot_ms = START + n * MINUTE;
  const stations = {
    a: { bikes: Math.floor(n / 70) % 5 },
    b: { bikes: n % 3 },
    c: { bikes: 9 },
    ...more,
  };
  const sequence = n + 1000;
  return [
    ...chunk({ slot_ms, sequence }, stations),
    receipt({ slot_ms, sequence: sequence + 5000 }, Object.keys(stations).length),
  ];
};
const minutes = (from: number, until: number): number[] =>
  Array.from({ length: (until - from) / 10 }, (_, i) => from + 10 * i);
const polls = (from: number, until: number) => minutes(from, until).flatMap((n) => poll(n));

describe('settling again', () => {
  test('nothing new: nothing is made, and not a byte differs', async () => {
    lake.bronze(polls(0, 1680));
    const first = await settleLake(lake.root);
    expect(first.made).toContain('settle 2026-11-20');
    const before = lake.files();
    const second = await settleLake(lake.root);
    expect(second.made).toEqual([]);
    expect(second.bronze_files).toBe(0);
    expect(lake.files()).toEqual(before);
    expect(second.station_hours).toBe(first.station_hours);
  });

  test('file by file comes to what all at once comes to', async () => {
    twin.bronze(polls(0, 1680));
    await settleLake(twin.root);
    for (const [from, until] of [[0, 110], [110, 130], [130, 700], [700, 1560], [1560, 1680]] as const) {
      lake.bronze(polls(from, until));
      await settleLake(lake.root);
    } // biome-ignore format: pairs
    expect(lake.files()).toEqual(twin.files());
  });

  test('a file that comes days late: its day is settled again, and what its change means for the days after', async () => {
    const all = minutes(0, 1680);
    const late = all.filter((n) => n >= 60 && n < 120);
    twin.bronze(all.flatMap((n) => poll(n, late.includes(n) ? { d: { bikes: 4 } } : {})));
    await settleLake(twin.root);
    lake.bronze(all.filter((n) => !late.includes(n)).flatMap((n) => poll(n)));
    await settleLake(lake.root);
    lake.bronze(late.flatMap((n) => poll(n, { d: { bikes: 4 } })));
    const report = await settleLake(lake.root);
    expect(report.made).toContain('settle 2026-11-20');
    expect(lake.files()).toEqual(twin.files());
  });

  test('an older day that comes last corrects what was a first sight', async () => {
    twin.bronze([...polls(0, 60), ...polls(300, 360)]);
    await settleLake(twin.root);
    lake.bronze(polls(300, 360));
    await settleLake(lake.root);
    lake.bronze(polls(0, 60));
    await settleLake(lake.root);
    expect(lake.files()).toEqual(twin.files());
  });

  test.each([1, 2, 3, 4, 5])('ended before step %i and run again: the same files', async (ending) => {
    twin.bronze(polls(0, 700));
    twin.bronze(polls(700, 1680));
    await settleLake(twin.root);
    lake.bronze(polls(0, 700));
    await settleLake(lake.root);
    lake.bronze(polls(700, 1680));
    let steps = 0;
    const progress = (): void => {
      steps += 1;
      if (steps > ending) throw new Error('killed');
    };
    await expect(settleLake(lake.root, { progress })).rejects.toThrow('killed');
    await settleLake(lake.root);
    expect(lake.files()).toEqual(twin.files());
  });

  test('a lost manifest and a lost partition are made again', async () => {
    lake.bronze(polls(0, 300));
    await settleLake(lake.root);
    const before = lake.files();
    rmSync(join(lake.dir, 'settle'), { recursive: true });
    rmSync(join(lake.root, 'gold', 'station_hourly', 'event_date=2026-11-21'), { recursive: true });
    await settleLake(lake.root);
    expect(lake.files()).toEqual(before);
    rmSync(join(lake.root, 'silver', 'polls'), { recursive: true });
    await settleLake(lake.root);
    expect(lake.files()).toEqual(before);
  });

  test('two at once wait for each other', async () => {
    lake.bronze(polls(0, 300));
    const [first, second] = await Promise.all([settleLake(lake.root), settleLake(lake.root)]);
    expect(first.made.length).toBeGreaterThan(0);
    expect(second.made).toEqual([]);
  });

  test('a day whose Bronze is gone is not settled from the rest: the error names the file', async () => {
    lake.bronze(polls(0, 60));
    await settleLake(lake.root);
    rmSync(join(lake.root, 'bronze', 'events', 'dt=2026-11-20', 'hh=22', '0001.parquet'));
    lake.bronze(polls(60, 120));
    await expect(settleLake(lake.root)).rejects.toThrow(/2026-11-20 can't be settled again: .*0001\.parquet.* is gone/);
  });

  test('the same recording again, under new sequence numbers: no figure of Gold differs', async () => {
    lake.bronze(polls(0, 300));
    await settleLake(lake.root);
    const gold = (files: Record<string, string>) =>
      Object.fromEntries(Object.entries(files).filter(([key]) => /gold\/(station|system)|silver\/station/.test(key)));
    const before = gold(lake.files());
    lake.bronze(polls(0, 300).map((row) => ({ ...row, sequence_number: `9${String(row.sequence_number)}` })));
    await settleLake(lake.root);
    expect(gold(lake.files())).toEqual(before);
  });
});
