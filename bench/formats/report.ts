import { CASES, type Case, ENGINES, type Engine, type Query } from './cases.ts';
import { type Cost, median } from './measure.ts';
import { askName, type Costs } from './rounds.ts';

/** What ratios are to: of the same round, so that they hold on a busy machine. */
const REFERENCE = 'Parquet zstd';
const REFERENCE_WRITES: Readonly<Record<Case['writer'], string>> = {
  bronze: REFERENCE,
  duckdb: REFERENCE,
  spark: 'Parquet zstd, Spark',
};
const ENGINE_NAMES: Readonly<Record<Engine, string>> = { duckdb: 'DuckDB', spark: 'Spark' };

export interface Figures {
  readonly rows: number;
  readonly costs: Costs;
  readonly bytes: ReadonlyMap<Case, number>;
  readonly queries: readonly Query[];
}

/** The tables of a run, as Markdown. */
export function report(figures: Figures): string {
  return [filesTable(figures), ...ENGINES.map((engine) => queriesTable(figures, engine))]
    .filter((table) => table !== '')
    .join('\n\n');
}

function filesTable({ rows, costs, bytes }: Figures): string {
  const reference = bytes.get(caseNamed(REFERENCE)) ?? Number.NaN;
  return table(
    ['the day as', 'written by', 'bytes a row', 'to Parquet zstd', 'write', 'to the same writer’s Parquet zstd'],
    CASES.filter((of) => costs.has(of)).map((of) => {
      const own = bytes.get(of) ?? Number.NaN;
      const written = costs.get(of)?.get('write');
      const ratio = ratioTo(costs, of, 'write', REFERENCE_WRITES[of.writer]);
      const writer = of.writer === 'bronze' ? 'embedded Firehose' : ENGINE_NAMES[of.writer];
      return [
        of.name,
        writer,
        (own / rows).toFixed(1),
        times(own / reference),
        written === undefined ? '' : seconds(written),
        written === undefined ? '' : ratio,
      ];
    }),
  );
}

function queriesTable({ costs, queries }: Figures, engine: Engine): string {
  const asked = CASES.filter((of) => queries.some((query) => costs.get(of)?.has(askName(engine, query))));
  if (asked.length === 0) return '';
  const heads = queries.flatMap(({ name }) => [name, 'ratio', 'read']);
  const rows = CASES.filter((of) => costs.has(of)).map((of) => {
    const unread = of.unread?.[engine];
    if (unread !== undefined) return [of.name, unread, ...Array<string>(heads.length - 1).fill('')];
    const cells = queries.flatMap((query) => {
      const name = askName(engine, query);
      const own = costs.get(of)?.get(name) ?? [];
      return [seconds(own), ratioTo(costs, of, name, REFERENCE), megabytes(readBytes(own))];
    });
    return [of.name, ...cells];
  });
  return table([`${ENGINE_NAMES[engine]} asks`, ...heads], rows);
}

/** Median bytes read; null where the system doesn't count them. */
export function readBytes(costs: readonly Cost[]): number | null {
  const counted = costs.map(({ read_bytes }) => read_bytes).filter((bytes) => bytes !== null);
  return counted.length === 0 ? null : median(counted);
}

function caseNamed(name: string): Case {
  const found = CASES.find((of) => of.name === name);
  if (found === undefined) throw new RangeError(`no case ${name}`);
  return found;
}

function ratioTo(costs: Costs, of: Case, name: string, reference: string): string {
  const theirs = costs.get(caseNamed(reference))?.get(name) ?? [];
  const own = costs.get(of)?.get(name) ?? [];
  return times(median(own.map((cost, round) => cost.seconds / (theirs[round]?.seconds ?? Number.NaN))));
}

function seconds(costs: readonly Cost[]): string {
  const own = median(costs.map((cost) => cost.seconds));
  return own < 1 ? `${Math.round(own * 1000)} ms` : `${own.toFixed(1)} s`;
}

const megabytes = (bytes: number | null): string => (bytes === null ? '' : `${(bytes / 1e6).toFixed(2)} MB`);
const times = (ratio: number): string => (Number.isNaN(ratio) ? '' : `× ${ratio.toFixed(2)}`);

function table(heads: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(heads), line(heads.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}
