/** Each alarm of the template goes off when its condition comes about in a run of the packaged stack, and is silent in a healthy one. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type MetricAlarm, toAlarm } from '../../local/aws/cloudwatch/alarm.ts';
import { Alarms } from '../../local/aws/cloudwatch/alarms.ts';
import type { MetricStore } from '../../local/aws/cloudwatch/store.ts';
import { ACCOUNT_ID, REGION } from '../../local/aws/names.ts';
import { packageService, type ServicePackage } from '../../local/package.ts';
import { type Resource, resolveTemplate } from '../../local/template/resolve.ts';
import { readTemplate, type Stack } from '../../local/template.ts';
import { ROOT } from '../resources/package-service.ts';
import { alteredAlarms } from './drills/altered.ts';
import type { Drill } from './drills/drill.ts';
import { execution, GOLD, NOTHING_FOUND, putReport } from './drills/gold.ts';
import { POLL } from './drills/poll.ts';
import { PREFIX, Room, STAGE } from './drills/room.ts';
import { SILVER } from './drills/silver.ts';
import { STREAM } from './drills/stream.ts';

const DRILLS: readonly Drill[] = [...POLL, ...STREAM, ...SILVER, ...GOLD];
/** A machine that does much else at the same time takes its time. */
const LIMIT_MS = 400_000;

type Healthy = 'healthy hour' | 'healthy days';

/** What a run has left in the embedded CloudWatch. */
interface Seen {
  readonly metrics: MetricStore;
  readonly from_ms: number;
  readonly until_ms: number;
}

let folder: string;
let packaged: ServicePackage;
let stack: Stack;
let resources: readonly Resource[];
const seen = new Map<Drill | Healthy, Seen>();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'bikelake-drills-'));
  packaged = await packageService({ dir: folder, stage: STAGE, root: ROOT });
  stack = readTemplate(packaged.template);
  const { Resources } = JSON.parse(readFileSync(packaged.template, 'utf8'));
  resources = resolveTemplate({ Resources }, { account_id: ACCOUNT_ID, region: REGION });
}, LIMIT_MS);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** Lets something happen in a room of its own, and looks; what was measured is kept. */
async function inRoom(key: Drill | Healthy, options: Drill['room'], act: (room: Room) => Promise<void>): Promise<void> {
  const room = await Room.open(packaged, options);
  try {
    await act(room);
    seen.set(key, { metrics: room.cloud.metrics, from_ms: room.from_ms, until_ms: room.now() - 60_000 });
  } finally {
    await room.close();
  }
}

describe('the list of drills', () => {
  const shortNames = (alarms: readonly MetricAlarm[]) => alarms.map(({ name }) => name.slice(PREFIX.length));
  it('has every alarm of the template, and no other', () => {
    expect([...new Set(DRILLS.map(({ alarm }) => alarm))].sort()).toEqual(shortNames(stack.alarms).sort());
  });
  it('the template has no alarm that is left out here, and at most twelve', () => {
    expect(stack.notices.filter((notice) => notice.includes('alarm'))).toEqual([]);
    expect(stack.alarms.length).toBeLessThanOrEqual(12);
  });
  it('the alarm over all watches every alarm', () => {
    const [unwell, ...others] = stack.composite_alarms;
    expect(others).toEqual([]);
    expect(unwell?.name).toBe(`${PREFIX}unwell`);
    expect([...(unwell?.rule.alarms ?? [])].sort()).toEqual(stack.alarms.map(({ name }) => name).sort());
  });
});

describe.concurrent('a healthy run, from the first deploy on', () => {
  it(
    'is quiet for three deliveries, although feeds fail now and then',
    () =>
      inRoom('healthy hour', { has_usual_faults: true }, async (room) => {
        await room.minutes(50);
        expect(room.rang()).toEqual([]);
        expect(room.cloud.counters().bronze.files).toBeGreaterThan(1);
        expect(room.cloud.counters().mapping.done).toBeGreaterThan(100);
      }),
    LIMIT_MS,
  );
  it(
    'of days: the daily run succeeds, and finds nothing',
    () =>
      inRoom('healthy days', { systems: [] }, async (room) => {
        await room.stopPolling();
        for (let day = 0; day < 3; day += 1) {
          await room.hours(20);
          execution(room, 'ExecutionsSucceeded');
          await putReport(room, NOTHING_FOUND);
          await room.hours(4);
        }
        expect(room.rang()).toEqual(['poll-silent', 'unwell']); // nothing is polled here
      }),
    LIMIT_MS,
  );
});

describe.concurrent('an alarm goes off when its condition comes about:', () => {
  it.each(DRILLS.map((drill) => [`${drill.alarm}: ${drill.condition}`, drill] as const))(
    '%s',
    (_, drill) =>
      inRoom(drill, drill.room, async (room) => {
        await drill.cause(room);
        await room.minutesUntil(drill.alarm, drill.within);
        drill.check?.(room);
        expect(room.on()).toContain(drill.alarm);
        expect([drill.alarm, ...(drill.also ?? []), 'unwell']).toEqual(expect.arrayContaining(room.rang()));
        expect(room.isUnwell()).toBe(true);
      }),
    LIMIT_MS,
  );
});

describe('a drill notices an altered definition', () => {
  const isOn = (alarm: MetricAlarm, { metrics, from_ms, until_ms }: Seen): boolean => {
    const alarms = new Alarms(metrics, { metric: [alarm], composite: [] }, from_ms);
    alarms.evaluateTo(until_ms);
    return alarms.state(alarm.name) === 'ALARM';
  };
  const rings = (alarm: MetricAlarm, { metrics, from_ms, until_ms }: Seen): boolean => {
    const alarms = new Alarms(metrics, { metric: [alarm], composite: [] }, from_ms);
    return alarms.evaluateTo(until_ms).some(({ to }) => to === 'ALARM');
  };
  const drillsOf = (alarm: string): Seen[] =>
    DRILLS.filter((drill) => drill.alarm === alarm).map((drill) => seen.get(drill) as Seen);

  it('every namespace, name, dimension, threshold, comparison and period counts', () => {
    const unnoticed: string[] = [];
    const healthy = (['healthy hour', 'healthy days'] as const).map((run) => seen.get(run) as Seen);
    for (const { name: full_name } of stack.alarms) {
      const name = full_name.slice(PREFIX.length);
      const resource = resources.find(({ properties }) => properties.AlarmName === full_name) as Resource;
      const drills = drillsOf(name);
      expect([name, drills.every((drill) => isOn(toAlarm(resource), drill))]).toEqual([name, true]);
      for (const { change, properties } of alteredAlarms(resource.properties)) {
        const altered = toAlarm({ ...resource, properties });
        const is_noticed = drills.some((drill) => !isOn(altered, drill)) || healthy.some((run) => rings(altered, run));
        if (!is_noticed) unnoticed.push(`${name}: ${change}`);
      }
    }
    expect(unnoticed).toEqual([]);
  });
});
