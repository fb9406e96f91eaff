import { isDeepStrictEqual } from 'node:util';
import type { Database } from '../../jobs/duckdb/connection.ts';
import { CASES, type Case, ENGINES, type Engine, type Query } from './cases.ts';
import { askDuckDB, writeByDuckDB } from './duckdb.ts';
import { type Cost, costOf } from './measure.ts';
import type { Spark } from './spark.ts';

/** What is measured, and with what. */
export interface Bench {
  readonly db: Database;
  readonly spark: Spark | null;
  /** The day in each order. */
  readonly sources: Readonly<Record<Case['order'], string>>;
  readonly queries: readonly Query[];
  readonly folder: (of: Case) => string;
}

/** Costs of a case, one for each round, by `write`, `duckdb hours`, `spark hours` and so on. */
export type Costs = ReadonlyMap<Case, ReadonlyMap<string, Cost[]>>;

export const askName = (engine: Engine, query: Query): string => `${engine} ${query.name}`;

/** Why this session can't do a case at all. */
export function leftOut(of: Case, spark: Spark | null): string | null {
  if (of.writer !== 'spark') return null;
  if (spark === null) return 'Spark is not here';
  return of.format === 'avro' && !spark.has_avro ? 'the package spark-avro is not here' : null;
}

/**
 * Each round writes and asks every case once, so that a slow moment of the machine hits all of them alike; round 0 warms up and isn't
 * counted. `rounds` 0: one round that isn't warmed up and counts, for its bytes. Throws where a query's answer differs from that of the
 * day itself.
 */
export async function measureRounds(bench: Bench, rounds: number, say: (text: string) => void): Promise<Costs> {
  const cases = CASES.filter((of) => leftOut(of, bench.spark) === null);
  const costs = new Map(cases.map((of) => [of, new Map<string, Cost[]>()]));
  const keep = (of: Case, name: string, cost: Cost): void => {
    const own = costs.get(of);
    own?.set(name, [...(own.get(name) ?? []), cost]);
  };
  const right = await rightAnswers(bench);
  const isCounted = (round: number): boolean => round > 0 || rounds === 0;
  for (let round = 0; round <= rounds; round++) {
    const start = Date.now();
    for (const of of cases) {
      const cost = await write(bench, of);
      if (isCounted(round) && cost !== null) keep(of, 'write', cost);
    }
    for (const query of bench.queries) {
      for (const engine of ENGINES) {
        for (const of of cases) {
          if (of.unread?.[engine] !== undefined || (engine === 'spark' && bench.spark === null)) continue;
          const { result, ...cost } = await ask(bench, engine, of, query);
          if (!isDeepStrictEqual(result, right.get(query))) {
            const message = `${of.name}, ${askName(engine, query)}: ${JSON.stringify(result)} instead of`;
            throw new Error(`${message} ${JSON.stringify(right.get(query))}`);
          }
          if (isCounted(round)) keep(of, askName(engine, query), cost);
        }
      }
    }
    say(
      `${isCounted(round) ? `round ${round} of ${rounds}` : 'warmed up'}: ${Math.round((Date.now() - start) / 1000)} s`,
    );
  }
  return costs;
}

async function rightAnswers({ db, sources, queries }: Bench): Promise<Map<Query, readonly unknown[] | undefined>> {
  const right = new Map<Query, readonly unknown[] | undefined>();
  for (const query of queries) {
    const { rows } = await db.answer(`WITH day AS (SELECT * FROM read_parquet('${sources.time}')) ${query.sql}`);
    right.set(query, rows[0]);
  }
  return right;
}

async function write({ db, spark, sources, folder }: Bench, of: Case): Promise<Cost | null> {
  const source = sources[of.order];
  if (of.writer === 'bronze') return null;
  if (of.writer === 'spark') return (await spark?.write(of, source, folder(of))) ?? null;
  return costOf('self', () => writeByDuckDB(db, of, source, folder(of)));
}

async function ask(
  { db, spark, folder }: Bench,
  engine: Engine,
  of: Case,
  { sql }: Query,
): Promise<Cost & { result: readonly unknown[] | null }> {
  if (engine === 'spark' && spark !== null) return spark.ask(of, folder(of), sql);
  return costOf('self', () => askDuckDB(db, of, folder(of), sql));
}
