import { statSync } from 'node:fs';
import type { Columns } from '../tables.ts';
import type { Database } from './connection.ts';
import type { LakeFolder } from './lake-folder.ts';
import { sumOf } from './ledger-files.ts';
import { type Finding, finding, note } from './ledger-finding.ts';
import { literal, parquetRelation } from './relation.ts';

const FILES_AT_ONCE = 500;
/** What names a line of the stream. */
const LINES: Columns = {
  shard_id: 'STRING',
  sequence_number: 'STRING',
  line: 'INT',
  kind: 'STRING',
  slot_ms: 'BIGINT',
  filename: 'STRING',
};

interface Shared {
  readonly file: string;
  readonly others: readonly string[];
  readonly records: number;
  readonly shared: number;
}

/**
 * Names the Bronze files that hold the same lines (shard, sequence number, line) as another one. Firehose delivers at least once, so that
 * this happens by itself, and every count is made without the repeats; a file with the very bytes of another one is a copy of it.
 */
export async function checkBronze(
  db: Database,
  lake: LakeFolder,
  keys: readonly string[],
): Promise<{ findings: Finding[]; foreign: ReadonlySet<string> }> {
  const findings: Finding[] = [];
  await db.run(
    'CREATE OR REPLACE TEMPORARY TABLE file_records (file INT, shard_id STRING, sequence STRING, first INT, last INT, is_event BOOLEAN)',
  );
  for (let from = 0; from < keys.length; from += FILES_AT_ONCE) {
    const paths = keys.slice(from, from + FILES_AT_ONCE).map((key) => lake.path(key));
    const rows = parquetRelation(LINES, paths, ', filename = true');
    const numbers = paths.map((path, i) => `(${literal(path)}, ${from + i})`).join(', ');
    await db.run(
      `INSERT INTO file_records SELECT n.number, w.shard_id, w.sequence_number, min(w.line), max(w.line), count(w.kind) = count(*) AND count(w.slot_ms) = count(*)
       FROM (${rows}) AS w JOIN (VALUES ${numbers}) AS n(path, number) ON n.path = w.filename GROUP BY ALL`,
    );
  }
  const foreign = await db.rows<{ file: number }>(
    'SELECT DISTINCT file FROM file_records WHERE shard_id IS NULL OR sequence IS NULL OR NOT is_event ORDER BY file',
  );
  for (const { file } of foreign) {
    const message = 'it has rows without kind, slot, shard or sequence number: no row of Bronze is so';
    findings.push(finding('foreign_file', keys[file] ?? null, message, 'move it out of the lake'));
  }
  const shared = await db.rows<{ file: number; others: number[]; records: number; shared: number }>(
    `WITH several AS (
       SELECT shard_id, sequence FROM file_records GROUP BY ALL HAVING count(*) > 1
     ), own AS (SELECT r.* FROM file_records AS r JOIN several AS s ON s.shard_id = r.shard_id AND s.sequence = r.sequence),
     pairs AS (
       SELECT a.file, b.file AS other, a.shard_id, a.sequence FROM own AS a
       JOIN own AS b ON b.shard_id = a.shard_id AND b.sequence = a.sequence AND b.file <> a.file
         AND b.first <= a.last AND a.first <= b.last
     ), totals AS (SELECT file, count(*) AS records FROM file_records GROUP BY file)
     SELECT p.file, list_sort(list(DISTINCT p.other)) AS others, t.records, count(DISTINCT (p.shard_id, p.sequence)) AS shared
     FROM pairs AS p JOIN totals AS t ON t.file = p.file GROUP BY p.file, t.records ORDER BY p.file`,
  );
  const name = (file: number): string => keys[file] ?? '';
  const pairs = shared.map((row) => ({
    ...row,
    file: name(row.file),
    others: row.others.map((other) => name(Number(other))),
  }));
  findings.push(...pairs.flatMap((pair) => repeatOf(lake, pair)));
  await db.run('DROP TABLE file_records');
  return { findings, foreign: new Set(foreign.map(({ file }) => name(file))) };
}

function repeatOf(lake: LakeFolder, { file, others, records, shared }: Shared): Finding[] {
  const size = statSync(lake.path(file)).size;
  const twin = others.find(
    (other) => statSync(lake.path(other)).size === size && sumOf(lake.path(other)) === sumOf(lake.path(file)),
  );
  if (twin !== undefined) {
    const remedy = 'keep the one whose folder is that of its arrival and remove the other; no count has it twice';
    return [finding('copied_file', file, `it has the very bytes of ${twin}`, remedy)];
  }
  // Each pair once, told of the file that comes later by name.
  if (!others.some((other) => other < file)) return [];
  const all = shared === records ? 'all' : `${shared} of`;
  const message = `${all} its ${records} records lie in ${others.join(', ')} too: delivered again; no count has them twice`;
  return [note('delivered_again', file, message, 'nothing is to be done')];
}
