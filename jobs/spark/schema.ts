/**
 * `node jobs/spark/schema.ts` writes jobs/spark/tables.json: what the Spark job must know of columns, types and formats, which the program
 * has in TypeScript. A test holds the two together.
 */
import { writeFileSync } from 'node:fs';
import { BRONZE_FORMAT } from '../../lib/bronze/unpack.ts';
import { FORMAT_KEY, LOG_FORMAT } from '../../lib/silver/object.ts';
import { BRONZE_COLUMNS } from '../duckdb/relation.ts';
import { LOG_COLUMNS, TABLES, TRIP_TABLES } from '../tables.ts';

export const SCHEMA_FILE = new URL('tables.json', import.meta.url);

/** The text of tables.json. */
export function sparkSchema(): string {
  const schema = {
    bronze_format: BRONZE_FORMAT,
    log_format: LOG_FORMAT,
    log_format_key: FORMAT_KEY,
    bronze: BRONZE_COLUMNS,
    log: LOG_COLUMNS,
    tables: TABLES,
    trips: TRIP_TABLES,
  };
  return `${JSON.stringify(schema, null, 2)}\n`;
}

if (import.meta.main) writeFileSync(SCHEMA_FILE, sparkSchema());
