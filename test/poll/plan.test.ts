import { copyFileSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCsv } from '../../lib/poll/csv.ts';
import { type Plan, type PlannableSystem, planOf } from '../../lib/poll/plan.ts';
import { planText, runPlan } from '../../lib/poll/plan-command.ts';
import { hasSharedData, readShared } from '../shared.ts';

const system = (system_id: string, more: Partial<PlannableSystem> = {}): PlannableSystem => ({
  system_id,
  kind: 'gbfs',
  url: `https://${system_id}.example/gbfs.json`,
  interval_s: 60,
  time_zone: 'UTC',
  stations: 300,
  ...more,
});
const lanesOf = (plan: Plan) =>
  Object.fromEntries(plan.groups.flatMap((g) => g.systems.map((s) => [s.system_id, s.lanes.join(' ')])));
const groupsOf = (plan: Plan) =>
  Object.fromEntries(plan.groups.map((g) => [g.group_id, g.systems.map((s) => s.system_id).join(' ')]));

describe('poll groups', () => {
  it('are of one interval, with Seoul in a group of its own', () => {
    const seoul = system('seoul', { kind: 'seoul', url: 'http://seoul.example:8088' });
    expect(groupsOf(planOf([system('b'), seoul, system('a'), system('slow', { interval_s: 300 })]))).toEqual({
      'seoul-60s': 'seoul',
      'gbfs-60s-1': 'a b',
      'gbfs-300s-1': 'slow',
    });
  });

  it('hold 64 systems at most, those of one host together', () => {
    const on = (host: string, count: number) =>
      Array.from({ length: count }, (_, n) =>
        system(`${host}_${String(n).padStart(2, '0')}`, { url: `https://${host}.example/${n}/gbfs.json` }),
      );
    const plan = planOf([...on('b', 40), ...on('a', 40), ...on('c', 10)]);
    const hosts = plan.groups.map((g) => [...new Set(g.systems.map((s) => s.system_id[0]))].join(''));
    expect(plan.groups.map((g) => g.systems.length)).toEqual([64, 26]);
    expect(hosts).toEqual(['ab', 'bc']);
  });
});

describe('lanes', () => {
  it('hold about 3,000 stations; parts at most 500', () => {
    const plan = planOf([system('big', { stations: 4_000 }), system('small', { stations: 45 })]);
    const [l1, l2] = ['lane-001', 'lane-002'];
    expect(plan.groups[0]?.systems.map((s) => [s.system_id, s.lanes])).toEqual([
      ['big', [l1, l1, l1, l1, l1, l1, l2, l2]],
      ['small', [l2]],
    ]);
  });

  it('are not shared by groups', () => {
    const plan = planOf([system('a'), system('b', { interval_s: 300 })]);
    expect(lanesOf(plan)).toEqual({ a: 'lane-001', b: 'lane-002' });
  });

  it('take a system that nobody counted for 150 stations', () => {
    expect(lanesOf(planOf([system('a', { stations: null })]))).toEqual({ a: 'lane-001' });
  });

  it('stay as they are when systems come, go and grow', () => {
    const before = planOf([system('b', { stations: 400 }), system('c')]);
    const after = planOf([system('a', { stations: 2_900 }), system('b', { stations: 4_000 })], before);
    expect(lanesOf(before)).toEqual({ b: 'lane-001', c: 'lane-001' });
    expect(lanesOf(after)).toEqual({ b: 'lane-001', a: 'lane-002 lane-002 lane-002 lane-002 lane-002 lane-002' });
  });
});

const anySystem = fc
  .tuple(
    fc.integer({ min: 0, max: 200 }),
    fc.constantFrom(60, 300),
    fc.constantFrom('x', 'y', 'z'),
    fc.option(fc.integer({ min: 1, max: 9_000 })),
  )
  .map(([n, interval_s, host, stations]) =>
    system(`s${n}`, { interval_s, stations, url: `https://${host}.example/${n}` }),
  );
const anySystems = fc.uniqueArray(anySystem, { selector: (s) => s.system_id, maxLength: 150 });

describe('a plan', () => {
  it('does not depend on the order of the catalogue', () => {
    fc.assert(
      fc.property(anySystems, (systems) => {
        expect(planOf(systems.toReversed())).toEqual(planOf(systems));
      }),
    );
  });

  it('is what it gives again', () => {
    fc.assert(
      fc.property(anySystems, (systems) => {
        const plan = planOf(systems);
        expect(planOf(systems, plan)).toEqual(plan);
      }),
    );
  });

  it('moves no lane and no group when systems are added', () => {
    fc.assert(
      fc.property(anySystems, fc.integer({ min: 0, max: 150 }), (systems, count) => {
        const before = planOf(systems.slice(0, count));
        const after = planOf(systems, before);
        expect(lanesOf(after)).toMatchObject(lanesOf(before));
        const placed = (plan: Plan) =>
          Object.fromEntries(plan.groups.flatMap((g) => g.systems.map((s) => [s.system_id, g.group_id])));
        expect(placed(after)).toMatchObject(placed(before));
        expect(Object.keys(placed(after)).sort()).toEqual(systems.map((s) => s.system_id).sort());
      }),
    );
  });
});

describe.skipIf(!hasSharedData)('the public catalogue of GBFS systems', () => {
  // A suite that is left out is read all the same.
  const [, ...rows] = hasSharedData ? parseCsv(readShared('gbfs/systems.csv').toString('utf8')) : [];
  const world = rows.slice(0, 1_500).map(({ values }, n) => system(`s${n}`, { url: values[5] ?? '', stations: null }));

  it('of 1,500 systems is about 24 groups, each small enough for the input of a schedule', () => {
    const plan = planOf(world);
    expect(plan.groups).toHaveLength(24);
    expect(Math.max(...plan.groups.map((group) => JSON.stringify(group).length))).toBeLessThan(20_000);
  });

  it('has a host that fills a group over as few groups as hold it', () => {
    const groups = planOf(world).groups.filter((g) => g.systems.some((s) => s.url.includes('gbfs.api.ridedott.com')));
    expect(groups.length).toBeLessThanOrEqual(7); // 347 systems
  });
});

describe('npm run plan', () => {
  const files = () => {
    const dir = mkdtempSync(join(tmpdir(), 'bikelake-plan-'));
    copyFileSync('config/systems.csv', join(dir, 'systems.csv'));
    return { catalogue: join(dir, 'systems.csv'), plan: join(dir, 'plan.json') };
  };

  it('writes the plan, and says the second time that nothing moves', () => {
    const own = files();
    expect(runPlan(own, false)).toContain('10 systems, 3 groups');
    const text = readFileSync(own.plan, 'utf8');
    expect(runPlan(own, false)).toContain('is what');
    expect(readFileSync(own.plan, 'utf8')).toBe(text);
  });

  it('--check fails for a plan that is not what the catalogue gives, and leaves it', () => {
    const own = files();
    writeFileSync(own.plan, planText({ format: 1, groups: [] }));
    expect(() => runPlan(own, true)).toThrow('run npm run plan');
    expect(readFileSync(own.plan, 'utf8')).toBe('{\n  "format": 1,\n  "groups": []\n}\n');
  });

  it('does not plan anew over a plan that it can not read', () => {
    const own = files();
    writeFileSync(own.plan, '<<<<<<< HEAD');
    expect(() => runPlan(own, false)).toThrow('restore it from version control');
  });

  it('was run for the committed catalogue', () => {
    expect(runPlan({ catalogue: 'config/systems.csv', plan: 'config/plan.json' }, true)).toContain(
      '10 systems, 3 groups, 5 lanes',
    );
  });
});
