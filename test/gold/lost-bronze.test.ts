import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { at, chunk, receipt, SmallLake } from './small-lake.ts';

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

/** A poll each hour of 20 and 21 November; station b isn't seen on the 21st, and a doesn't change at midnight. */
const poll = (hour: number) => {
  const slot_ms = at('2026-11-20T00:00:00Z') + hour * 3_600_000;
  const stations =
    hour < 24 ? { a: { bikes: Math.floor(hour / 13) }, b: { bikes: hour } } : { a: { bikes: 1 + (hour % 2) } };
  return [
    ...chunk({ slot_ms, sequence: hour + 100 }, stations),
    receipt({ slot_ms, sequence: hour + 500 }, Object.keys(stations).length),
  ];
};
/** One Bronze file for each hour. */
function deliver(to: SmallLake, from: number, until: number): void {
  for (let hour = from; hour < until; hour++) to.bronze(poll(hour));
}
const bronzeFiles = (): string[] =>
  readdirSync(join(lake.root, 'bronze'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => join(lake.root, 'bronze', name))
    .sort();
const loseManifest = (): void => rmSync(new LakeFolder(lake.root).manifest_file);
const of = (files: Record<string, string>, date: string) =>
  Object.fromEntries(Object.entries(files).filter(([key]) => key.includes(date) && /silver|audit|ledger/.test(key)));

describe('when the manifest is lost, and of Bronze', () => {
  test('one file of an old day: it stays as it is, the error says what to do, and all other days are made', async () => {
    deliver(lake, 0, 30);
    await settleLake(lake.root);
    const before = lake.files();
    const lost = bronzeFiles()[3] ?? '';
    const bytes = readFileSync(lost);
    rmSync(lost);
    loseManifest();
    deliver(lake, 30, 40);
    const refused =
      /2026-11-20 can't be settled again: Bronze has no more 2 records and receipts .* such as station_status of sys, receipt of .*Put the files of Bronze back.*silver\.records and silver\.polls/;
    for (let runs = 0; runs < 2; runs++) await expect(settleLake(lake.root)).rejects.toThrow(refused);
    expect(of(lake.files(), '2026-11-20')).toEqual(of(before, '2026-11-20'));
    deliver(twin, 0, 40);
    await settleLake(twin.root);
    expect(of(lake.files(), '2026-11-21')).toEqual(of(twin.files(), '2026-11-21'));
    // Put back.
    writeFileSync(lost, bytes);
    await settleLake(lake.root);
    expect(lake.files()).toEqual(twin.files());
  });

  test('all of an old day: it stays, and the next day goes on from it', async () => {
    deliver(lake, 0, 48);
    await settleLake(lake.root);
    const before = lake.files();
    for (const file of bronzeFiles().slice(0, 24)) rmSync(file);
    loseManifest();
    await settleLake(lake.root);
    expect(lake.files()).toEqual(before);
    expect((await settleLake(lake.root)).made).toEqual([]);
  });

  test('only receipts: a poll would count as never made', async () => {
    lake.bronze(poll(1));
    lake.bronze(poll(2).slice(-1));
    await settleLake(lake.root);
    rmSync(bronzeFiles()[1] ?? '');
    loseManifest();
    await expect(settleLake(lake.root)).rejects.toThrow(/2026-11-20 can't .* no more 1 records and receipts/);
  });

  test('what is there twice: nothing is lost', async () => {
    deliver(lake, 0, 4);
    deliver(lake, 0, 4);
    await settleLake(lake.root);
    rmSync(bronzeFiles()[2] ?? '');
    loseManifest();
    await settleLake(lake.root);
    deliver(twin, 0, 4);
    await settleLake(twin.root);
    const stations = (files: Record<string, string>) => of(files, 'station_status');
    expect(stations(lake.files())).toEqual(stations(twin.files()));
  });
});

test('who accepts the loss removes the two partitions, and the day is made of the rest', async () => {
  deliver(lake, 0, 6);
  await settleLake(lake.root);
  rmSync(bronzeFiles()[3] ?? '');
  loseManifest();
  for (const table of ['records', 'polls'])
    rmSync(join(lake.root, 'silver', table, 'event_date=2026-11-20'), { recursive: true });
  await settleLake(lake.root);
  expect(await lake.rows('SELECT count(*) FROM silver.polls')).toEqual([[5]]);
});
