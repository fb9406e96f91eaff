/** What of the Silver log may have gone by the lake's life cycle (docs/expiry.md). */

/** Where `npm run expire` says which folders it tagged. */
export const TAGGED_KEY = 'recovered/expire/tagged.json';

/** Lane → date of its first folder that isn't tagged: those before it may be gone, that one and all later ones are there. */
export type KeptFrom = Readonly<Record<string, string>>;

/** Of the text of the marker; none where there is none, or where it can't be read: everything is tagged again then. */
export function parseKept(text: string | null): KeptFrom {
  try {
    const { format, kept_from } = JSON.parse(text ?? '') as { format: number; kept_from: KeptFrom };
    return format === 1 && typeof kept_from === 'object' ? kept_from : {};
  } catch (error) {
    if (error instanceof SyntaxError) return {};
    throw error;
  }
}

export const keptText = (kept_from: KeptFrom): string => `${JSON.stringify({ format: 1, kept_from })}\n`;

const FIRST_FOLDER = '1970-01-01';
const DAY_MS = 86_400_000;

/**
 * The last date of which some of the log may be gone; null: nothing is. `folders`: dates of the folders that each lane still has. The day after the
 * oldest one is taken with it, since objects of a folder that were made after midnight stay a day longer than the others.
 */
export function expiredUntil(kept: KeptFrom, folders: Readonly<Record<string, readonly string[]>>): string | null {
  const lasts = Object.keys(kept).flatMap((lane) => {
    const oldest = [...(folders[lane] ?? [])].sort()[0];
    if (oldest === undefined || oldest === FIRST_FOLDER) return [];
    return [new Date(Date.parse(oldest) + DAY_MS).toISOString().slice(0, 10)];
  });
  return lasts.sort().at(-1) ?? null;
}
