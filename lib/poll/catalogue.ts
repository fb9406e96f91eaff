import { readFileSync } from 'node:fs';
import { FatalError } from '../errors.ts';
import { CsvFault, type CsvRow, parseCsv } from './csv.ts';
import { isEvenInterval } from './interval.ts';

/** A row of `config/systems.csv`: a feed that is polled, and on what terms. */
export interface CatalogueSystem {
  readonly system_id: string;
  readonly name: string;
  /** ISO 3166-1, two letters. */
  readonly country: string;
  readonly kind: 'seoul' | 'gbfs';
  /** GBFS: the discovery document (gbfs.json). Seoul: the host, without the key. */
  readonly url: string;
  /** IANA time zone. */
  readonly time_zone: string;
  readonly interval_s: number;
  /** About how many stations, for planning; null where nobody knows. */
  readonly stations: number | null;
  /** Informative: the parsers look at the fields, not at the version. */
  readonly gbfs_version: string | null;
  readonly licence: string;
  readonly licence_url: string | null;
  readonly attribution: string;
}

export const CATALOGUE_COLUMNS = [
  'system_id',
  'name',
  'country',
  'kind',
  'url',
  'time_zone',
  'interval_s',
  'stations',
  'gbfs_version',
  'licence',
  'licence_url',
  'attribution',
] as const;
type Column = (typeof CATALOGUE_COLUMNS)[number];

/** What a value must be to be taken, and what to do where it isn't. */
interface Rule {
  readonly holds: (value: string) => boolean;
  readonly remedy: string;
}

/** Stations of the largest systems known are 14,221. */
const MOST_STATIONS = 100_000;
const NOT_EMPTY: Rule = { holds: (v) => v.trim() !== '', remedy: 'give a text' };

const RULES: Readonly<Record<Column, Rule>> = {
  system_id: { holds: (v) => /^[a-z0-9_]{1,40}$/.test(v), remedy: 'use a to z, 0 to 9 and _, at most 40' },
  name: NOT_EMPTY,
  country: { holds: (v) => /^[A-Z]{2}$/.test(v), remedy: 'give the two capital letters of ISO 3166-1, such as KR' },
  kind: { holds: (v) => v === 'seoul' || v === 'gbfs', remedy: 'give seoul or gbfs' },
  url: { holds: isHttpUrl, remedy: 'give an http or https URL without user name and fragment' },
  time_zone: { holds: isTimeZone, remedy: 'give an IANA name, such as Asia/Seoul' },
  interval_s: {
    holds: (v) => /^\d+$/.test(v) && isEvenInterval(Number(v)),
    remedy: 'give whole minutes that divide an hour (60, 120, 300, 600 …) or whole hours that divide a day, in seconds',
  },
  stations: {
    holds: (v) => v === '' || (/^\d+$/.test(v) && Number(v) > 0 && Number(v) <= MOST_STATIONS),
    remedy: 'give about how many there are, or nothing',
  },
  gbfs_version: { holds: (v) => v === '' || /^\d\.\d$/.test(v), remedy: 'give a version such as 2.3, or nothing' },
  licence: { holds: NOT_EMPTY.holds, remedy: 'name the licence, or say: see operator' },
  licence_url: { holds: (v) => v === '' || isHttpUrl(v), remedy: 'give an http or https URL, or nothing' },
  attribution: { holds: NOT_EMPTY.holds, remedy: 'say whom to name' },
};

/**
 * The systems of a catalogue file, in its order. Throws FatalError `invalid_catalogue` with every fault found, each with
 * its line, field, value and remedy.
 */
export function parseCatalogue(text: string, file = 'config/systems.csv'): CatalogueSystem[] {
  const [header, ...rows] = parseRows(text, file);
  if (header?.values.join(',') !== CATALOGUE_COLUMNS.join(',')) {
    throw invalid([`${file}: the first line must be: ${CATALOGUE_COLUMNS.join(',')}`]);
  }
  const faults = rows.flatMap((row) => faultsOf(row)).concat(repetitionsOf(rows));
  if (faults.length > 0) throw invalid(faults.map((fault) => `${file}, ${fault}`));
  return rows.map(toSystem);
}

/** The systems of a catalogue file on disk. Throws FatalError `invalid_catalogue`, also where the file can't be read. */
export function readCatalogue(file = 'config/systems.csv'): CatalogueSystem[] {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new FatalError('poll', 'invalid_catalogue', `${file} can't be read: ${(cause as Error).message}`, { cause });
  }
  return parseCatalogue(text, file);
}

function parseRows(text: string, file: string): CsvRow[] {
  try {
    return parseCsv(text);
  } catch (error) {
    if (error instanceof CsvFault) throw invalid([`${file}, ${error.message}`]);
    throw error;
  }
}

const invalid = (faults: readonly string[]): FatalError =>
  new FatalError('poll', 'invalid_catalogue', faults.join('\n'));

function faultsOf({ line, values }: CsvRow): string[] {
  const wanted = CATALOGUE_COLUMNS.length;
  if (values.length !== wanted) return [`line ${line}: it has ${values.length} fields instead of ${wanted}`];
  return CATALOGUE_COLUMNS.flatMap((column, n) => {
    const value = values[n] ?? '';
    const { holds, remedy } = RULES[column];
    return holds(value) ? [] : [`line ${line}, ${column} ${JSON.stringify(value)}: ${remedy}`];
  });
}

/** Rows whose id stands in the file already. Files and queries may fold case, so ids that differ by it alone are the same. */
function repetitionsOf(rows: readonly CsvRow[]): string[] {
  const lines = new Map<string, number>();
  return rows.flatMap(({ line, values }) => {
    const id = values[0] ?? '';
    const first = lines.get(id.toLowerCase());
    if (first === undefined) lines.set(id.toLowerCase(), line);
    return first === undefined ? [] : [`line ${line}, system_id "${id}": line ${first} has it already, choose another`];
  });
}

function toSystem({ values }: CsvRow): CatalogueSystem {
  const of = (column: Column): string => values[CATALOGUE_COLUMNS.indexOf(column)] ?? '';
  return {
    system_id: of('system_id'),
    name: of('name'),
    country: of('country'),
    kind: of('kind') === 'seoul' ? 'seoul' : 'gbfs',
    url: of('url'),
    time_zone: of('time_zone'),
    interval_s: Number(of('interval_s')),
    stations: of('stations') === '' ? null : Number(of('stations')),
    gbfs_version: of('gbfs_version') || null,
    licence: of('licence'),
    licence_url: of('licence_url') || null,
    attribution: of('attribution'),
  };
}

function isHttpUrl(value: string): boolean {
  if (!URL.canParse(value)) return false;
  const { protocol, username, password, hash } = new URL(value);
  return /^https?:$/.test(protocol) && username === '' && password === '' && hash === '';
}

function isTimeZone(value: string): boolean {
  try {
    return Intl.DateTimeFormat('en', { timeZone: value }).resolvedOptions().timeZone !== '' && /^[A-Z]/.test(value);
  } catch {
    return false;
  }
}
