import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { eraseLake } from '../../recover/erase/erase-lake.ts';
import type { ItemTable } from '../../recover/erase/items.ts';
import type { InStream } from '../../recover/erase/stream.ts';
import { readPlanOf } from '../../recover/lake-plan.ts';
import type { ReplacingStore } from '../../recover/objects.ts';
import { SmallLake } from '../gold/small-lake.ts';
import { deliver, Silver } from '../pipeline/consuming.ts';
import { type Season, season } from '../pipeline/draw.ts';
import { type Stored, systemsOf } from '../pipeline/polling.ts';
import { LakeObjects } from './lake-objects.ts';
import { Effects } from './memory.ts';

/** The objects of a lake folder, replaced as they were read. Puts, replaces and removes are effects. */
export class FolderObjects implements ReplacingStore {
  readonly effects: Effects;
  readonly tagged = new Set<string>();
  readonly #root: string;
  readonly #reads: LakeObjects;

  constructor(root: string, effects = new Effects()) {
    this.#root = root;
    this.#reads = new LakeObjects(root);
    this.effects = effects;
  }

  keys = (prefix: string): Promise<string[]> => this.#reads.keys(prefix);
  get = (key: string): Promise<Buffer | null> => this.#reads.get(key);

  async read(key: string) {
    const bytes = await this.get(key);
    return bytes === null ? null : { bytes, etag: md5(bytes) };
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    const file = join(this.#root, key);
    this.effects.do(`put ${key}`, () => {
      mkdirSync(dirname(file), { recursive: true });
      rmSync(file, { force: true });
      writeFileSync(file, bytes);
    });
  }

  async replace(key: string, etag: string, bytes: Uint8Array): Promise<boolean> {
    const file = join(this.#root, key);
    if (!existsSync(file) || md5(readFileSync(file)) !== etag) return false;
    await this.put(key, bytes);
    return true;
  }

  async remove(key: string): Promise<void> {
    this.effects.do(`remove ${key}`, () => rmSync(join(this.#root, key), { force: true }));
  }

  async tag(key: string): Promise<void> {
    this.effects.do(`tag ${key}`, () => this.tagged.add(key));
  }
}

const md5 = (bytes: Uint8Array): string => createHash('md5').update(bytes).digest('hex');

type Item = Record<string, AttributeValue>;

/** A table in memory, by the name of its key. */
export class MemoryTable implements ItemTable {
  readonly map = new Map<string, Item>();
  readonly #key: string;
  readonly #effects: Effects;

  constructor(key: string, items: readonly Item[] = [], effects = new Effects()) {
    this.#key = key;
    this.#effects = effects;
    for (const item of items) this.map.set(String(item[key]?.S), item);
  }

  items = async (): Promise<Item[]> => [...this.map.values()];

  async replace(read: Item, item: Item | null): Promise<boolean> {
    const key = String(read[this.#key]?.S);
    if (this.map.get(key) !== read) return false;
    this.#effects.do(`item ${key}`, () => (item === null ? this.map.delete(key) : this.map.set(key, item)));
    return true;
  }
}

export interface Erased {
  readonly effects: Effects;
  readonly tables?: { readonly checkpoints: MemoryTable; readonly poll_states: MemoryTable };
  readonly objects?: FolderObjects;
  readonly stream?: InStream;
}

/** The lake of what the stream held, with these systems in its plan; not settled yet. */
export async function seasonLake(
  s: Season,
  stored: readonly Stored[],
  system_ids: readonly string[],
): Promise<SmallLake> {
  const lake = new SmallLake(systemsOf(s).filter(({ system_id }) => system_ids.includes(system_id)));
  const silver = new Silver(s.log_puts);
  deliver(stored, s.deliveries, lake);
  await silver.consume(stored, s.batches);
  silver.write(lake);
  return lake;
}

/** Seasons of two systems: `one` has a lane of its own or two, `two` shares lane-002 or has it alone. */
export const twoSystems = season.map(
  // No record is too large for the transform's answer: which ones are depends on what else is in them.
  (s): Season => ({ ...s, systems: 2, deliveries: s.deliveries.map((d) => ({ ...d, limit_bytes: 5_500_000 })) }),
);

/** Erases a system from a lake folder, as the command does. */
export function eraseFolder(root: string, system_id: string, more: Partial<Erased> = {}, dry_run = false) {
  const effects = more.effects ?? new Effects();
  const objects = more.objects ?? new FolderObjects(root, effects);
  const ports = {
    objects,
    lake: new LakeFolder(root),
    items: more.tables ?? { checkpoints: new MemoryTable('lane'), poll_states: new MemoryTable('group_id') },
    readPlan: () => readPlanOf({ where: 'folder', lake: objects }),
    now_ms: () => Date.UTC(2026, 10, 25),
    inStream: async () => more.stream ?? { records: 0, newest_ms: null },
    retention_ms: 86_400_000,
  };
  return eraseLake(ports, { system_id, dry_run, progress: () => undefined });
}

/** Every file below a folder, by path, as hex. */
export function filesBelow(folder: string): Record<string, string> {
  if (!existsSync(folder)) return {};
  const all = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  return Object.fromEntries(all.sort().map((file) => [relative(folder, file), readFileSync(file, 'hex')]));
}
