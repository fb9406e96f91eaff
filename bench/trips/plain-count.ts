/**
 * A count of trip files that shares nothing with the engines: no SQL, another reader of Parquet, dates by Node. It knows the files that the bench
 * writes and those of Urban Sharing and Ford GoBike in Edinburgh and San Francisco, without an hour that comes twice.
 */
import { readFileSync } from 'node:fs';
import { asyncBufferFromFile, parquetMetadataAsync, parquetRead } from 'hyparquet';

/** `places`: trips by local date of the start and place, as `2019-02-01 132`; a place that isn't named is `none`. */
export interface Count {
  trips: number;
  rejected: number;
  readonly places: Map<string, number>;
}

const DAY_MS = 86_400_000;
/** Zones of TLC. */
const ZONES = 265;

export async function plainCount(paths: readonly string[]): Promise<Count> {
  const count: Count = { trips: 0, rejected: 0, places: new Map() };
  for (const path of paths) {
    if (path.endsWith('.parquet')) await countParquet(path, count);
    else countCsv(readFileSync(path, 'utf8'), count);
  }
  return count;
}

function add(count: Count, day: string, place: string, trips = 1): void {
  const key = `${day} ${place}`;
  count.trips += trips;
  count.places.set(key, (count.places.get(key) ?? 0) + trips);
}

/** A row group after the other, its three columns at once. */
async function countParquet(path: string, count: Count): Promise<void> {
  const file = await asyncBufferFromFile(path);
  const metadata = await parquetMetadataAsync(file);
  // By day and zone as one number: text for each of millions of rows would take longer than to read them.
  const found = new Map<number, number>();
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const rowEnd = rowStart + Number(group.num_rows);
    const columns: Record<string, (number | null)[]> = { pickup_datetime: [], dropoff_datetime: [], PULocationID: [] };
    await parquetRead({
      file,
      metadata,
      columns: Object.keys(columns),
      rowStart,
      rowEnd,
      parsers: { timestampFromMicroseconds: (micros) => Number(micros) / 1000 },
      onChunk: ({ columnName, columnData, rowStart: from }) => {
        const column = columns[columnName] ?? [];
        for (let i = 0; i < columnData.length; i++) {
          const value = columnData[i] as number | bigint | null | undefined;
          column[from - rowStart + i] = value === null || value === undefined ? null : Number(value);
        }
      },
    });
    for (let i = 0; i < rowEnd - rowStart; i++) {
      const started = columns.pickup_datetime?.[i] ?? null;
      const ended = columns.dropoff_datetime?.[i] ?? null;
      const zone = columns.PULocationID?.[i] ?? null;
      const isZone = zone === null || (Number.isInteger(zone) && zone >= 1 && zone <= ZONES);
      if (started === null || !isZone || (ended !== null && ended < started)) count.rejected++;
      else {
        const key = Math.floor(started / DAY_MS) * 1000 + (zone ?? 0);
        found.set(key, (found.get(key) ?? 0) + 1);
      }
    }
    rowStart = rowEnd;
  }
  for (const [key, trips] of found) {
    const zone = key % 1000;
    add(
      count,
      new Date(Math.floor(key / 1000) * DAY_MS).toISOString().slice(0, 10),
      zone === 0 ? 'none' : String(zone),
      trips,
    );
  }
}

const LONDON = new Intl.DateTimeFormat('en-CA', { timeZone: 'Europe/London', dateStyle: 'short' });

function countCsv(text: string, count: Count): void {
  const [header = '', ...lines] = text.split(/\r?\n/).filter((line) => line !== '');
  const names = fieldsOf(header);
  const [started, ended] = ['start', 'end'].map((word) => names.findIndex((name) => name.startsWith(word)));
  const place = names.indexOf('start_station_id');
  for (const line of lines) {
    const fields = fieldsOf(line);
    const [from, to] = [fields[started ?? -1] ?? '', fields[ended ?? -1] ?? ''];
    // An instant where it says so; else a local time, which is compared with its like.
    const [from_ms, to_ms] = [from, to].map((time) => Date.parse(/[+-]\d\d:\d\d$/.test(time) ? time : `${time}Z`));
    if (fields.length !== names.length || !(Number(from_ms) <= Number(to_ms))) count.rejected++;
    else add(count, from.includes('+') ? LONDON.format(from_ms) : from.slice(0, 10), fields[place] || 'none');
  }
}

/** Commas inside quotes stay. */
const fieldsOf = (line: string): string[] =>
  line.split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/).map((field) => field.replaceAll('"', ''));
