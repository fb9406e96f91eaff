import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { DuckDBInstance } from '@duckdb/node-api';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { findLake, lakeScript, queryLake } from '../../jobs/duckdb/query-lake.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { toCsv, toTable } from '../../jobs/duckdb/show.ts';
import { LOG_COLUMNS, TABLES } from '../../jobs/tables.ts';
import { at, chunk, receipt, SmallLake } from './small-lake.ts';

const run = promisify(execFile);
const script = fileURLToPath(new URL('../../jobs/query.ts', import.meta.url));
const query = (...args: string[]) => run(process.execPath, [script, ...args]);
const failure = async (...args: string[]): Promise<{ code: number; stderr: string; stdout: string }> =>
  query(...args).then(
    () => {
      throw new Error('it should have failed');
    },
    (error) => error,
  );

const DUCKDB_TYPES: Record<string, string> = {
  STRING: 'VARCHAR',
  INT: 'INTEGER',
  TIMESTAMP: 'TIMESTAMP WITH TIME ZONE',
};
const lake = new SmallLake();
const empty = new SmallLake();
beforeAll(async () => {
  const slot_ms = at('2026-11-21T10:00:00Z');
  lake.bronze([
    ...chunk({ slot_ms, sequence: 1 }, { s: { bikes: 3 }, 'a "q", b': { bikes: 1 } }),
    receipt({ slot_ms, sequence: 2 }, 2),
    ...chunk({ slot_ms: slot_ms + 60_000, sequence: 3 }, { s: { bikes: 4 }, 'a "q", b': { bikes: 1 } }),
    receipt({ slot_ms: slot_ms + 60_000, sequence: 4 }, 2),
  ]);
  lake.log([1, 3], { fresh: 3, unchanged: 1 }, [{ station_id: 's', slot_ms, seen: { bikes: 3 } }]);
  await settleLake(lake.root);
});
afterAll(() => {
  lake.remove();
  empty.remove();
});

