import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';

export interface Folder {
  readonly files: number;
  readonly bytes: number;
}

/** How many files lie under a folder, and how large they are together; nothing where it isn't there. */
export function folderOf(path: string): Folder {
  if (!existsSync(path)) return { files: 0, bytes: 0 };
  let [files, bytes] = [0, 0];
  for (const entry of readdirSync(path, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile()) continue;
    files += 1;
    bytes += statSync(join(entry.parentPath, entry.name)).size;
  }
  return { files, bytes };
}
