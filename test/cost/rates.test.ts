import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rateOf } from '../../cost/bill/rates.ts';
import type { Measured } from '../../cost/measure/run.ts';
import type { Units } from '../../cost/units.ts';

const SLOTS = 10;
/** feeds, lanes, events a slot */
const SHAPES = { tiny: [1, 1, 20], large: [1, 1, 2800], small: [64, 4, 9600], seoul: [1, 1, 2800] } as const;

/** Workloads in which a quantity `q` follows `value` exactly. */
const workloads = (value: (parts: number, events: number, name: string) => number, part: 0 | 1): Units['workloads'] =>
  Object.fromEntries(
    Object.entries(SHAPES).map(([name, shape]): [string, Measured] => [
      name,
      {
        slots: SLOTS,
        groups: 1,
        feeds: shape[0],
        lanes: shape[1],
        stations: shape[2],
        status_events: SLOTS * shape[2],
        information_events: 0,
        counts: { q: SLOTS * value(shape[part], shape[2], name) },
      },
    ]),
  ) as unknown as Units['workloads'];

describe('rates', () => {
  it('are what a quantity was made of', () => {
    const coefficient = fc.integer({ min: 0, max: 1000 });
    fc.assert(
      fc.property(
        coefficient,
        coefficient,
        coefficient,
        coefficient,
        fc.constantFrom('feeds' as const, 'lanes' as const),
        (base, part, event, seoul, by) => {
          const made = workloads(
            (parts, events, name) => base + part * parts + (name === 'seoul' ? seoul : event) * events,
            by === 'feeds' ? 0 : 1,
          );
          const rate = rateOf(made, 'q', by);
          expect(rate.base).toBeCloseTo(base, 6);
          expect(rate.part).toBeCloseTo(part, 6);
          expect(rate.event).toBeCloseTo(event, 6);
          expect(rate.seoul_event).toBeCloseTo(seoul, 6);
        },
      ),
      { seed: 7 },
    );
  });

  it('are never negative, whatever was measured', () => {
    fc.assert(
      fc.property(fc.array(fc.double({ min: 0, max: 1e9, noNaN: true }), { minLength: 4, maxLength: 4 }), (values) => {
        const names = Object.keys(SHAPES);
        const made = workloads((_parts, _events, name) => values[names.indexOf(name)] ?? 0, 0);
        for (const share of Object.values(rateOf(made, 'q', 'feeds'))) expect(share).toBeGreaterThanOrEqual(0);
      }),
      { seed: 7 },
    );
  });

  it('of what was not counted are nothing', () => {
    expect(
      rateOf(
        workloads(() => 1, 0),
        'other',
        'feeds',
      ),
    ).toEqual({ base: 0, part: 0, event: 0, seoul_event: 0 });
  });
});