describe('query', () => {
  test.each([['with rows', lake], ['before there is anything', empty]] as const)('every table has its columns and types, %s', async (_, where) => {
    for (const { name, columns } of [...TABLES, { name: 'silver.log', columns: LOG_COLUMNS }]) {
      const { rows } = await queryLake(where.root, `SELECT column_name, column_type FROM (DESCRIBE ${name})`);
      expect(rows).toEqual(Object.entries(columns).map(([column, type]) => [column, DUCKDB_TYPES[type] ?? type]));
    }
    for (const name of ['bronze.events', 'bronze.station_status', 'bronze.station_information', 'bronze.polls', 'silver.batches', 'silver.changes', 'gold.ledger_lanes']) {
      await queryLake(where.root, `SELECT * FROM ${name}`);
    }
  }); // biome-ignore format: a table

  test('files have the types of their tables, instants in UTC', async () => {
    for (const { name, columns } of TABLES.filter(
      (t) => !['silver.station_information', 'silver.explanations'].includes(t.name),
    )) {
      const files = join(lake.root, name.replace('.', '/'), '**', '*.parquet');
      const { rows } = await queryLake(
        lake.root,
        `SELECT column_name, column_type FROM (DESCRIBE SELECT * FROM read_parquet('${files}', hive_partitioning = false))`,
      );
      expect(rows).toEqual(Object.entries(columns).map(([column, type]) => [column, DUCKDB_TYPES[type] ?? type]));
    }
  });

  test('--views prints what makes the same tables in another DuckDB, wherever that runs', async () => {
    const { stdout } = await query('--dir', lake.dir, '--views');
    expect(stdout).toBe(lakeScript(lake.root));
    const asked = 'SELECT station_id, unix_millis(hour), changes FROM gold.station_hourly ORDER BY 1, 2';
    const instance = await DuckDBInstance.create(':memory:');
    const connection = await instance.connect();
    await connection.run(stdout);
    const rows = (await connection.runAndReadAll(asked)).getRowsJson();
    expect(rows).toEqual([
      ['a "q", b', String(at('2026-11-21T10:00:00Z')), '0'],
      ['s', String(at('2026-11-21T10:00:00Z')), '1'],
    ]);
    connection.closeSync();
    instance.closeSync();
    expect(stdout).toContain(`'${resolve(lake.root)}/gold/station_hourly/`);
  });

  test('a table by default, UTC', async () => {
    const { stdout } = await query(
      '--dir',
      lake.dir,
      'SELECT station_id, slot, num_bikes_available AS bikes FROM bronze.station_status ORDER BY 2, 1 LIMIT 2',
    );
    expect(stdout).toBe(
      [
        'station_id  slot                  bikes',
        '──────────  ────────────────────  ─────',
        'a "q", b    2026-11-21T10:00:00Z      1',
        's           2026-11-21T10:00:00Z      3',
        '(2 rows)',
        '',
      ].join('\n'),
    );
  });

  test('JSON and CSV', async () => {
    const sql = 'SELECT station_id, falls, rises, bikes_mean, full_seconds FROM gold.station_hourly ORDER BY 1';
    expect(JSON.parse((await query('--dir', lake.dir, '--json', sql)).stdout)).toEqual([
      { station_id: 'a "q", b', falls: 0, rises: 0, bikes_mean: 1, full_seconds: 0 },
      { station_id: 's', falls: 0, rises: 1, bikes_mean: 3, full_seconds: 0 },
    ]);
    expect((await query('--dir', lake.dir, '--csv', sql)).stdout).toBe(
      'station_id,falls,rises,bikes_mean,full_seconds\r\n"a ""q"", b",0,0,1,0\r\ns,0,1,3,0\r\n',
    );
    expect(JSON.parse((await query('--dir', lake.dir, '--json', `${sql} LIMIT 0`)).stdout)).toEqual([]);
  });

  test('letters that take two columns are aligned, null is empty, one row is 1 row', () => {
    const columns = [{ name: 'name', type: 'VARCHAR' }, { name: 'n', type: 'BIGINT' }]; // biome-ignore format: pairs
    expect(toTable({ columns, rows: [['따릉이', 12]] })).toBe('name     n\n──────  ──\n따릉이  12\n(1 row)\n');
    expect(toCsv({ columns, rows: [[null, 1]] })).toBe('name,n\r\n,1\r\n');
  });

  test('an unknown table: which ones there are', async () => {
    const { code, stderr, stdout } = await failure('--dir', lake.dir, 'SELECT * FROM gold.station_hurly');
    expect([code, stdout]).toEqual([1, '']);
    expect(stderr).toMatch(/station_hurly does not exist/);
    expect(stderr).toMatch(/Tables: bronze\.events, .*gold\.station_hourly, .*silver\.station_status/);
  });

  test('wrong SQL is one message without a stack', async () => {
    const { code, stderr } = await failure('--dir', lake.dir, 'SELEC 1');
    expect(code).toBe(1);
    expect(stderr).toMatch(/^Parser Error: syntax error at or near "SELEC"/);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  test('no lake, and no SQL: what to do', async () => {
    const nowhere = mkdtempSync(join(tmpdir(), 'bikelake-nowhere-'));
    expect((await failure('--dir', nowhere, 'SELECT 1')).stderr).toMatch(
      /holds no lake: run "npm start" first, or name its state folder with --dir/,
    );
    expect((await failure('--dir', nowhere)).stderr).toMatch(/^npm run --silent query -- \[--dir DIR\]/);
    rmSync(nowhere, { recursive: true });
  });

  test('the lake is the bucket whose name ends in -lake', () => {
    mkdirSync(join(lake.dir, 's3', 'bikelake-dev-deployment'), { recursive: true });
    expect(findLake(lake.dir)).toBe(lake.root);
  });

  test('reads while settle replaces files', async () => {
    let writing = true;
    const writer = (async () => {
      for (let n = 2; n < 8; n++) {
        const slot_ms = at('2026-11-21T10:00:00Z') + n * 60_000;
        lake.bronze([
          ...chunk({ slot_ms, sequence: 2 * n + 1 }, { s: { bikes: n } }),
          receipt({ slot_ms, sequence: 2 * n + 2 }, 1),
        ]);
        await settleLake(lake.root);
      }
      writing = false;
    })();
    const seen: unknown[] = [];
    while (writing)
      seen.push((await queryLake(lake.root, 'SELECT sum(changes) FROM gold.station_hourly')).rows[0]?.[0]);
    await writer;
    expect(seen.length).toBeGreaterThan(2);
    expect(seen).toEqual([...seen].sort((a, b) => Number(a) - Number(b)));
    expect(await lake.rows('SELECT sum(changes) FROM gold.station_hourly')).toEqual([[7]]);
  });
});
