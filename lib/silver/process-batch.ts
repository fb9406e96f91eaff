import { TransientError } from '../errors.ts';
import { compareSequence, type LaneRecord } from '../stream/record.ts';
import type { CheckpointStore } from './checkpoint.ts';
import { nextObject, pending } from './judge.ts';
import { foldNewestFolder, type LogStore, logKey, readObject } from './log.ts';
import { encodeObject } from './object.ts';
import { apply, type LaneState, newestSlot } from './state.ts';

/** What an execution environment remembers of a lane between batches. It need not be the newest: a stale state costs a collision, never a row. */
export interface Remembered {
  state: LaneState;
  /** Version of the last checkpoint that this environment read or wrote. */
  checkpointed: number;
}

export interface SilverPorts {
  readonly log: LogStore;
  readonly checkpoints: CheckpointStore;
  readonly memory: Map<string, Remembered>;
  /** How many versions may come between two checkpoints of a lane. An old checkpoint costs that many collisions, and never a row. */
  readonly checkpoint_every: number;
  /** Waits before a put whose outcome is unknown is tried again. */
  readonly pause: (attempt: number) => Promise<void>;
  readonly warn: (message: string, details: Readonly<Record<string, unknown>>) => void;
  /** Is told of each object that this environment put for a batch, how many changes it holds. Must not fail. */
  readonly logged?: (changes: number) => void;
}

/** A state older than this against the batch is not used: objects behind it may have expired. */
const STALE_MS = 7 * 24 * 3_600_000;
const PUT_ATTEMPTS = 5;

/**
 * Brings a batch of one shard into the log (docs/architecture.md, "Silver").
 * Delivery guarantee: every record is consumed by exactly one object of its lane, however often and by whomever it is
 * delivered. Returns the lowest sequence number that is not done, or null: what Lambda must deliver again.
 */
export async function processBatch(records: readonly LaneRecord[], ports: SilverPorts): Promise<string | null> {
  const lanes = Map.groupBy(records, (record) => record.lane);
  const open = await Promise.all([...lanes].map(([lane, own]) => processLane(lane, own, ports)));
  return open.filter((s) => s !== null).sort(compareSequence)[0] ?? null;
}

async function processLane(lane: string, records: readonly LaneRecord[], ports: SilverPorts): Promise<string | null> {
  let remembered: Remembered | undefined;
  try {
    remembered = await load(lane, records, ports);
    await consume(lane, remembered, records, ports);
  } catch (error) {
    // The other lanes go on. What this lane consumed stands in its log; the rest comes again.
    ports.warn('a lane failed', { lane, error: String(error) });
    return lowestOpen(remembered?.state, records);
  }
  await checkpoint(lane, remembered, ports);
  return null;
}

function lowestOpen(state: LaneState | undefined, records: readonly LaneRecord[]): string | null {
  const open = state === undefined ? records : pending(state, records);
  return open[0]?.sequence_number ?? null;
}

/** Step 1: any state will do, memory before checkpoint; none, an empty or a week-old one gives way to the log's newest folder. */
async function load(lane: string, records: readonly LaneRecord[], ports: SilverPorts): Promise<Remembered> {
  const known = ports.memory.get(lane) ?? (await fromCheckpoint(lane, ports));
  const newest = Math.max(...records.map((r) => r.slot_ms));
  if (known !== null && known.state.version > 0 && newestSlot(known.state) >= newest - STALE_MS) {
    ports.memory.set(lane, known);
    return known;
  }
  const folded = { state: await foldNewestFolder(ports.log, lane), checkpointed: known?.checkpointed ?? 0 };
  ports.memory.set(lane, folded);
  return folded;
}

async function fromCheckpoint(lane: string, ports: SilverPorts): Promise<Remembered | null> {
  const state = await ports.checkpoints.read(lane).catch((error: unknown) => {
    ports.warn('checkpoint not read; the log tells', { lane, error: String(error) });
    return null;
  });
  return state === null ? null : { state, checkpointed: state.version };
}

/** Steps 2 and 3: put the chain's next object until no record is left. */
async function consume(
  lane: string,
  remembered: Remembered,
  records: readonly LaneRecord[],
  ports: SilverPorts,
): Promise<void> {
  let behind = false;
  for (;;) {
    const { state } = remembered;
    const object = nextObject(state, records);
    if (object === null) return;
    const folder = state.date;
    const key = logKey(lane, folder, state.version + 1);
    const bytes = encodeObject(lane, state.version + 1, object, folder === state.folder ? null : state);
    if ((await putUntilKnown(key, bytes, ports)) === 'created') {
      apply(state, folder, object);
      if (object.type === 'batch') ports.logged?.(object.changes.length);
      continue;
    }
    // An earlier attempt, another environment or a slow twin was first. Where others went far ahead, the checkpoint is the
    // shorter way: any state will do. Else what stands under the name is the chain.
    const newer = behind ? null : await fromCheckpoint(lane, ports);
    behind = true;
    if (newer !== null && newer.state.version > state.version) Object.assign(remembered, newer);
    else {
      const { object: first, before } = await readObject(ports.log, key);
      // All of it: a chain that relane began has a state before its first object.
      if (before !== null && state.version === 0) remembered.state = before;
      apply(remembered.state, folder, first);
    }
  }
}

async function putUntilKnown(key: string, bytes: Uint8Array, ports: SilverPorts): Promise<'created' | 'exists'> {
  for (let attempt = 1; attempt <= PUT_ATTEMPTS; attempt++) {
    const outcome = await ports.log.put(key, bytes);
    if (outcome !== 'unknown') return outcome;
    await ports.pause(attempt);
  }
  throw new TransientError('silver', 'put_unknown', `the outcome of ${PUT_ATTEMPTS} puts of ${key} is unknown`);
}

/** Step 4. It is a cache, so that failing to write it costs collisions and nothing else. */
async function checkpoint(lane: string, remembered: Remembered, ports: SilverPorts): Promise<void> {
  const { state } = remembered;
  if (state.version - remembered.checkpointed < ports.checkpoint_every) return;
  try {
    await ports.checkpoints.write(lane, state);
    remembered.checkpointed = state.version;
  } catch (error) {
    ports.warn('checkpoint not written', { lane, error: String(error) });
  }
}
