import { mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import type { Row } from '../../lib/parquet.ts';
import type { Plan } from '../../lib/poll/plan.ts';
import { processBatch, type SilverPorts } from '../../lib/silver/process-batch.ts';
import { partOf } from '../../lib/stream/lane.ts';
import { relaneLake } from '../../recover/relane-lake.ts';
import { chunk, receipt, SmallLake } from '../gold/small-lake.ts';
import { MemoryCheckpoints, MemoryLog } from '../silver/memory-log.ts';
import { laneRecord, MINUTE, START_MS } from '../silver/records.ts';

const OLD = ['lane-001'];
const NEW = ['lane-002', 'lane-003'];
const IDS = ['s', 't', 'u', 'v', 'w'];
const PLAN: Plan = {
  format: 1,
  groups: [
    {
      group_id: 'g',
      interval_s: 60,
      systems: [
        { system_id: 'sys', kind: 'gbfs', url: 'https://f.example', interval_s: 60, time_zone: 'UTC', lanes: OLD },
      ],
    },
  ],
};

/** A system that relane moves to two other lanes in the middle: a poll of before comes late in the new ones, and one of after into the one it has left. */
export async function movedLake(): Promise<SmallLake> {
  const lake = new SmallLake();
  const log = new MemoryLog();
  const quiet = { pause: async () => undefined, warn: () => undefined };
  const silver: SilverPorts = { log, checkpoints: new MemoryCheckpoints(), memory: new Map(), checkpoint_every: 4, ...quiet };
  const bronze: Row[] = [];
  let sequence = 100;
  const poll = async (minute: number, lanes: readonly string[]): Promise<void> => {
    const slot_ms = START_MS + minute * MINUTE;
    const seen = Object.fromEntries(IDS.map((id, n) => [id, Math.floor((minute + 40) / (n + 2)) % 2 === 0 ? 'A' : 'B']));
    for (const [part, lane] of lanes.entries()) {
      const own = Object.fromEntries(Object.entries(seen).filter(([id]) => partOf(id, lanes.length) === part));
      sequence += 1;
      const bikes = Object.fromEntries(Object.entries(own).map(([id, letter]) => [id, { bikes: letter.charCodeAt(0) }]));
      const rows = chunk({ slot_ms, sequence, part }, bikes);
      bronze.push(...rows.map((row) => ({ ...row, lane, content_hash: seen[String(row.station_id)]?.repeat(16) })));
      await processBatch([laneRecord(sequence, minute, { [part]: own }, lane)], silver);
    }
    sequence += 1;
    bronze.push(receipt({ slot_ms, sequence }, IDS.length));
  };
  for (const minute of [-6, -5, -4, -3, -2, 0, 1]) await poll(minute, OLD);
  const ports = { log, rest: { beyond: async () => new Map() }, drain: async () => false, writePlan: async () => undefined };
  await relaneLake(PLAN, new Map([['sys', NEW]]), ports, false);
  await poll(-1, NEW);
  await poll(2, OLD);
  for (const minute of [3, 4, 5, 6]) await poll(minute, NEW);
  lake.bronze(bronze);
  for (const [key, bytes] of log.objects) {
    mkdirSync(dirname(join(lake.root, key)), { recursive: true });
    writeFileSync(join(lake.root, key), bytes);
  }
  return lake;
} // biome-ignore format: calls
