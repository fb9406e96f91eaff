import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { storedIn } from '../../cost/bill/storage.ts';
import type { LifecycleRule } from '../../cost/measure/settings.ts';

const GB = 1024 ** 3;
const MONTH_DAYS = 730 / 24;
const rule = (partial: Partial<LifecycleRule>): LifecycleRule => ({
  prefix: '',
  transitions: [],
  expires_days: null,
  tagged: false,
  ...partial,
});
const grows = { bytes: 100 * GB, objects: 1000 };
const gb = (month: number, rules: LifecycleRule[], prefix = 'bronze/') =>
  storedIn(month, prefix, grows, rules).gb_months;

describe('what is stored', () => {
  it('is half of the first month in it, and eleven and a half in the twelfth', () => {
    expect(gb(1, []).STANDARD).toBeCloseTo(50);
    expect(gb(12, []).STANDARD).toBeCloseTo(1150);
  });

  it('moves by age: a month in Standard, three in the next class, the rest in the last', () => {
    const rules = [
      rule({
        prefix: 'bronze/',
        transitions: [
          { days: MONTH_DAYS, storage_class: 'STANDARD_IA' },
          { days: 4 * MONTH_DAYS, storage_class: 'GLACIER_IR' },
        ],
      }),
    ];
    const { gb_months, moved } = storedIn(12, 'bronze/', grows, rules);
    expect(gb_months.STANDARD).toBeCloseTo(100);
    expect(gb_months.STANDARD_IA).toBeCloseTo(300);
    expect(gb_months.GLACIER_IR).toBeCloseTo(750);
    expect(moved).toEqual({ STANDARD_IA: expect.closeTo(1000), GLACIER_IR: expect.closeTo(1000) });
    expect(storedIn(1, 'bronze/', grows, rules).moved).toEqual({});
    expect(gb(12, rules, 'log/').STANDARD).toBeCloseTo(1150); // another prefix
  });

  it('expires by age; where that hangs on a tag it does not', () => {
    expect(gb(12, [rule({ expires_days: MONTH_DAYS })]).STANDARD).toBeCloseTo(100);
    expect(gb(12, [rule({ expires_days: MONTH_DAYS, tagged: true })]).STANDARD).toBeCloseTo(1150);
  });

  it('stays in Standard where its objects are small', () => {
    const rules = [rule({ transitions: [{ days: 30, storage_class: 'STANDARD_IA' }] })];
    const small = storedIn(12, 'log/', { bytes: GB, objects: 100_000 }, rules);
    expect(Object.keys(small.gb_months)).toEqual(['STANDARD']);
    expect(small.moved).toEqual({});
  });

  it('is the same in all classes together, whatever moves', () => {
    const days = fc.integer({ min: 1, max: 400 });
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 36 }), days, days, (month, first, second) => {
        const transitions = [
          { days: Math.min(first, second), storage_class: 'STANDARD_IA' },
          { days: Math.max(first, second) + 1, storage_class: 'GLACIER_IR' },
        ];
        const total = Object.values(gb(month, [rule({ transitions })])).reduce((sum, one) => sum + one, 0);
        expect(total).toBeCloseTo(100 * (month - 0.5), 6);
      }),
      { seed: 7 },
    );
  });
});
