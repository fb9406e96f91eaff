import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { unzipSync } from 'fflate';
import { FatalError } from '../lib/errors.ts';
import { isAlive } from './alive.ts';

/** The packaged service, as a deploy would send it. */
export interface ServicePackage {
  /** Path of the compiled CloudFormation template. */
  readonly template: string;
  /** Folder of a function's unpacked zip, by what serverless.yml calls the function. */
  readonly code: (function_name: string) => string;
}

export interface PackageOptions {
  /** The state folder. */
  readonly dir: string;
  readonly stage: string;
  /** Values of `params` in serverless.yml, by name. */
  readonly parameters?: Readonly<Record<string, string>>;
  /** The project's folder. */
  readonly root: string;
}

/** What a package is made of: folders and files of the project. */
export const INGREDIENTS = [
  'functions',
  'lib',
  'resources',
  'deploy',
  'jobs/spark',
  'jobs/sql',
  'config',
  'serverless.yml',
  'package.json',
  'package-lock.json',
  'tsconfig.json',
  'local/invoke-plugin.cjs',
];
const TEMPLATE = 'cloudformation-template-update-stack.json';
/** Packages that are kept: the newest, and one that an other run may be using. */
const KEPT = 2;
const TAIL_LINES = 25;
const LOCK_TRY_MS = 100;
/** Real time; packaging takes seconds. */
const LOCK_WAIT_MS = 180_000;

/**
 * Runs `sls package`, unless a package of the same contents is in the state folder already. Several runs may do so at once.
 * Throws FatalError `package_failed` with the end of the output.
 */
export async function packageService({ dir, stage, parameters = {}, root }: PackageOptions): Promise<ServicePackage> {
  const options = [stage, ...Object.entries(parameters).map(([name, value]) => `--param=${name}=${value}`)];
  const folder = join(dir, 'package', `${stage}-${fingerprintOf(root, options)}`);
  if (!existsSync(folder)) await locked(root, () => makePackage(folder, options, root));
  const now = new Date();
  utimesSync(folder, now, now);
  removeOld(dirname(folder));
  return { template: join(folder, TEMPLATE), code: (name) => codeFolder(folder, name) };
}

async function makePackage(folder: string, options: readonly string[], root: string): Promise<void> {
  if (existsSync(folder)) return; // another run made it meanwhile
  const making = `${folder}.${process.pid}`;
  rmSync(making, { recursive: true, force: true });
  rmSync(join(root, '.esbuild'), { recursive: true, force: true }); // stale files in it would go into the zips
  mkdirSync(dirname(folder), { recursive: true });
  await runPackage(making, options, root);
  for (const zip of readdirSync(making).filter((name) => name.endsWith('.zip'))) unzip(making, zip);
  // Node takes a .js file as CommonJS where no package.json says otherwise; the project's own lies further up here, but not on AWS.
  writeFileSync(join(making, 'package.json'), '{}\n');
  renameSync(making, folder);
}

async function runPackage(folder: string, options: readonly string[], root: string): Promise<void> {
  const sls = join(root, 'node_modules', '.bin', 'sls');
  if (!existsSync(sls)) throw failed(`${sls} is missing: run npm ci first`);
  const child = spawn(process.execPath, [sls, 'package', '--stage', ...options, '--package', folder], {
    cwd: root,
    env: { ...process.env, SLS_TELEMETRY_DISABLED: '1', SLS_NOTIFICATIONS_MODE: 'off' },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const keep = (text: Buffer): void => {
    output = (output + text.toString()).slice(-100_000);
  };
  child.stdout.on('data', keep);
  child.stderr.on('data', keep);
  const code = await new Promise<number | null>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
  if (code === 0 && existsSync(join(folder, TEMPLATE))) return;
  rmSync(folder, { recursive: true, force: true });
  throw failed(`sls package ended with code ${code}:\n${output.trimEnd().split('\n').slice(-TAIL_LINES).join('\n')}`);
}

function unzip(folder: string, zip: string): void {
  const target = join(folder, 'functions', basename(zip, '.zip'));
  for (const [name, bytes] of Object.entries(unzipSync(readFileSync(join(folder, zip))))) {
    if (name.endsWith('/')) continue;
    const path = join(target, name);
    if (!path.startsWith(target)) throw failed(`${zip} holds ${name}, a path outside of it`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, bytes);
  }
}

/** The zip of the function, or the one zip that all functions share. */
function codeFolder(folder: string, name: string): string {
  const functions = join(folder, 'functions');
  const own = join(functions, name);
  if (existsSync(own)) return own;
  const [shared, ...others] = readdirSync(functions);
  if (shared && others.length === 0) return join(functions, shared);
  throw failed(`the package in ${folder} has no zip for function ${name}`);
}

/** Over names and contents of everything that a package is made of. */
function fingerprintOf(root: string, options: readonly string[]): string {
  const hash = createHash('sha256').update(`${options.join('\n')}\n${process.env.BIKELAKE_SUFFIX ?? ''}\n`);
  for (const ingredient of INGREDIENTS) {
    for (const path of filesOf(root, ingredient)) {
      hash.update(`${path}\n`).update(readFileSync(join(root, path)));
    }
  }
  return hash.digest('hex').slice(0, 16);
}

function filesOf(root: string, path: string): string[] {
  const stats = statSync(join(root, path), { throwIfNoEntry: false });
  if (stats === undefined) return [];
  if (!stats.isDirectory()) return [path];
  return readdirSync(join(root, path))
    .sort()
    .flatMap((name) => filesOf(root, join(path, name)));
}

function removeOld(packages: string): void {
  const age = (name: string): number => statSync(join(packages, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const newest = readdirSync(packages).sort((a, b) => age(b) - age(a));
  for (const name of newest.slice(KEPT)) rmSync(join(packages, name), { recursive: true, force: true });
}

/** One packaging at a time in a project folder, whatever the state folders: they share `.esbuild`. */
async function locked(root: string, work: () => Promise<void>): Promise<void> {
  const lock = join(tmpdir(), `bikelake-package-${createHash('sha256').update(root).digest('hex').slice(0, 16)}.lock`);
  for (let waited_ms = 0; !takeLock(lock); waited_ms += LOCK_TRY_MS) {
    const age_ms = Date.now() - (lstatSync(lock, { throwIfNoEntry: false })?.mtimeMs ?? Date.now());
    const owner = ownerOf(lock);
    if (age_ms > LOCK_WAIT_MS || (owner !== null && !isAlive(owner)))
      rmSync(lock, { force: true }); // of a run that was killed
    else if (waited_ms > LOCK_WAIT_MS)
      throw failed(`another run is packaging for too long; if there is none, remove ${lock}`);
    await sleep(LOCK_TRY_MS);
  }
  try {
    await work();
  } finally {
    rmSync(lock, { force: true });
  }
}

/** The lock is a symbolic link to its owner's process id: it appears with its content, or not at all. */
function takeLock(lock: string): boolean {
  try {
    symlinkSync(String(process.pid), lock);
    return true;
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw cause;
  }
}

function ownerOf(lock: string): number | null {
  try {
    return Number(readlinkSync(lock));
  } catch {
    return null; // given back meanwhile
  }
}

const failed = (message: string): FatalError => new FatalError('local', 'package_failed', message);
