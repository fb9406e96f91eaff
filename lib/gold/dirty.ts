import { FatalError } from '../errors.ts';

/**
 * A mark that a UTC day of slots must be settled again, and why: `dirty/<date>/<command>-<id>.json`. Settle reads the marks of a day
 * before it begins, settles the day whatever it remembers of it, and removes them once the day's tables are replaced.
 */
export interface DirtyMark {
  readonly format: 1;
  /** UTC date of the slots. */
  readonly date: string;
  /** The command that changed what the day is made of. */
  readonly command: string;
  /** Keys of Bronze files that the command took away on purpose: settle no longer asks for them. */
  readonly removed: readonly string[];
}

export const DIRTY_PREFIX = 'dirty/';

/** `id` names what was done, so that the same work leaves the same mark. */
export async function markDirty(
  store: { put(key: string, bytes: Uint8Array): Promise<void> },
  mark: DirtyMark,
  id: string,
): Promise<string> {
  const key = `${DIRTY_PREFIX}${mark.date}/${mark.command}-${id}.json`;
  await store.put(key, Buffer.from(`${JSON.stringify(mark)}\n`));
  return key;
}

/** Throws FatalError `bad_mark` for a file that is no mark of this format. */
export function parseMark(text: string, key: string): DirtyMark {
  try {
    const mark = JSON.parse(text) as DirtyMark;
    if (mark.format === 1 && /^\d{4}-\d\d-\d\d$/.test(mark.date) && Array.isArray(mark.removed)) return mark;
  } catch {
    // told below
  }
  throw new FatalError(
    'gold',
    'bad_mark',
    `${key} is no mark of format 1: settle the day by npm run rebuild, then remove it`,
  );
}
