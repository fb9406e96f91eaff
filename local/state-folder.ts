import { existsSync, linkSync, mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../lib/errors.ts';
import { isAlive } from './alive.ts';

/** What lies in a state folder, and how: another number is another program's folder. */
const FORMAT = 1;

/**
 * Takes a state folder for this process, and makes it if it isn't there; the answer gives it back.
 * Throws FatalError: `state_in_use` while another process has it, `state_format` for a folder of another version, and for one that can't be
 * written. A folder whose process has ended is taken over.
 */
export function takeStateFolder(dir: string): () => void {
  const lock = join(dir, 'lock');
  try {
    mkdirSync(dir, { recursive: true });
  } catch (cause) {
    const message = `${dir}: can't be made: ${(cause as Error).message}; choose another folder by --dir`;
    throw new FatalError('local', 'state_unwritable', message, { cause });
  }
  takeLock(lock, dir);
  try {
    checkFormat(dir);
  } catch (error) {
    giveBack(lock);
    throw error;
  }
  return () => giveBack(lock);
}

/** Locks of this process: another process before it may have had the same id. */
const held = new Set<string>();

function giveBack(lock: string): void {
  held.delete(lock);
  rmSync(lock, { force: true });
}

function takeLock(lock: string, dir: string): void {
  if (held.has(lock)) throw new FatalError('local', 'state_in_use', `${dir}: in use by this process already`);
  const own = `${lock}.${process.pid}`;
  try {
    writeFileSync(own, `${process.pid}\n`);
    while (!link(own, lock)) {
      const pid = ownerOf(lock);
      if (pid !== undefined && pid !== process.pid && isAlive(pid)) {
        const message = `${dir}: in use by another run (process ${pid}): end that run, or choose another folder by --dir; if process ${pid} is something else, remove ${lock}`;
        throw new FatalError('local', 'state_in_use', message);
      }
      rmSync(lock, { force: true });
    }
  } catch (cause) {
    if (cause instanceof FatalError) throw cause;
    const message = `${lock}: can't be written: ${(cause as Error).message}; choose another folder by --dir`;
    throw new FatalError('local', 'state_unwritable', message, { cause });
  } finally {
    rmSync(own, { force: true });
  }
  held.add(lock);
}

/** A lock appears with its content, or not at all; false if there is one. */
function link(own: string, lock: string): boolean {
  try {
    linkSync(own, lock);
    return true;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'EEXIST') return false;
    throw error;
  }
}

function ownerOf(lock: string): number | undefined {
  try {
    const pid = Number(readFileSync(lock, 'utf8'));
    return Number.isInteger(pid) && pid > 0 ? pid : undefined;
  } catch {
    return undefined; // given back meanwhile
  }
}

/** What a run keeps its state in: where one of these is, there must be a version. */
const STATE = ['kinesis', 's3', 'dynamodb'];

function checkFormat(dir: string): void {
  const path = join(dir, 'version.json');
  const format = existsSync(path) ? formatIn(path) : undefined;
  if (format === FORMAT) return;
  if (!existsSync(path) && !STATE.some((name) => existsSync(join(dir, name)))) {
    writeFileSync(`${path}.new`, `${JSON.stringify({ format: FORMAT })}\n`);
    renameSync(`${path}.new`, path); // after a kill it is there as a whole, or not
    return;
  }
  const found = format === undefined ? 'has state without a format' : `is of format ${JSON.stringify(format)}`;
  const newer = Number.isSafeInteger(format) && Number(format) > FORMAT;
  const remedy = newer ? 'run the version that made it' : 'remove it to begin anew';
  const message = `${dir}: the state folder ${found}, this version reads ${FORMAT}: choose another folder by --dir, or ${remedy}`;
  throw new FatalError('local', 'state_format', message);
}

/** undefined for a file that says none. */
function formatIn(path: string): unknown {
  try {
    return (JSON.parse(readFileSync(path, 'utf8')) as { format?: unknown } | null)?.format;
  } catch {
    return undefined;
  }
}
