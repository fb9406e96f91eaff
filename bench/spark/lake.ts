import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Database } from '../../jobs/duckdb/connection.ts';
import { literal } from '../../jobs/duckdb/relation.ts';
import type { Plan } from '../../lib/poll/plan.ts';
import { logKey } from '../../lib/silver/log.ts';
import { decodeObject, encodeObject } from '../../lib/silver/object.ts';
import { emptyState, type LaneState, type LogObject, type StationRow, setRow } from '../../lib/silver/state.ts';
import { COLUMNS } from '../../lib/stream/columns.ts';
import { type CityDay, MINUTE_MS, POLLS, POLLS_A_DAY, START_MS, writeCityDay } from './city-day.ts';

/** Of a full lane (lib/poll/plan-lanes.ts has 3,000 in a lane): 24 of them have 100 million observations a day, at a poll a minute. */
const LANE_STATIONS = 2_894;
/** From so many lanes on they are full, so that sizes share one city; fewer are of the size that gives the number asked for. */
const FULL_LANES = 4;
const LANES_IN_SHARD = 4;
/** Firehose ends a file at 128 MB of JSON (resources/bronze.yml), and a row has about 600 bytes; or after 15 minutes. Its GZIP would take DuckDB thrice as long as Snappy. */
const ROWS_IN_FILE = 220_000;
const MINUTES_IN_FILE = 15;

export interface LakeShape {
  readonly observations: number;
  /** Lanes, each a copy of the same city's day under names of its own. */
  readonly copies: number;
  readonly stations: number;
}

export function shapeOf(observations: number): LakeShape {
  const lanes = observations / (LANE_STATIONS * POLLS_A_DAY);
  const copies = lanes < FULL_LANES ? Math.ceil(lanes) : Math.round(lanes);
  const stations = lanes < FULL_LANES ? Math.round(observations / copies / POLLS_A_DAY) : LANE_STATIONS;
  return { observations: copies * stations * POLLS_A_DAY, copies, stations };
}

/** What every name of a copy begins with. */
const prefixOf = (copy: number): string => `c${String(copy).padStart(3, '0')}`;
const laneOf = (copy: number, lane: string): string => `${lane}-${prefixOf(copy)}`;
const shardOf = (copy: number): string => `shardId-${String(Math.floor(copy / LANES_IN_SHARD)).padStart(12, '0')}`;
const HASH_DIGITS = 16;
/** Two lanes' records follow each other as they would arrive: the nth of each lane, then the next of each. */
const SEQUENCE_DIGITS = 54;

/**
 * Makes the lake bucket `<room>/<observations>/s3/bench-lake` of this shape, where it isn't there. One city's day goes through the program, and is copied: systems, stations,
 * lanes, contents and sequence numbers get names of their own, so that every copy is what the program would have left of such a system. Answers with the bucket's folder.
 */
export async function makeLake(
  room: string,
  shape: LakeShape,
  progress: (text: string) => void,
): Promise<{ readonly dir: string; readonly root: string }> {
  const dir = join(room, String(shape.observations));
  const root = join(dir, 's3', 'bench-lake');
  const mark = join(dir, 'made');
  if (existsSync(mark)) return { dir, root };
  rmSync(dir, { recursive: true, force: true });
  const base = join(room, `city-${shape.stations}`);
  const { plan } = await cityDay(base, shape.stations, progress);
  put(root, 'config/plan.json', JSON.stringify(planOfCopies(plan, shape)));
  await copyLog(base, root, shape, (done) => progress(`the log of ${shape.copies} lanes: ${percent(done)}`));
  await copyBronze(dir, base, root, shape, (done) => progress(`Bronze of ${shape.copies} lanes: ${percent(done)}`));
  writeFileSync(mark, '');
  return { dir, root };
}

/** Several sizes may be copies of one city's day. */
async function cityDay(dir: string, stations: number, progress: (text: string) => void): Promise<CityDay> {
  const mark = join(dir, 'day.json');
  if (existsSync(mark)) return JSON.parse(readFileSync(mark, 'utf8')) as CityDay;
  rmSync(dir, { recursive: true, force: true });
  const made = await writeCityDay(dir, stations, (done) => progress(`a day of ${stations} stations: ${percent(done)}`));
  writeFileSync(mark, JSON.stringify(made));
  return made;
}

const percent = (done: number): string => `${Math.round(done * 100)} %`;

function planOfCopies(plan: Plan, { copies }: LakeShape): Plan {
  const groups = Array.from({ length: copies }, (_, copy) =>
    plan.groups.map(({ group_id, interval_s, systems }) => ({
      group_id: `${group_id}-${prefixOf(copy)}`,
      interval_s,
      systems: systems.map((system) => ({
        ...system,
        system_id: `${prefixOf(copy)}_${system.system_id}`,
        lanes: system.lanes.map((lane) => laneOf(copy, lane)),
      })),
    })),
  );
  return { format: 1, groups: groups.flat() };
}

