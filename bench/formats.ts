/**
 * The same day in each format: bytes, seconds to write, and what three queries take and read in DuckDB and Spark. docs/formats.md says
 * what follows from it.
 *
 *   npm run bench:formats -- [--rows 50000] [--rounds 3] [--no-spark] [--docs]
 *
 * `--rounds 0`: one round, for its bytes alone.
 */
import { linkSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { CASES, type Case, ENGINES, queriesOf } from './formats/cases.ts';
import { DAY_MS, stationsFor, writeDay } from './formats/day.ts';
import { openDuckDB, writeSource } from './formats/duckdb.ts';
import { folderBytes } from './formats/measure.ts';
import { picture } from './formats/picture.ts';
import { type Figures, report } from './formats/report.ts';
import { leftOut, measureRounds } from './formats/rounds.ts';
import { Spark } from './formats/spark.ts';

const DOCS = fileURLToPath(new URL('../docs/formats.md', import.meta.url));
const PICTURE = fileURLToPath(new URL('../docs/formats.svg', import.meta.url));
/** Between these lines of docs/formats.md stands what `--docs` writes. */
const MARKS = ['<!-- measured -->', '<!-- end -->'] as const;
/** 15 minutes from the morning's height, 08:00 in the city. */
const FROM_MS = DAY_MS + 23 * 3_600_000;

const { values: options } = parseArgs({
  options: {
    rows: { type: 'string', default: '50000' },
    rounds: { type: 'string', default: '3' },
    'no-spark': { type: 'boolean', default: false },
    docs: { type: 'boolean', default: false },
  },
});

async function measure(room: string): Promise<{ figures: Figures; title: string }> {
  const bronze = join(room, 'bronze.parquet');
  const stations = stationsFor(Number(options.rows));
  const rows = writeDay(bronze, stations);
  const times = options.rounds === '0' ? 'one round that was not warmed up' : `medians of ${options.rounds} rounds`;
  const title = `${rows.toLocaleString('en')} rows: a day of ${stations.toLocaleString('en')} stations, a poll a minute; ${times}, ${cpus().length} cores`;
  console.log(`${title}\n`);
  const sources = { time: join(room, 'time.parquet'), station: join(room, 'station.parquet') };
  const folder = (of: Case): string => join(room, 'cases', String(CASES.indexOf(of)));
  await using db = await openDuckDB(room);
  for (const order of ['time', 'station'] as const) await writeSource(db, bronze, order, sources[order]);
  for (const of of CASES.filter(({ writer }) => writer === 'bronze')) {
    mkdirSync(folder(of), { recursive: true });
    linkSync(bronze, join(folder(of), 'part.parquet'));
  }
  await using spark = options['no-spark'] ? null : await Spark.open(sources.time);
  sayLeftOut(spark);
  const queries = queriesOf(`sim-${String(Math.ceil(stations / 2)).padStart(4, '0')}`, FROM_MS);
  const costs = await measureRounds({ db, spark, sources, queries, folder }, Number(options.rounds), console.log);
  const bytes = new Map([...costs.keys()].map((of) => [of, folderBytes(folder(of))]));
  return { title, figures: { rows, costs, bytes, queries } };
}

function sayLeftOut(spark: Spark | null): void {
  if (spark === null) {
    const why = options['no-spark'] ? '--no-spark' : 'npm run spark makes .venv/spark, which is not here';
    console.log(`left out: Spark's queries (${why})`);
  }
  for (const of of CASES) {
    const why = leftOut(of, spark);
    if (why !== null) console.log(`left out: ${of.name}: ${why}`);
    else
      for (const engine of ENGINES)
        if (of.unread?.[engine]) console.log(`${engine} reads no ${of.name}: ${of.unread[engine]}`);
  }
}

function writeDocs(title: string, tables: string, svg: string): void {
  const [begin, end] = MARKS;
  const text = readFileSync(DOCS, 'utf8');
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from < 0 || to < from) throw new Error(`${DOCS} has no lines ${begin} and ${end}`);
  writeFileSync(DOCS, `${text.slice(0, from)}${begin}\n\n${title}.\n\n${tables}\n\n${text.slice(to)}`);
  writeFileSync(PICTURE, svg);
}

const room = mkdtempSync(join(tmpdir(), 'bikelake-formats-'));
try {
  const { title, figures } = await measure(room);
  const tables = report(figures);
  console.log(`\n${tables}`);
  if (options.docs) writeDocs(title, tables, picture(figures));
} finally {
  rmSync(room, { recursive: true, force: true });
}
