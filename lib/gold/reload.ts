import { FatalError } from '../errors.ts';
import type { EventKind } from '../event.ts';

/**
 * What was loaded again: `reloads/<id>.json`. Within [from_ms, until_ms) of the slots of a system, only Bronze rows of the newest reload
 * count (their `shard_id` ends in `@<id>`); all others stay, and count again when the object is removed. Ids sort by age.
 */
export interface Reload {
  readonly format: 1;
  readonly id: string;
  readonly system_id: string;
  /** The kinds of document that it replaces, with their receipts. */
  readonly kinds: readonly EventKind[];
  readonly from_ms: number;
  readonly until_ms: number;
  /** Bronze's own raw records through the parser of its day, a recording, or nothing: taken out. */
  readonly source: 'raw' | 'recording' | 'removed';
  /** SHA-256 (hex) of what was loaded, so that the same work is known again. */
  readonly content: string;
}

export const RELOADS_PREFIX = 'reloads/';
export const reloadKey = (id: string): string => `${RELOADS_PREFIX}${id}.json`;

/** `shard_id` of rows that never were in the stream: who wrote them, and the reload that they belong to; null: none. */
export const outsideShard = (command: 'requeue' | 'reload', reload_id: string | null): string =>
  reload_id === null ? command : `${command}@${reload_id}`;

/** Slots of one kind of a system that belong to one reload. */
export interface ReloadRange {
  readonly reload_id: string;
  readonly system_id: string;
  readonly kind: EventKind;
  readonly from_ms: number;
  readonly until_ms: number;
}

/** Throws FatalError `bad_reload` for a file that is no reload of this format: to leave it out would change numbers silently. */
export function parseReload(text: string, key: string): Reload {
  try {
    const reload = JSON.parse(text) as Reload;
    const isWhole = Number.isSafeInteger(reload.from_ms) && Number.isSafeInteger(reload.until_ms);
    if (reload.format === 1 && reloadKey(reload.id) === key && isWhole && Array.isArray(reload.kinds)) return reload;
  } catch {
    // told below
  }
  throw new FatalError('gold', 'bad_reload', `${key} is no reload of format 1: put it back, or remove it to undo it`);
}

/** Which reload the slots belong to: ranges without overlap, the newest reload wins. */
export function activeRanges(reloads: readonly Reload[]): ReloadRange[] {
  const newestFirst = [...reloads].sort((a, b) => (a.id < b.id ? 1 : -1));
  const active: ReloadRange[] = [];
  for (const { id, system_id, kinds, from_ms, until_ms } of newestFirst) {
    for (const kind of kinds) {
      const taken = active.filter((r) => r.system_id === system_id && r.kind === kind);
      for (const [from, until] of without([from_ms, until_ms], taken)) {
        active.push({ reload_id: id, system_id, kind, from_ms: from, until_ms: until });
      }
    }
  }
  return active;
}

/** What of a range lies in none of the others. */
function without(range: readonly [number, number], taken: readonly ReloadRange[]): (readonly [number, number])[] {
  let left = [range];
  for (const { from_ms, until_ms } of taken) {
    left = left.flatMap(([from, until]) =>
      [[from, Math.min(until, from_ms)] as const, [Math.max(from, until_ms), until] as const].filter(([a, b]) => a < b),
    );
  }
  return left.filter(([a, b]) => a < b);
}
