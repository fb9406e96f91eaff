import { readFileSync } from 'node:fs';
import { measureCity, withPackage } from './all.ts';
import type { Measured } from './run.ts';
import { settingsOf } from './settings.ts';
import type { WorkloadName } from './workload.ts';

/** A unit's budget: what it may be, and by how much more (a share) before the check fails. */
export interface Budget {
  readonly workload: WorkloadName;
  readonly unit: UnitName;
  readonly budget: number;
  readonly margin: number;
}
export interface Finding extends Budget {
  readonly measured: number;
  readonly is_over: boolean;
}

const per =
  (count: string, of: (m: Measured) => number) =>
  (m: Measured): number =>
    (m.counts[count] ?? 0) / of(m);
const events = (m: Measured): number => m.status_events + m.information_events;
const groupPolls = (m: Measured): number => m.slots * m.groups;
const laneSlots = (m: Measured): number => m.slots * m.lanes;

/** The units that a budget can name. Processor times are of the machine that measures: their margins are wide. */
export const UNITS = {
  put_units_per_1000_events: (m: Measured) => 1000 * per('stream_put_units', events)(m),
  stream_bytes_per_event: per('stream_bytes', events),
  stream_requests_per_group_poll: per('stream_requests', groupPolls),
  bronze_billed_bytes_per_event: per('bronze_billed_bytes', events),
  bronze_bytes_per_event: per('bronze_bytes', events),
  bronze_invocations_per_slot: per('bronze_invocations', (m) => m.slots),
  poll_state_read_units_per_group_poll: per('poll_state_read_units', groupPolls),
  poll_state_write_units_per_group_poll: per('poll_state_write_units', groupPolls),
  feed_requests_per_feed_poll: per('feed_requests', (m) => m.slots * m.feeds),
  log_objects_per_lane_minute: per('log_objects', laneSlots),
  log_bytes_per_event: per('log_bytes', events),
  log_reads_per_lane_minute: (m: Measured) =>
    per('log_get_requests', laneSlots)(m) + per('log_list_requests', laneSlots)(m),
  silver_invocations_per_slot: per('silver_invocations', (m) => m.slots),
  checkpoint_units_per_write_and_1000_stations: (m: Measured) =>
    per('checkpoint_write_units', (one) => one.counts.checkpoint_writes ?? 0)(m) / (m.stations / m.lanes / 1000),
  checkpoint_writes_per_lane_minute: per('checkpoint_writes', laneSlots),
  poll_cpu_ms_per_group_poll: per('poll_cpu_ms', groupPolls),
  bronze_cpu_ms_per_slot: per('bronze_cpu_ms', (m) => m.slots),
  silver_cpu_ms_per_slot: per('silver_cpu_ms', (m) => m.slots),
  console_bytes_per_slot: (m: Measured) =>
    ['poll', 'bronze', 'silver'].reduce((sum, name) => sum + per(`${name}_console_bytes`, (one) => one.slots)(m), 0),
} as const;
export type UnitName = keyof typeof UNITS;

export const readBudget = (): Budget[] =>
  (JSON.parse(readFileSync(new URL('../budget.json', import.meta.url), 'utf8')) as { units: Budget[] }).units;

/** Holds measured workloads against the budget. Throws where one is missing: a check that looks at nothing passes. */
export function compare(
  budgets: readonly Budget[],
  measured: Readonly<Partial<Record<WorkloadName, Measured>>>,
): Finding[] {
  return budgets.map((budget) => {
    const workload = measured[budget.workload];
    const unit = UNITS[budget.unit];
    if (workload === undefined || unit === undefined)
      throw new Error(
        `cost/budget.json: ${budget.workload}, ${budget.unit} is not measured: correct the name, or measure it`,
      );
    const value = unit(workload);
    return { ...budget, measured: value, is_over: !(value <= budget.budget * (1 + budget.margin)) };
  });
}

/** Some minutes of each workload that the budget names. */
export async function measureBudget(budgets: readonly Budget[], slots: number, say: (step: string) => void) {
  const names = [...new Set(budgets.map(({ workload }) => workload))];
  return withPackage(async (code) => {
    const measured: Partial<Record<WorkloadName, Measured>> = {};
    for (const name of names) {
      say(`${slots} minutes of ${name}`);
      measured[name] = await measureCity(name, code, slots);
    }
    return { measured, settings: settingsOf(code.template) };
  });
}
