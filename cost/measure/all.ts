import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { packageService, type ServicePackage } from '../../local/package.ts';
import { STAGES, type Stage, type Units } from '../units.ts';
import { recordedWorkload } from './recorded.ts';
import { type Measured, measure, STAGE } from './run.ts';
import { type Settings, settingsOf } from './settings.ts';
import { cityWorkload, WORKLOADS, type WorkloadName } from './workload.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
/** A Monday, eight in the morning in the city, so that bikes move. */
const FROM_MS = Date.parse('2026-11-23T08:00:00Z');
/** An hour, so that what is done once an hour is in it once. */
const HOUR_SLOTS = 60;
/** Real feeds polled every minute, where they are there. */
const RECORDINGS = [
  '../shared/data/series/docomo_2022-06-29.ndjson.gz',
  '../shared/data/series/boulder_2022-04.ndjson.gz',
];

/** Everything that `cost/units.json` holds. `say` is told before each step. */
export async function measureAll(say: (step: string) => void): Promise<Units> {
  return withPackages(async (packages) => {
    const workloads: Record<string, Measured> = {};
    for (const name of Object.keys(WORKLOADS) as WorkloadName[]) {
      say(`an hour of ${name}`);
      workloads[name] = await measureCity(name, packages[STAGE], HOUR_SLOTS);
    }
    const recordings: Record<string, Measured> = {};
    for (const file of RECORDINGS.map((path) => join(ROOT, path)).filter((path) => existsSync(path))) {
      const name = basename(file).split('.')[0] ?? '';
      say(`an hour of the recording ${name}`);
      recordings[name] = await measure(await recordedWorkload(file, FROM_MS), packages[STAGE], HOUR_SLOTS);
    }
    return {
      measured: {
        command: 'npm run cost -- --measure',
        date: new Date().toISOString().slice(0, 10),
        node: process.version,
        machine: `${process.platform} ${process.arch}, ${cpus().length} × ${cpus()[0]?.model ?? 'unknown'}`,
      },
      workloads: workloads as Units['workloads'],
      recordings,
      settings: settingsOfAll(packages),
    };
  });
}

export const measureCity = async (name: WorkloadName, code: ServicePackage, slots: number): Promise<Measured> =>
  measure(await cityWorkload(name, FROM_MS), code, slots);

/** What the templates of both stages set. */
export const readSettings = (): Promise<Record<Stage, Settings>> => withPackages(async (all) => settingsOfAll(all));

const settingsOfAll = (packages: Record<Stage, ServicePackage>): Record<Stage, Settings> => ({
  dev: settingsOf(packages.dev.template),
  prod: settingsOf(packages.prod.template),
});

/** Packages both stages into a folder that is gone afterwards. */
async function withPackages<T>(work: (packages: Record<Stage, ServicePackage>) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'bikelake-cost-package-'));
  try {
    const packages: Partial<Record<Stage, ServicePackage>> = {};
    for (const stage of STAGES) packages[stage] = await packageService({ dir, stage, root: ROOT });
    return await work(packages as Record<Stage, ServicePackage>);
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** One stage, for a measurement that is bounded. */
export async function withPackage<T>(work: (code: ServicePackage) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'bikelake-cost-package-'));
  try {
    return await work(await packageService({ dir, stage: STAGE, root: ROOT }));
  } finally {
    rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
  }
}
