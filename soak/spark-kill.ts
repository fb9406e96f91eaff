/**
 * `npm run soak:spark-kill [-- --kills 20 --maintain-kills 6 --seed N --days 3 --parts new,replaced,maintain]`: the real `npm run spark` on a lake of some days, its process
 * group (Node, Python and Java) ended by SIGKILL at moments that are drawn over what it writes, and run again. Half of the kills fall while the days are new, half while
 * days are replaced by late rows and by a mark; then `maintain` is killed on what that left. Each time the run goes to its end, and rows, snapshots and files
 * are compared. Exit code 0: nothing differs; 1: something does, and the folder is kept.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { FINDING } from '../jobs/findings.ts';
import { Random } from '../local/sources/city/random.ts';
import { age, look, type Tables } from './spark-kill/check.ts';
import { filesOf } from './spark-kill/folder.ts';
import { type Ended, SparkJob } from './spark-kill/job.ts';
import { firstState, KilledLake, laterState } from './spark-kill/lakes.ts';
import { dailyMoments, idleMoment, type Moment, maintainMoments } from './spark-kill/moments.ts';
import { phaseOf } from './spark-kill/phase.ts';
import { Verdict } from './spark-kill/verdict.ts';

const PARTS = ['new', 'replaced', 'maintain'];
const OLD_DAYS = 5;
const KEEP_DAYS = 3;
const DAY_MS = 86_400_000;
/** A session starts later than it is told what to keep. */
const SLACK_MS = 10_000;
/** The last thing that a run makes. */
const LAST = 'profile';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '20' },
    'maintain-kills': { type: 'string', default: '6' },
    seed: { type: 'string', default: '1' },
    days: { type: 'string', default: '3' },
    parts: { type: 'string', default: PARTS.join(',') },
  },
});
const [kills = 0, maintain_kills = 0, seed = 0, days = 0] = (['kills', 'maintain-kills', 'seed', 'days'] as const).map((name) => wholeNumber(name, values[name])); // biome-ignore format: one line
/** About how many events a run has that settles all days; a run that replaces days has as many. */
const events = { table: 13, data: 2 + 10 * days, manifest: 5 + 25 * days, commit: 6 + 12 * days, thing: 2 + 5 * days, remembered: 2 + 5 * days }; // biome-ignore format: one line
const parts = values.parts.split(',');
if (parts.some((part) => !PARTS.includes(part)) || (parts.includes('maintain') && !parts.includes('replaced'))) {
  console.error(`--parts ${values.parts}: it takes some of ${PARTS.join(',')}, and maintain goes with replaced`);
  process.exit(2);
}

const room = mkdtempSync(join(tmpdir(), 'bikelake-spark-kill-'));
const random = new Random(seed, 78);
const lake = new KilledLake(room);
const started = performance.now();
const phases = new Map<string, number>();
const verdict = new Verdict();
let done = 0;
let running: SparkJob | null = null;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    running?.kill();
    rmSync(room, { recursive: true, force: true, maxRetries: 5 });
    process.exit(130);
  });
}

const later = await firstState(lake, seed, days);
if (parts.includes('new')) await newDays(parts.includes('replaced') ? Math.ceil(kills / 2) : kills);
else expectEnd(await run(null, LAST));
if (parts.includes('replaced')) await replacedDays(parts.includes('new') ? Math.floor(kills / 2) : kills);
end();

async function newDays(times: number): Promise<void> {
  console.log('days that are new');
  await killed(times);
  age(lake, OLD_DAYS);
  const there = tableFiles();
  const { tables, after = {} } = await look(lake, room, { maintain: KEEP_DAYS, rows: true });
  verdict.oneEffect(tables);
  await verdict.rows(lake, after);
  verdict.sameSnapshots(tables, after, () => true);
  verdict.files(lake, tables, after, there);
}

async function replacedDays(times: number): Promise<void> {
  console.log('days that are replaced');
  await laterState(lake, later);
  lake.save('later');
  const plain = await run(null, LAST);
  expectEnd(plain);
  const { tables: expected } = await look(lake, room, {});
  console.log(`  without a kill: ${plain.seconds.toFixed(0)} s, ${plain.said.length} things made again`);
  lake.restore('later');
  const cut_ms = Date.now();
  await killed(times);
  const isNext = parts.includes('maintain');
  const { tables, after = tables } = await look(lake, room, { split: isNext, rows: isNext });
  verdict.sameEffects(expected, tables);
  await verdict.rows(lake, tables);
  verdict.found(lake.marks().map((mark) => `${mark} is left`));
  if (isNext) await maintained(cut_ms, after);
}

