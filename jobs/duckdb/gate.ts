import { POLLS } from '../tables.ts';
import { bronzeKeys } from './bronze-files.ts';
import type { Database } from './connection.ts';
import { DAY_MS, dayQuery, daysAfter, startOf } from './days.ts';
import { readPlan } from './feeds.ts';
import type { LakeFolder } from './lake-folder.ts';
import { Manifest } from './manifest.ts';
import { BRONZE_COLUMNS, literal, parquetRelation, queryText } from './relation.ts';

/** What the ledger gate says of a day (jobs/sql/gate/ledger_gate.sql). */
export interface GateAnswer {
  readonly verdict: 'closed' | 'open' | 'overdue';
  readonly groups_planned: number;
  /** Groups of the plan with a receipt from after the day. */
  readonly groups_after: number;
  /** Receipts of the day whose events have not all arrived. */
  readonly polls_open: number;
}

/** Receipts of the next day are looked for in its first hours, as the state machine does. */
const HOURS_AFTER_MS = 3 * 3_600_000;

/** Asks the gate of a UTC day, as the state machine asks it by Athena: by the partitions of arrival that may hold rows of it. */
export function askGate(db: Database, lake: LakeFolder, date: string, now_ms: number): Promise<GateAnswer> {
  return ask(db, lake, date, now_ms, bronzeOf(lake, gateKeys(lake, date)));
}

/**
 * The dates of those settled that the gate doesn't say are closed: something of them may be under way. It is asked of the files that hold rows of the
 * day, however late they came, and of what is settled of later days: so when all of them are settled.
 */
export async function incompleteDays(
  db: Database,
  lake: LakeFolder,
  dates: readonly string[],
  now_ms: number,
): Promise<string[]> {
  const [first] = [...dates].sort();
  if (first === undefined) return [];
  const manifest = new Manifest(lake);
  const polls = lake.parquetKeys(POLLS.name.replace('.', '/')).map((key) => lake.path(key));
  const later = `SELECT * FROM (${parquetRelation(POLLS.columns, polls)}) WHERE event_date > DATE '${first}'`;
  await db.run(`CREATE OR REPLACE TEMPORARY VIEW later_polls AS ${later}`);
  await db.run(`CREATE OR REPLACE TEMPORARY TABLE newest_receipts AS ${queryText('gate/newest_receipts')}`);
  const open: string[] = [];
  for (const date of dates) {
    const { verdict } = await ask(db, lake, date, now_ms, await settledRows(db, lake, manifest, date));
    if (verdict !== 'closed') open.push(date);
  }
  return open;
}

async function settledRows(db: Database, lake: LakeFolder, manifest: Manifest, date: string): Promise<string> {
  const until_ms = startOf(date) + DAY_MS + HOURS_AFTER_MS;
  const keys = bronzeKeys(manifest, startOf(date), { status: until_ms, information: until_ms, receipt: until_ms });
  await db.run(
    `CREATE OR REPLACE TEMPORARY VIEW day_rows AS SELECT * FROM (${bronzeOf(lake, keys)})
     WHERE slot_ms >= ${startOf(date)} AND slot_ms < ${until_ms}`,
  );
  return queryText('gate/settled_rows');
}

async function ask(
  db: Database,
  lake: LakeFolder,
  date: string,
  now_ms: number,
  bronze_all: string,
): Promise<GateAnswer> {
  const groups = readPlan(lake.path('config/plan.json')).groups.map(({ group_id }) => `(${literal(group_id)})`);
  const [answer] = await db.rows<GateAnswer>(`
    WITH day AS (${dayQuery(date)}), clock AS (SELECT CAST(${now_ms} AS BIGINT) AS now_ms), bronze_all AS (${bronze_all}),
      poll_groups AS (SELECT group_id FROM (VALUES ${["('')", ...groups].join(', ')}) AS v(group_id) WHERE group_id <> '')
    SELECT * FROM (${queryText('gate/ledger_gate')})`);
  if (answer === undefined) throw new Error(`the gate has no answer for ${date}: its query must give one row`);
  return answer;
}

const bronzeOf = (lake: LakeFolder, keys: readonly string[]): string =>
  parquetRelation(
    BRONZE_COLUMNS,
    keys.map((key) => lake.path(key)),
  );

/** Files of the day, and of the hours around it: a file may hold rows of the hour after its name's. */
function gateKeys(lake: LakeFolder, date: string): string[] {
  const hours = (dt: string, isWanted: (hour: number) => boolean): string[] =>
    lake.parquetKeys(`bronze/events/dt=${dt}`).filter((key) => isWanted(Number(/\/hh=(\d\d)\//.exec(key)?.[1])));
  return [
    ...hours(daysAfter(date, -1), (hour) => hour === 23),
    ...hours(date, () => true),
    ...hours(daysAfter(date, 1), (hour) => hour <= 2),
  ];
}
