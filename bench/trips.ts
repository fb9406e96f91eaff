/**
 * Trips counted three times, by DuckDB, by Spark and by a plain loop (bench/trips/plain-count.ts): seconds of each, and whether all agree on every
 * day and place. Without `--in` it writes files of New York's high-volume for-hire vehicles as TLC documents them. Exit code 1 where they differ.
 *
 *   npm run bench:trips -- [--rows 20000000] [--in PATH…] [--dir DIR] [--only duckdb|spark]
 */
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { inputFiles } from '../jobs/trips/input.ts';
import { byDuckDB, bySpark } from './trips/engines.ts';
import { writeHvfhv } from './trips/hvfhv.ts';
import { type Count, plainCount } from './trips/plain-count.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    rows: { type: 'string', default: '20000000' },
    in: { type: 'string', multiple: true, default: [] },
    dir: { type: 'string' },
    only: { type: 'string' },
  },
});

async function inputs(room: string): Promise<string[]> {
  const given = [...values.in, ...positionals];
  if (given.length > 0) return inputFiles(given);
  const folder = join(room, 'files');
  mkdirSync(folder, { recursive: true });
  const { result, seconds } = await timed(() => writeHvfhv(folder, Number(values.rows), join(room, 'spill')));
  const files = inputFiles([folder]);
  console.log(`${number(result)} rows in ${files.length} files, written in ${seconds} s`);
  return files;
}

async function timed<T>(action: () => Promise<T>): Promise<{ result: T; seconds: string }> {
  const start = performance.now();
  const result = await action();
  return { result, seconds: ((performance.now() - start) / 1000).toFixed(1) };
}

const number = (n: number): string => n.toLocaleString('en');

function say(who: string, { trips, rejected, places }: Count, seconds: string, verdict: string): void {
  const counted = `${number(trips)} trips on ${number(places.size)} days and places, ${number(rejected)} rejected`;
  console.log(`${who}: ${counted} in ${seconds} s${verdict}`);
}

/** A day and place on which two counts differ, or what else does; null where nothing does. */
function differenceOf(one: Count, other: Count): string | null {
  for (const key of new Set([...one.places.keys(), ...other.places.keys()])) {
    const [a, b] = [one.places.get(key) ?? 0, other.places.get(key) ?? 0];
    if (a !== b) return `${key}: ${a} instead of ${b}`;
  }
  if (one.trips !== other.trips) return `${one.trips} trips instead of ${other.trips}`;
  return one.rejected === other.rejected ? null : `${one.rejected} rejected instead of ${other.rejected}`;
}

async function measure(room: string): Promise<void> {
  const files = await inputs(room);
  // Both engines know what they counted before.
  for (const folder of ['s3', 'iceberg']) rmSync(join(room, folder), { recursive: true, force: true });
  const load = loadavg().map((n) => n.toFixed(1));
  console.log(`${cpus().length} cores, load ${load.join(' ')}`);
  const { result: plain, seconds } = await timed(() => plainCount(files));
  say('plain loop', plain, seconds, '');
  const engines = { duckdb: ['DuckDB', byDuckDB], spark: ['Spark, with its start', bySpark] } as const;
  for (const [name, [title, count]] of Object.entries(engines)) {
    if (values.only !== undefined && values.only !== name) continue;
    const run = await timed(() => count(room, files));
    const found = await run.result();
    const difference = differenceOf(found, plain);
    say(title, found, run.seconds, difference === null ? ': agrees' : `: DIFFERS, ${difference}`);
    if (difference !== null) process.exitCode = 1;
  }
}

const room = values.dir ?? mkdtempSync(join(tmpdir(), 'bikelake-trips-'));
try {
  await measure(room);
} finally {
  if (values.dir === undefined) rmSync(room, { recursive: true });
}
