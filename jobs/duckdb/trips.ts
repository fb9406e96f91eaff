import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { FatalError } from '../../lib/errors.ts';
import { type Table, TRIP_COUNTS, TRIP_FILES, TRIP_REJECTS, TRIPS_DAILY } from '../tables.ts';
import { headerNames, type Layout, layoutOf, tripsPrint } from '../trips/formats.ts';
import { fileId, inputFiles, utf8File } from '../trips/input.ts';
import type { ChartBar, TripsReport } from '../trips/report.ts';
import { Database, type DuckDBLimits } from './connection.ts';
import { LakeFolder } from './lake-folder.ts';
import { literal, parquetRelation, queryText } from './relation.ts';

interface Input {
  readonly file_id: string;
  readonly path: string;
  /** Reads it. */
  readonly relation: string;
  readonly layout: Layout;
}

interface Known {
  readonly file_id: string;
  readonly path: string;
  readonly made_of: string;
}

/**
 * Counts the trips of the files below `paths` into the lake at `root`. Delivery guarantee: a file is its content; it counts once, under whatever
 * names it comes, from the moment in which its row in silver.trip_files is there; a file with the path of an earlier one takes its place. Killed at
 * any moment, the next run comes to the same tables. Throws FatalError before anything is counted where a file can't be read.
 */
export async function countTrips(
  root: string,
  paths: readonly string[],
  limits: Omit<DuckDBLimits, 'spill_dir'>,
): Promise<TripsReport> {
  const lake = new LakeFolder(root);
  lake.clear();
  const spill_dir = join(lake.settle_dir, 'trips');
  await using db = await Database.open({ ...limits, spill_dir });
  const made_of = tripsPrint();
  const stored = (table: Table): string =>
    parquetRelation(
      table.columns,
      lake.parquetKeys(table.name.replace('.', '/')).map((key) => lake.path(key)),
    );
  try {
    const known = await db.rows<Known>(`SELECT file_id, path, made_of FROM (${stored(TRIP_FILES)})`);
    const { inputs, same } = await newInputs(
      db,
      paths,
      known.filter((k) => k.made_of === made_of),
      spill_dir,
    );
    for (const input of inputs) await countFile(db, lake, input, made_of, stored(TRIP_FILES));
    await forgetOthers(db, lake, stored(TRIP_FILES));
    await bind(db, 'counts', stored(TRIP_COUNTS));
    await lake.replace(db, TRIPS_DAILY, null, queryText('trips/trips_daily'));
    await bind(db, 'trips_daily', stored(TRIPS_DAILY));
    await bind(db, 'trips_by_day', queryText('views/gold_trips_by_day'));
    return {
      files: await db.rows(`SELECT path, format, source, trips, rejected FROM (${stored(TRIP_FILES)}) ORDER BY path`),
      counted: inputs.map((input) => input.path),
      same,
      rejected: await db.rows(
        `SELECT reason, count(*) AS rejected FROM (${stored(TRIP_REJECTS)}) GROUP BY reason ORDER BY reason`,
      ),
      bars: await db.rows<ChartBar>(queryText('trips/chart_bars')),
    };
  } finally {
    rmSync(spill_dir, { recursive: true, force: true });
  }
}

/** Looks at every file before one is counted. `same`: those whose content is counted already. */
async function newInputs(db: Database, paths: readonly string[], known: readonly Known[], copies: string) {
  const ids = new Set(known.map((k) => k.file_id));
  const inputs: Input[] = [];
  const same: string[] = [];
  const faults: string[] = [];
  for (const path of inputFiles(paths)) {
    const file_id = await fileId(path);
    if (ids.has(file_id)) {
      same.push(path);
      continue;
    }
    ids.add(file_id);
    const found = await inputOf(db, path, file_id, copies);
    if (typeof found === 'string') faults.push(found);
    else inputs.push(found);
  }
  if (faults.length > 0) throw new FatalError('gold', 'unknown_trips', faults.join('\n'));
  return { inputs, same };
}

