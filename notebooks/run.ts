/**
 * Runs the notebook on the lake of `npm start`: `npm run notebook -- [--dir DIR]`. Leaves `<dir>/explore.ipynb` and `<dir>/explore.html`.
 * Exit code 0; 1 where a step or a cell failed; 2: misuse.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, rmSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { findLake } from '../jobs/duckdb/query-lake.ts';
import { FINDING } from '../jobs/findings.ts';
import { recordCityDay } from './city-day.ts';
import { notebookPython, OWN_FOLDERS } from './environment.ts';

const USAGE = `npm run notebook -- [--dir DIR] [--system ID] [--day YYYY-MM-DD]
  --dir DIR       state folder of the run (default .bikelake); without a lake, a day of the simulated city is replayed into it
  --system ID     the system that is shown, and its local day (default: what was observed most)
  --day DATE
  --answers FILE  also every query of the notebook with its rows, as JSON`;

const root = fileURLToPath(new URL('..', import.meta.url));

class Misuse extends Error {}
class StepFailed extends Error {}

function options() {
  try {
    return parseArgs({
      options: {
        dir: { type: 'string', default: '.bikelake' },
        system: { type: 'string' },
        day: { type: 'string' },
        answers: { type: 'string' },
        help: { type: 'boolean', default: false },
      },
    }).values;
  } catch (error) {
    throw new Misuse((error as Error).message, { cause: error });
  }
}

function step(
  command: string,
  args: readonly string[],
  what: string,
  environment: NodeJS.ProcessEnv = process.env,
): void {
  console.error(what);
  const { status, error } = spawnSync(command, args, {
    cwd: root,
    env: environment,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  if (status === FINDING)
    console.error('ledger or audit have a finding: the tables are made, and the notebook shows it');
  else if (status !== 0) throw new StepFailed(`failed (${error?.message ?? status}): ${what}`);
}

function hasLake(dir: string): boolean {
  try {
    return findLake(dir) !== '';
  } catch (error) {
    if (/holds no lake/.test(String(error))) return false;
    throw error;
  }
}

function makeLake(dir: string): void {
  const folder = join(dir, 'recording');
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  const recording = recordCityDay(folder);
  const start = [join(root, 'local/start.ts'), '--replay', recording, '--dir', dir];
  step(process.execPath, start, `${dir} holds no lake: a day of the simulated city is replayed into it`);
}

function main(): void {
  const { help, system, day, answers, ...given } = options();
  if (help) {
    console.log(USAGE);
    return;
  }
  const dir = resolve(given.dir);
  const python = notebookPython();
  if (!hasLake(dir)) makeLake(dir);
  const job = [join(root, 'jobs/spark.ts'), '--dir', dir];
  step(process.execPath, job, `Spark settles, audits and makes Gold in ${join(given.dir, 'iceberg')}`);
  const execute = [join(root, 'notebooks/execute.py'), join(root, 'notebooks/explore.ipynb'), '--to', dir];
  const chosen = {
    BIKELAKE_DIR: dir,
    ...(system !== undefined && { BIKELAKE_SYSTEM: system }),
    ...(day !== undefined && { BIKELAKE_DAY: day }),
  };
  step(python, [...execute, ...(answers === undefined ? [] : ['--answers', resolve(answers)])], 'the notebook runs', {
    ...process.env,
    ...OWN_FOLDERS,
    ...chosen,
  });
  const shown = relative(process.cwd(), dir) || '.';
  console.log(`${shown}/explore.html   open it in a browser`);
  console.log(`${shown}/explore.ipynb  the same for Jupyter or VS Code`);
  console.log('To run cells yourself: notebooks/explore.ipynb with the kernel .venv/notebook (docs/notebook.md)');
}

try {
  main();
} catch (error) {
  console.error((error as Error).message);
  if (error instanceof Misuse) console.error(USAGE);
  process.exitCode = error instanceof Misuse ? 2 : 1;
}
