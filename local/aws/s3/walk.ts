/** The keys of a bucket in the order of S3, read from its folder lazily: only the folders that a listing needs are opened. */
import { type Dirent, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { byUtf8 } from './key.ts';

export interface Walk {
  readonly prefix: string;
  /** Keys up to and with this one are passed over. */
  readonly after?: string | undefined;
  /** Yields a folder below the prefix as one name that ends in `/`, in place of the keys in it. */
  readonly shallow?: boolean;
}

/** Keys, and with `shallow` also folders (which end in `/`) that hold at least one key. */
export function* walkKeys(folder: string, walk: Walk): Generator<string> {
  yield* walkFolder(folder, walk.prefix.slice(0, walk.prefix.lastIndexOf('/') + 1), walk);
}

function* walkFolder(root: string, parent: string, walk: Walk): Generator<string> {
  for (const name of namesIn(join(root, parent))) {
    const key = parent + name;
    if (!key.startsWith(walk.prefix) && !walk.prefix.startsWith(key)) continue;
    const is_folder = key.endsWith('/');
    if (walk.after !== undefined && byUtf8(key, walk.after) <= 0 && !(is_folder && walk.after.startsWith(key)))
      continue;
    if (!is_folder) {
      if (key.startsWith(walk.prefix)) yield key;
    } else if (!walk.shallow || !key.startsWith(walk.prefix)) yield* walkFolder(root, key, walk);
    else if (!walkFolder(root, key, { ...walk, shallow: false }).next().done) yield key;
  }
}

/** Names in a folder, folders with a `/` at the end: then their order is the order of the keys below them. */
function namesIn(folder: string): string[] {
  return direntsIn(folder)
    .filter((entry) => entry.isFile() || entry.isDirectory())
    .map((entry) => (entry.isDirectory() ? `${entry.name}/` : entry.name))
    .sort(byUtf8);
}

/** A folder can go between two steps of a walk, when its last object is deleted. */
function direntsIn(folder: string): Dirent[] {
  try {
    return readdirSync(folder, { withFileTypes: true });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'ENOTDIR') return [];
    throw error;
  }
}
