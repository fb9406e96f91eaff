import { createHash } from 'node:crypto';
import type { EventKind } from '../lib/event.ts';
import { markDirty } from '../lib/gold/dirty.ts';
import { outsideShard, parseReload, RELOADS_PREFIX, type Reload, reloadKey } from '../lib/gold/reload.ts';
import type { PlannedSystem } from '../lib/poll/plan.ts';
import { partOf } from '../lib/stream/lane.ts';
import type { BronzeRow } from './bronze-file.ts';
import { bronzeFiles, eventRow, outsideSequence, receiptRow } from './bronze-rows.ts';
import type { Outcome } from './command.ts';
import { Misuse } from './command.ts';
import type { ObjectStore } from './objects.ts';
import type { LoadedPoll } from './reload-source.ts';

export interface ReloadOptions {
  readonly system: PlannedSystem;
  readonly from_ms: number;
  readonly until_ms: number;
  readonly source: Reload['source'];
  readonly dry_run: boolean;
  readonly progress: (done: number, total: number | null, what: string) => void;
}

/** Polls in the order of their slots; read twice: to know them, and to write them. */
export type Polls = () => AsyncIterable<LoadedPoll>;

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const KINDS: Readonly<Record<Reload['source'], readonly EventKind[]>> = {
  raw: ['status', 'information'],
  recording: ['status'],
  removed: ['status', 'information'],
};

interface Known {
  readonly content: string;
  readonly polls: number;
  readonly events: number;
  readonly differing: number;
  readonly dates: readonly string[];
}

/**
 * Replaces the slots of a system in settled Silver and Gold. Effects: the marks of the days; the files of Bronze in the order of their hours,
 * whose rows don't count yet; the object `reloads/<id>.json`, from which on they do, and all others of these slots don't.
 * Delivery guarantee: that object alone decides, so a reader has the one or the other; ended before it and run again, the same files are put again.
 */
export async function reloadLake(objects: ObjectStore, polls: Polls, options: ReloadOptions): Promise<Outcome> {
  const { system, from_ms, until_ms, source, dry_run, progress } = options;
  const known = await look(polls, options);
  const reloads = await readAll(objects);
  const own = reloads.filter((r) => r.system_id === system.system_id);
  const newest = own.findLast((r) => r.from_ms < until_ms && r.until_ms > from_ms) ?? null;
  const isSame = newest?.content === known.content && newest.from_ms === from_ms && newest.until_ms === until_ms;
  const counts = { polls: known.polls, events: known.events, events_that_differ: known.differing };
  const isNeedless = newest === null && source === 'raw' && known.differing === 0;
  if (isSame || isNeedless || (source !== 'removed' && known.polls === 0)) return { counts, notes: [], dirty: [] };

  const number = 1 + Math.max(0, ...reloads.map(({ id }) => Number.parseInt(id, 10)));
  const id = `${String(number).padStart(6, '0')}-${known.content.slice(0, 12)}`;
  const dates = source === 'removed' ? datesBetween(from_ms, until_ms) : known.dates;
  if (!dry_run) {
    const reload: Reload = {
      format: 1,
      id,
      system_id: system.system_id,
      kinds: KINDS[source],
      from_ms,
      until_ms,
      source,
      content: known.content,
    };
    for (const date of dates) await markDirty(objects, { format: 1, date, command: 'reload', removed: [] }, id);
    let done = 0;
    for await (const rows of hours(polls, id, system)) {
      for (const { key, bytes } of bronzeFiles(`reload-${id}`, rows)) await objects.put(key, bytes);
      done += rows.length;
      progress(done, known.events + known.polls, 'rows into Bronze');
    }
    await objects.put(reloadKey(id), Buffer.from(`${JSON.stringify(reload)}\n`));
  }
  return { counts, notes: [], dirty: dates };
}

/** Takes a reload back: what it superseded counts again. Throws Misuse where there is none of this id. */
export async function undoReload(objects: ObjectStore, id: string, dry_run: boolean): Promise<Outcome> {
  const reload = (await readAll(objects)).find((r) => r.id === id);
  if (reload === undefined)
    throw new Misuse(`--undo ${id}: there is no ${reloadKey(id)}; bronze.reloads lists those that count`);
  const dates = datesBetween(reload.from_ms, reload.until_ms);
  if (!dry_run) {
    for (const date of dates)
      await markDirty(objects, { format: 1, date, command: 'reload', removed: [] }, `undo-${id}`);
    await objects.remove(reloadKey(id));
  }
  return { counts: { reloads_taken_back: 1 }, notes: [], dirty: dates };
}

/** Oldest first. */
async function readAll(objects: ObjectStore): Promise<Reload[]> {
  const keys = (await objects.keys(RELOADS_PREFIX)).filter((key) => key.endsWith('.json'));
  const reloads: Reload[] = [];
  for (const key of keys.sort()) reloads.push(parseReload((await objects.get(key))?.toString('utf8') ?? '', key));
  return reloads;
}

async function look(polls: Polls, { system, source, from_ms, until_ms, progress }: ReloadOptions): Promise<Known> {
  const digest = createHash('sha256').update(JSON.stringify([system.system_id, source, from_ms, until_ms]));
  const dates = new Set<string>();
  const sums = { polls: 0, events: 0, differing: 0 };
  for await (const poll of polls()) {
    const { kind, slot_ms, fetched_at_ms, events, receipt, differing } = poll;
    digest.update(
      JSON.stringify([kind, slot_ms, fetched_at_ms, events.map((e) => [e.content_hash, e.values]), receipt]),
    );
    dates.add(new Date(slot_ms).toISOString().slice(0, 10));
    sums.polls += 1;
    sums.events += events.length;
    sums.differing += differing;
    if (sums.polls % 100 === 0) progress(sums.polls, null, `${sums.polls} polls looked at`);
  }
  return { ...sums, content: digest.digest('hex'), dates: [...dates].sort() };
}

/** The rows of the polls, an hour of slots at a time. */
async function* hours(polls: Polls, id: string, { system_id, lanes }: PlannedSystem): AsyncGenerator<BronzeRow[]> {
  const shard_id = outsideShard('reload', id);
  let rows: BronzeRow[] = [];
  let hour: number | null = null;
  for await (const { kind, slot_ms, fetched_at_ms, feed_updated_ms, events, receipt } of polls()) {
    const of = Math.floor(slot_ms / HOUR_MS);
    if (hour !== null && of !== hour && rows.length > 0) {
      yield rows;
      rows = [];
    }
    hour = of;
    const record = { system_id, slot_ms, fetched_at_ms, feed_updated_ms, shard_id };
    const sequence_number = outsideSequence(id, kind, slot_ms, fetched_at_ms);
    rows.push(
      ...events.map((event, n) =>
        eventRow({ ...record, sequence_number }, n + 1, partOf(event.values.station_id, lanes.length), event),
      ),
    );
    if (receipt === null) continue;
    const sequence = outsideSequence(id, 'receipt', kind, slot_ms, fetched_at_ms);
    rows.push(receiptRow({ ...record, sequence_number: sequence }, receipt));
  }
  if (rows.length > 0) yield rows;
}

function datesBetween(from_ms: number, until_ms: number): string[] {
  const dates: string[] = [];
  for (let ms = Math.floor(from_ms / DAY_MS) * DAY_MS; ms < until_ms; ms += DAY_MS)
    dates.push(new Date(ms).toISOString().slice(0, 10));
  return dates;
}
