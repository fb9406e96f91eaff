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
