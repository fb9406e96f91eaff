import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { isAlive } from '../../local/alive.ts';
import { type Answer, Database } from './connection.ts';
import { firstOpen } from './days.ts';
import { LakeFolder } from './lake-folder.ts';
import { checkBronze } from './ledger-bronze.ts';
import { checkChain } from './ledger-chain.ts';
import { checkFiles, type FileCheck } from './ledger-files.ts';
import { type Finding, finding, note } from './ledger-finding.ts';
import { type Asked, Hops, type OddChange, type OddPoll } from './ledger-hops.ts';
import { isOfDaysBefore, LakeTwin } from './ledger-twin.ts';
import { keptFrom, logExpiredUntil } from './log-expiry.ts';
import { type LogFile, logFiles } from './log-files.ts';
import { Manifest } from './manifest.ts';
import { literal } from './relation.ts';
import { settleLake } from './settle.ts';

export interface LedgerOptions extends Partial<Asked> {
  /** Files by their ends and sums, and days as settle remembers them, instead of reading every page and counting everything anew. */
  readonly quick?: boolean;
  /** Days that end after this instant wait (ISO 8601, UTC), and what the log has of them is not judged; null: no day waits. */
  readonly until?: string | null;
  /** Told before each step. */
  readonly progress?: (step: string) => void;
}

/** What came in and what became of it, from what is stored now. */
export interface Ledger {
  readonly polls: Answer;
  readonly bronze: Answer;
  readonly lanes: Answer;
  readonly settled: Answer;
  /** Findings first, then notes. */
  readonly findings: readonly Finding[];
  readonly odd_polls: readonly OddPoll[];
  readonly odd_changes: readonly OddChange[];
}

const LIMITS = { threads: 2, memory_mb: 384 } as const;

/**
 * The ledger of a lake, `<state>/s3/<bucket>`: checks every file and every chain of the log, then settles what is stored now in a twin of
 * the lake, and counts both sides of each hop there. The lake is only read. While a run has the folder, what it is just writing is not judged.
 */
export async function ledgerOf(root: string, options: LedgerOptions = {}): Promise<Ledger> {
  const { quick = false, until = null, progress = () => undefined, system_id = null, date = null } = options;
  const lake = new LakeFolder(root);
  const is_running = hasRun(dirname(lake.settle_dir));
  const manifest = new Manifest(lake);
  const spill_dir = mkdtempSync(join(tmpdir(), 'bikelake-ledger-'));
  using _spilled = { [Symbol.dispose]: () => rmSync(spill_dir, { recursive: true, force: true }) };
  await using db = await Database.open({ ...LIMITS, spill_dir });
  progress('reading every file');
  const whole = await checkFiles(db, lake, manifest, { pages: !quick });
  progress('looking for lines that came twice');
  const bronze = await checkBronze(db, lake, whole.sound['bronze/events']);
  const events = whole.sound['bronze/events'].filter((key) => !bronze.foreign.has(key));
  const check = {
    findings: [...whole.findings, ...bronze.findings],
    sound: { ...whole.sound, 'bronze/events': events },
  };
  const first_open = until === null ? null : firstOpen(until);
  using twin = new LakeTwin(lake, manifest, check, quick, first_open);
  const log = logFiles(twin.lake);
  progress('following the chains of the log');
  const findings = [...check.findings];
  const { versions } = manifest.content;
  const kept = keptFrom(lake);
  for (const [lane, files] of Map.groupBy(log, (file) => file.lane)) {
    findings.push(...(await checkChain(lake, files, versions[lane] ?? 0, kept[lane] ?? null)));
  }
  findings.push(...goneLanes(versions, log), ...unseen(manifest, check, log));
  progress('settling a twin of the lake');
  const report = await settleLake(twin.lake.root, { until, of_the_rest: true });
  if (report.unplanned_systems.length > 0) {
    const message = `config/plan.json doesn't name ${report.unplanned_systems.join(', ')}: taken as polled every minute`;
    findings.push(
      note(
        'unplanned_systems',
        'config/plan.json',
        message,
        'put the plan back, or take the expected polls as they are',
      ),
    );
  }
  progress('counting');
  const hops = await Hops.of(db, twin.lake, log, { system_id, date }, first_open);
  const lanes = await hops.lanes();
  const tables = { polls: await hops.polls(), bronze: await hops.bronze(), lanes, settled: await hops.settled() };
  const odd_polls = await hops.oddPolls(events);
  const odd_changes = await hops.oddChanges();
  findings.push(...countFindings(tables, is_running, logExpiredUntil(lake) !== null));
  if (findings.every(({ reason, level }) => level === 'note' && reason !== 'not_settled')) {
    findings.push(...(await unlikeBronze(db, lake, manifest, twin.lake, first_open)));
  }
  const judged = is_running ? findings.map(whileRunning) : findings;
  return {
    ...tables,
    findings: judged.toSorted((a, b) => (a.level < b.level ? -1 : a.level > b.level ? 1 : 0)),
    odd_polls,
    odd_changes,
  };
}

/** True while a process that is alive has the state folder. */
function hasRun(dir: string): boolean {
  const lock = join(dir, 'lock');
  return existsSync(lock) && isAlive(Number(readFileSync(lock, 'utf8')));
}

