import type { Origin } from '../../lib/silver/state.ts';
import { LOG_COLUMNS } from '../tables.ts';
import type { LakeFolder } from './lake-folder.ts';
import { type LogFile, logFiles } from './log-files.ts';
import { literal, parquetRelation } from './relation.ts';
import type { Workshop } from './workshop.ts';

/** Columns of the inputs `carried` and `moved` of jobs/sql/ledger/outsiders.sql. */
const CARRIED = 'lane, kind, system_id, part, newest_ms';
const MOVED = 'lane, system_id, last_sequence';
const NEWEST_KEY = /^(.*)\/(status|information)\/(\d+)$/;

/**
 * Binds what lanes that were begun by relane began with. Their first object says it in JSON, which is where the engines differ: so it is an input of
 * the SQL. A lane without a second object is one whose relane was not completed: its systems went on where they were.
 */
export async function bindCarried(shop: Workshop): Promise<void> {
  const carried: string[] = [];
  const moved: string[] = [];
  const files = firstObjects(shop.lake).map((file) => shop.lake.path(file.key));
  const heads = await shop.db.rows<{ lane: string; row_kind: string; head: string }>(
    `SELECT lane, row_kind, head FROM (${parquetRelation(LOG_COLUMNS, files)}) WHERE head IS NOT NULL`,
  );
  const begun = new Set(heads.filter((row) => row.row_kind === 'turn').map((row) => row.lane));
  for (const { lane, row_kind, head } of heads.filter((row) => begun.has(row.lane))) {
    if (row_kind === 'state') {
      for (const [key, slot_ms] of (JSON.parse(head) as { newest: [string, number][] }).newest) {
        const [, system_id = '', kind = '', part = ''] = NEWEST_KEY.exec(key) ?? [];
        carried.push(
          `(${literal(lane)}, ${literal(kind)}, ${literal(system_id)}, ${part}, CAST(${slot_ms} AS BIGINT))`,
        );
      }
    } else {
      for (const { lane: left, system_id, last_sequence } of JSON.parse(head) as Origin[]) {
        moved.push(`(${literal(left)}, ${literal(system_id)}, ${literal((last_sequence ?? '').padStart(128, '0'))})`);
      }
    }
  }
  await shop.bind('carried', valuesQuery(CARRIED, carried, `('', '', '', 0, CAST(0 AS BIGINT))`));
  await shop.bind('moved', `SELECT DISTINCT * FROM (${valuesQuery(MOVED, moved, `('', '', '')`)})`);
}

function firstObjects(lake: LakeFolder): LogFile[] {
  const files = logFiles(lake);
  const gone_on = new Set(files.filter((file) => file.version > 1).map((file) => file.lane));
  return files.filter((file) => file.version === 1 && gone_on.has(file.lane));
}

const valuesQuery = (columns: string, rows: readonly string[], example: string): string =>
  `SELECT * FROM (VALUES ${rows.length === 0 ? example : rows.join(', ')}) AS v(${columns})${rows.length === 0 ? ' WHERE false' : ''}`;
