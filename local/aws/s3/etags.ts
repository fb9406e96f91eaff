/** ETags: the MD5 of an object's bytes, in hex. That of a file which others wrote is computed when it is first asked for. */
import { hash } from 'node:crypto';
import { readFileSync, type Stats } from 'node:fs';

const MOST = 50_000;

interface Remembered {
  readonly file: string;
  readonly etag: string;
}

export class Etags {
  readonly #remembered = new Map<string, Remembered>();

  of(path: string, stats: Stats): string {
    const known = this.#remembered.get(path);
    if (known?.file === identityOf(stats)) return known.etag;
    const etag = hash('md5', readFileSync(path));
    this.remember(path, stats, etag);
    return etag;
  }

  remember(path: string, stats: Stats, etag: string): void {
    if (this.#remembered.size >= MOST) this.#remembered.clear();
    this.#remembered.set(path, { file: identityOf(stats), etag });
  }
}

/** A file that was replaced is another inode; one that was written over has another time or size. */
const identityOf = (stats: Stats): string => `${stats.ino} ${stats.size} ${stats.mtimeMs}`;
