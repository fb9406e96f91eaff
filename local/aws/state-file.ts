import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { checkDisk } from './faults/disk.ts';
import { type Faults, NO_FAULTS } from './faults.ts';

/** A small JSON file of state that is replaced as a whole: after a kill it is the old one or the new one. */
export class StateFile<T> {
  readonly #path: string;
  readonly #faults: Faults;

  constructor(path: string, faults: Faults = NO_FAULTS) {
    this.#path = path;
    this.#faults = faults;
    mkdirSync(dirname(path), { recursive: true });
  }

  /** undefined where nothing was written yet. Throws with the file's name if it can't be read. */
  read(): T | undefined {
    try {
      return JSON.parse(readFileSync(this.#path, 'utf8')) as T;
    } catch (cause) {
      if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
      throw new Error(
        `${this.#path}: can't be read: ${(cause as Error).message}; remove the state folder to begin anew`,
        {
          cause,
        },
      );
    }
  }

  /** Throws what the file system throws; then the old state stays. */
  write(state: T): void {
    checkDisk(this.#faults, 'state', this.#path);
    writeFileSync(`${this.#path}.new`, JSON.stringify(state));
    renameSync(`${this.#path}.new`, this.#path);
  }
}
