import type { Stage, Units } from '../units.ts';
import { usageOf } from './bikelake.ts';
import { type Bill, billOf, REGIONS, type Region, readPrices } from './bill.ts';
import { naiveUsage } from './naive.ts';
import type { Scenario } from './scenario.ts';
import { type Volume, volumeOf } from './volume.ts';

export const MONTHS = [1, 12] as const;
type ByMonth = Readonly<Record<(typeof MONTHS)[number], Bill>>;
type ByRegion = Readonly<Record<Region, ByMonth>>;

/** All bills of a scenario: bikelake's and the naive design's, by region and month. */
export interface Bills {
  readonly scenario: Scenario;
  readonly stage: Stage;
  readonly prices_date: string;
  readonly measured: Units['measured'];
  readonly volume: Volume;
  readonly bikelake: ByRegion;
  readonly naive: ByRegion;
}

export function billsOf(units: Units, scenario: Scenario, stage: Stage): Bills {
  const settings = units.settings[stage];
  const prices = readPrices();
  const volume = volumeOf(units, settings, scenario);
  const inRegions = (usage: typeof usageOf | typeof naiveUsage): ByRegion =>
    byKey(REGIONS, (region) =>
      byKey(MONTHS, (month) => billOf(usage(volume, settings, scenario, month), prices, region)),
    );
  return {
    scenario,
    stage,
    prices_date: prices.date,
    measured: units.measured,
    volume,
    bikelake: inRegions(usageOf),
    naive: inRegions(naiveUsage),
  };
}

const byKey = <K extends string | number, V>(keys: readonly K[], of: (key: K) => V): Record<K, V> =>
  Object.fromEntries(keys.map((key) => [key, of(key)])) as Record<K, V>;
