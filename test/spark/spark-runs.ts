import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { RunReport } from '../../jobs/report.ts';
import { sparkEnvironment, sparkVariables } from '../../jobs/spark/environment.ts';
import type { Maintained } from '../../jobs/spark/report-text.ts';
import type { Columns } from '../../jobs/tables.ts';

/** `npm run test:spark` sets 1; `ci` leaves out what takes longer than CI has. PySpark comes into .venv/spark then, and a run takes minutes. */
const asked = process.env.SPARK_TESTS ?? '';
export const isAsked = ['1', 'ci'].includes(asked);
export const isBounded = asked === 'ci';
if (!isAsked) console.warn('tests on Spark are left out: npm run test:spark runs them (Python 3.9 to 3.11)');
else if (isBounded) console.warn('of the tests on Spark the longest are left out: npm run test:spark runs all');

/** One run of the job on the lake of a state folder. */
export interface SparkRun {
  readonly name: string;
  readonly dir: string;
  readonly root: string;
  readonly steps?: readonly string[];
  /** Spark is set up as the job sets it up, and not for lakes that cost more in planning than in work. */
  readonly is_large?: boolean;
  readonly until?: string;
  /** A folder beside the state folder's `iceberg` for the tables. */
  readonly warehouse?: string;
  /** A folder whose files come into the lake before the run. */
  readonly add?: string;
  /** What settle remembers is lost before the run. */
  readonly forget?: boolean;
  /** Of the step maintain: dry run, and days for which readers go on. The answer has `versions` then. */
  readonly maintain?: readonly [boolean, number];
  /** The run ends before or after its nth replacement of a partition. */
  readonly ends?: `${'before' | 'after'} ${number}`;
  /** Name → a query over the tables of this run. */
  readonly ask?: Readonly<Record<string, string>>;
  /** Queries over files, whose rows are written to a folder. */
  readonly texts?: Texts;
  /** URLs of trip files that are counted instead; such runs are the last of a session. */
  readonly trips?: readonly string[];
}

/** Queries and what they read, for both engines; `out` is the folder of the rows that Spark writes: `out`/<name>. */
export interface Texts {
  /** Name, and either columns and files or a query over those before it. */
  readonly relations: readonly (readonly [
    name: string,
    columns: Columns,
    files: readonly string[],
    query: string | null,
  ])[];
  /** `made_of`: the files of jobs/sql that a query consists of. */
  readonly queries: readonly (readonly [name: string, made_of: readonly string[], query: string])[];
  readonly out: string;
}

/** `runs/<run>.json`, but for its times. */
export type SparkReport = Omit<RunReport, 'run' | 'until' | 'seconds'> & {
  /** Table → what the step maintain did. */
  readonly maintained?: Readonly<Record<string, Maintained>>;
};

export interface SparkAnswer {
  readonly name: string;
  /** As the command's exit code; null where the run was ended. */
  readonly code: number | null;
  readonly error?: string;
  readonly report: SparkReport;
  /** Paths of the data files of each table, as its current snapshot has them. */
  readonly files: Readonly<Record<string, readonly string[]>>;
  readonly snapshots: Readonly<Record<string, number>>;
  /** Table → snapshot → its rows, in short; of a run with `maintain`. */
  readonly versions: Readonly<Record<string, Readonly<Record<string, string>>>>;
  /** The rows of `ask`, values as text. */
  readonly asked: Readonly<Record<string, readonly (readonly string[])[]>>;
}

/** What a session came to. Memory and CPU are those of its Java machine; CPU with the driver's own, without the runs of trips. */
export interface SparkSession {
  /** In the order of the runs. */
  readonly answers: readonly SparkAnswer[];
  /** Names of the files of jobs/sql that were run, such as `settle/01_records`. */
  readonly queries: readonly string[];
  readonly peak_rss_bytes: number;
  readonly cpu_seconds: number;
}

/** What the Java machine does without: a second compiler and threads of a collector cost more than they bring on lakes as small as these. */
const JAVA_OPTIONS = '-XX:+UseSerialGC -XX:TieredStopAtLevel=1';

export const urlOf = (path: string): string => pathToFileURL(path).href;

/** Runs the job on each of the lakes, in one session; answers in their order. */
export async function sparkRuns(room: string, runs: readonly SparkRun[]): Promise<readonly SparkAnswer[]> {
  return (await sparkSession(room, runs)).answers;
}

/** Runs the job on each of the lakes, in one session, two lakes at once. `room` is a folder for what goes to and fro. */
export async function sparkSession(room: string, runs: readonly SparkRun[]): Promise<SparkSession> {
  const environment = sparkEnvironment();
  const work = join(room, 'work.json');
  const steps = ['settle', 'audit', 'gold'];
  const list = runs.map(({ dir, root, warehouse = 'iceberg', ...run }) => {
    return { steps, ...run, lake: urlOf(root), warehouse: urlOf(join(dir, warehouse)) };
  });
  writeFileSync(work, JSON.stringify(list));
  const child = spawn(environment.python, [fileURLToPath(new URL('runs.py', import.meta.url)), work], {
    env: sparkVariables(environment, { threads: 2, memory_mb: 2048, java_options: JAVA_OPTIONS }),
    stdio: ['ignore', 'ignore', process.env.SPARK_SAYS === '1' ? 'inherit' : 'pipe'],
  });
  let said = '';
  child.stderr?.on('data', (text: Buffer) => {
    said = `${said}${text.toString()}`.slice(-20_000);
  });
  const [code] = (await once(child, 'close')) as [number | null];
  if (code !== 0) throw new Error(`the session ended with ${code}:\n${said}`);
  const session = JSON.parse(readFileSync(`${work}.out`, 'utf8')) as SparkSession;
  rmSync(`${work}.out`);
  return session;
}
