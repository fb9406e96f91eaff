import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { DAY_MS } from '../../jobs/duckdb/days.ts';
import { sparkEnvironment, sparkVariables } from '../../jobs/spark/environment.ts';
import { START_MS } from './city-day.ts';
import { sparkEvents } from './events.ts';
import type { EngineAnswer, SparkAnswer } from './steps.ts';

/** Twenty minutes after the day, when the state machine settles it: the next day, which has begun, waits. */
export const UNTIL = new Date(START_MS + DAY_MS + 20 * 60_000).toISOString();

/** What is set up otherwise than in jobs/spark (bench/spark/session.py). */
export interface SetUp {
  readonly settings?: Readonly<Record<string, string>>;
  readonly properties?: Readonly<Record<string, string>>;
  readonly kept?: readonly string[];
  readonly columns?: 'all' | 'inferred';
  readonly steps?: readonly string[];
}

/** Runs the Spark job on the lake in `<dir>/s3`, into tables of its own, which are removed with all else but the event log in `<dir>/events`. */
export async function runSpark(dir: string, root: string, memory_mb: number, setUp: SetUp = {}): Promise<SparkAnswer> {
  const environment = sparkEnvironment();
  const [tables, events, local] = ['iceberg', 'events', 'local'].map((name) => join(dir, name)) as [
    string,
    string,
    string,
  ];
  for (const folder of [tables, events, local]) {
    rmSync(folder, { recursive: true, force: true });
    mkdirSync(folder, { recursive: true });
  }
  const work = join(dir, 'work.json');
  const urls = {
    lake: pathToFileURL(root).href,
    warehouse: pathToFileURL(tables).href,
    events: pathToFileURL(events).href,
  };
  writeFileSync(work, JSON.stringify({ ...setUp, ...urls, until: UNTIL }));
  const program = fileURLToPath(new URL('session.py', import.meta.url));
  const env = { ...sparkVariables(environment, { threads: 2, memory_mb }), SPARK_LOCAL_DIRS: local };
  await ended(spawn(environment.python, [program, work], { env, stdio: ['ignore', 'ignore', 'pipe'] }), 'Spark');
  const answer = JSON.parse(readFileSync(`${work}.out`, 'utf8')) as EngineAnswer;
  for (const folder of [tables, local]) rmSync(folder, { recursive: true });
  return { ...answer, ...(await sparkEvents(events)) };
}

/** Settles the same lake with DuckDB; its tables and what it remembers are removed. */
export async function runDuckDB(dir: string, root: string, memory_mb: number): Promise<EngineAnswer> {
  const made = ['silver', 'gold', 'runs'].map((name) => join(root, name));
  const forget = () => {
    for (const folder of [...made, join(dir, 'settle')]) rmSync(folder, { recursive: true, force: true });
  };
  forget();
  const out = join(dir, 'duckdb.json');
  const program = fileURLToPath(new URL('duckdb-run.ts', import.meta.url));
  await ended(
    spawn(process.execPath, [program, root, String(memory_mb), out], { stdio: ['ignore', 'ignore', 'pipe'] }),
    'DuckDB',
  );
  forget();
  return JSON.parse(readFileSync(out, 'utf8')) as EngineAnswer;
}

/** Shows what the child says of its steps, and all that it said where it fails. */
async function ended(child: ReturnType<typeof spawn>, name: string): Promise<void> {
  let said = '';
  child.stderr?.on('data', (text: Buffer) => {
    said = `${said}${text.toString()}`.slice(-20_000);
    for (const [, step] of text.toString().matchAll(/^bench: (.+)$/gm)) console.error(`  ${name}: ${step}`);
  });
  const stop = () => child.kill();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  const [code] = (await once(child, 'close')) as [number | null];
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
  if (code !== 0) throw new Error(`${name} ended with ${code}:\n${said}`);
}
