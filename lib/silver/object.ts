import { FatalError } from '../errors.ts';
import { type ColumnType, fromParquet, type ParquetContent, type Row, toParquet } from '../parquet.ts';
import { emptyState, type LaneState, type LogObject, type Origin, type StationRow, setRow } from './state.ts';

/** Stands in the footer of each object. Objects of version 0.1.0 have none: they are format 0, of the same columns. */
export const LOG_FORMAT = 1;
export const FORMAT_KEY = 'bikelake.format';

/** Columns of a log object: rows of kind `turn`, `batch`, `change` and `state` in one table. */
const COLUMNS: Readonly<Record<string, ColumnType>> = {
  row_kind: 'STRING',
  lane: 'STRING',
  version: 'INT64',
  kind: 'STRING',
  system_id: 'STRING',
  station_id: 'STRING',
  part: 'INT32',
  slot: 'TIMESTAMP',
  fetched_at: 'TIMESTAMP',
  content_hash: 'STRING',
  num_bikes_available: 'INT32',
  num_bikes_disabled: 'INT32',
  num_docks_available: 'INT32',
  num_docks_disabled: 'INT32',
  capacity: 'INT32',
  is_installed: 'BOOLEAN',
  is_renting: 'BOOLEAN',
  is_returning: 'BOOLEAN',
  vehicle_types: 'STRING',
  last_reported: 'TIMESTAMP',
  flags: 'STRING',
  name: 'STRING',
  lat: 'DOUBLE',
  lon: 'DOUBLE',
  region_id: 'STRING',
  shard_id: 'STRING',
  first_sequence: 'STRING',
  last_sequence: 'STRING',
  records: 'INT32',
  newest_slots: 'STRING',
  fresh: 'INT32',
  unchanged: 'INT32',
  duplicate: 'INT32',
  late: 'INT32',
  next_date: 'STRING',
  head: 'STRING',
};

/** Whether a station's values are of the types of their columns; a name that is no column isn't written. */
export const areValues = (values: Readonly<Record<string, unknown>>): boolean =>
  Object.entries(values).every(([name, value]) => {
    const type = name === 'last_reported_ms' ? 'TIMESTAMP' : Object.hasOwn(COLUMNS, name) ? COLUMNS[name] : undefined;
    if (type === undefined || value === null) return true;
    if (type === 'STRING') return typeof value === 'string';
    if (type === 'BOOLEAN') return typeof value === 'boolean';
    return type === 'DOUBLE' ? Number.isFinite(value) : Number.isSafeInteger(value);
  });

/** What a log object says: the object, and the whole state before it where it is the first of its folder. */
export interface ReadObject {
  readonly object: LogObject;
  readonly before: LaneState | null;
}

/** The Parquet bytes of version `version` of a lane. `before` is given for the first object of a folder. */
export function encodeObject(lane: string, version: number, object: LogObject, before: LaneState | null): Buffer {
  const rows = [...(before === null ? [] : stateRows(before)), ...objectRows(object)];
  return toParquet(
    COLUMNS,
    rows.map((row) => ({ ...row, lane, version })),
    { [FORMAT_KEY]: String(LOG_FORMAT) },
  );
}

function objectRows(object: LogObject): Row[] {
  if (object.type === 'turn') {
    const { next_date, origins } = object;
    return [{ row_kind: 'turn', next_date, ...(origins && { head: JSON.stringify(origins) }) }];
  }
  const { type: _type, newest, counts, changes, ...batch } = object;
  return [
    { row_kind: 'batch', ...batch, newest_slots: JSON.stringify(Object.fromEntries(newest)), ...counts },
    ...changes.map((row) => stationRow('change', row)),
  ];
}

function stateRows(state: LaneState): Row[] {
  const { version, date, folder, positions, newest } = state;
  const head = { version, date, folder, positions: [...positions], newest: [...newest] };
  return [
    { row_kind: 'state', head: JSON.stringify(head) },
    ...[...state.stations.values()].flatMap((stations) =>
      [...stations.values()].map((row) => stationRow('state', row)),
    ),
  ];
}

