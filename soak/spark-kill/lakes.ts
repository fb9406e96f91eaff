import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { Random } from '../../local/sources/city/random.ts';
import { writeRecordingLake } from '../../test/gold/recording-lake.ts';
import { hasSharedData, sharedData } from '../../test/shared.ts';

/** Polls further apart make a lake of as many days in less time; no gap is between them, as the guard is three intervals. */
const INTERVAL_S = 600;
const RECORDING = 'series/boulder_2022-04.ndjson.gz';
const EVERY = 10;
const GENERATED = { from_ms: Date.parse('2026-11-19T12:00:00Z'), polls: 216, stations: 40 };

/**
 * A lake of some days in a state folder whose path never changes, since Iceberg's tables hold whole paths; and its states, by name, as copies beside
 * it. DuckDB's tables, which Spark's are compared with, lie in it.
 */
export class KilledLake {
  readonly dir: string;
  readonly root: string;
  readonly iceberg: string;
  readonly #copies: string;

  constructor(room: string) {
    this.dir = join(room, 'lake');
    this.root = join(this.dir, 's3', 'bikelake-dev-lake');
    this.iceberg = join(this.dir, 'iceberg');
    this.#copies = join(room, 'copies');
  }

  save(state: string): void {
    cpSync(this.dir, join(this.#copies, state), { recursive: true, preserveTimestamps: true });
  }

  restore(state: string): void {
    rmSync(this.dir, { recursive: true, force: true });
    cpSync(join(this.#copies, state), this.dir, { recursive: true, preserveTimestamps: true });
  }

  /** Marks of days that must be made again which are there. */
  marks(): string[] {
    const files = readdirSync(this.root, { recursive: true, encoding: 'utf8' });
    return files.filter((file) => file.startsWith('dirty/') && file.endsWith('.json'));
  }
}

/** What comes after the lake was settled first: a file with rows of its first day, and a file of its last whole day that is taken away, with the mark of that. */
export interface Later {
  readonly late: string;
  readonly removed: string;
  readonly removed_date: string;
}

/** Writes the lake of the recording's first days without its late file: no table is made yet, but those of DuckDB. */
export async function firstState(lake: KilledLake, seed: number, days: number): Promise<Later> {
  const room = dirname(lake.dir);
  const file = join(room, 'recording.ndjson.gz');
  writeFileSync(file, gzipSync(firstDays(hasSharedData ? thinned() : generated(seed), days).join('\n')));
  const system = hasSharedData
    ? { system_id: 'boulder', time_zone: 'America/Denver' }
    : { system_id: 'city', time_zone: 'Europe/Vienna' };
  await writeRecordingLake(lake.root, { file, interval_s: INTERVAL_S, ...system });
  const hours = readdirSync(join(lake.root, 'bronze'), { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.parquet'))
    .map((name) => `bronze/${name}`)
    .sort();
  const [first, second = first] = [...new Set(hours.map((key) => /dt=([\d-]+)/.exec(key)?.[1] ?? ''))];
  const hourOf = (date: string | undefined, hours_after: number): string => {
    const own = hours.filter((key) => key.includes(`dt=${date}`));
    return own[Math.floor(own.length / 2) + hours_after] as string;
  };
  const later = { late: hourOf(first, 0), removed: hourOf(second, 1), removed_date: second as string };
  mkdirSync(join(room, 'aside'), { recursive: true });
  renameSync(join(lake.root, later.late), join(room, 'aside', 'late.parquet'));
  await settleLake(lake.root);
  return later;
}

/** Goes on from a lake that is settled: days have to be replaced, one of them because of a mark alone. */
export async function laterState(lake: KilledLake, { late, removed, removed_date }: Later): Promise<void> {
  mkdirSync(dirname(join(lake.root, late)), { recursive: true });
  cpSync(join(dirname(lake.dir), 'aside', 'late.parquet'), join(lake.root, late));
  rmSync(join(lake.root, removed));
  const mark = join(lake.root, 'dirty', removed_date, 'rebuild-kill.json');
  const text = JSON.stringify({ format: 1, date: removed_date, removed: [removed], command: 'rebuild', id: 'kill' });
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, text);
  await settleLake(lake.root); // which ends the mark
  mkdirSync(dirname(mark), { recursive: true });
  writeFileSync(mark, text);
}

function firstDays(lines: readonly string[], days: number): readonly string[] {
  const dates = lines.map((line) => (JSON.parse(line) as { fetched_at: string }).fetched_at.slice(0, 10));
  const kept = new Set([...new Set(dates)].slice(0, days));
  return lines.filter((_, i) => kept.has(dates[i] ?? ''));
}

function thinned(): readonly string[] {
  const lines = gunzipSync(readFileSync(sharedData(RECORDING)))
    .toString()
    .trimEnd()
    .split('\n');
  return lines.filter((_, i) => i % EVERY === 0);
}

/** A recording as those of ../shared are, of stations that walk at random. */
function generated(seed: number): readonly string[] {
  const random = new Random(seed, 91);
  const bikes = Array.from({ length: GENERATED.stations }, () => random.below(20));
  return Array.from({ length: GENERATED.polls }, (_, n) => {
    const stations = bikes.map((now, i) => {
      const next = random.next() < 0.3 ? Math.min(20, Math.max(0, now + random.below(5) - 2)) : now;
      bikes[i] = next;
      return {
        station_id: `s${i}`,
        num_bikes_available: next,
        num_docks_available: 20 - next,
        is_installed: 1,
        is_renting: 1,
        is_returning: 1,
        last_reported: Math.floor(GENERATED.from_ms / 1000) + n * INTERVAL_S,
      };
    });
    const fetched_at = new Date(GENERATED.from_ms + n * INTERVAL_S * 1000).toISOString();
    return JSON.stringify({ fetched_at, body: { data: { stations } } });
  });
}
