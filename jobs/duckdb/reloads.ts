import { readFileSync } from 'node:fs';
import { activeRanges, parseReload, RELOADS_PREFIX, type ReloadRange } from '../../lib/gold/reload.ts';
import type { LakeFolder } from './lake-folder.ts';
import { literal } from './relation.ts';

/** The ranges of slots that reloads of the lake replace. */
export function reloadRanges(lake: LakeFolder): ReloadRange[] {
  const keys = lake.keys(RELOADS_PREFIX).filter((key) => key.endsWith('.json'));
  return activeRanges(keys.map((key) => parseReload(readFileSync(lake.path(key), 'utf8'), key)));
}

/** The view `reloads(reload_id, system_id, kind, from_ms, until_ms)`: ranges of slots without overlap. */
export function reloadsQuery(ranges: readonly ReloadRange[]): string {
  const columns = 'reload_id, system_id, kind, from_ms, until_ms';
  const rows = ranges.map(
    (r) =>
      `(${literal(r.reload_id)}, ${literal(r.system_id)}, ${literal(r.kind)}, CAST(${r.from_ms} AS BIGINT), CAST(${r.until_ms} AS BIGINT))`,
  );
  const none = `('', '', '', CAST(0 AS BIGINT), CAST(0 AS BIGINT))`;
  return `SELECT ${columns} FROM (VALUES ${rows.length === 0 ? none : rows.join(', ')}) AS v(${columns}) WHERE from_ms < until_ms`;
}

/** The ranges that have slots in [from_ms, until_ms). */
export const rangesWithin = (ranges: readonly ReloadRange[], from_ms: number, until_ms: number): ReloadRange[] =>
  ranges.filter((range) => range.from_ms < until_ms && range.until_ms > from_ms);
