import { type LanePlan, lanesFor } from './plan-lanes.ts';

/** A system of the catalogue as the plan places it. */
export interface PlannedSystem {
  readonly system_id: string;
  readonly kind: 'seoul' | 'gbfs';
  /** GBFS: the discovery document (gbfs.json). Seoul: `http://openapi.seoul.go.kr:8088`, without the key. */
  readonly url: string;
  readonly interval_s: number;
  /** IANA time zone, for local dates. */
  readonly time_zone: string;
  /** The lane of each part of the system; its length is the number of parts. A station's part is fixed: `partOf`. */
  readonly lanes: readonly string[];
}

/** The systems that one schedule polls in one invocation. */
export interface Group {
  readonly group_id: string;
  readonly interval_s: number;
  readonly systems: readonly PlannedSystem[];
}

export interface Plan {
  readonly format: 1;
  readonly groups: readonly Group[];
}

/** The input of a schedule, so of the poll function. The group travels in it: the function needs no file and no table to know what to poll. */
export interface PollInput {
  /** `<aws.scheduler.scheduled-time>`: ISO 8601, UTC. The slot; never a clock. */
  readonly scheduled_time: string;
  readonly group: Group;
}

/** What planning needs to know of a system; a row of the catalogue is one. */
export interface PlannableSystem extends Omit<PlannedSystem, 'lanes'> {
  /** About how many stations; null where nobody knows. */
  readonly stations: number | null;
}

export const EMPTY_PLAN: Plan = { format: 1, groups: [] };

/**
 * How many GBFS systems one invocation polls: 40 s of expected work, 8 requests in flight. In the busiest slot, once an hour, a
 * system costs 4 requests (discovery, system information, status, information), each taken for 1.25 s: the public feeds' median is 0.3 s,
 * p99 1.9 s, the slowest 7.2 s (feeds.md §2.2), and a third of a processor makes a new TLS connection for most. 64 × 4 × 1.25 s / 8 = 40 s.
 * Where one host serves them all, 4 are in flight: 64 status documents take 20 s, and the hourly ones that don't fit come in the next slot.
 */
export const SYSTEMS_IN_GROUP = 64;

interface DraftGroup {
  readonly group_id: string;
  readonly interval_s: number;
  readonly systems: PlannableSystem[];
}

/**
 * The poll groups and lanes of the systems. Deterministic, whatever their order. What `previous` placed stays where it is: a lane that
 * changes would begin its stations anew, so lanes change only by `relane`. New systems fill what has room: a group that polls
 * their host already, else the first. Seoul is a group of its own.
 */
export function planOf(systems: readonly PlannableSystem[], previous: Plan = EMPTY_PLAN): Plan {
  const groups = draftGroups(systems, previous);
  const kept = new Map(previous.groups.flatMap((g) => g.systems.map((s) => [s.system_id, s.lanes] as const)));
  const lanes: LanePlan = lanesFor(groups, kept);
  return {
    format: 1,
    groups: groups.map(({ group_id, interval_s, systems: members }) => ({
      group_id,
      interval_s,
      systems: members.map(({ system_id, kind, url, interval_s, time_zone }) => ({
        system_id,
        kind,
        url,
        interval_s,
        time_zone,
        lanes: lanes.get(system_id) ?? [],
      })),
    })),
  };
}

function draftGroups(systems: readonly PlannableSystem[], previous: Plan): DraftGroup[] {
  const groups = new Map<string, DraftGroup>();
  const join = (group_id: string, system: PlannableSystem) => {
    const group = groups.get(group_id) ?? { group_id, interval_s: system.interval_s, systems: [] };
    groups.set(group_id, group);
    group.systems.push(system);
  };
  const open = new Map(systems.map((system) => [system.system_id, system]));
  for (const group of previous.groups) {
    for (const { system_id, kind } of group.systems) {
      const system = open.get(system_id);
      if (system?.kind !== kind || system.interval_s !== group.interval_s) continue;
      join(group.group_id, system);
      open.delete(system_id);
    }
  }
  for (const system of [...open.values()].sort(byHost)) join(groupFor(system, [...groups.values()]), system);
  for (const group of groups.values()) group.systems.sort(byId);
  return [...groups.values()].sort((a, b) => a.interval_s - b.interval_s || compareNames(a.group_id, b.group_id));
}

function groupFor(system: PlannableSystem, groups: readonly DraftGroup[]): string {
  const { system_id, kind, interval_s } = system;
  if (kind === 'seoul') return `${system_id.replaceAll('_', '-')}-${interval_s}s`;
  const prefix = `gbfs-${interval_s}s-`;
  const open = groups.filter((g) => g.group_id.startsWith(prefix) && g.systems.length < SYSTEMS_IN_GROUP);
  const found = open.find((g) => g.systems.some((s) => hostOf(s) === hostOf(system))) ?? open[0];
  if (found) return found.group_id;
  let number = 1;
  while (groups.some((g) => g.group_id === `${prefix}${number}`)) number++;
  return `${prefix}${number}`;
}

const hostOf = ({ url }: PlannableSystem): string => new URL(url).host;
const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
const byId = (a: PlannableSystem, b: PlannableSystem): number => compare(a.system_id, b.system_id);
const byHost = (a: PlannableSystem, b: PlannableSystem): number => compare(hostOf(a), hostOf(b)) || byId(a, b);
/** `gbfs-60s-2` before `gbfs-60s-10`. */
const compareNames = (a: string, b: string): number => a.length - b.length || compare(a, b);
