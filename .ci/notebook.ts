/**
 * `node .ci/notebook.ts DIR`: runs the notebook on a small replay in DIR, and compares what its cells got with what `npm run query` answers to the
 * same SQL. The notebook itself asserts that Spark has the same rows. Every figure that it promises must be there, and show something.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FLOATING = 1e-9;
/** By hour, map, busiest, empty and full, emptiest, coverage. */
const FIGURES = 6;
/** A blank figure of this size has less. */
const FIGURE_BYTES = 8_000;
/** What the cells print: the gap of the recorded day (notebooks/city-day.ts). */
const TOLD = 'gap: 13:05 to 14:05, 60 minutes\n';
const MAX_BYTES = 64 * 1024 * 1024;
/** On a small lake a second compiler and a collector's threads cost more than they bring. */
const JAVA_TOOL_OPTIONS = '-XX:+UseSerialGC -XX:TieredStopAtLevel=1';

interface Answer {
  readonly sql: string;
  readonly rows: readonly (readonly unknown[])[];
}
interface Output {
  readonly output_type: string;
  readonly text?: readonly string[];
  readonly data?: Readonly<Record<string, unknown>>;
}

const dir = process.argv[2] ?? '';
const file = join(dir, 'answers.json');
mkdirSync(dir, { recursive: true });
const { status } = spawnSync(process.execPath, ['notebooks/run.ts', '--dir', dir, '--answers', file], {
  stdio: ['ignore', 'inherit', 'inherit'],
  env: { ...process.env, JAVA_TOOL_OPTIONS },
});
if (status !== 0) {
  console.error(`npm run notebook ended with ${status}`);
  process.exit(1);
}

const answers = JSON.parse(readFileSync(file, 'utf8')) as readonly Answer[];
check(answers.length > 5, `${answers.length} queries were asked`);
for (const { sql, rows } of answers) {
  const name = sql.split('\n')[0];
  const theirs = query(sql);
  const differ = rows.filter((row, i) => !isEqual(row, theirs[i])).length + Math.abs(theirs.length - rows.length);
  check(differ === 0 && rows.length > 0, `${name}: ${rows.length} rows, ${differ} differ from npm run query`);
}

const { cells } = JSON.parse(readFileSync(join(dir, 'explore.ipynb'), 'utf8')) as {
  cells: readonly { readonly outputs?: readonly Output[] }[];
};
const outputs = cells.flatMap((cell) => cell.outputs ?? []);
const figures = outputs.map(({ data }) => data?.['image/png']).filter((png) => typeof png === 'string');
check(figures.length === FIGURES, `${figures.length} figures of ${FIGURES}`);
check(
  figures.every((png) => Buffer.from(png, 'base64').length > FIGURE_BYTES),
  'no figure is blank',
);
const printed = outputs.flatMap(({ output_type, text }) => (output_type === 'stream' ? text : [])).join('');
check(printed === TOLD, `printed: ${printed.trim()}`);
check(!/<script[^>]+src="[^"]/.test(readFileSync(join(dir, 'explore.html'), 'utf8')), 'explore.html loads no script');

/** The rows as `npm run query` has them, in the order of its columns. */
function query(sql: string): unknown[][] {
  const asked = spawnSync(process.execPath, ['jobs/query.ts', '--dir', dir, '--json', '--', sql], {
    encoding: 'utf8',
    maxBuffer: MAX_BYTES,
  });
  if (asked.status !== 0) throw new Error(`npm run query: ${asked.stderr}`);
  return (JSON.parse(asked.stdout) as object[]).map((row) => Object.values(row));
}

function isEqual(ours: readonly unknown[], theirs: readonly unknown[] | undefined): boolean {
  return theirs?.length === ours.length && ours.every((value, i) => isSame(value, theirs[i]));
}

function isSame(a: unknown, b: unknown): boolean {
  if (typeof a !== 'number' || typeof b !== 'number') return a === b;
  return Math.abs(a - b) <= FLOATING * Math.max(1, Math.abs(a));
}

function check(ok: boolean, what: string): void {
  console.log(`${ok ? 'ok ' : 'NOT'} ${what}`);
  if (!ok) process.exitCode = 1;
}
