import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, onTestFinished, test } from 'vitest';
import { CASES, type Case, queriesOf } from '../../bench/formats/cases.ts';
import { DAY_MS, writeDay } from '../../bench/formats/day.ts';
import { openDuckDB, writeSource } from '../../bench/formats/duckdb.ts';
import { bytesRead, type Cost } from '../../bench/formats/measure.ts';
import { picture } from '../../bench/formats/picture.ts';
import { report } from '../../bench/formats/report.ts';
import { measureRounds } from '../../bench/formats/rounds.ts';

const file = (path: string): string => fileURLToPath(new URL(`../../${path}`, import.meta.url));

/** The tables of a Markdown text: rows of cells, the head first. */
function tablesOf(markdown: string): string[][][] {
  const blocks = markdown.split('\n\n').filter((block) => block.startsWith('| '));
  return blocks.map((block) =>
    block
      .trim()
      .split('\n')
      .filter((line) => !line.startsWith('| ---'))
      .map((line) => line.slice(2, -2).split(' | ')),
  );
}

const firsts = (table: readonly (readonly string[])[] | undefined): (string | undefined)[] =>
  (table ?? []).slice(1).map(([first]) => first);

const MINE = CASES.filter(({ writer }) => writer !== 'spark').map(({ name }) => name);

describe('npm run bench:formats', () => {
  const said = execFileSync(
    process.execPath,
    [file('bench/formats.ts'), '--rows', '4320', '--rounds', '1', '--no-spark'],
    { encoding: 'utf8', timeout: 60_000 },
  );

  test('a small run ends, measures every case that it can, and says what it left out', () => {
    const [files, duckdb, ...more] = tablesOf(said);
    expect(firsts(files)).toEqual(MINE);
    expect(firsts(duckdb)).toEqual(MINE);
    expect(more).toEqual([]);
    expect(said).toContain('4,320 rows: a day of 3 stations');
    for (const { name, writer } of CASES) {
      expect(said.includes(`left out: ${name}: `), name).toBe(writer === 'spark');
    }
  });

  test('docs/formats.md has the rows and the columns that it prints', () => {
    const [, measured = ''] =
      /<!-- measured -->(.*)<!-- end -->/s.exec(readFileSync(file('docs/formats.md'), 'utf8')) ?? [];
    const tables = tablesOf(measured);
    const names = CASES.map(({ name }) => name);
    expect(tables.map(firsts)).toEqual([names, names, names]);
    const printed = tablesOf(said);
    expect(tables[0]?.[0]).toEqual(printed[0]?.[0]);
    expect(tables[1]?.[0]).toEqual(printed[1]?.[0]);
    const svg = readFileSync(file('docs/formats.svg'), 'utf8');
    for (const name of names) expect(svg).toContain(`>${name}</text>`);
  });
});

test('bytes that a process reads are counted, from the page cache too', () => {
  const before = bytesRead('self');
  if (before === null) return console.warn('this system counts no bytes: left out'); // Linux does
  const dir = mkdtempSync(join(tmpdir(), 'bikelake-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  writeFileSync(join(dir, 'x'), Buffer.alloc(3_000_000));
  for (let i = 0; i < 2; i++) readFileSync(join(dir, 'x'));
  const read = Number(bytesRead('self')) - before;
  expect(read).toBeGreaterThanOrEqual(6_000_000);
  expect(read).toBeLessThan(7_000_000);
});

test('a file that answers otherwise than the day ends the run', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'bikelake-'));
  onTestFinished(() => rmSync(dir, { recursive: true }));
  const [bronze, time, station] = ['bronze', 'time', 'station'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  expect(writeDay(bronze, 3)).toBe(4320);
  await using db = await openDuckDB(dir);
  await writeSource(db, bronze, 'time', time);
  await writeSource(db, bronze, 'station', station);
  const other = join(dir, 'case-of-bronze');
  mkdirSync(other);
  await db.run(`COPY (SELECT * FROM read_parquet('${time}') OFFSET 1) TO '${other}/part.parquet' (FORMAT parquet)`);
  const folder = (of: Case): string =>
    of.writer === 'bronze' ? other : join(dir, 'others', String(CASES.indexOf(of)));
  const bench = { db, spark: null, sources: { time, station }, queries: queriesOf('sim-0002', DAY_MS), folder };
  await expect(measureRounds(bench, 0, () => {})).rejects.toThrow(/^Bronze: Parquet gzip, duckdb hours: \[72,4319,/);
});

describe('the report', () => {
  const named = (name: string): Case => CASES.find((of) => of.name === name) as Case;
  const costs = (...seconds: number[]): Cost[] => seconds.map((s) => ({ seconds: s, read_bytes: s * 1e6 }));
  const queries = [{ name: 'hours', sql: '' }];
  const figures = {
    rows: 1000,
    queries,
    bytes: new Map([
      [named('Parquet zstd'), 10_000],
      [named('CSV'), 50_000],
    ]),
    costs: new Map([
      [
        named('CSV'),
        new Map([
          ['write', costs(3, 9, 4)],
          ['duckdb hours', costs(8, 6, 4)],
        ]),
      ],
      [
        named('Parquet zstd'),
        new Map([
          ['write', costs(1, 3, 2)],
          ['duckdb hours', costs(1, 2, 4)],
        ]),
      ],
    ]),
  };

  test('takes medians of the rounds, and ratios inside a round', () => {
    expect(tablesOf(report(figures)).map((table) => table[1])).toEqual([
      ['CSV', 'DuckDB', '50.0', '× 5.00', '4.0 s', '× 3.00'],
      ['CSV', '6.0 s', '× 3.00', '6.00 MB'],
    ]);
  });

  test('the picture is the figures: bars follow the bytes, and what is not compressed is cut', () => {
    const bytes = new Map([...figures.bytes, [named('CSV gzip'), 5_000] as const].map(([of, n]) => [of, n * 1000]));
    const asked = new Map(figures.costs).set(named('CSV gzip'), new Map());
    const svg = picture({ ...figures, bytes, costs: asked });
    const bars = [...svg.matchAll(/<rect x="210" .*width="([\d.]+)"/g)].map(([, width]) => Number(width));
    expect(bars).toEqual([119, 59.5, 119]);
    for (const label of ['50 (cut)', '5.00', '10', '6.00 (cut)', '2.00']) expect(svg).toContain(`>${label}</text>`);
  });
});
