import { describe, expect, it } from 'vitest';
import { gbfs, type Scenario, seoul } from '../../cost/bill/scenario.ts';
import { volumeOf } from '../../cost/bill/volume.ts';
import type { Measured } from '../../cost/measure/run.ts';
import { readUnits } from '../../cost/units.ts';

const units = readUnits();
const SLOTS_IN_MONTH = 43_800;

/** Predicted against measured, per slot. */
function ratios(scenario: Scenario, { counts, slots }: Measured): Record<string, number> {
  const volume = volumeOf(units, units.settings.prod, scenario);
  const per_slot = (name: keyof typeof volume): number => (volume[name] as number) / SLOTS_IN_MONTH;
  const measured = (name: string): number => (counts[name] ?? 0) / slots;
  return {
    stream_bytes: per_slot('stream_bytes') / measured('stream_bytes'),
    stream_put_units: per_slot('stream_put_units') / measured('stream_put_units'),
    bronze_billed_bytes: per_slot('bronze_billed_bytes') / measured('bronze_billed_bytes'),
    bronze_bytes: per_slot('bronze_bytes') / measured('bronze_bytes'),
    log_bytes: per_slot('log_bytes') / measured('log_bytes'),
    poll_state_write_units: per_slot('poll_state_write_units') / measured('poll_state_write_units'),
    checkpoint_write_units: per_slot('checkpoint_write_units') / measured('checkpoint_write_units'),
  };
}

describe('the model of a month', () => {
  it.each([
    ['seoul', seoul(2800), units.workloads.seoul],
    ['large', gbfs(1, 60, 2800), units.workloads.large],
    ['small', gbfs(64, 60, 9600), units.workloads.small],
    ['tiny', gbfs(1, 60, 20), units.workloads.tiny],
  ] as const)('gives back what it was made of: %s', (_name, scenario, measured) => {
    for (const [name, ratio] of Object.entries(ratios(scenario, measured))) {
      if ((measured.counts[name] ?? 0) / measured.slots < 0.5) continue; // too little to divide by
      expect(ratio, name).toBeGreaterThan(0.9);
      // a large system's chunks are less full than those that small ones share: taken for all, at a cent a million
      expect(ratio, name).toBeLessThan(name === 'stream_put_units' ? 1.6 : 1.25);
    }
  });

  const recordings = Object.entries(units.recordings);
  it.skipIf(recordings.length === 0).each(recordings)(
    'is not below a real feed that it never saw: %s',
    (_name, measured) => {
      const { stream_bytes, bronze_billed_bytes, bronze_bytes, log_bytes } = ratios(
        gbfs(1, 60, measured.stations),
        measured,
      );
      for (const [name, ratio] of Object.entries({ stream_bytes, bronze_billed_bytes, bronze_bytes, log_bytes })) {
        expect(ratio, name).toBeGreaterThan(0.8);
        expect(ratio, name).toBeLessThan(3);
      }
    },
  );
});
