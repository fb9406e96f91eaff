/** `npm run mutants`: shows that the tests bite. Each mutant of the catalogue is applied alone, in a copy of the project; a test must fail. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { MUTANTS } from './catalogue.ts';
import { type Mutant, mistakes } from './mutant.ts';
import { Tree } from './tree.ts';
import { endRuns, type Outcome, runTests } from './vitest-run.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const AT_ONCE = 2;
/** Of one run of tests; far more than any takes, so that a run which doesn't end is told from a busy machine. */
const LIMIT_MS = 300_000;

type Verdict = 'killed' | 'survived' | 'equivalent' | 'mistake';

interface Result {
  readonly mutant: Mutant;
  readonly verdict: Verdict;
  /** The test that killed it, or why not. */
  readonly text: string;
  readonly seconds: number;
}

const { values } = parseArgs({
  options: { only: { type: 'string', multiple: true }, list: { type: 'boolean', default: false } },
});
process.exitCode = await main();

async function main(): Promise<number> {
  const wrong = mistakes(MUTANTS, (file) => readFileSync(join(ROOT, file), 'utf8'));
  for (const text of wrong) console.error(text);
  if (wrong.length > 0) return 2;
  const mutants = MUTANTS.filter(({ name }) => values.only?.includes(name) ?? true);
  const unknown = values.only?.filter((name) => !MUTANTS.some((mutant) => mutant.name === name)) ?? [];
  if (unknown.length > 0) {
    console.error(`no mutant is called ${unknown.join(', ')}: npm run mutants -- --list names them`);
    return 2;
  }
  if (values.list) {
    for (const { name, breaks, tests, equivalent } of mutants) {
      console.log(`${name}\n  ${breaks}\n  ${equivalent ? `equivalent: ${equivalent}` : tests.join(', ')}`);
    }
    return 0;
  }
  const began_ms = performance.now();
  const trees = Array.from({ length: Math.min(AT_ONCE, mutants.length) }, () => new Tree(ROOT));
  process.once('SIGINT', () => {
    endRuns();
    for (const tree of trees) tree.remove();
    process.exit(130);
  });
  try {
    if (!(await isSound(mutants, trees))) return 2;
    const results = await judgeAll(mutants, trees);
    printTable(results);
    return summary(results, began_ms);
  } finally {
    for (const tree of trees) tree.remove();
  }
}

/** A test that fails without a mutant kills nothing. */
async function isSound(mutants: readonly Mutant[], trees: readonly Tree[]): Promise<boolean> {
  const tests = [...new Set(mutants.flatMap((mutant) => mutant.tests))].sort();
  console.log(`the ${tests.length} test files without a mutant …`);
  const outcomes = await shared(tests, trees, async (path, tree) => ({
    path,
    outcome: await runTests(tree.dir, path, LIMIT_MS),
  }));
  const failed = outcomes.filter(({ outcome }) => outcome.type !== 'passed');
  for (const { path, outcome } of failed) {
    console.error(`${path} does not pass without a mutant: ${textOf(outcome)}`);
    if (outcome.type === 'failed') console.error(outcome.message);
  }
  return failed.length === 0;
}

async function judgeAll(mutants: readonly Mutant[], trees: readonly Tree[]): Promise<Result[]> {
  let done = 0;
  return shared(mutants, trees, async (mutant, tree) => {
    const result = await judge(mutant, tree);
    done += 1;
    const count = `${String(done).padStart(3)}/${mutants.length}`;
    console.log(`${count}  ${result.verdict.padEnd(10)} ${result.seconds.toFixed(1).padStart(5)} s  ${mutant.name}`);
    return result;
  });
}

async function judge(mutant: Mutant, tree: Tree): Promise<Result> {
  const began_ms = performance.now();
  tree.apply(mutant);
  let outcome: Outcome = { type: 'mistake', why: 'no test' };
  for (const path of mutant.tests) {
    outcome = await runTests(tree.dir, path, LIMIT_MS);
    if (outcome.type !== 'passed') break;
  }
  tree.restore(mutant);
  return { mutant, ...verdictOf(mutant, outcome), seconds: (performance.now() - began_ms) / 1000 };
}

function verdictOf({ equivalent }: Mutant, outcome: Outcome): Pick<Result, 'verdict' | 'text'> {
  const text = textOf(outcome);
  if (equivalent === undefined) {
    if (outcome.type === 'failed') return { verdict: 'killed', text };
    return { verdict: outcome.type === 'passed' ? 'survived' : 'mistake', text };
  }
  if (outcome.type === 'passed') return { verdict: 'equivalent', text: equivalent };
  return { verdict: 'mistake', text: `called equivalent, but: ${text}` };
}

function textOf(outcome: Outcome): string {
  if (outcome.type === 'passed') return `${outcome.tests} tests passed`;
  return outcome.type === 'failed' ? outcome.test : outcome.why;
}

/** Does every piece of work in the next free tree; results in the order of the work. */
async function shared<T, R>(work: readonly T[], trees: readonly Tree[], act: (one: T, tree: Tree) => Promise<R>) {
  const results: R[] = [];
  const open = [...work.entries()];
  const follow = async (tree: Tree) => {
    for (let next = open.shift(); next !== undefined; next = open.shift()) results[next[0]] = await act(next[1], tree);
  };
  await Promise.all(trees.map(follow));
  return results;
}

function printTable(results: readonly Result[]): void {
  const width = Math.max(...results.map(({ mutant }) => mutant.name.length));
  console.log(`\n${'mutant'.padEnd(width)}  seconds  killed by`);
  for (const { mutant, verdict, text, seconds } of results) {
    const first = text.split('\n')[0] ?? '';
    console.log(
      `${mutant.name.padEnd(width)}  ${seconds.toFixed(1).padStart(7)}  ${verdict === 'killed' ? '' : `${verdict.toUpperCase()}: `}${first}`,
    );
  }
}

function summary(results: readonly Result[], began_ms: number): number {
  const count = (verdict: Verdict) => results.filter((result) => result.verdict === verdict).length;
  const seconds = ((performance.now() - began_ms) / 1000).toFixed(0);
  console.log(
    `\n${results.length} mutants: ${count('killed')} killed, ${count('survived')} survived, ${count('equivalent')} equivalent, ${count('mistake')} mistakes; ${seconds} s`,
  );
  return count('survived') + count('mistake') === 0 ? 0 : 1;
}
