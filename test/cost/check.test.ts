import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { DOCS_FILE, withTables } from '../../cost/docs.ts';
import { compare, readBudget, UNITS } from '../../cost/measure/check.ts';
import type { Measured } from '../../cost/measure/run.ts';
import { readUnits } from '../../cost/units.ts';

const units = readUnits();
const measured = (counts: Record<string, number>): Measured => ({
  slots: 10,
  groups: 1,
  feeds: 2,
  lanes: 2,
  stations: 100,
  status_events: 1000,
  information_events: 0,
  counts,
});
const budget = { workload: 'tiny', unit: 'log_objects_per_lane_minute', budget: 1, margin: 0.1 } as const;

describe('the budget of units', () => {
  it('is kept up to its margin, and passed beyond', () => {
    expect(compare([budget], { tiny: measured({ log_objects: 22 }) })).toMatchObject([
      { measured: 1.1, is_over: false },
    ]);
    expect(compare([budget], { tiny: measured({ log_objects: 23 }) })).toMatchObject([{ is_over: true }]);
  });

  it('is passed by a unit that is no number', () => {
    const nothing = { ...measured({ log_objects: 1 }), lanes: Number.NaN };
    expect(compare([budget], { tiny: nothing })).toMatchObject([{ is_over: true }]);
  });

  it('throws for what is not measured', () => {
    expect(() => compare([budget], {})).toThrow('tiny, log_objects_per_lane_minute is not measured');
    expect(() => compare([{ ...budget, unit: 'other' as never }], { tiny: measured({}) })).toThrow('other is not');
  });

  it('holds for what is in cost/units.json, and names every unit', () => {
    const budgets = readBudget();
    const over = compare(budgets, units.workloads).filter(({ is_over }) => is_over);
    expect(over).toEqual([]);
    expect(new Set(budgets.map(({ unit }) => unit))).toEqual(new Set(Object.keys(UNITS)));
  });

  it('is near what was measured: a budget that is far above it holds nothing', () => {
    const counted = readBudget().filter(({ unit }) => !unit.includes('cpu_ms'));
    for (const { unit, workload, budget: most, measured: is, margin } of compare(counted, units.workloads))
      expect(most * (1 + margin), `${workload} ${unit}`).toBeLessThanOrEqual(Math.max(is * 1.6, 0.5));
  });
});

it('docs/costs.md has the tables that come out now (npm run cost -- --docs)', () => {
  const document = readFileSync(DOCS_FILE, 'utf8');
  expect(withTables(document, units)).toBe(document);
  expect(() => withTables('', units)).toThrow('lacks the tables');
  expect(() => withTables('```text other\n```', units)).toThrow('no table other');
});
