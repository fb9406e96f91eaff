import { FatalError } from '../lib/errors.ts';
import { DIRTY_PREFIX } from '../lib/gold/dirty.ts';
import { keptText, parseKept, TAGGED_KEY } from '../lib/gold/expiry.ts';
import type { Given, Outcome } from './command.ts';
import type { TaggedStore } from './objects.ts';

/** The tag that the lake's life cycle rule for log/ looks for (resources/lake.yml). */
export const EXPIRE_TAG = { Key: 'expire', Value: 'settled' } as const;

/** `log/lane=<lane>/event_date=<date>/<version>.parquet`. */
const LOG_KEY = /^log\/lane=([^/]+)\/event_date=(\d{4}-\d\d-\d\d)\/\d{12}\.parquet$/;
const IN_FLIGHT = 8;
/** As TAGGED_KEY, of the last run that came to its end: no run asks for the tags of every object. */
export const EXPIRE_DONE_KEY = 'recovered/expire/done.json';

/** What settle remembers (`runs/manifest.json` of Spark, `settle/manifest.json` of DuckDB), as far as it is looked at here. */
export interface Remembered {
  readonly format: 1;
  readonly bronze: Readonly<Record<string, readonly { readonly date: string }[]>>;
  readonly made: Readonly<Record<string, unknown>>;
}

export interface Folder {
  readonly lane: string;
  readonly date: string;
  readonly keys: readonly string[];
}

/** Reads what settle remembers. Throws FatalError `bad_manifest`. */
export function parseRemembered(text: string, place: string): Remembered {
  try {
    const content = JSON.parse(text) as Remembered;
    if (content.format === 1 && typeof content.bronze === 'object' && typeof content.made === 'object') return content;
  } catch {
    // told below
  }
  throw new FatalError('gold', 'bad_manifest', `${place} is no manifest of format 1: settle again, then try again`);
}

/**
 * The date before which every day that Bronze has rows of is settled and audited, and not marked dirty since; null where nothing is settled.
 * A folder of the log holds changes of its own date and of earlier ones, so that its days are those up to its date.
 */
export function settledBefore({ bronze, made }: Remembered, dirty: readonly string[]): string | null {
  const days = new Set(Object.values(bronze).flatMap((contents) => contents.map(({ date }) => date)));
  const open = [...days].filter((date) => !(`settle ${date}` in made && `audit ${date}` in made));
  const first_open = [...open, ...dirty].sort()[0];
  const last = [...days].sort().at(-1);
  if (last === undefined) return null;
  // The newest day is never behind everything: its folder may still be written.
  return first_open === undefined || first_open > last ? last : first_open;
}

/** The folders of each lane that may expire, in order: not the newest of the lane, and with all of their days settled; and the first that stays. */
export function expirableFolders(
  keys: readonly string[],
  before: string,
): { readonly folders: readonly Folder[]; readonly stays: Folder }[] {
  const of_folder = Map.groupBy(
    keys.filter((key) => LOG_KEY.test(key)),
    (key) => key.slice(0, key.lastIndexOf('/')),
  );
  const all = [...of_folder.values()].map((own) => {
    const [, lane = '', date = ''] = LOG_KEY.exec(own[0] ?? '') ?? [];
    return { lane, date, keys: own };
  });
  return [...Map.groupBy(all, ({ lane }) => lane).values()].flatMap((own) => {
    const sorted = own.sort((a, b) => (a.date < b.date ? -1 : 1));
    const folders = sorted.slice(0, -1).filter(({ date }) => date < before);
    const stays = sorted[folders.length];
    return stays === undefined ? [] : [{ folders, stays }];
  });
}

/**
 * Tags the objects of folders that may expire; the bucket's life cycle rule removes them 40 days after they were created. What is going to be tagged
 * is written before, so that whoever misses an object finds it said that it may be gone, and what is tagged afterwards.
 * Idempotent: killed at any moment, the next run tags what isn't tagged, and some of it again. What is tagged once may go for good: a
 * chain's date only moves on, so that no object comes into a folder that isn't the newest any more.
 */
export async function expireLog(
  objects: TaggedStore,
  remembered: Remembered | null,
  { dry_run, progress }: Pick<Given, 'dry_run' | 'progress'>,
): Promise<Outcome> {
  const dirty = (await objects.keys(DIRTY_PREFIX)).map((key) => key.split('/')[1] ?? '');
  const before = remembered === null ? null : settledBefore(remembered, dirty);
  if (before === null)
    return { counts: { folders_tagged: 0, objects_tagged: 0 }, told: ['no day is settled yet'], notes: [], dirty: [] };
  const done = await readMarker(objects, EXPIRE_DONE_KEY);
  const kept = await readMarker(objects, TAGGED_KEY);
  const open = expirableFolders(await objects.keys('log/'), before)
    .map(({ folders, stays }) => ({
      stays,
      folders: folders.filter(({ lane, date }) => date >= (done[lane] ?? '')),
    }))
    .filter(({ folders }) => folders.length > 0);
  const keys = open.flatMap(({ folders }) => folders.flatMap((folder) => folder.keys));
  if (!dry_run && keys.length > 0) {
    for (const { stays } of open) kept[stays.lane] = stays.date;
    await objects.put(TAGGED_KEY, Buffer.from(keptText(kept)));
    for (let from = 0; from < keys.length; from += IN_FLIGHT) {
      progress(from, keys.length, 'objects of the log');
      await Promise.all(keys.slice(from, from + IN_FLIGHT).map((key) => objects.tag(key, EXPIRE_TAG)));
    }
    await objects.put(EXPIRE_DONE_KEY, Buffer.from(keptText(kept)));
  }
  return {
    counts: { folders_tagged: open.reduce((sum, { folders }) => sum + folders.length, 0), objects_tagged: keys.length },
    told: [`every day before ${before} is settled`],
    notes: [],
    dirty: [],
    changed: keys.length > 0,
  };
}

const readMarker = async (objects: TaggedStore, key: string): Promise<Record<string, string>> => ({
  ...parseKept((await objects.get(key))?.toString('utf8') ?? null),
});
