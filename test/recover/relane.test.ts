import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Figures, figuresOf } from '../../jobs/duckdb/figures.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import type { Row } from '../../lib/parquet.ts';
import type { Plan } from '../../lib/poll/plan.ts';
import { lanesOf, replanned } from '../../lib/poll/plan-relane.ts';
import { processBatch, type SilverPorts } from '../../lib/silver/process-batch.ts';
import { partOf } from '../../lib/stream/lane.ts';
import { countStations, type RelanePorts, relaneLake } from '../../recover/relane-lake.ts';
import { chunk, receipt, SmallLake } from '../gold/small-lake.ts';
import { MemoryCheckpoints, MemoryLog } from '../silver/memory-log.ts';
import { laneRecord, MINUTE, START_MS } from '../silver/records.ts';
import { LakeObjects } from './lake-objects.ts';

const OLD = ['lane-001'];
const NEW = ['lane-002', 'lane-003'];
const IDS = ['s', 't', 'u', 'v', 'w', 'x', 'y', 'z'];
const planOf = (lanes: readonly string[]): Plan => ({
  format: 1,
  groups: [{ group_id: 'g', interval_s: 60, systems: [{ system_id: 'sys', kind: 'gbfs', url: 'https://f.example', interval_s: 60, time_zone: 'UTC', lanes }] }],
}); // biome-ignore format: a table

/** Polls over midnight, a minute apart; each station moves at its own pace. */
const seenAt = (minute: number) =>
  Object.fromEntries(IDS.map((id, n) => [id, Math.floor((minute + 40) / (n + 2)) % 2 === 0 ? 'A' : 'B']));

let lake: SmallLake;
let log: MemoryLog;
let silver: SilverPorts;
let sequence: number;
let bronze: Row[];
beforeEach(() => {
  lake = new SmallLake();
  log = new MemoryLog();
  const quiet = { pause: async () => undefined, warn: () => undefined };
  silver = { log, checkpoints: new MemoryCheckpoints(), memory: new Map(), checkpoint_every: 4, ...quiet };
  sequence = 100;
  bronze = [];
});
afterEach(() => lake.remove());

/** A poll as it goes through the stream: into Bronze, and into the log. */
async function poll(minute: number, lanes: readonly string[]): Promise<void> {
  const slot_ms = START_MS + minute * MINUTE;
  const seen = seenAt(minute);
  for (const [part, lane] of lanes.entries()) {
    const own = Object.entries(seen).filter(([id]) => partOf(id, lanes.length) === part);
    sequence += 1;
    const rows = chunk(
      { slot_ms, sequence, part },
      Object.fromEntries(own.map(([id, c]) => [id, { bikes: c.charCodeAt(0) }])),
    );
    bronze.push(...rows.map((row) => ({ ...row, lane, content_hash: seen[String(row.station_id)]?.repeat(16) })));
    await processBatch([laneRecord(sequence, minute, { [part]: Object.fromEntries(own) }, lane)], silver);
  }
  sequence += 1;
  bronze.push(receipt({ slot_ms, sequence }, IDS.length));
}

async function pollAll(from: number, to: number, lanes: readonly string[]): Promise<void> {
  for (let minute = from; minute < to; minute++) await poll(minute, lanes);
}

function ports(more: Partial<RelanePorts> = {}): RelanePorts & { readonly plans: Plan[] } {
  const plans: Plan[] = [];
  const writePlan = async (plan: Plan): Promise<void> => void plans.push(plan);
  return { log, rest: { beyond: async () => new Map() }, drain: async () => false, writePlan, plans, ...more };
}

const move = (more: Partial<RelanePorts> = {}, dry_run = false) => {
  const own = ports(more);
  return { ...own, done: relaneLake(planOf(OLD), new Map([['sys', NEW]]), own, dry_run) };
};

async function figures(): Promise<Figures> {
  lake.bronze(bronze);
  const objects = new LakeObjects(lake.root);
  for (const [key, bytes] of log.objects) await objects.put(key, bytes);
  await settleLake(lake.root);
  return figuresOf(lake.root);
}

const balanced = { audit_missing: 0, audit_extra: 0, ledger_difference: 0, pending: 0, given_up: 0 };

