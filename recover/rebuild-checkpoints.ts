import { foldNewestFolder, type LogStore, readObject } from '../lib/silver/log.ts';
import type { LaneState } from '../lib/silver/state.ts';
import type { CheckpointItem, CheckpointTable } from './checkpoint-item.ts';
import type { Given, Outcome } from './command.ts';

export interface CheckpointPorts {
  readonly log: LogStore;
  readonly table: CheckpointTable;
}

const LOG = 'log/';
const LANE = /^log\/lane=([^/]+)\//;

/**
 * Makes the checkpoints of lanes anew from the newest folder of their log. One that says the same as the log is left alone. A lane whose
 * chain has a hole there is left alone as well, and the hole is named: its state can't be told.
 */
export async function rebuildCheckpoints(
  { log, table }: CheckpointPorts,
  lane: string | null,
  { dry_run, progress }: Pick<Given, 'dry_run' | 'progress'>,
): Promise<Outcome> {
  const counts = { lanes: 0, as_the_log_says: 0, rebuilt: 0 };
  const told: string[] = [];
  const notes: string[] = [];
  const lanes = lane === null ? await lanesOf(log) : [lane];
  for (const [n, name] of lanes.entries()) {
    progress(n, lanes.length, 'lanes');
    counts.lanes = n + 1;
    const item = await table.read(name);
    const wrong = await holeIn(log, name);
    const state = wrong === null ? await foldNewestFolder(log, name) : null;
    if (state === null || state.version === 0) {
      notes.push(`lane ${name}: ${wrong}`);
      continue;
    }
    if (item.state !== null && contentOf(item.state) === contentOf(state)) {
      counts.as_the_log_says += 1;
      continue;
    }
    if (!dry_run && !(await table.replace(name, item, state))) {
      notes.push(`lane ${name}: Silver wrote a checkpoint meanwhile: run the command again while the lane is quiet`);
      continue;
    }
    counts.rebuilt += 1;
    told.push(`lane ${name}: ${what(item, state)}; ${dry_run ? 'it would be' : 'now'} version ${state.version}`);
  }
  return { counts, told, notes, dirty: [], changed: counts.rebuilt > 0 };
}

async function lanesOf(log: LogStore): Promise<string[]> {
  const folders = await log.folders(LOG);
  return [...new Set(folders.flatMap((folder) => LANE.exec(folder)?.[1] ?? []))].sort();
}

/** What keeps the newest folder of a lane from telling its state; null: nothing. */
async function holeIn(log: LogStore, lane: string): Promise<string | null> {
  const folders = (await log.folders(`${LOG}lane=${lane}/`)).sort();
  const newest = folders.at(-1);
  if (newest === undefined) return 'it has no log: there is nothing to make its checkpoint from';
  const before = folders.at(-2);
  const last = before === undefined ? undefined : versionsOf(await log.keys(before)).at(-1);
  const versions = versionsOf(await log.keys(newest));
  // Older folders may have expired; then the state in the first object says what came before it.
  const state = (await readObject(log, `${newest}${nameOf(versions[0] ?? 0)}`)).before;
  let next = (last ?? state?.version ?? 0) + 1;
  for (const version of versions) {
    if (version !== next) return missing(next, version - 1, newest);
    next = version + 1;
  }
  return state === null && versions[0] !== 1 ? `${newest} does not begin with the state before it` : null;
}

const missing = (first: number, last: number, folder: string): string =>
  `its chain has a hole: ${first === last ? `version ${first}` : `versions ${first} to ${last}`} of ${folder} or the folder before it; put the object back (the bucket keeps older versions), the checkpoint is left as it is`;

const nameOf = (version: number): string => `${String(version).padStart(12, '0')}.parquet`;

const versionsOf = (keys: readonly string[]): number[] =>
  keys.map((key) => Number.parseInt(key.slice(key.lastIndexOf('/') + 1), 10)).sort((a, b) => a - b);

function what({ bytes, state }: CheckpointItem, now: LaneState): string {
  if (bytes === null) return 'it was lost';
  if (state === null) return 'it could not be read';
  if (state.version > now.version) return `it was version ${state.version}, beyond the log`;
  if (state.version < now.version) return `it was version ${state.version}, behind the log`;
  return `it was version ${state.version} with another content`;
}

/** A state as text: what differs in it differs in the text, whatever the order in which it came about. */
function contentOf({ version, date, folder, positions, newest, stations }: LaneState): string {
  const rows = [...stations].flatMap(([system, own]) => [...own].map(([id, row]) => [`${system}/${id}`, plain(row)]));
  const sorted = (pairs: Iterable<readonly unknown[]>): unknown =>
    [...pairs].sort((a, b) => (String(a[0]) < String(b[0]) ? -1 : 1));
  return JSON.stringify([version, date, folder, sorted(positions), sorted(newest), sorted(rows)]);
}

/** An object with its members in the order of their names, without those that are null. */
function plain(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  const members = Object.entries(value).filter(([, member]) => member !== null && member !== undefined);
  return members.sort(([a], [b]) => (a < b ? -1 : 1)).map(([name, member]) => [name, plain(member)]);
}