function stationRow(row_kind: 'change' | 'state', { slot_ms, fetched_at_ms, values, ...row }: StationRow): Row {
  const { last_reported_ms, ...others } = values;
  return { row_kind, ...row, slot: slot_ms, fetched_at: fetched_at_ms, last_reported: last_reported_ms, ...others };
}

/**
 * Reads what `encodeObject` wrote, in this version or the one before. Throws FatalError `unknown_log_format` for an object that another version wrote: the lane
 * stops, because what can't be read can't be folded; `unreadable_log_object` for anything else.
 */
export async function decodeObject(file: Uint8Array): Promise<ReadObject> {
  const { rows, metadata } = await contentOf(file);
  const format = metadata.get(FORMAT_KEY) ?? '0';
  if (format !== '0' && format !== String(LOG_FORMAT)) {
    const message = `the log object is of format ${format}, this version reads 0 and ${LOG_FORMAT}: deploy the version that wrote it`;
    throw new FatalError('silver', 'unknown_log_format', message);
  }
  try {
    return toReadObject(rows);
  } catch (cause) {
    throw unreadable(cause);
  }
}

async function contentOf(file: Uint8Array): Promise<ParquetContent> {
  try {
    return await fromParquet(file);
  } catch (cause) {
    throw unreadable(cause);
  }
}

const unreadable = (cause: unknown): FatalError =>
  new FatalError('silver', 'unreadable_log_object', `the log object can't be read: ${(cause as Error).message}`, {
    cause,
  });

function toReadObject(rows: readonly Row[]): ReadObject {
  const changes: StationRow[] = [];
  let before: LaneState | null = null;
  let own: Row | undefined;
  for (const row of rows) {
    if (row.row_kind === 'change') changes.push(toStationRow(row));
    else if (row.row_kind === 'turn' || row.row_kind === 'batch') own = row;
    else if (row.row_kind !== 'state') throw new Error(`it has a row of kind ${String(row.row_kind)}`);
    else if (typeof row.head === 'string') before = fromHead(row.head);
    else if (before !== null) setRow(before, toStationRow(row));
  }
  if (own === undefined) throw new Error('it has neither a batch nor a turn');
  return { object: toObject(own, changes), before };
}

function toObject(row: Row, changes: readonly StationRow[]): LogObject {
  if (row.row_kind === 'turn') {
    const origins = typeof row.head === 'string' && { origins: JSON.parse(row.head) as Origin[] };
    return { type: 'turn', next_date: String(row.next_date), ...origins };
  }
  return {
    type: 'batch',
    shard_id: String(row.shard_id),
    first_sequence: String(row.first_sequence),
    last_sequence: String(row.last_sequence),
    records: Number(row.records),
    newest: new Map(Object.entries(JSON.parse(String(row.newest_slots)) as Record<string, number>)),
    counts: {
      fresh: Number(row.fresh),
      unchanged: Number(row.unchanged),
      duplicate: Number(row.duplicate),
      late: Number(row.late),
    },
    changes,
  };
}

interface Head extends Pick<LaneState, 'version' | 'date' | 'folder'> {
  positions: [string, string][];
  newest: [string, number][];
}

function fromHead(text: string): LaneState {
  const head = JSON.parse(text) as Head;
  return { ...emptyState(), ...head, positions: new Map(head.positions), newest: new Map(head.newest) };
}

function toStationRow(row: Row): StationRow {
  const { row_kind: _row, lane: _lane, version: _version, last_reported, ...own } = row;
  const { kind, system_id, station_id, part, slot, fetched_at, content_hash, ...values } = own;
  return {
    kind: kind as StationRow['kind'],
    system_id: String(system_id),
    station_id: String(station_id),
    part: Number(part),
    slot_ms: Number(slot),
    fetched_at_ms: Number(fetched_at),
    content_hash: String(content_hash),
    values: last_reported === undefined ? values : { ...values, last_reported_ms: last_reported },
  };
}
