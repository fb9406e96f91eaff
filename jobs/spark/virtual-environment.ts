import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../../lib/errors.ts';

const PYTHONS = ['python3.11', 'python3.10', 'python3.9', 'python3', 'python'];
const PROBE = 'import ensurepip, sys, venv; print(*sys.version_info[:2], sep=".")';

export interface VirtualEnvironment {
  readonly dir: string;
  /** The file of pinned packages. */
  readonly requirements: string;
  /** Who needs it, for a message: `Spark 3.5`. */
  readonly user: string;
  /** Versions of Python that will do: `3.10`. */
  readonly versions: readonly string[];
}

const markOf = (dir: string): string => join(dir, 'requirements.sha256');
const wanted = (requirements: string): string => createHash('sha256').update(readFileSync(requirements)).digest('hex');

/** The Python of the environment if it was made of these packages; null where it has to be made. */
export function foundPython({ dir, requirements }: VirtualEnvironment): string | null {
  const python = join(dir, 'bin', 'python');
  const mark = markOf(dir);
  const isMade = existsSync(mark) && readFileSync(mark, 'utf8') === wanted(requirements);
  // A virtual environment dies with the Python that it was made of.
  return isMade && spawnSync(python, ['-c', '']).status === 0 ? python : null;
}

/**
 * Makes the environment anew; `markMade` ends that, when all is in it. Returns its Python.
 * Throws FatalError `no_python` without a usable Python, `no_packages` where they can't be installed.
 */
export function makeEnvironment(environment: VirtualEnvironment): string {
  const { dir, requirements } = environment;
  const base = usablePython(environment);
  rmSync(dir, { recursive: true, force: true });
  mkdirSync(dir, { recursive: true });
  run(base, ['-m', 'venv', dir], 'no_python', `${base} can't make a virtual environment in ${dir}`);
  const python = join(dir, 'bin', 'python');
  install(python, ['--no-deps', '-r', requirements]);
  return python;
}

export function markMade({ dir, requirements }: VirtualEnvironment): void {
  writeFileSync(markOf(dir), wanted(requirements));
}

/** `PYTHON` names another one. */
function usablePython({ user, versions }: VirtualEnvironment): string {
  const candidates = [process.env.PYTHON, ...PYTHONS].filter((name) => name !== undefined);
  const found = candidates.find((name) =>
    versions.includes(spawnSync(name, ['-c', PROBE], { encoding: 'utf8' }).stdout?.trim() ?? ''),
  );
  if (found !== undefined) return found;
  const listed = `${versions.slice(0, -1).join(', ')} or ${versions.at(-1)}`;
  const message = `${user} needs Python ${listed} with venv and ensurepip (Debian: python3-venv), and none of ${candidates.join(', ')} is one: install it, or name one by PYTHON=…`;
  throw new FatalError('gold', 'no_python', message);
}

export function install(python: string, what: readonly string[]): void {
  const pip = ['-m', 'pip', 'install', '--quiet', '--disable-pip-version-check', ...what];
  run(python, pip, 'no_packages', `${what.at(-1)} can't be installed`);
}

function run(command: string, args: readonly string[], reason: string, message: string): void {
  const { status, stderr, error } = spawnSync(command, args, { encoding: 'utf8' });
  if (status === 0) return;
  throw new FatalError('gold', reason, `${message}: ${error?.message ?? stderr.trim()}`);
}
