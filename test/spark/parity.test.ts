import { cpSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { figuresOf } from '../../jobs/duckdb/figures.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { countTrips } from '../../jobs/duckdb/trips.ts';
import { type RunReport, writeReport } from '../../jobs/report.ts';
import { TABLES, TRIP_COUNTS, TRIP_REJECTS, TRIPS_DAILY } from '../../jobs/tables.ts';
import { RECORDINGS, TOTALS } from '../gold/recordings.ts';
import { CITIBIKE_2016, HVFHV_DOUBLE, TripRoom } from '../trips/files.ts';
import { compareTables, compareTexts, type TableComparison } from './compare.ts';
import { drawnLakes } from './drawn-lakes.ts';
import {
  broughtBackLake,
  clockChangeLake,
  lateLakes,
  midnightLake,
  named,
  plantedLake,
  recordingLakes,
  seasonLakes,
  stationsOf,
  type TestLake,
} from './lakes.ts';
import { movedLake } from './moved-lake.ts';
import { viewsAndGate } from './same-text.ts';
import {
  isAsked,
  isBounded,
  type SparkAnswer,
  type SparkRun,
  type SparkSession,
  sparkSession,
  type Texts,
} from './spark-runs.ts';

/** What DuckDB ran of jobs/sql. */
const onDuckdb = vi.hoisted(() => new Set<string>());
vi.mock('../../jobs/duckdb/relation.ts', async (original) => {
  const own = await original<typeof import('../../jobs/duckdb/relation.ts')>();
  const queryText = (name: string): string => {
    onDuckdb.add(name);
    return own.queryText(name);
  };
  return { ...own, queryText };
});

/** How many lakes are drawn of each kind, and how many seasons that found something once are among them. */
const DRAWN = Number(process.env.SPARK_SEASONS ?? (isBounded ? 1 : 3));
const FOUND = isBounded ? 1 : 3;
const LIMIT_MS = 3_600_000;
const SQL = fileURLToPath(new URL('../../jobs/sql/', import.meta.url));

/** Where runs are ended, counted in replaced partitions: settle replaces five a day, audit three, Gold one, two and two. */
const ENDS = isBounded ? (['before 8'] as const) : (['after 1', 'before 8', 'after 18'] as const);

/** What rows of 2026-11-20 that come late change. `station_last` carries a station that only they have into the next day; the profile is one partition. */
const CHANGED_BY_LATE_ROWS = [
  ...['audit_daily', 'feed_quality_daily', 'ledger_daily', 'ledger_lanes_daily', 'station_hourly'].map(
    (table) => `gold.${table} 2026-11-20`,
  ),
  'gold.station_profile -',
  ...['system_daily', 'system_hourly'].map((table) => `gold.${table} 2026-11-20`),
  ...['explanations', 'polls', 'records', 'station_last'].map((table) => `silver.${table} 2026-11-20`),
  'silver.station_last 2026-11-21',
  'silver.station_status 2026-11-20',
];

describe.skipIf(!isAsked)('DuckDB and Spark', () => {
  let room = '';
  let lakes: TestLake[] = [];
  let session: SparkSession;
  const compared = new Map<string, Record<string, TableComparison>>();
  const texts = new Map<string, Texts>();
  const reports = new Map<string, RunReport>();
  let trips: TripRoom;
  let whole: TestLake;
  let early: TestLake;
  let lateOnDuckdb: string[] = [];
  const answerOf = (name: string): SparkAnswer => {
    const answer = session.answers.find((a) => a.name === name);
    if (answer === undefined) throw new Error(`${name} was not run`);
    return answer;
  };

  beforeAll(async () => {
    room = mkdtempSync(join(tmpdir(), 'bikelake-spark-room-'));
    const lateLake = lateLakes();
    const { late } = lateLake;
    ({ whole, early } = lateLake);
    const drawn = drawnLakes(DRAWN).map((lake, i) => named(`drawn-${i}`, lake));
    const recorded = await recordingLakes();
    const midnight = await midnightLake();
    const moved = named('moved', await movedLake());
    const small = [clockChangeLake(), broughtBackLake(), plantedLake(), moved, midnight, whole];
    lakes = [...recorded, ...drawn, ...(await seasonLakes(FOUND, DRAWN)), ...small];
    for (const { name, root } of lakes) {
      const settled = await settleLake(root);
      reports.set(name, await writeReport(root, { run: name, until: null, settled, seconds: {} }));
    }
    trips = new TripRoom();
    const files = [trips.file('201601.csv', CITIBIKE_2016), trips.file('c.parquet', HVFHV_DOUBLE)];
    await countTrips(trips.root, files, { threads: 1, memory_mb: 512 });
    for (const [name, date, now] of [['drawn-0', '2026-03-29', '2026-03-30T00:20:00Z'], ['brought-back', '2026-11-20', '2026-11-21T00:20:00Z']] as const) {
      const { root } = lakes.find((lake) => lake.name === name) as TestLake;
      texts.set(name, viewsAndGate(root, trips.root, date, Date.parse(now), join(room, `texts-${name}`)));
    } // biome-ignore format: a table
    lateOnDuckdb = await changedByLateRows(early, late);
    const runs = lakes.map((lake): SparkRun => {
      const own = texts.get(lake.name);
      if (recorded.includes(lake)) return { ...lake, is_large: true, ask: ASKED };
      return { ...lake, ask: lake.name === 'planted' ? LATE : {}, ...(own && { texts: own }) };
    });
    const ended = ENDS.flatMap((ends, i): SparkRun[] => {
      const run = { ...whole, warehouse: `ended-${i}` };
      return [
        { ...run, name: `ended ${ends}`, ends },
        { ...run, name: `gone on ${ends}` },
      ];
    });
    const again: SparkRun[] = [
      early,
      { ...early, name: 'early again' },
      { ...early, name: 'with late rows', add: late },
    ];
    const until = { ...midnight, name: 'until midnight', until: '2026-11-21T00:20:00Z' };
    const counted = { name: 'trips', dir: trips.dir, root: trips.root, trips: files.map((f) => pathToFileURL(f).href) };
    session = await sparkSession(room, [until, ...runs, ...ended, ...again, counted]);
    for (const { name, root } of lakes) compared.set(name, await compareTables(root, answerOf(name)));
    const { cpu_seconds, peak_rss_bytes } = session;
    console.info(`${lakes.length} lakes: ${cpu_seconds} s of CPU, ${Math.round(peak_rss_bytes / 2 ** 20)} MiB at most`);
  }, LIMIT_MS);
  afterAll(() => {
    for (const lake of [...lakes, whole, early, trips]) lake.remove();
    rmSync(room, { recursive: true });
  });

  test('every lake was compared, every table of it, and each table somewhere with rows', () => {
    expect([...compared.keys()]).toEqual(lakes.map(({ name }) => name));
    for (const { name } of TABLES) {
      const rows = [...compared.values()].map((tables) => tables[name]?.rows ?? 0);
      expect(Math.max(...rows), name).toBeGreaterThan(0);
    }
  });

  test('the same rows in every table', () => {
    expect([...compared].flatMap(([lake, tables]) => differing(tables).map((d) => ({ lake, ...d })))).toEqual([]);
  });

  test('the same report', () => {
    // The days of this one were settled by two runs.
    const names = [...reports.keys()].filter((name) => name !== 'midnight');
    const ours = names.map((name) => reports.get(name));
    expect(names.map((name) => ({ ...answerOf(name).report, seconds: {} }))).toEqual(ours);
  });

  test('the same rows of every view that Athena has as well, and the same answer of the gate', async () => {
    const rows: Record<string, number> = {};
    for (const [name, own] of texts) {
      const { root } = lakes.find((lake) => lake.name === name) as TestLake;
      const views = await compareTexts(root, own);
      expect(differing(views), name).toEqual([]);
      for (const [view, counts] of Object.entries(views)) rows[view] = (rows[view] ?? 0) + counts.rows;
    }
    expect(Object.entries(rows).filter(([, n]) => n === 0)).toEqual([]);
  });

  test('the same rows of trips', async () => {
    const tables = [TRIP_COUNTS, TRIP_REJECTS, TRIPS_DAILY];
    // Each partition was written once, so that all files of a table are of its newest snapshot.
    const files = Object.fromEntries(
      tables.map(({ name }) => {
        const data = join(trips.dir, 'iceberg', name.replace('.', '/'), 'data');
        const found = readdirSync(data, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.parquet'));
        return [name, found.map((f) => pathToFileURL(join(data, f)).href)];
      }),
    );
    const own = await compareTables(trips.root, { files }, tables);
    expect(differing(own)).toEqual([]);
    expect(Object.values(own).map(({ rows }) => rows > 0)).toEqual([true, true, true]);
  });

  test('the audit finds exactly what was planted: ten changes missing, ten extra; and names ten late ones, which explain themselves', async () => {
    const { code, report, asked } = answerOf('planted');
    expect(code).toBe(3);
    const audit = { settled_changes: 80, audit_missing: 10, audit_extra: 10, audit_explained: 10 };
    expect(report).toMatchObject({ ...audit, ledger_difference: 0 });
    const { root } = lakes.find(({ name }) => name === 'planted') as TestLake;
    expect(await figuresOf(root)).toMatchObject({ ...audit, silver_rows: 70, late: 10 });
    expect(asked.late).toEqual(stationsOf('l').map((id) => [id, '2026-11-20 22:01:00']));
  });

  test('a lane that relane began: what it carried makes a poll of before late, and what came to the lane that was left is stray', async () => {
    const { code, report } = answerOf('moved');
    expect([code, report.audit_explained]).toEqual([0, 5]);
    const { root } = lakes.find(({ name }) => name === 'moved') as TestLake;
    expect((await figuresOf(root)).audit_explained).toBe(5);
  });

  test('a day that has begun waits, and what the log has of it is no difference', () => {
    const { code, report } = answerOf('until midnight');
    expect(report).toMatchObject({
      dates: ['2026-11-20'],
      incomplete: [],
      ledger_difference: 0,
      audit_missing: 0,
      audit_extra: 0,
    });
    expect(code).toBe(0);
    // Gone on with, from the same tables: `midnight` is compared with DuckDB, as all lakes are.
    expect(answerOf('midnight').report).toMatchObject({ dates: ['2026-11-21'], ledger_difference: 0 });
  });

  test('again without anything new: no table has another snapshot', () => {
    const { report, snapshots } = answerOf('early again');
    expect(report.dates).toEqual([]);
    expect(snapshots).toEqual(answerOf('early').snapshots);
  });

  test('with rows that came late: what one run over all comes to', async () => {
    const answer = answerOf('with late rows');
    expect(differing(await compareTables(whole.root, answer))).toEqual([]);
    expect(answer.report.dates).toContain('2026-11-20');
  });

  test('with rows that came late: the partitions of that day are replaced once, and no other is touched', () => {
    const [before, after] = [answerOf('early'), answerOf('with late rows')];
    const [old, now] = [partitionsOf(before), partitionsOf(after)];
    const changed = [...now.keys()].filter((name) => now.get(name) !== old.get(name));
    expect(changed.sort()).toEqual(CHANGED_BY_LATE_ROWS);
    expect(lateOnDuckdb).toEqual(CHANGED_BY_LATE_ROWS);
    for (const name of ['silver.station_status', 'silver.polls', 'silver.records', 'gold.station_hourly']) {
      expect(after.snapshots[name], name).toBe((before.snapshots[name] ?? 0) + 1);
    }
  });

  test.each(ENDS)('ended %s, and run again: the same tables, by as many snapshots', async (ends) => {
    expect(answerOf(`ended ${ends}`).code).toBeNull();
    const answer = answerOf(`gone on ${ends}`);
    expect(differing(await compareTables(whole.root, answer))).toEqual([]);
    expect(snapshotsWithRows(answer)).toEqual(snapshotsWithRows(answerOf('whole')));
  });

  test('the recordings come to their figures in the tables of Spark, and have no finding', () => {
    for (const { system_id, silver, gold, observations } of RECORDINGS) {
      if (!compared.has(system_id)) continue;
      const { code, report, asked } = answerOf(system_id);
      expect(code, system_id).toBe(0);
      const none = { audit_missing: 0, audit_extra: 0, audit_explained: 0, ledger_difference: 0 };
      expect(report, system_id).toMatchObject({ settled_changes: silver, settled_spans: gold[0], ...none });
      expect(asked.totals, system_id).toEqual([gold.map(String)]);
      expect(asked.silver_rows, system_id).toEqual([[String(silver)]]);
      expect(asked.observations, system_id).toEqual([[String(observations)]]);
    }
  });

  // After all others: some of them ask DuckDB.
  test('every file of jobs/sql was run by both', () => {
    const files = readdirSync(SQL, { recursive: true, encoding: 'utf8' }).filter((file) => file.endsWith('.sql'));
    const all = files.map((file) => file.slice(0, -'.sql'.length)).sort();
    const onSpark = new Set(session.queries);
    expect(all.filter((name) => !onSpark.has(name) || !onDuckdb.has(name))).toEqual([]);
    expect(all.length).toBeGreaterThan(30);
  });
});

/** Of the recordings; the audit counted the rows of the log. */
const ASKED = {
  totals: TOTALS,
  silver_rows: "SELECT sum(log_changes) FROM gold.audit_daily WHERE kind = 'status'",
  observations: "SELECT sum(bronze_events) FROM silver.polls WHERE feed = 'station_status'",
};

const LATE = { late: 'SELECT station_id, CAST(slot AS STRING) FROM silver.explanations ORDER BY station_id' };

const differing = (tables: Readonly<Record<string, TableComparison>>) =>
  Object.entries(tables)
    .filter(([, { only_duckdb, only_spark, apart }]) => only_duckdb + only_spark + apart > 0)
    .map(([table, counts]) => ({ table, ...counts }));

const DAY = /event_date=([\d-]+)\//;

/** `table date` (`table -` where it is one partition) → its data files. */
function partitionsOf({ files }: SparkAnswer): Map<string, string> {
  const partitions = new Map<string, string>();
  for (const [table, urls] of Object.entries(files)) {
    for (const url of urls.toSorted((a, b) => (a < b ? -1 : 1))) {
      const name = `${table} ${DAY.exec(url)?.[1] ?? '-'}`;
      partitions.set(name, `${partitions.get(name) ?? ''}${url}\n`);
    }
  }
  return partitions;
}

/** The partitions whose files DuckDB's settle replaces when the rows have come, as `table date`; in a copy of the lake. */
async function changedByLateRows(early: TestLake, late: string): Promise<string[]> {
  const dir = mkdtempSync(join(tmpdir(), 'bikelake-late-'));
  try {
    cpSync(early.dir, dir, { recursive: true });
    const root = join(dir, 's3', 'bikelake-dev-lake');
    const files = (): Map<string, bigint> => {
      const keys = TABLES.map(({ name }) => name.replace('.', '/')).flatMap((folder) =>
        readdirSync(root, { recursive: true, encoding: 'utf8' }).filter((key) => key.startsWith(`${folder}/`) && key.endsWith('.parquet')),
      ); // biome-ignore format: one line
      return new Map(keys.map((key) => [key, statSync(join(root, key), { bigint: true }).ino]));
    };
    await settleLake(root);
    const before = files();
    cpSync(late, root, { recursive: true });
    await settleLake(root);
    const changed = [...files()].filter(([key, ino]) => before.get(key) !== ino).map(([key]) => key);
    return changed.map((key) => `${key.split('/').slice(0, 2).join('.')} ${DAY.exec(key)?.[1] ?? '-'}`).sort();
  } finally {
    rmSync(dir, { recursive: true });
  }
}

/** A partition that has no row and gets none is replaced as well: such a snapshot changes nothing. */
const snapshotsWithRows = ({ files, snapshots }: SparkAnswer) =>
  Object.fromEntries(Object.entries(snapshots).filter(([table]) => (files[table] ?? []).length > 0));
