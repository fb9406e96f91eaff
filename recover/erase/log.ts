import { FatalError } from '../../lib/errors.ts';
import { keptText, parseKept, TAGGED_KEY } from '../../lib/gold/expiry.ts';
import { decodeObject, encodeObject, type ReadObject } from '../../lib/silver/object.ts';
import { apply, type BatchObject, type Counts, emptyState, type LaneState } from '../../lib/silver/state.ts';
import { EXPIRE_DONE_KEY, EXPIRE_TAG } from '../expire-log.ts';
import type { ReplacingStore } from '../objects.ts';
import { type ConsumedLine, mentions, shareOf, withoutSystem } from './log-object.ts';

export interface LogPorts {
  readonly objects: ReplacingStore;
  /** The lines of the system that Bronze has of the records which a batch consumed, each once, in the order of the stream. */
  readonly linesOf: (lane: string, batch: BatchObject) => Promise<readonly ConsumedLine[]>;
  readonly progress: (done: number, total: number | null, what: string) => void;
}

export interface LogCounts {
  readonly log_objects: number;
  readonly log_rows: number;
  /** Events that were taken from the counts of batches. */
  readonly log_events: number;
}

const LOG_KEY = /^log\/lane=([^/]+)\/event_date=(\d{4}-\d\d-\d\d)\/(\d{12})\.parquet$/;
const NOTHING: Counts = { fresh: 0, unchanged: 0, duplicate: 0, late: 0 };

interface Place {
  readonly key: string;
  readonly lane: string;
  readonly date: string;
  readonly version: number;
}

/** An object that is to be put in the place of the one that was read. */
interface Lighter extends Place {
  readonly etag: string;
  readonly bytes: Buffer;
}

/**
 * Takes a system out of every object of the Silver log. Names, positions, dates and what other systems have stay as they are, so that every
 * chain goes on. An object is replaced as it was read. Of a chain the newest one comes first: what is before an object is still whole when its events are
 * judged, also after a kill. Bronze must be whole.
 * Throws FatalError `log_written_meanwhile` where somebody else replaced one.
 */
export async function eraseFromLog(ports: LogPorts, system_id: string, dry_run: boolean): Promise<LogCounts> {
  const counts = { log_objects: 0, log_rows: 0, log_events: 0 };
  const places = (await ports.objects.keys('log/')).flatMap(placeOf);
  const folders = [...Map.groupBy(places, ({ lane, date }) => `${lane}/${date}`).values()].reverse();
  const tags = dry_run ? null : await ExpiryTags.read(ports.objects);
  let done = 0;
  for (const folder of folders) {
    ports.progress(done, places.length, 'objects of the log');
    const lighter = await lighterFolder(ports, folder, system_id, counts);
    for (const object of dry_run ? [] : lighter.reverse()) {
      await tags?.before(object);
      if (!(await ports.objects.replace(object.key, object.etag, object.bytes))) throw writtenMeanwhile(object.key);
      await tags?.after(object);
    }
    done += folder.length;
  }
  return counts;
}

function placeOf(key: string): Place[] {
  const [, lane, date, version] = LOG_KEY.exec(key) ?? [];
  return lane === undefined || date === undefined ? [] : [{ key, lane, date, version: Number(version) }];
}

/** Folds a folder, which has the state before it in its first object, and answers with what of it is to be replaced, in the order of the chain. */
async function lighterFolder(
  { objects, linesOf }: LogPorts,
  folder: readonly Place[],
  system_id: string,
  counts: { log_objects: number; log_rows: number; log_events: number },
): Promise<Lighter[]> {
  const lighter: Lighter[] = [];
  let state: LaneState | null = null;
  for (const place of folder.toSorted((a, b) => a.version - b.version)) {
    const read = await objects.read(place.key);
    if (read === null) continue; // it expired meanwhile
    const whole = await decoded(read.bytes, place.key);
    state = stateBefore(whole, place, state);
    if (mentions(whole, system_id)) {
      const { object } = whole;
      const share =
        object.type === 'turn' ? NOTHING : shareOf(object, state, await linesOf(place.lane, object), system_id);
      const without = withoutSystem(whole, system_id, share);
      counts.log_objects += 1;
      counts.log_rows += rowsOf(whole) - rowsOf(without);
      counts.log_events += share.fresh + share.unchanged + share.duplicate + share.late;
      const bytes = encodeObject(place.lane, place.version, without.object, without.before);
      lighter.push({ ...place, etag: read.etag, bytes });
    }
    if (state !== null) apply(state, place.date, whole.object);
  }
  return lighter;
}

/** null where objects before this one have expired. */
function stateBefore({ before }: ReadObject, { version }: Place, folded: LaneState | null): LaneState | null {
  if (before !== null) return copyOf(before);
  if (version === 1) return emptyState();
  return folded?.version === version - 1 ? folded : null;
}

/** The object's own state stays as it was read: it is written again. */
const copyOf = (state: LaneState): LaneState => ({
  ...state,
  positions: new Map(state.positions),
  newest: new Map(state.newest),
  stations: new Map([...state.stations].map(([key, rows]) => [key, new Map(rows)])),
});

function rowsOf({ object, before }: ReadObject): number {
  const states = [...(before?.stations.values() ?? [])].reduce((sum, rows) => sum + rows.size, 0);
  return states + (object.type === 'batch' ? object.changes.length : 0);
}

async function decoded(bytes: Buffer, key: string): Promise<ReadObject> {
  try {
    return await decodeObject(bytes);
  } catch (error) {
    if (!(error instanceof FatalError)) throw error;
    throw new FatalError(error.stage, error.reason, `${key}: ${error.message}`, { cause: error });
  }
}

const writtenMeanwhile = (key: string): FatalError =>
  new FatalError(
    'silver',
    'log_written_meanwhile',
    `${key} was written by someone else meanwhile: see who writes under log/, then run erase again`,
  );

/**
 * Keeps the tags of objects that `npm run expire` tagged: a put takes them away. Killed between the two, the next run of expire tags all again,
 * because what it remembers of its last run is removed before.
 */
class ExpiryTags {
  readonly #objects: ReplacingStore;
  readonly #kept_from: Readonly<Record<string, string>>;
  #isOpen = true;

  private constructor(objects: ReplacingStore, kept_from: Readonly<Record<string, string>>) {
    this.#objects = objects;
    this.#kept_from = kept_from;
  }

  static async read(objects: ReplacingStore): Promise<ExpiryTags> {
    return new ExpiryTags(objects, parseKept((await objects.get(TAGGED_KEY))?.toString('utf8') ?? null));
  }

  async before(place: Place): Promise<void> {
    if (!this.#isTagged(place) || !this.#isOpen) return;
    await this.#objects.put(EXPIRE_DONE_KEY, Buffer.from(keptText({})));
    this.#isOpen = false;
  }

  async after(place: Place): Promise<void> {
    if (this.#isTagged(place)) await this.#objects.tag(place.key, EXPIRE_TAG);
  }

  #isTagged({ lane, date }: Place): boolean {
    return date < (this.#kept_from[lane] ?? '');
  }
}
