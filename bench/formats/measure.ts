import { readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';

/** What one action took: seconds, and bytes that its process asked of files (null where the system doesn't count them). */
export interface Cost {
  readonly seconds: number;
  readonly read_bytes: number | null;
}

/**
 * Bytes that a process has read by its read calls so far: `rchar` of Linux, which counts what comes from the page cache too, and so
 * is what an object store would have to send. null on another system.
 */
export function bytesRead(pid: number | 'self'): number | null {
  try {
    return Number(/^rchar: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, 'utf8'))?.[1]);
  } catch {
    return null;
  }
}

/** Runs an action, and says what it cost this process or the one named. */
export async function costOf<T>(pid: number | 'self', action: () => Promise<T>): Promise<Cost & { result: T }> {
  const before = bytesRead(pid);
  const start = performance.now();
  const result = await action();
  const seconds = (performance.now() - start) / 1000;
  const after = bytesRead(pid);
  return { seconds, read_bytes: before === null || after === null ? null : after - before, result };
}

export function median(values: readonly number[]): number {
  return [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;
}

/** Bytes of the data files of a folder: not of checksums and marks. */
export function folderBytes(folder: string): number {
  return readdirSync(folder)
    .filter((name) => name.startsWith('part'))
    .reduce((sum, name) => sum + statSync(join(folder, name)).size, 0);
}
