import type { Measured } from '../measure/run.ts';
import type { Units } from '../units.ts';

/** What a quantity grows with, per slot: of each invocation, each feed or lane, each event of GBFS and of Seoul's server. */
export interface Rate {
  readonly base: number;
  /** Per feed for what polls do, per lane for what Silver does. */
  readonly part: number;
  readonly event: number;
  readonly seoul_event: number;
}

/**
 * Splits a measured quantity. Three workloads of GBFS give three unknowns: `large` and `tiny` differ in events alone, `small` has more parts;
 * what Seoul's feed has beyond base and part is its events. Noise can make a share negative: it is taken as nothing.
 */
export function rateOf(workloads: Units['workloads'], name: string, part: 'feeds' | 'lanes'): Rate {
  const { tiny, large, small, seoul } = workloads;
  const perSlot = (measured: Measured): number => (measured.counts[name] ?? 0) / measured.slots;
  const event = Math.max(0, (perSlot(large) - perSlot(tiny)) / (eventsOf(large) - eventsOf(tiny)));
  const fixed = Math.max(0, perSlot(tiny) - event * eventsOf(tiny));
  const more = small[part] - tiny[part];
  const each = Math.min(fixed, Math.max(0, (perSlot(small) - event * eventsOf(small) - fixed) / more));
  return {
    base: fixed - each,
    part: each,
    event,
    seoul_event: Math.max(0, (perSlot(seoul) - fixed) / eventsOf(seoul)),
  };
}

/** Events of station status in a slot. */
const eventsOf = (measured: Measured): number => measured.status_events / measured.slots;
