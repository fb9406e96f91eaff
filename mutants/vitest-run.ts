import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';

/** How a run of tests ended. `mistake`: it tells nothing of the mutant, because no test ran or the time was over. */
export type Outcome =
  | { readonly type: 'passed'; readonly tests: number }
  | { readonly type: 'failed'; readonly test: string; readonly message: string }
  | { readonly type: 'mistake'; readonly why: string };

interface Report {
  readonly testResults: readonly {
    readonly name: string;
    readonly message?: string;
    readonly assertionResults: readonly {
      readonly status: string;
      readonly fullName: string;
      readonly failureMessages?: readonly string[];
    }[];
  }[];
}

const running = new Set<ChildProcess>();

/** Ends what runs, with its workers. */
export function endRuns(): void {
  for (const child of running) end(child);
}

const end = ({ pid }: ChildProcess): void => {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL'); // the process group: vitest and its workers
  } catch {
    // it has ended by itself
  }
};

/** Runs a test file or folder in a tree until its first failure, for `limit_ms` at most. */
export async function runTests(dir: string, tests: string, limit_ms: number): Promise<Outcome> {
  const file = join(dir, 'mutants-report.json');
  rmSync(file, { force: true });
  const args = [
    'node_modules/vitest/vitest.mjs',
    'run',
    tests,
    '--bail=1',
    '--maxWorkers=1',
    '--reporter=json',
    `--outputFile=${file}`,
  ];
  const env = { ...process.env, PIPELINE_SHRINK: '0' }; // whether it fails is the question, not on how little
  const child = spawn(process.execPath, args, { cwd: dir, detached: true, stdio: 'ignore', env });
  running.add(child);
  let is_over = false;
  const timer = setTimeout(() => {
    is_over = true;
    end(child);
  }, limit_ms);
  await new Promise((resolve) => child.on('exit', resolve));
  clearTimeout(timer);
  running.delete(child);
  if (is_over) return { type: 'mistake', why: `${tests} did not end in ${limit_ms / 1000} s` };
  return outcomeOf(file, dir, tests);
}

function outcomeOf(file: string, dir: string, tests: string): Outcome {
  let report: Report;
  try {
    report = JSON.parse(readFileSync(file, 'utf8')) as Report;
  } catch {
    return { type: 'mistake', why: `${tests} left no report` };
  }
  const ran = report.testResults.flatMap(({ name, assertionResults }) =>
    assertionResults.map((test) => ({ ...test, path: name.slice(dir.length + 1) })),
  );
  const failed = ran.find(({ status }) => status === 'failed');
  if (failed) {
    const message = (failed.failureMessages ?? []).join('\n');
    return { type: 'failed', test: `${failed.path}: ${failed.fullName}`, message };
  }
  const passed = ran.filter(({ status }) => status === 'passed').length;
  // A file that fails without a failed test could not be loaded: that would be so for any nonsense.
  const broken = report.testResults.find(({ message, assertionResults }) => message && assertionResults.length === 0);
  if (broken)
    return { type: 'mistake', why: `${broken.name.slice(dir.length + 1)} could not be loaded: ${broken.message}` };
  return passed > 0 ? { type: 'passed', tests: passed } : { type: 'mistake', why: `${tests}: no test ran` };
}