describe('a system that is moved in the middle of a run', () => {
  test('has the changes of an unmoved one, and nothing to explain', async () => {
    await pollAll(-10, 4, OLD);
    await move().done;
    await pollAll(4, 20, NEW);
    const moved = await figures();
    const chains = log;
    lake.remove();
    lake = new SmallLake();
    log = new MemoryLog();
    silver = { ...silver, log, checkpoints: new MemoryCheckpoints(), memory: new Map() };
    bronze = [];
    await pollAll(-10, 20, OLD);
    const { silver_rows, settled_changes, settled_spans } = await figures();
    expect(moved).toMatchObject({ ...balanced, audit_explained: 0, silver_rows, settled_changes, settled_spans });
    expect(silver_rows).toBeGreaterThan(40);
    expect((await chains.chain('lane-002')).length).toBeGreaterThan(16);
  });

  test('without its state every station would seem new', async () => {
    await pollAll(-10, 4, OLD);
    await pollAll(4, 20, NEW);
    expect((await figures()).audit_extra).toBeGreaterThan(0);
  });

  test.each([
    ['a poll of before that comes late in the new lanes', true, async () => {
      await pollAll(-10, 2, OLD);
      await pollAll(3, 4, OLD);
      await move().done;
      await poll(2, NEW);
      await pollAll(4, 20, NEW);
    }],
    ['a poll that comes into the old lane after the move', true, async () => {
      await pollAll(-10, 4, OLD);
      await move().done;
      await poll(4, OLD);
      await pollAll(5, 20, NEW);
    }],
    ['polls left out meanwhile', false, async () => {
      await pollAll(-10, 4, OLD);
      await move().done;
      await pollAll(9, 20, NEW);
    }],
    ['a relane that was ended before the plan was written, and never run again', false, async () => {
      await pollAll(-10, 4, OLD);
      await expect(move({ writePlan: async () => { throw new Error('killed'); } }).done).rejects.toThrow('killed');
      await pollAll(4, 20, OLD);
    }],
  ] as const)('%s: what differs is explained, and nothing else is (%s)', async (_, isExplained, run) => {
    await run();
    expect(await figures()).toMatchObject(balanced);
    const [[explanations] = []] = await lake.rows('SELECT count(*) FROM silver.explanations');
    expect(Number(explanations) > 0).toBe(isExplained);
  }); // biome-ignore format: a table
});

describe('the command', () => {
  test('its effects: the first object of each lane, read again; then the plan; the second run finds them', async () => {
    await pollAll(-3, 3, OLD);
    log.actions.length = 0;
    const first = move();
    const { counts } = await first.done;
    expect(counts).toEqual({ systems_moved: 1, lanes_left: 1, lanes_begun: 2, station_rows_carried: 8 });
    const key = (lane: string) => `log/lane=${lane}/event_date=1970-01-01/000000000001.parquet`;
    expect(log.actions.filter((a) => !a.includes('lane-001'))).toEqual(
      NEW.flatMap((lane) => [`put ${key(lane)}`, `get ${key(lane)}`]),
    );
    expect(first.plans).toEqual([planOf(NEW)]);
    const objects = [...log.objects.keys()];
    const again = move();
    await again.done;
    expect(again.plans).toEqual([planOf(NEW)]);
    expect([...log.objects.keys()]).toEqual(objects);
    expect(await relaneLake(planOf(NEW), new Map([['sys', NEW]]), ports(), false)).toMatchObject({
      counts: { systems_moved: 0 },
    });
  });

  test('a dry run puts nothing', async () => {
    await pollAll(-3, 3, OLD);
    log.actions.length = 0;
    const { plans, done } = move({}, true);
    await done;
    expect([...log.actions.filter((a) => a.startsWith('put')), ...plans]).toEqual([]);
  });

  test.each(['reply_lost', 'request_lost'] as const)(
    'a put whose outcome is unknown (%s) is put again',
    async (fault) => {
      await pollAll(-3, 3, OLD);
      const faults = [fault];
      const faulty = new MemoryLog(() => faults.shift() ?? 'none');
      for (const [key, bytes] of log.objects) faulty.objects.set(key, bytes);
      const { plans, done } = move({ log: faulty });
      await done;
      expect(plans).toHaveLength(1);
      expect((await faulty.chain('lane-002')).length).toBe(1);
    },
  );

  test('refuses lanes that are not at rest, lanes that have a chain, and lanes of others', async () => {
    await pollAll(-3, 3, OLD);
    const rest = { beyond: async () => new Map([['lane-001', 3]]) };
    await expect(move({ rest }).done).rejects.toThrow('lane-001 (3 records): not consumed yet');
    let drained = 0;
    const drain = async (): Promise<boolean> => ++drained === 1;
    await move({ rest: { beyond: async () => (drained === 0 ? new Map([['lane-001', 3]]) : new Map()) }, drain }).done;
    await poll(3, OLD);
    await expect(move().done).rejects.toThrow("lane-002 has a chain already (1 objects), which can't be changed");
    await expect(relaneLake(planOf(OLD), new Map([['sys', [...OLD, 'lane-009']]]), ports(), false)).rejects.toThrow(
      'sys: lane-001 is where it is now',
    );
  });

  test('replan: a system that has grown is divided; where the plan is as it would be made, nothing moves', async () => {
    await pollAll(-3, 3, OLD);
    expect(await countStations(planOf(OLD), log)).toEqual(new Map([['sys', 8]]));
    expect(replanned(planOf(OLD), new Map([['sys', 8]]))).toEqual(new Map());
    const grown = replanned(planOf(OLD), new Map([['sys', 3_100]]));
    expect(grown.get('sys')).toEqual([
      'lane-002',
      'lane-002',
      'lane-002',
      'lane-002',
      'lane-002',
      'lane-002',
      'lane-003',
    ]);
    expect(lanesOf(planOf(OLD)).get('sys')).toEqual(OLD);
  });
});