/** Kills `maintain`; snapshots older than `cut_ms` go, those after it stay and read the same. */
async function maintained(cut_ms: number, before: Tables): Promise<void> {
  console.log('maintain');
  const keep = (): string[] => ['maintain', '--keep-days', String((Date.now() - cut_ms + SLACK_MS) / DAY_MS)];
  const tables = Object.values(before).filter((table) => table !== null).length;
  const there = tableFiles();
  for (const moment of maintainMoments(random, maintain_kills, tables)) {
    age(lake, OLD_DAYS);
    const ended = await run(moment, LAST, keep());
    tell(moment, ended, `${ended.said.at(-1) ?? 'maintain, before the first table'}`.replace(/ \S+:/, ':'));
  }
  age(lake, OLD_DAYS);
  expectEnd(await run(null, LAST, keep()));
  const { tables: after } = await look(lake, room, { rows: true });
  await verdict.rows(lake, after);
  verdict.sameSnapshots(before, after, (committed_ms) => committed_ms >= cut_ms);
  verdict.expired(after, cut_ms);
  verdict.files(lake, before, after, there);
}

/** Kills a run so many times, each time going on from what the one before left; then lets it come to its end. */
async function killed(times: number): Promise<void> {
  let isMade = false;
  let isOver = false;
  for (const drawn of dailyMoments(random, times, events)) {
    const moment = isOver ? idleMoment(random) : drawn;
    const ended = await run(moment, isMade ? '' : LAST);
    isMade ||= ended.said.includes(LAST);
    isOver ||= ended.code !== null;
    tell(moment, ended, phaseOf(lake.iceberg, ended, isMade));
    if (ended.code !== null) expectEnd(ended);
  }
  const ended = await run(null, LAST);
  expectEnd(ended);
  console.log(`  to its end in ${ended.seconds.toFixed(0)} s: ${ended.said.length} things were left to make`);
}

function tell(moment: Moment, { code, seconds }: Ended, phase: string): void {
  const kinds = Map.groupBy(filesOf(lake.iceberg), ({ kind }) => kind);
  const there = (['data', 'manifest', 'commit'] as const).map((kind) => `${kinds.get(kind)?.length ?? 0} ${kind}`);
  const at = `${moment.delay_ms} ms after ${moment.event} ${moment.nth}`;
  if (code === null) {
    done += 1;
    phases.set(phase, (phases.get(phase) ?? 0) + 1);
    console.log(`  kill ${done}, ${at}, ${seconds.toFixed(1)} s: ${phase}; files: ${there.join(', ')}`);
  } else console.log(`  came to its end by itself in ${seconds.toFixed(1)} s, before ${at}`);
}

async function run(moment: Moment | null, last: string, args: readonly string[] = []): Promise<Ended> {
  running = new SparkJob(lake.dir, room, last, args);
  const ended = await running.end(moment);
  running = null;
  return ended;
}

/** The log holds what Bronze doesn't have: the audit finds it, and the run ends with 3. */
function expectEnd({ code, stderr }: Ended): void {
  if (code === 0 || code === FINDING) return;
  console.log(stderr.slice(-4000).replace(/^/gm, '  │ '));
  throw new Error(`a run that nobody ended came to ${code}; kept: ${room}`);
}

function tableFiles(): number {
  return filesOf(lake.iceberg).filter(({ table }) => table !== '').length;
}

function end(): void {
  const seconds = Math.round((performance.now() - started) / 1000);
  const { wrong } = verdict;
  console.log(`${done} kills, ${seconds} s, seed ${seed}: ${wrong.length === 0 ? 'rows, snapshots and files as without a kill' : 'DIFFERENT'}`);
  for (const [phase, times] of [...phases].sort(([, a], [, b]) => b - a)) console.log(`  ${times} × ${phase}`);
  if (wrong.length === 0) {
    rmSync(room, { recursive: true, force: true, maxRetries: 5 });
    return;
  }
  console.log(`kept: ${room}`);
  process.exitCode = 1;
} // biome-ignore format: one line

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${name} ${text}: it takes a whole number above 0`);
  process.exit(2);
}
