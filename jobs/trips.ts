/**
 * Counts trip files with DuckDB: `npm run trips -- --in PATH… --dir DIR`. The same SQL as `npm run spark -- trips` (docs/trips.md).
 */
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { findLake } from './duckdb/query-lake.ts';
import { countTrips } from './duckdb/trips.ts';
import { tripsChart } from './trips/chart.ts';
import { reportText } from './trips/report.ts';

const USAGE = `npm run trips -- --in PATH... [--dir DIR] [--chart FILE]
  --in PATH     a trip file (.csv, .csv.gz, .parquet), or a folder of them; further paths may follow
  --dir DIR     state folder (default .bikelake); a lake is made in it if there is none
  --chart FILE  where the chart comes (default DIR/trips.svg)
  --threads N   (default 2)   --memory-mb N (default 2048)`;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      in: { type: 'string', multiple: true, default: [] },
      dir: { type: 'string', default: '.bikelake' },
      chart: { type: 'string' },
      threads: { type: 'string', default: '2' },
      'memory-mb': { type: 'string', default: '2048' },
      help: { type: 'boolean', default: false },
    },
  });
  const paths = [...values.in, ...positionals];
  if (values.help || paths.length === 0) {
    console.error(USAGE);
    return values.help ? 0 : 2;
  }
  const limits = { threads: Number(values.threads), memory_mb: Number(values['memory-mb']) };
  const report = await countTrips(lakeOf(values.dir), paths, limits);
  console.log(reportText(report));
  const chart = values.chart ?? join(values.dir, 'trips.svg');
  writeFileSync(chart, tripsChart(report.bars));
  console.log(`chart: ${chart}`);
  return 0;
}

/** The lake of npm start; trips alone need none of what that makes. */
function lakeOf(dir: string): string {
  try {
    return findLake(dir);
  } catch (error) {
    if (!/holds no lake/.test(String(error))) throw error;
    const root = join(dir, 's3', 'bikelake-dev-lake');
    mkdirSync(root, { recursive: true });
    return root;
  }
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