async function copyBronze(
  dir: string,
  base: string,
  root: string,
  { copies, stations }: LakeShape,
  progress: (done: number) => void,
): Promise<void> {
  await using db = await Database.open({ threads: 2, memory_mb: 2048, spill_dir: join(dir, 'spill') });
  const minutes = Math.min(MINUTES_IN_FILE, Math.max(1, Math.floor(ROWS_IN_FILE / (copies * stations))));
  const source = literal(join(base, 'bronze.parquet'));
  for (let poll = 0; poll < POLLS; poll += minutes) {
    const from_ms = START_MS + poll * MINUTE_MS;
    const at = new Date(from_ms).toISOString();
    const folder = join(root, 'bronze', 'events', `dt=${at.slice(0, 10)}`, `hh=${at.slice(11, 13)}`);
    mkdirSync(folder, { recursive: true });
    const file = join(folder, `bikelake-${at.slice(0, 16).replaceAll(/[T:]/g, '-')}.parquet`);
    await db.run(
      `COPY (
      SELECT ${COLUMNS.map(({ name }) => `${COPIED[name] ?? name} AS ${name}`).join(', ')}
      FROM read_parquet(${source}) AS b
      CROSS JOIN (SELECT c, 'c' || lpad(CAST(c AS VARCHAR), 3, '0') AS prefix FROM range(${copies}) AS r(c)) AS copies
      WHERE slot_ms >= ${from_ms} AND slot_ms < ${from_ms + minutes * MINUTE_MS}
    ) TO ${literal(file)} (FORMAT parquet, COMPRESSION snappy, ROW_GROUP_SIZE ${2 * ROWS_IN_FILE})`.replaceAll(
        'COPIES',
        String(copies),
      ),
    );
    progress(Math.min(1, (poll + minutes) / POLLS));
  }
}

/** The columns of Bronze that are a copy's own. `COPIES` stands for how many there are. */
const COPIED: Readonly<Record<string, string>> = {
  system_id: `prefix || '_' || system_id`,
  station_id: `prefix || '-' || station_id`,
  group_id: `group_id || '-' || prefix`,
  lane: `lane || '-' || prefix`,
  content_hash: `md5(prefix || content_hash)[1:${HASH_DIGITS}]`,
  raw: `replace(raw, '"station_id":"', '"station_id":"' || prefix || '-')`,
  shard_id: `'shardId-' || lpad(CAST(CAST(floor(c / ${LANES_IN_SHARD}) AS BIGINT) AS VARCHAR), 12, '0')`,
  sequence_number: `'49' || lpad(CAST(CAST(sequence_number AS BIGINT) * COPIES + c AS VARCHAR), ${SEQUENCE_DIGITS}, '0')`,
};

async function copyLog(
  base: string,
  root: string,
  { copies }: LakeShape,
  progress: (done: number) => void,
): Promise<void> {
  const keys = readdirSync(join(base, 'log'), { recursive: true, encoding: 'utf8' }).filter((key) =>
    key.endsWith('.parquet'),
  );
  for (const [n, key] of keys.entries()) {
    const [, lane = '', date = '', version = ''] = /^lane=(.+)\/event_date=(.+)\/0*(\d+)\.parquet$/.exec(key) ?? [];
    const { object, before } = await decodeObject(readFileSync(join(base, 'log', key)));
    for (let copy = 0; copy < copies; copy++) {
      const own = laneOf(copy, lane);
      const state = before === null ? null : stateOfCopy(before, copy, copies);
      const bytes = encodeObject(own, Number(version), objectOfCopy(object, copy, copies), state);
      put(root, logKey(own, date, Number(version)), bytes);
    }
    progress((n + 1) / keys.length);
  }
}

const sequenceOf = (sequence: string, copy: number, copies: number): string =>
  `49${String(Number(sequence) * copies + copy).padStart(SEQUENCE_DIGITS, '0')}`;

function rowOfCopy(row: StationRow, copy: number): StationRow {
  const prefix = prefixOf(copy);
  return {
    ...row,
    system_id: `${prefix}_${row.system_id}`,
    station_id: `${prefix}-${row.station_id}`,
    content_hash: hash('md5', prefix + row.content_hash, 'hex').slice(0, HASH_DIGITS),
  };
}

const newestOfCopy = (newest: ReadonlyMap<string, number>, copy: number): Map<string, number> =>
  new Map([...newest].map(([key, slot_ms]) => [`${prefixOf(copy)}_${key}`, slot_ms]));

function objectOfCopy(object: LogObject, copy: number, copies: number): LogObject {
  if (object.type === 'turn') return object;
  return {
    ...object,
    shard_id: shardOf(copy),
    first_sequence: sequenceOf(object.first_sequence, copy, copies),
    last_sequence: sequenceOf(object.last_sequence, copy, copies),
    newest: newestOfCopy(object.newest, copy),
    changes: object.changes.map((row) => rowOfCopy(row, copy)),
  };
}

function stateOfCopy(state: LaneState, copy: number, copies: number): LaneState {
  const own: LaneState = {
    ...emptyState(),
    version: state.version,
    date: state.date,
    folder: state.folder,
    positions: new Map([...state.positions.values()].map((last) => [shardOf(copy), sequenceOf(last, copy, copies)])),
    newest: newestOfCopy(state.newest, copy),
  };
  for (const rows of state.stations.values()) for (const row of rows.values()) setRow(own, rowOfCopy(row, copy));
  return own;
}

function put(root: string, key: string, content: string | Uint8Array): void {
  const file = join(root, key);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
}
