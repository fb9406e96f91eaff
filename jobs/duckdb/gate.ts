import type { Database } from './connection.ts';
import { dayQuery, daysAfter } from './days.ts';
import { readPlan } from './feeds.ts';
import type { LakeFolder } from './lake-folder.ts';
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

/** Asks the gate of a UTC day, as the state machine asks it by Athena: by the partitions of arrival that may hold rows of it. */
export async function askGate(db: Database, lake: LakeFolder, date: string, now_ms: number): Promise<GateAnswer> {
  const groups = readPlan(lake.path('config/plan.json')).groups.map(({ group_id }) => `(${literal(group_id)})`);
  const rows = parquetRelation(
    BRONZE_COLUMNS,
    gateKeys(lake, date).map((key) => lake.path(key)),
  );
  const [answer] = await db.rows<GateAnswer>(`
    WITH day AS (${dayQuery(date)}), clock AS (SELECT CAST(${now_ms} AS BIGINT) AS now_ms), bronze_all AS (${rows}),
      poll_groups AS (SELECT group_id FROM (VALUES ${["('')", ...groups].join(', ')}) AS v(group_id) WHERE group_id <> '')
    SELECT * FROM (${queryText('gate/ledger_gate')})`);
  if (answer === undefined) throw new Error(`the gate has no answer for ${date}: its query must give one row`);
  return answer;
}

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
