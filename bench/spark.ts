/**
 * Settle, audit and Gold of one UTC day of the simulated city on Spark and on DuckDB: seconds, processor seconds, memory, shuffled and spilled bytes of each step.
 *
 *   npm run bench:spark -- [--observations 10000000[,30000000…]] [--engines spark,duckdb] [--memory-mb 4096] [--dir DIR] [--choices]
 *
 * With --dir the lake stays there, and is there the next time. --choices: Spark's settle alone, set up otherwise in one thing each time (docs/spark.md).
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { CHOICES } from './spark/choices.ts';
import { runDuckDB, runSpark } from './spark/engines.ts';
import { makeLake, shapeOf } from './spark/lake.ts';
import { growthTable, type Measured, stepsTable, table } from './spark/report.ts';
import type { EngineAnswer } from './spark/steps.ts';

const { values: options } = parseArgs({
  options: {
    observations: { type: 'string', default: '10000000' },
    engines: { type: 'string', default: 'spark,duckdb' },
    'memory-mb': { type: 'string', default: '4096' },
    dir: { type: 'string' },
    choices: { type: 'boolean', default: false },
    only: { type: 'string' },
  },
});
const memory_mb = Number(options['memory-mb']);
const engines = options.engines.split(',');
const sizes = options.observations.split(',').map(Number);
if (sizes.some((n) => !(n >= 100_000)) || !(memory_mb > 0) || engines.some((e) => e !== 'spark' && e !== 'duckdb')) {
  console.error('--observations takes numbers from 100000 on, --engines spark and duckdb, --memory-mb megabytes');
  process.exit(2);
}

/** One line on a terminal; else a line where the tens change, so that a file of it stays short. */
function progress(text: string): void {
  if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${text}`);
  else if (!/[1-9] %$/.test(text) && text !== said) console.error(text);
  said = text;
}
let said = '';

/** A lake that doesn't balance is no lake to measure. */
function mustBalance(engine: string, { report }: EngineAnswer): void {
  const { ledger_difference, audit_missing, audit_extra, audit_explained } = report;
  const findings = ledger_difference + audit_missing + audit_extra + audit_explained;
  if (findings > 0) throw new Error(`${engine} has findings in the lake: ${JSON.stringify(report)}`);
  console.log(`${engine}: ${report.settled_spans} spans, ${report.settled_changes} changes; ledger 0, audit 0 / 0`);
}

async function lakeOf(observations: number, room: string): Promise<{ readonly dir: string; readonly root: string }> {
  const shape = shapeOf(observations);
  const lake = await makeLake(room, shape, progress);
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
  const { copies, stations } = shape;
  console.log(
    `\n${shape.observations.toLocaleString('en')} observations: ${copies} × ${stations} stations, a poll a minute; ${cpus().length} cores`,
  );
  return lake;
}

async function measure(observations: number, room: string): Promise<Measured> {
  const { dir, root } = await lakeOf(observations, room);
  const spark = engines.includes('spark') ? await runSpark(dir, root, memory_mb, {}) : null;
  if (spark !== null) mustBalance('Spark', spark);
  const duckdb = engines.includes('duckdb') ? await runDuckDB(dir, root, memory_mb) : null;
  if (duckdb !== null) mustBalance('DuckDB, which has settled the beginning of the next day as well', duckdb);
  const measured = { observations: shapeOf(observations).observations, spark, duckdb };
  console.log(`\n${stepsTable(measured)}`);
  return measured;
}

async function compareChoices(observations: number, room: string): Promise<void> {
  const { dir, root } = await lakeOf(observations, room);
  const rows: string[][] = [];
  for (const [name, setUp] of CHOICES.filter(([own]) => options.only === undefined || own === options.only)) {
    progress(name);
    const { steps, costs, plans } = await runSpark(dir, root, memory_mb, { ...setUp, steps: ['settle'] });
    const [step, cost] = [steps.find((own) => own.step === 'settle'), costs.settle];
    if (step === undefined || cost === undefined) throw new Error(`${name}: nothing was settled`);
    const mb = (bytes: number): string => (bytes / 1e6).toFixed(1);
    rows.push([
      name, step.seconds.toFixed(1), step.cpu_s.toFixed(1), mb(cost.read_bytes), mb(cost.shuffle_bytes), mb(cost.spill_disk_bytes),
      String(step.peak_mb), String(cost.execution_mb), String(cost.kept_mb), String(cost.tasks), mb(cost.output_bytes),
    ]); // biome-ignore format: a row
    console.log(`${name}: ${JSON.stringify(plans)}`);
  }
  const head = [
    'settle',
    's',
    'CPU s',
    'read MB',
    'shuffled MB',
    'spilled MB',
    'peak MB',
    'execution MB',
    'kept MB',
    'tasks',
    'written MB',
  ];
  console.log(`\n${table(head, rows)}`);
}

const room = options.dir ?? mkdtempSync(join(tmpdir(), 'bikelake-bench-spark-'));
try {
  const measured: Measured[] = [];
  for (const observations of sizes) {
    if (options.choices) await compareChoices(observations, room);
    else measured.push(await measure(observations, room));
    if (options.dir === undefined) rmSync(join(room, String(shapeOf(observations).observations)), { recursive: true });
  }
  if (measured.length > 1) console.log(`\n${growthTable(measured)}`);
} finally {
  if (options.dir === undefined) rmSync(room, { recursive: true, force: true });
}
