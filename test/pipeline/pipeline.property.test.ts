import fc from 'fast-check';
import { expect, test } from 'vitest';
import { figuresOf } from '../../jobs/duckdb/figures.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { foldHours } from '../gold/fold.ts';
import { SmallLake } from '../gold/small-lake.ts';
import { deliver, Silver } from './consuming.ts';
import { SEEN } from './content.ts';
import { type Letter, type Season, season } from './draw.ts';
import { FOUND } from './found.ts';
import type { EventKind } from './host.ts';
import * as oracle from './oracle.ts';
import { pollSeason, systemsOf } from './polling.ts';

const RUNS = Number(process.env.PIPELINE_RUNS ?? 10);
const { PIPELINE_RUNS, PIPELINE_SEED, PIPELINE_PATH } = process.env;
/** The same seasons each time, unless a number of runs is asked for. */
const seed = PIPELINE_SEED ?? (PIPELINE_RUNS === undefined ? '20261121' : undefined);
const REPLAY = { ...(seed !== undefined && { seed: Number(seed) }), ...(PIPELINE_PATH && { path: PIPELINE_PATH }) };
/** Shrinking ends with the time: what it came to until then is printed. */
const LIMIT_MS = Number(process.env.PIPELINE_LIMIT_S ?? 240) * 1000;

/**
 * The whole pipeline: polls of one or two systems over some days through the real stages, with faults between them, to the figures of
 * the lake. Whatever happens on the way, the tables are what the fold of the hosts' answers says, and the ledger balances.
 */
test(
  'polls to figures: what the hosts answered is what the lake says, and nothing is unexplained',
  async () => {
    await fc.assert(fc.asyncProperty(season, checkSeason), {
      examples: [...FOUND],
      numRuns: RUNS + FOUND.length,
      interruptAfterTimeLimit: LIMIT_MS,
      markInterruptAsFailure: true,
      endOnFailure: process.env.PIPELINE_SHRINK === '0',
      ...REPLAY,
    });
  },
  LIMIT_MS + 60_000,
);

async function checkSeason(drawn: Season): Promise<void> {
  const systems = systemsOf(drawn);
  const lake = new SmallLake(systems);
  try {
    const { runs, stored } = await pollSeason(drawn);
    const silver = new Silver(drawn.log_puts);
    const half = drawn.is_settled_early ? Math.floor(stored.length / 2) : 0;
    if (half > 0) {
      deliver(stored.slice(0, half), drawn.deliveries, lake);
      await silver.consume(stored.slice(0, half), drawn.batches);
      silver.write(lake);
      await settleLake(lake.root);
    }
    deliver(stored.slice(half), drawn.deliveries, lake);
    await silver.consume(stored.slice(half), drawn.batches);
    silver.write(lake);
    await settleLake(lake.root);

    const observed = oracle.observations(runs, stored, systems);
    const interval = (system_id: string) => systems.find((s) => s.system_id === system_id)?.interval_s ?? 0;
    const log = oracle.logFold(runs, stored, silver.given_up, systems);
    expect(await settledSpans(lake)).toEqual(expectedSpans(observed, interval));
    expect(await stationHours(lake)).toEqual(expectedHours(observed, interval));
    expect(await loggedChanges(lake)).toEqual(log.changes);

    const figures = await figuresOf(lake.root);
    const { fresh, unchanged, duplicate, late, not_consumed } = log;
    expect({ ...figures, not_consumed: figures.given_up + figures.pending }).toMatchObject({
      ...oracle.receiptCounts(runs, systems),
      fresh,
      unchanged,
      duplicate,
      late,
      not_consumed,
      polls_without_receipt: 0,
      ledger_difference: 0,
      audit_missing: 0,
      audit_extra: 0,
    });
  } finally {
    lake.remove();
  }
}

type Observed = readonly (readonly [
  system_id: string,
  kind: EventKind,
  id: string,
  seen: readonly oracle.Observation[],
])[];

const entriesOf = (observed: oracle.Observations): Observed =>
  [...observed].map(([key, seen]) => [...(JSON.parse(key) as [string, EventKind, string]), seen] as const);

/** Rows in one order: that of their texts. */
const sorted = (rows: readonly (readonly unknown[])[]): string[] => rows.map((row) => JSON.stringify(row)).sort();

function expectedSpans(observed: oracle.Observations, interval: (system_id: string) => number): string[] {
  return sorted(
    entriesOf(observed).flatMap(([system_id, kind, id, seen]) =>
      oracle
        .spansOf(seen, oracle.guardOf(kind, interval(system_id)))
        .map((s) => [system_id, kind, id, s.letter, s.from_ms, s.last_ms, s.to_ms, s.observations, s.is_change]),
    ),
  );
}

const LETTER = `CASE num_bikes_available WHEN ${SEEN.A.bikes} THEN 'A' WHEN ${SEEN.B.bikes} THEN 'B' ELSE 'C' END`;

async function settledSpans(lake: SmallLake): Promise<string[]> {
  const columns = 'epoch_ms(valid_from), epoch_ms(last_slot), epoch_ms(valid_to), observations, is_change';
  return sorted(
    await lake.rows(`SELECT system_id, 'status', station_id, ${LETTER}, ${columns} FROM silver.station_status
      UNION ALL SELECT system_id, 'information', station_id, name[7:7], ${columns} FROM silver.station_information`),
  );
}

function expectedHours(observed: oracle.Observations, interval: (system_id: string) => number): string[] {
  return sorted(
    entriesOf(observed)
      .filter(([, kind]) => kind === 'status')
      .flatMap(([system_id, kind, id, seen]) => {
        const steps = seen.map(({ slot_ms, letter }) => ({ slot_ms, seen: SEEN[letter as Letter] }));
        return [...foldHours(steps, oracle.guardOf(kind, interval(system_id)))]
          .filter(([, row]) => row.observed_seconds > 0 || row.changes > 0)
          .map(([hour, row]) => [system_id, id, hour, row.observed_seconds, row.bike_seconds, row.empty_seconds, row.full_seconds,
            row.closed_seconds, row.bikes_min, row.bikes_max, row.falls, row.rises, row.changes]); // biome-ignore format: a row
      }),
  );
}

async function stationHours(lake: SmallLake): Promise<string[]> {
  return sorted(
    await lake.rows(`SELECT system_id, station_id, epoch_ms(hour), observed_seconds, coalesce(bike_seconds, 0), empty_seconds, full_seconds,
      closed_seconds, bikes_min, bikes_max, falls, rises, changes FROM gold.station_hourly`),
  );
}

async function loggedChanges(lake: SmallLake): Promise<string[]> {
  return sorted(
    await lake.rows(`SELECT lane, system_id, kind, station_id, epoch_ms(slot),
      CASE kind WHEN 'status' THEN ${LETTER} ELSE name[7:7] END FROM silver.changes`),
  );
}
