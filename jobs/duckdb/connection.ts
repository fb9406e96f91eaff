import { mkdirSync, readFileSync } from 'node:fs';
import { type DuckDBConnection, DuckDBInstance } from '@duckdb/node-api';

export interface DuckDBLimits {
  readonly threads: number;
  readonly memory_mb: number;
  /** Where DuckDB spills what doesn't fit into its memory. */
  readonly spill_dir: string;
}

/** What makes a DuckDB know Spark's names: read when it is wanted, as a bundled command has no file beside it. */
export const prelude = (): string => readFileSync(new URL('prelude.sql', import.meta.url), 'utf8');

/** What a query answers: columns in their order, and rows of plain values. */
export interface Answer {
  readonly columns: readonly { readonly name: string; readonly type: string }[];
  readonly rows: readonly (readonly unknown[])[];
}

/** A DuckDB in memory that knows Spark's names (prelude.sql). It reaches no network and loads no extension. */
export class Database implements AsyncDisposable {
  readonly #instance: DuckDBInstance;
  readonly #connection: DuckDBConnection;

  private constructor(instance: DuckDBInstance, connection: DuckDBConnection) {
    this.#instance = instance;
    this.#connection = connection;
  }

  static async open({ threads, memory_mb, spill_dir }: DuckDBLimits): Promise<Database> {
    mkdirSync(spill_dir, { recursive: true });
    const instance = await DuckDBInstance.create(':memory:', {
      threads: String(threads),
      memory_limit: `${memory_mb}MB`,
      temp_directory: spill_dir,
      autoinstall_known_extensions: 'false',
      autoload_known_extensions: 'false',
    });
    const connection = await instance.connect();
    await connection.run(prelude());
    return new Database(instance, connection);
  }

  async run(sql: string): Promise<void> {
    await this.#connection.run(sql);
  }

  /** Columns and rows of a query. 64-bit integers are numbers where they are safe ones, else text; times are text in UTC. */
  async answer(sql: string): Promise<Answer> {
    const result = await this.#connection.runAndReadAll(sql);
    const columns = result.columnNames().map((name, i) => ({ name, type: result.columnType(i).toString() }));
    const rows = result.getRowsJson().map((row) => row.map((value, i) => toPlain(value, columns[i]?.type ?? '')));
    return { columns, rows };
  }

  /** The rows as objects. */
  async rows<T extends object>(sql: string): Promise<T[]> {
    const { columns, rows } = await this.answer(sql);
    return rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])) as T);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#connection.closeSync();
    this.#instance.closeSync();
  }
}

/** DuckDB's JSON has wide integers and instants as text: `2022-06-28 15:00:00+00` is written `2022-06-28T15:00:00Z` here. */
function toPlain(value: unknown, type: string): unknown {
  if (typeof value !== 'string') return value;
  if (/^U?(BIG|HUGE)INT$/.test(type)) return Number.isSafeInteger(Number(value)) ? Number(value) : value;
  if (type === 'TIMESTAMP WITH TIME ZONE') return value.replace(' ', 'T').replace(/\+00$/, 'Z');
  return value;
}
