/**
 * Asks the lake: `npm run --silent query -- [--dir DIR] [--json|--csv] "SQL"`. Reads, also while a run writes; times are UTC.
 * With `--views` it prints what makes these tables in another DuckDB.
 */
import { parseArgs } from 'node:util';
import { findLake, lakeScript, queryLake } from './duckdb/query-lake.ts';
import { toCsv, toJson, toTable } from './duckdb/show.ts';

const USAGE = `npm run --silent query -- [--dir DIR] [--json|--csv] "SQL"
  --dir DIR  state folder of the run (default .bikelake)
  --json     an array of objects
  --csv      comma-separated, with a header
  --views    no query: the SQL that makes these tables in a DuckDB of your own, over the files that are there now
  Tables: "SHOW ALL TABLES" lists them, "DESCRIBE gold.station_hourly" tells a table's columns.`;

async function main(): Promise<void> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      dir: { type: 'string', default: '.bikelake' },
      json: { type: 'boolean', default: false },
      csv: { type: 'boolean', default: false },
      views: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  });
  const [sql] = positionals;
  if (values.views && sql === undefined) {
    process.stdout.write(lakeScript(findLake(values.dir)));
    return;
  }
  if (values.help || sql === undefined || positionals.length > 1) {
    console.error(positionals.length > 1 ? `The SQL must be one argument, in quotes.\n${USAGE}` : USAGE);
    process.exitCode = values.help ? 0 : 2;
    return;
  }
  const answer = await queryLake(findLake(values.dir), sql);
  const show = values.json ? toJson : values.csv ? toCsv : toTable;
  process.stdout.write(show(answer));
}

// A reader that needs no more (`| head`) closes the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
main().catch((error: unknown) => {
  console.error(error instanceof Error ? error.message : String(error));
  process.exitCode = 1;
});
