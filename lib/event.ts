/**
 * The words that every stage shares: what an event, a reject and a receipt are.
 * All times are UTC epoch milliseconds, in names that end in `_ms`.
 */

/** What a row of the stream and of Bronze is: a station's status, its information, or the receipt of a poll. */
export type Kind = 'status' | 'information' | 'receipt';
export type EventKind = Exclude<Kind, 'receipt'>;

/** One station as observed at one slot: the values that mean something, plus `last_reported_ms` and `flags`, which are data. */
export interface StationStatus {
  readonly station_id: string;
  /** null means that the feed did not say, which is not 0. */
  readonly num_bikes_available: number | null;
  readonly num_bikes_disabled: number | null;
  readonly num_docks_available: number | null;
  readonly num_docks_disabled: number | null;
  /** Docks or racks, where the status document itself says so (Seoul). */
  readonly capacity: number | null;
  readonly is_installed: boolean | null;
  readonly is_renting: boolean | null;
  readonly is_returning: boolean | null;
  /** JSON `[["type id", count], …]` in the feed's order; null where the feed gives no types. */
  readonly vehicle_types: string | null;
  /** Not part of the content: feeds move it backwards, put the feed clock in it, or omit it. */
  readonly last_reported_ms: number | null;
  /** Comma-separated data quality flags, sorted; null where there is none. Not part of the content. */
  readonly flags: string | null;
}

/** What changes seldom about a station; all of it is content. */
export interface StationInformation {
  readonly station_id: string;
  readonly name: string | null;
  readonly lat: number | null;
  readonly lon: number | null;
  readonly capacity: number | null;
  readonly region_id: string | null;
  /** Comma-separated data quality flags, sorted; null where there is none. Not part of the content. */
  readonly flags: string | null;
}

/** An accepted event: canonical values, the 64-bit content hash as 16 hex digits, and the record as the feed sent it (JSON text). */
export interface StationEvent {
  readonly kind: EventKind;
  readonly content_hash: string;
  readonly values: StationStatus | StationInformation;
  readonly raw: string;
}

/** Input that is not an event: kept in quarantine with its reason and its exact bytes. */
export interface Reject {
  readonly system_id: string;
  readonly slot_ms: number;
  readonly feed: string;
  /** A short snake_case reason, such as `negative_count`. */
  readonly reason: string;
  /** Where in the document, such as `data.stations[12]`, or `document`. */
  readonly place: string;
  readonly raw: Buffer;
}

export type ReceiptStatus = 'ok' | 'not_modified' | 'failed' | 'skipped' | 'breaker_open';

/** The receipt of one feed document of one system at one slot; identity (system_id, feed, slot_ms). fetched = accepted + rejected + repeated. */
export interface Receipt {
  readonly system_id: string;
  readonly group_id: string;
  readonly slot_ms: number;
  /** `station_status` or `station_information` (the canonical feed name; Seoul's bikeList is both). */
  readonly feed: string;
  readonly status: ReceiptStatus;
  readonly http_code: number | null;
  /** Records in the document, and what became of them. */
  readonly fetched: number;
  readonly accepted: number;
  readonly rejected: number;
  /** Records of the document that repeat an earlier record of it. */
  readonly repeated: number;
  /** Rejected records by reason, as JSON `{"reason": count}`; null where there is none. */
  readonly rejected_reasons: string | null;
  /** Bytes of the body as decoded. */
  readonly bytes: number;
  readonly latency_ms: number;
  readonly fetched_at_ms: number;
  readonly feed_updated_ms: number | null;
  /** Why the poll is not `ok`, such as `empty_station_list`. */
  readonly reason: string | null;
  /** With `not_modified`: the slot whose body this poll confirms. */
  readonly basis_slot_ms: number | null;
}
