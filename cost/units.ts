import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Measured } from './measure/run.ts';
import type { Settings } from './measure/settings.ts';
import type { WorkloadName } from './measure/workload.ts';

/** `cost/units.json`: what was measured once, with what it was measured on, and what the templates of both stages set. */
export interface Units {
  readonly measured: {
    readonly command: string;
    readonly date: string;
    readonly node: string;
    readonly machine: string;
  };
  readonly workloads: Readonly<Record<WorkloadName, Measured>>;
  /** Recordings of real feeds, where they were there: to compare with. */
  readonly recordings: Readonly<Record<string, Measured>>;
  readonly settings: Readonly<Record<Stage, Settings>>;
}
export type Stage = 'dev' | 'prod';
export const STAGES: readonly Stage[] = ['dev', 'prod'];

export const UNITS_FILE = fileURLToPath(new URL('units.json', import.meta.url));

export const readUnits = (): Units => JSON.parse(readFileSync(UNITS_FILE, 'utf8')) as Units;

/** The same units, as if the stream kept its records so long; undefined leaves what the template sets. */
export function withRetention(units: Units, retention_hours: number | undefined): Units {
  if (retention_hours === undefined) return units;
  const { dev, prod } = units.settings;
  return { ...units, settings: { dev: { ...dev, retention_hours }, prod: { ...prod, retention_hours } } };
}
