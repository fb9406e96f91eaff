import type { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { type Erasure, erasureKey, erasureText, parseErasure } from '../../lib/gold/erasure.ts';
import type { Plan } from '../../lib/poll/plan.ts';
import { planText } from '../../lib/poll/plan-command.ts';
import type { Outcome } from '../command.ts';
import { LAKE_PLAN } from '../lake-plan.ts';
import type { ReplacingStore } from '../objects.ts';
import { BronzeOfSystem } from './bronze.ts';
import { eraseFromDocuments } from './documents.ts';
import { eraseFromItems, type ItemPorts } from './items.ts';
import { eraseFromLog } from './log.ts';
import type { InStream } from './stream.ts';
import { eraseFromTables } from './tables.ts';

export interface ErasePorts {
  readonly objects: ReplacingStore;
  /** The same objects as files of this machine. */
  readonly lake: LakeFolder;
  readonly items: ItemPorts;
  readonly readPlan: () => Promise<Plan>;
  readonly now_ms: () => number;
  /** What the stream holds of the system, and how long it keeps a record. */
  readonly inStream: () => Promise<InStream>;
  readonly retention_ms: number;
}

export interface EraseOptions {
  readonly system_id: string;
  readonly dry_run: boolean;
  readonly progress: (done: number, total: number | null, what: string) => void;
}

/**
 * Takes the data of a system out of every layer. Nothing is delivered and nothing written by others meanwhile. Order: the record of it, from which on no command
 * brings the system back; the plan; what waits beside the layers; the log, while Bronze still tells what its batches counted; checkpoints; Bronze; settled Silver and Gold.
 * Delivery guarantee: each object is replaced as it was read, each step finds by itself what is left. Ended at any moment, the next run goes on; run again, it changes nothing.
 */
export async function eraseLake(ports: ErasePorts, options: EraseOptions): Promise<Outcome> {
  const { system_id, dry_run, progress } = options;
  const key = erasureKey(system_id);
  const known = await readErasure(ports.objects, key);
  const isBegun = known !== null && known.allowed_again_at === null;
  const base: Erasure = isBegun ? known : begun(system_id, ports.now_ms());
  const write = (erasure: Erasure) => ports.objects.put(key, Buffer.from(erasureText(erasure)));
  if (!dry_run && !isBegun) await write(base);
  const counts = await eraseLayers(ports, options);
  progress(0, null, 'reading the stream');
  const { records, newest_ms } = await ports.inStream();
  const until_ms = newest_ms === null ? null : newest_ms + ports.retention_ms;
  const stream_until = until_ms === null ? null : new Date(until_ms).toISOString();
  const isFound = Object.values(counts).some((n) => n > 0);
  const isNews = isFound || base.ended_at === null || base.stream_until !== stream_until;
  const now = new Date(ports.now_ms()).toISOString();
  const ended: Erasure = {
    ...base,
    ended_at: isNews ? now : base.ended_at,
    stream_until,
    counts: added(base.counts, counts),
  };
  if (!dry_run && isNews) await write(ended);
  const inTheStream =
    stream_until === null
      ? []
      : [
          `the stream holds ${records} records with events of ${system_id} until a run's clock is past ${stream_until}, and no one can take them out: run erase again then`,
        ];
  return {
    counts: { ...counts, records_in_the_stream: records },
    told: [`the record of it: ${key}`],
    notes: inTheStream,
    dirty: [],
    changed: isFound || base.ended_at === null,
  }; // biome-ignore format: a table
}

async function eraseLayers(ports: ErasePorts, { system_id, dry_run, progress }: EraseOptions) {
  const { objects, lake } = ports;
  const plan = await eraseFromPlan(ports, system_id, dry_run);
  progress(0, null, 'quarantine, errors and batches that were given up');
  const documents = await eraseFromDocuments(objects, system_id, dry_run);
  await using bronze = await BronzeOfSystem.open(lake, system_id, progress);
  const linesOf = bronze.linesOf.bind(bronze);
  const log = await eraseFromLog({ objects, linesOf, progress }, system_id, dry_run);
  const items = await eraseFromItems(ports.items, system_id, dry_run);
  const rows = await bronze.erase(objects, dry_run);
  progress(0, null, 'settled Silver and Gold');
  const tables = await eraseFromTables(lake, system_id, dry_run);
  return { plan, ...documents, ...log, ...items, ...rows, ...tables };
}

/** The plan of a folder says where systems were: nothing polls by it while no run has the folder. 1 where the system was in it. */
async function eraseFromPlan({ objects, readPlan }: ErasePorts, system_id: string, dry_run: boolean): Promise<number> {
  const plan = await readPlan();
  const isPlanned = plan.groups.some((group) => group.systems.some((system) => system.system_id === system_id));
  if (!isPlanned) return 0;
  const groups = plan.groups.flatMap((group) => {
    const systems = group.systems.filter((system) => system.system_id !== system_id);
    return systems.length === 0 ? [] : [{ ...group, systems }];
  });
  if (!dry_run) await objects.put(LAKE_PLAN, Buffer.from(planText({ ...plan, groups })));
  return 1;
}

/** Takes an erasure back: the system may be polled and loaded again. What was erased stays so. */
export async function allowAgain(
  ports: Pick<ErasePorts, 'objects' | 'now_ms'>,
  options: Omit<EraseOptions, 'progress'>,
): Promise<Outcome> {
  const key = erasureKey(options.system_id);
  const known = await readErasure(ports.objects, key);
  const isOpen = known !== null && known.allowed_again_at === null;
  if (isOpen && !options.dry_run) {
    const allowed_again_at = new Date(ports.now_ms()).toISOString();
    await ports.objects.put(key, Buffer.from(erasureText({ ...known, allowed_again_at })));
  }
  return { counts: { allowed_again: isOpen ? 1 : 0 }, notes: [], dirty: [], changed: isOpen };
}

async function readErasure(objects: ReplacingStore, key: string): Promise<Erasure | null> {
  const bytes = await objects.get(key);
  return bytes === null ? null : parseErasure(bytes.toString('utf8'), key);
}

const begun = (system_id: string, now_ms: number): Erasure => ({
  format: 1,
  system_id,
  begun_at: new Date(now_ms).toISOString(),
  ended_at: null,
  allowed_again_at: null,
  stream_until: null,
  counts: {},
});

const added = (a: Erasure['counts'], b: Erasure['counts']): Erasure['counts'] =>
  Object.fromEntries(
    [...new Set([...Object.keys(a), ...Object.keys(b)])].map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]),
  );
