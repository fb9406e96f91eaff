import { FatalError } from '../lib/errors.ts';
import type { ObjectStore } from './objects.ts';

/**
 * What a command did with an object that it brings back from: `recovered/<command>/<key>`. The object itself stays as it is. A command that
 * finds the marker passes over the object, but for what stayed, which it tries again.
 */
export interface Done {
  readonly format: 1;
  /** Key of the object. */
  readonly from: string;
  /** Clock of the pipeline when it was last worked on, ISO 8601. */
  readonly at: string;
  /** Records or lines that were brought back. */
  readonly brought_back: number;
  /** What could not be brought back: its sequence number, or its line from 1 → why. */
  readonly stays: Readonly<Record<string, string>>;
}

const doneKey = (command: string, key: string): string => `recovered/${command}/${key}`;

/** The markers that a command left. */
export class DoneMarkers {
  readonly #objects: ObjectStore;
  readonly #command: string;
  readonly #known: ReadonlySet<string>;

  private constructor(objects: ObjectStore, command: string, known: ReadonlySet<string>) {
    this.#objects = objects;
    this.#command = command;
    this.#known = known;
  }

  static async list(objects: ObjectStore, command: string): Promise<DoneMarkers> {
    return new DoneMarkers(objects, command, new Set(await objects.keys(doneKey(command, ''))));
  }

  /** null where the object was never worked on to its end. Throws FatalError `bad_marker`. */
  async read(key: string): Promise<Done | null> {
    const marker = doneKey(this.#command, key);
    const bytes = this.#known.has(marker) ? await this.#objects.get(marker) : null;
    if (bytes === null) return null;
    try {
      const done = JSON.parse(bytes.toString('utf8')) as Done;
      if (done.format === 1 && typeof done.stays === 'object') return done;
    } catch {
      // told below
    }
    throw new FatalError(
      'local',
      'bad_marker',
      `${marker} is no marker of format 1: if you remove it, npm run ${this.#command} works on ${key} as a whole again`,
    );
  }

  async write(done: Done): Promise<void> {
    await this.#objects.put(doneKey(this.#command, done.from), Buffer.from(`${JSON.stringify(done)}\n`));
  }
}

/** Notes of what stays of an object: a line for each reason, with how many and the first of them. */
export function staying(key: string, stays: Done['stays']): string[] {
  const byReason = Map.groupBy(Object.entries(stays), ([, reason]) => reason);
  return [...byReason].map(
    ([reason, same]) => `${key}: ${same.length} (${same[0]?.[0]}${same.length > 1 ? ', …' : ''}): ${reason}`,
  );
}