/** A run replaces settled and Gold files, and its manifest follows a moment later. */
function whileRunning(found: Finding): Finding {
  const is_passing =
    found.reason === 'changed_file' || (found.reason === 'foreign_file' && /^(silver|gold)\//.test(found.key ?? ''));
  return is_passing
    ? note(found.reason, found.key, `${found.message}; a run is settling`, 'look again when the run has ended')
    : found;
}

function goneLanes(versions: Readonly<Record<string, number>>, log: readonly LogFile[]): Finding[] {
  const there = new Set(log.map((file) => file.lane));
  return Object.entries(versions)
    .filter(([lane]) => !there.has(lane))
    .map(([lane, version]) =>
      finding(
        'deleted_log_object',
        `log/lane=${lane}/`,
        `settle has seen versions up to ${version} of this lane, and all are gone`,
        'put them back from a copy',
      ),
    );
}

/** What the last settle has not seen. */
function unseen({ content }: Manifest, { sound }: FileCheck, log: readonly LogFile[]): Finding[] {
  const files = sound['bronze/events'].filter((key) => !(key in content.bronze)).length;
  const objects = log.filter((file) => file.version > (content.versions[file.lane] ?? 0)).length;
  if (files + objects === 0) return [];
  const message = `the last settle has not seen ${files} Bronze files and ${objects} log objects: the lake's tables lack them, the figures here have them`;
  return [
    note(
      'not_settled',
      null,
      message,
      'npm start with this folder settles at its end; npm run rebuild settles a day by itself',
    ),
  ];
}

/** Settled and Gold files that are as settle wrote them, and not as what Bronze holds now comes to. */
async function unlikeBronze(
  db: Database,
  lake: LakeFolder,
  { content }: Manifest,
  twin: LakeFolder,
  first_open: string | null,
): Promise<Finding[]> {
  const now = new Map(Object.values(new Manifest(twin).content.made).flatMap(({ files }) => Object.entries(files)));
  const gone = logExpiredUntil(lake);
  // Audits of days whose log has expired are those of then: the twin has none.
  const then = Object.entries(content.made)
    .filter(([name]) => gone === null || !name.startsWith('audit ') || name.slice('audit '.length) > gone)
    .filter(([name]) => first_open === null || isOfDaysBefore(name, first_open))
    .flatMap(([, { files }]) => Object.entries(files));
  const found: Finding[] = [];
  for (const [key, sum] of then) {
    if (now.get(key) === sum || (now.has(key) && (await sameRows(db, lake.path(key), twin.path(key))))) continue;
    const message =
      'what Bronze holds now comes to other rows: Bronze was changed after it was settled, or another version settled it';
    found.push(
      finding(
        'unlike_bronze',
        key,
        message,
        'compare Bronze with a copy of it; if Bronze is right, remove this file and settle again',
      ),
    );
  }
  return found;
}

async function sameRows(db: Database, a: string, b: string): Promise<boolean> {
  const print = (file: string): string =>
    `SELECT count(*) AS n, bit_xor(hash(f)) AS h FROM read_parquet(${literal(file)}) AS f`;
  const { rows } = await db.answer(`SELECT a.n = b.n AND a.h = b.h FROM (${print(a)}) AS a, (${print(b)}) AS b`);
  return rows[0]?.[0] === true;
}

function countFindings(
  { bronze, lanes, settled }: Pick<Ledger, 'bronze' | 'lanes' | 'settled'>,
  is_running: boolean,
  is_expired: boolean,
): Finding[] {
  const found: Finding[] = [];
  const differences = sumOf(bronze, 'difference');
  if (differences > 0) {
    found.push(
      finding(
        'counts_differ',
        null,
        `receipts and Bronze differ by ${differences} events`,
        'see the polls below: what is gone from Bronze may still be in the stream',
      ),
    );
  }
  const in_lanes = sumOf(lanes, 'difference');
  if (in_lanes > 0) {
    found.push(
      finding(
        'lanes_differ',
        null,
        `Bronze and the log differ by ${in_lanes} lines`,
        'look for a deleted or altered object of that lane, or a gone Bronze file, above',
      ),
    );
  }
  const pending = sumOf(lanes, 'pending');
  if (pending > 0) {
    const message = `${pending} lines of Bronze lie beyond the last batch of their lane`;
    const remedy =
      'they are consumed when the run goes on; if it has come to its end, the last batch was given up (npm run redrive), or objects at the end of the chain are gone';
    found.push((is_running ? note : finding)('pending', null, message, remedy));
  }
  const given_up = sumOf(lanes, 'given_up') - sumOf(lanes, 'redriven');
  if (given_up > 0) {
    const why = `given up by the mapping${is_expired ? ', or consumed by objects that have expired,' : ','} and settled from Bronze`;
    const message = `${given_up} lines lie in no batch, although later ones do, and weren't redriven: ${why}`;
    found.push(note('given_up', null, message, 'npm run redrive brings their batches back into the stream'));
  }
  const missing = sumOf(settled, 'missing');
  const extra = sumOf(settled, 'extra');
  if (missing + extra > 0) {
    const message = `${missing} changes are missing in the log, ${extra} rows of it are no changes`;
    found.push(finding('audit_differs', null, message, 'see the changes below'));
  }
  return found;
}

export function sumOf({ columns, rows }: Answer, name: string): number {
  const at = columns.findIndex((column) => column.name === name);
  return rows.reduce((sum, row) => sum + Number(row[at] ?? 0), 0);
}
