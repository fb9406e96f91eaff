/**
 * The Spark job on this machine: `npm run spark -- [settle] [audit] [gold] [maintain] [--dir DIR]`. Reads the lake of `npm start`; its tables are Iceberg, in
 * `<dir>/iceberg`. Exit code 0; 3 where ledger or audit have a finding; 1: failed; 2: misuse.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { parseArgs } from 'node:util';
import { findLake } from './duckdb/query-lake.ts';
import { FINDING } from './findings.ts';
import { sparkEnvironment, sparkVariables } from './spark/environment.ts';
import { type SparkReport, sparkReportText } from './spark/report-text.ts';
import { tripsChart } from './trips/chart.ts';
import { inputFiles } from './trips/input.ts';
import { reportText, type TripsReport } from './trips/report.ts';

const DAILY = ['settle', 'audit', 'gold'];
const STEPS = [...DAILY, 'maintain'];
const TRIPS = 'trips';
const USAGE = `npm run spark -- [settle] [audit] [gold] [maintain] [--dir DIR] [--until INSTANT] [--date YYYY-MM-DD] [--run NAME]
  --dir DIR        state folder of the run (default .bikelake)
  --until INSTANT  days that end after it wait, such as 2026-11-21T00:20:00Z (default: all days)
  --date DATE      a day that is made again whatever is remembered of it; may be repeated
  --run NAME       name of the run: its report is <dir>/iceberg/runs/NAME.json (default local)
  --dry-run        maintain says what it would remove, and changes nothing
  --keep-days N    maintain leaves snapshots and files that are younger (default 3)
  --threads N      (default 2)   --memory-mb N  of the driver (default 2048)
       npm run spark -- trips --in PATH... [--dir DIR] [--chart FILE]
  --in PATH        a trip file (.csv, .csv.gz, .parquet), or a folder of them; further paths may follow
  --chart FILE     where the chart comes (default DIR/trips.svg)
  Without a step: settle, audit and gold. Stop npm start before, or its run's last day is settled while it is written.`;

class Misuse extends Error {}

function options() {
  try {
    const { values, positionals } = parseArgs({
      allowPositionals: true,
      options: {
        dir: { type: 'string', default: '.bikelake' },
        until: { type: 'string' },
        date: { type: 'string', multiple: true, default: [] },
        in: { type: 'string', multiple: true, default: [] },
        chart: { type: 'string' },
        run: { type: 'string' },
        'dry-run': { type: 'boolean', default: false },
        'keep-days': { type: 'string', default: '3' },
        threads: { type: 'string', default: '2' },
        'memory-mb': { type: 'string', default: '2048' },
        help: { type: 'boolean', default: false },
      },
    });
    const [first, ...paths] = positionals;
    if (first === TRIPS) {
      const inputs = [...values.in, ...paths];
      if (inputs.length === 0) throw new Error('trips needs --in PATH');
      return { ...values, run: values.run ?? TRIPS, steps: [TRIPS], inputs };
    }
    const unknown = positionals.find((step) => !STEPS.includes(step));
    if (unknown !== undefined) throw new Error(`${unknown} is no step: there are ${[...STEPS, TRIPS].join(', ')}`);
    if (values.in.length > 0) throw new Error('--in is for trips, which stands alone');
    return { ...values, run: values.run ?? 'local', steps: positionals.length === 0 ? DAILY : positionals, inputs: [] };
  } catch (error) {
    throw new Misuse((error as Error).message);
  }
}

async function main(): Promise<number> {
  const { dir, until, date, run, threads, 'memory-mb': memory_mb, help, steps, inputs, chart, ...given } = options();
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const isTrips = inputs.length > 0;
  const warehouse = pathToFileURL(resolve(dir, 'iceberg')).href;
  const lake = isTrips ? warehouse : pathToFileURL(resolve(findLake(dir))).href;
  const files = inputFiles(inputs).flatMap((path) => ['--in', pathToFileURL(path).href]);
  const environment = sparkEnvironment();
  const program = fileURLToPath(new URL('spark/main.py', import.meta.url));
  const days = [...(until === undefined ? [] : ['--until', until]), ...date.flatMap((d) => ['--date', d])];
  const kept = ['--keep-days', given['keep-days'], ...(given['dry-run'] ? ['--dry-run'] : [])];
  const child = spawn(
    environment.python,
    [program, '--lake', lake, '--warehouse', warehouse, '--run', run, ...days, ...kept, ...files, ...steps],
    {
      env: sparkVariables(environment, { threads: Number(threads), memory_mb: Number(memory_mb) }),
      // What it prints is its report, as a log of AWS shows it.
      stdio: ['ignore', 'ignore', 'inherit'],
    },
  );
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  const [code] = (await once(child, 'exit')) as [number | null];
  if (code === 0 || code === FINDING) {
    const file = join(dir, 'iceberg', 'runs', `${run}.json`);
    const report = JSON.parse(readFileSync(file, 'utf8')) as SparkReport | TripsReport;
    console.log('files' in report ? shownTrips(report, chart ?? join(dir, 'trips.svg')) : sparkReportText(report));
    console.log(`        ${file}`);
  }
  return code ?? 1;
}

function shownTrips(report: TripsReport, chart: string): string {
  writeFileSync(chart, tripsChart(report.bars));
  return `${reportText(report)}\nchart: ${chart}`;
}

try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  if (error instanceof Misuse) console.error(USAGE);
  process.exitCode = error instanceof Misuse ? 2 : 1;
}
