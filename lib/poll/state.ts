import { type Breaker, CLOSED } from './breaker.ts';
import type { Movement } from './movement.ts';
import type { DiscoveredFeed } from './parse/discovery.ts';
import type { Feed } from './parse/records.ts';

/** The last body of a feed that was accepted, as its host names it; tied to the URL that gave it. */
export interface Validators {
  readonly url: string;
  readonly etag: string | null;
  readonly last_modified: string | null;
  /** Slot of the poll that accepted the body: what a 304 confirms. */
  readonly basis_slot_ms: number;
}

/** Where a system's feeds are; tied to the catalogue's URL, so that a new one in the catalogue counts at once. */
export interface KnownFeeds {
  readonly catalogue_url: string;
  /** Where the discovery document is read next: it may have moved for good. */
  readonly url: string;
  readonly feeds: Readonly<Partial<Record<DiscoveredFeed, string>>>;
  readonly read_slot_ms: number;
  /** The last attempt to read it again, also where that failed. */
  readonly tried_slot_ms: number;
}

export interface SystemState {
  readonly known: KnownFeeds | null;
  readonly validators: Readonly<Partial<Record<Feed, Validators>>>;
  /** The last station_information that was stored or confirmed, and the last attempt. */
  readonly information_slot_ms: number | null;
  readonly information_tried_slot_ms: number | null;
  readonly breaker: Breaker;
  /** Absent: nothing is known yet. */
  readonly movement?: Movement;
}

/** By system_id. A cache: without it every poll is a full fetch, and no row is lost. */
export type GroupState = Readonly<Record<string, SystemState>>;

export const NEW_SYSTEM: SystemState = {
  known: null,
  validators: {},
  information_slot_ms: null,
  information_tried_slot_ms: null,
  breaker: CLOSED,
};

/** Where the states of groups lie. */
export interface GroupStates {
  read(group_id: string): Promise<GroupState>;
  /** `slot_ms`: of the poll that learned it. Passed over where the state of this slot or a later one is there: polls may overlap or come twice, and what is kept moves forward. */
  write(group_id: string, state: GroupState, slot_ms: number): Promise<void>;
}

const HOUR_MS = 3_600_000;
const AGAIN_MS = 600_000;

/** Whether something done once an hour is due at a slot: an hour after it was done, but ten minutes after an attempt at the earliest. A slot that lies before (a replay) makes it due. */
export function isHourlyDue(done_slot_ms: number | null, tried_slot_ms: number | null, slot_ms: number): boolean {
  const isPast = (at: number | null, age_ms: number) => at === null || slot_ms < at || slot_ms - at >= age_ms;
  return isPast(done_slot_ms, HOUR_MS) && isPast(tried_slot_ms, AGAIN_MS);
}

/** What to ask the host with: nothing where the URL is another, or the basis is older than an hour or no earlier slot: then the whole body is fetched. */
export function usableValidators(validators: Validators | undefined, url: string, slot_ms: number): Validators | null {
  if (validators?.url !== url) return null;
  const age_ms = slot_ms - validators.basis_slot_ms;
  return age_ms > 0 && age_ms <= HOUR_MS ? validators : null;
}

const STATE_FORMAT = 1;
/** What DynamoDB holds in an item, less its names (400 KB). */
const STATE_LIMIT_BYTES = 390_000;

/** The state as the text of one attribute. Throws where an item can't hold it. */
export function stateText(state: GroupState): string {
  const text = JSON.stringify({ format: STATE_FORMAT, systems: state });
  const bytes = Buffer.byteLength(text);
  if (bytes > STATE_LIMIT_BYTES) {
    throw new Error(
      `the state of the group has ${bytes} bytes, an item holds ${STATE_LIMIT_BYTES}: plan smaller groups`,
    );
  }
  return text;
}

/** Throws for a text of another format, or of none. */
export function parseState(text: string): GroupState {
  const { format, systems } = (JSON.parse(text) ?? {}) as { format?: unknown; systems?: unknown };
  if (format !== STATE_FORMAT || typeof systems !== 'object' || systems === null) {
    throw new Error(`the state of the group is not of format ${STATE_FORMAT}`);
  }
  return systems as GroupState;
}