async function inputOf(db: Database, path: string, file_id: string, copies: string): Promise<Input | string> {
  try {
    if (/\.parquet$/i.test(path)) {
      const relation = `SELECT * FROM read_parquet(${literal(path)}, hive_partitioning = false)`;
      const names = (await db.answer(`${relation} LIMIT 0`)).columns.map(({ name }) => name.toLowerCase());
      const layout = layoutOf(path, names, null);
      return typeof layout === 'string' ? layout : { file_id, path, relation, layout };
    }
    const relation = linesOf(await utf8File(path, join(copies, `${file_id}.csv`)));
    const [header] = await db.rows<{ line: string }>(`SELECT line FROM (${relation}) LIMIT 1`);
    if (header === undefined) return `${path} is empty`;
    const layout = layoutOf(path, headerNames(header.line), header.line);
    return typeof layout === 'string' ? layout : { file_id, path, relation, layout };
  } catch (error) {
    return `${path} can't be read: ${(error as Error).message.split('\n')[0]}`;
  }
}

/** Lines as they are: fields and quotes are the SQL's matter, which both engines share. */
const linesOf = (path: string): string =>
  `SELECT line FROM read_csv(${literal(path)}, columns = {'line': 'VARCHAR'}, header = false, auto_detect = false, delim = '', quote = '',
     escape = '', strict_mode = false, max_line_size = 16777216) WHERE line IS NOT NULL AND line <> ''`;

const bind = (db: Database, name: string, query: string): Promise<void> =>
  db.run(`CREATE OR REPLACE TEMPORARY VIEW ${name} AS ${query}`);

async function countFile(db: Database, lake: LakeFolder, input: Input, made_of: string, files: string): Promise<void> {
  const { file_id, path, relation, layout } = input;
  const { format, query, source } = layout;
  const row = Object.entries({ file_id, ...layout }).map(
    ([name, value]) => `${typeof value === 'number' ? value : literal(value)} AS ${name}`,
  );
  await bind(db, 'layout', `SELECT ${row.join(', ')}`);
  await bind(db, query === 'csv_trips' ? 'file_lines' : 'trip_rows', relation);
  await bind(db, 'file_trips', queryText(`trips/${query}`));
  await bind(db, 'checked_trips', queryText('trips/checked_trips'));
  const written = [
    await lake.replace(db, TRIP_COUNTS, file_id, queryText('trips/trip_counts')),
    await lake.replace(db, TRIP_REJECTS, file_id, queryText('trips/trip_rejects')),
  ].map((made) => parquetRelationOf(lake, Object.keys(made)));
  // From here on the file is counted, and the one that had its path is not.
  await lake.replace(
    db,
    TRIP_FILES,
    null,
    `SELECT * FROM (${files}) WHERE file_id <> ${literal(file_id)} AND path <> ${literal(path)}
     UNION ALL BY NAME SELECT ${[file_id, path, format, source].map((v, i) => `${literal(v)} AS ${['file_id', 'path', 'format', 'source'][i]}`).join(', ')},
       (SELECT coalesce(sum(trips), 0) FROM (${written[0]})) AS trips, (SELECT count(*) FROM (${written[1]})) AS rejected, ${literal(made_of)} AS made_of
     ORDER BY path`,
  );
}

const parquetRelationOf = (lake: LakeFolder, keys: readonly string[]): string =>
  keys.length === 0
    ? 'SELECT NULL AS trips WHERE false'
    : `SELECT * FROM read_parquet([${keys.map((key) => literal(lake.path(key))).join(', ')}], hive_partitioning = false)`;

/** Removes what lies of files that aren't counted: replaced ones, and those that a killed run began. */
async function forgetOthers(db: Database, lake: LakeFolder, files: string): Promise<void> {
  const counted = new Set((await db.rows<Known>(`SELECT file_id FROM (${files})`)).map((row) => row.file_id));
  for (const { name } of [TRIP_COUNTS, TRIP_REJECTS]) {
    const prefix = name.replace('.', '/');
    for (const folder of lake.folders(prefix)) {
      if (!counted.has(folder.slice('file_id='.length))) rmSync(lake.path(join(prefix, folder)), { recursive: true });
    }
  }
}
