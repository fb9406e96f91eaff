import { fileURLToPath } from 'node:url';
import { Database } from '../../jobs/duckdb/connection.ts';
import { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { parquetRelation } from '../../jobs/duckdb/relation.ts';
import { type Columns, TABLES, type Table } from '../../jobs/tables.ts';
import { bindTexts } from './same-text.ts';
import type { SparkAnswer, Texts } from './spark-runs.ts';

/** How far floating sums may be apart: they are added in different orders. */
const FLOATING = 1e-9;

export interface TableComparison {
  readonly rows: number;
  /** Rows that only one of the engines has, floating columns left out. */
  readonly only_duckdb: number;
  readonly only_spark: number;
  /** Floating values that are further apart, or null on one side. */
  readonly apart: number;
}

/** Compares tables of the lake, as DuckDB made them, with the rows that Spark's files hold. */
export async function compareTables(
  root: string,
  { files }: Pick<SparkAnswer, 'files'>,
  tables: readonly Table[] = TABLES,
): Promise<Record<string, TableComparison>> {
  const lake = new LakeFolder(root);
  await using db = await Database.open({ threads: 2, memory_mb: 1024, spill_dir: `${lake.settle_dir}/compare` });
  const compared: Record<string, TableComparison> = {};
  for (const table of tables) {
    const ours = lake.parquetKeys(table.name.replace('.', '/')).map((key) => lake.path(key));
    const theirs = (files[table.name] ?? []).map((url) => fileURLToPath(url));
    await db.run(`CREATE OR REPLACE TEMPORARY VIEW ours AS ${parquetRelation(table.columns, ours)}`);
    await db.run(`CREATE OR REPLACE TEMPORARY VIEW theirs AS ${parquetRelation(table.columns, theirs)}`);
    compared[table.name] = await compareSides(db, table.columns);
  }
  return compared;
}

/** Compares what queries over files answer: in DuckDB now, and in Spark as its run wrote it. */
export async function compareTexts(root: string, texts: Texts): Promise<Record<string, TableComparison>> {
  const lake = new LakeFolder(root);
  await using db = await Database.open({ threads: 2, memory_mb: 1024, spill_dir: `${lake.settle_dir}/compare` });
  const compared: Record<string, TableComparison> = {};
  for (const { name, ours, theirs } of await bindTexts(db, texts)) {
    await db.run(`CREATE OR REPLACE TEMPORARY TABLE ours AS ${ours}`);
    await db.run(`CREATE OR REPLACE TEMPORARY TABLE theirs AS ${theirs}`);
    const columns = await db.rows<{ column_name: string; column_type: string }>('DESCRIBE ours');
    const typed = columns.map((c) => [c.column_name, c.column_type === 'DOUBLE' ? 'DOUBLE' : 'STRING'] as const);
    compared[name] = await compareSides(db, Object.fromEntries(typed));
    await db.run('DROP TABLE ours; DROP TABLE theirs');
  }
  return compared;
}

async function compareSides(db: Database, columns: Columns): Promise<TableComparison> {
  const [row] = await db.rows<TableComparison>(comparison(columns));
  if (row === undefined) throw new Error('nothing was compared');
  return row;
}

/** Exact columns name a row in each table, so that those of the two sides are paired by their order. */
function comparison(columns: Columns): string {
  const names = Object.keys(columns);
  const exact = names.filter((name) => columns[name] !== 'DOUBLE').join(', ');
  const floating = names.filter((name) => columns[name] === 'DOUBLE');
  const apart = floating.map(
    (name) =>
      `(a.${name} IS NULL) <> (b.${name} IS NULL) OR abs(a.${name} - b.${name}) > ${FLOATING} * greatest(1, abs(a.${name}))`,
  );
  const numbered = (side: string): string => `(SELECT *, row_number() OVER (ORDER BY ${exact}) AS place FROM ${side})`;
  return `SELECT (SELECT count(*) FROM ours) AS rows,
    (SELECT count(*) FROM (SELECT ${exact} FROM ours EXCEPT ALL SELECT ${exact} FROM theirs)) AS only_duckdb,
    (SELECT count(*) FROM (SELECT ${exact} FROM theirs EXCEPT ALL SELECT ${exact} FROM ours)) AS only_spark,
    (SELECT count(*) FROM ${numbered('ours')} AS a JOIN ${numbered('theirs')} AS b USING (place)
     WHERE ${apart.length === 0 ? 'false' : apart.join(' OR ')}) AS apart`;
}
