import { readFileSync } from 'node:fs';
import type { Plan } from '../../lib/poll/plan.ts';
import { parsePlan } from '../../lib/poll/plan-text.ts';
import type { LakeFolder } from './lake-folder.ts';
import { literal } from './relation.ts';

/** What settle needs to know of a system. */
export interface SystemSettings {
  readonly system_id: string;
  readonly interval_s: number;
  readonly time_zone: string;
}

/** station_information is fetched every hour, whatever the interval of the status is (lib/poll). */
const INFORMATION_INTERVAL_S = 3600;
/** A system that the plan doesn't name, because it was taken out: the usual interval, and UTC for its local dates. */
const UNPLANNED = { interval_s: 60, time_zone: 'UTC' } as const;

/** Interval and time zone of the systems, from `config/plan.json` of the lake. */
export class Systems {
  readonly #planned = new Map<string, SystemSettings>();

  constructor(lake: LakeFolder) {
    const plan = readPlan(lake.path('config/plan.json'));
    for (const group of plan.groups) {
      for (const { system_id, interval_s, time_zone } of group.systems) {
        this.#planned.set(system_id, { system_id, interval_s, time_zone });
      }
    }
  }

  of(system_id: string): SystemSettings {
    return this.#planned.get(system_id) ?? { system_id, ...UNPLANNED };
  }

  isPlanned(system_id: string): boolean {
    return this.#planned.has(system_id);
  }
}

/** A plan that is not there is one without groups. */
export function readPlan(file: string): Plan {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch {
    return { format: 1, groups: [] };
  }
  return parsePlan(text, file, 'write it again with npm run plan');
}

/** max(600 s, 3 × the interval): observations further apart have a gap between them (gold.md, "Guard"). */
export const guardMs = (interval_s: number): number => Math.max(600, 3 * interval_s) * 1000;
export const INFORMATION_GUARD_MS = guardMs(INFORMATION_INTERVAL_S);

/** The view `systems(system_id, time_zone)`. */
export function systemsQuery(systems: readonly SystemSettings[]): string {
  return valuesQuery(
    'system_id, time_zone',
    systems.map((s) => `${literal(s.system_id)}, ${literal(s.time_zone)}`),
  );
}

/** The view `feeds(system_id, kind, feed, interval_s, guard_ms)`. */
export function feedsQuery(systems: readonly SystemSettings[]): string {
  const rows = systems.flatMap(({ system_id, interval_s }) =>
    (
      [
        ['status', interval_s],
        ['information', INFORMATION_INTERVAL_S],
      ] as const
    ).map(
      ([kind, s]) =>
        `${literal(system_id)}, '${kind}', 'station_${kind}', CAST(${s} AS BIGINT), CAST(${guardMs(s)} AS BIGINT)`,
    ),
  );
  return valuesQuery('system_id, kind, feed, interval_s, guard_ms', rows);
}

function valuesQuery(names: string, rows: readonly string[]): string {
  return `SELECT * FROM (VALUES ${rows.map((row) => `(${row})`).join(', ')}) AS v(${names})`;
}
