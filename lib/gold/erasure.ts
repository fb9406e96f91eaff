import { FatalError } from '../errors.ts';

/**
 * That the data of a system was erased from every layer: `erased/<system_id>.json`. It is put before the first layer is touched, so that
 * nothing brings the system back meanwhile, and says at the end what was done. It holds nothing of the system but its id.
 */
export interface Erasure {
  readonly format: 1;
  readonly system_id: string;
  /** Clock of the pipeline, ISO 8601. */
  readonly begun_at: string;
  /** When the last run that found something came to its end; null: one is under way, or was ended before. */
  readonly ended_at: string | null;
  /** When it was taken back: the system may be polled and loaded again. null: it may not. */
  readonly allowed_again_at: string | null;
  /** When the stream forgets the last record of the system that was found in it; null: it holds none. */
  readonly stream_until: string | null;
  /** What went from each layer, over all runs: name → how many. */
  readonly counts: Readonly<Record<string, number>>;
}

export const ERASED_PREFIX = 'erased/';
const SAFE_ID = /^[A-Za-z0-9][A-Za-z0-9._-]{0,199}$/;

/** Throws FatalError `bad_system_id` for an id that is no part of an object's name. */
export function erasureKey(system_id: string): string {
  if (SAFE_ID.test(system_id)) return `${ERASED_PREFIX}${system_id}.json`;
  throw new FatalError(
    'local',
    'bad_system_id',
    `${system_id} is no id of a system: give one as in config/systems.csv`,
  );
}

export const erasureText = (erasure: Erasure): string => `${JSON.stringify(erasure)}\n`;

/** Throws FatalError `bad_erasure` for a file that is no erasure of this format: to pass over it could bring back what was erased. */
export function parseErasure(text: string, key: string): Erasure {
  try {
    const erasure = JSON.parse(text) as Erasure;
    if (erasure.format === 1 && erasureKey(erasure.system_id) === key && typeof erasure.counts === 'object')
      return erasure;
  } catch {
    // told below
  }
  throw new FatalError('local', 'bad_erasure', `${key} is no erasure of format 1: put it back from an older version`);
}

/** Of what was erased the systems that may not come back. */
export const mayNotReturn = (erasures: readonly Erasure[]): ReadonlySet<string> =>
  new Set(erasures.filter(({ allowed_again_at }) => allowed_again_at === null).map(({ system_id }) => system_id));

/** Systems whose data was erased, or is being erased, and that may not come back. */
export async function erasedSystems(store: {
  keys(prefix: string): Promise<string[]>;
  get(key: string): Promise<Uint8Array | null>;
}): Promise<ReadonlySet<string>> {
  const erasures: Erasure[] = [];
  for (const key of await store.keys(ERASED_PREFIX)) {
    const bytes = await store.get(key);
    if (bytes === null) continue;
    erasures.push(parseErasure(Buffer.from(bytes).toString('utf8'), key));
  }
  return mayNotReturn(erasures);
}

/** Throws FatalError `system_erased` where one of the systems may not come back. */
export function refuseErased(erased: ReadonlySet<string>, system_ids: readonly string[]): void {
  const found = system_ids.find((system_id) => erased.has(system_id));
  if (found === undefined) return;
  throw new FatalError(
    'local',
    'system_erased',
    `${found}: its data was erased, and it may not come back (${erasureKey(found)}); if it may again: npm run erase -- --system ${found} --allow-again`,
  );
}
