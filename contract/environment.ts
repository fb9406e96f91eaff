import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../lib/errors.ts';

/** What the pinned packages need. */
const OLDEST = [3, 10] as const;
const PROBE = 'import ensurepip, sys, venv; print(*sys.version_info[:2])';

/**
 * The folder of a virtual Python environment with exactly the packages of `requirements`, made where it isn't there or was made of others.
 * Throws FatalError `no_python` without a usable Python, `no_packages` where they can't be installed.
 */
export function pythonEnvironment(dir: string, requirements: string): string {
  const wanted = createHash('sha256').update(readFileSync(requirements)).digest('hex');
  const mark = join(dir, 'requirements.sha256');
  if (existsSync(mark) && readFileSync(mark, 'utf8') === wanted && answers(join(dir, 'bin', 'python'))) return dir;
  rmSync(dir, { recursive: true, force: true });
  const python = usablePython();
  run(python, ['-m', 'venv', dir], 'no_python', `${python} can't make a virtual environment in ${dir}`);
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', '--no-deps', '-r', requirements];
  run(join(dir, 'bin', 'python'), pip, 'no_packages', `the packages of ${requirements} can't be installed`);
  writeFileSync(mark, wanted);
  return dir;
}

/** `PYTHON` names another one. */
function usablePython(): string {
  const candidates = [process.env.PYTHON, 'python3', 'python'].filter((name) => name !== undefined);
  const found = candidates.find((name) => isEnough(spawnSync(name, ['-c', PROBE], { encoding: 'utf8' }).stdout));
  if (found !== undefined) return found;
  const message = `the contract suites and the judges of the template need Python ${OLDEST.join('.')} or newer with venv and ensurepip (Debian: python3-venv), and none of ${candidates.join(', ')} is one: install it, or name one by PYTHON=…`;
  throw new FatalError('local', 'no_python', message);
}

function isEnough(version: string | null): boolean {
  const [major = 0, minor = 0] = (version ?? '').trim().split(' ').map(Number);
  return major > OLDEST[0] || (major === OLDEST[0] && minor >= OLDEST[1]);
}

/** A virtual environment dies with the Python that it was made of. */
const answers = (python: string): boolean => spawnSync(python, ['-c', '']).status === 0;

function run(command: string, args: readonly string[], reason: string, message: string): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  throw new FatalError('local', reason, `${message}: ${error?.message ?? stderr.trim()}`);
}
