/**
 * `npm run soak:kill [-- --kills 200 --seed N --recording FILE --episode 10]`: a real replay, ended by SIGKILL at random moments and started
 * again with the same folder. After some kills it is let to its end: then figures and rows must be those of a replay that nobody
 * ended, and the next episode begins with a fresh folder. Exit code 0: all were; 1: a difference, whose folder is kept.
 */
import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { Random } from '../local/sources/city/random.ts';
import { recordCity } from './kill/city-recording.ts';
import { differences, type Prints, printsOf } from './kill/prints.ts';
import { type Ending, RunProcess } from './kill/run-process.ts';

const CITY = { stations: 80, polls: 150 };
/** A share of the episodes begins without a package, so that packaging is ended too. */
const UNPACKAGED_SHARE = 0.25;
/** A share of the kills comes early: after many kills little is left to poll, and the start is what each run has. */
const EARLY_SHARE = 0.25;
const START_MS = 1_500;

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '200' },
    seed: { type: 'string', default: '1' },
    recording: { type: 'string' },
    episode: { type: 'string', default: '10' },
  },
});
const kills_wanted = wholeNumber('kills', values.kills);
const seed = wholeNumber('seed', values.seed);
const kills_in_episode = wholeNumber('episode', values.episode);

const room = mkdtempSync(join(tmpdir(), 'bikelake-kill-'));
const random = new Random(seed, 77);
const started = performance.now();
const repeat = `npm run soak:kill -- --kills ${kills_wanted} --seed ${seed} --episode ${kills_in_episode}${values.recording ? ` --recording ${values.recording}` : ''}`;
let running: RunProcess | null = null;
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.on(signal, () => {
    running?.kill();
    rmSync(room, { recursive: true, force: true, maxRetries: 5 });
    process.exit(130);
  });
}

const recording = values.recording ?? join(room, `city_2026-11-20.ndjson.gz`);
if (values.recording === undefined) await recordCity(recording, { ...CITY, seed });

const plain = join(room, 'plain');
await run(plain, null); // packages; how long that takes is not the replay's time
rmSync(join(plain, 's3'), { recursive: true });
cpSync(join(plain, 'package'), join(room, 'package'), { recursive: true });
rmSync(plain, { recursive: true });
cpSync(join(room, 'package'), join(plain, 'package'), { recursive: true });
const from = performance.now();
const expected = await ended(plain, await run(plain, null));
const whole_ms = performance.now() - from;
rmSync(plain, { recursive: true });
console.log(`seed ${seed}; a replay that nobody ends takes ${seconds(whole_ms)} s, and comes to`);
for (const [name, value] of Object.entries(expected)) console.log(`  ${name} ${value}`);

let kills = 0;
let episodes = 0;
const where = new Map<string, number>();
let wrong = false;
while (kills < kills_wanted && !wrong) {
  episodes += 1;
  const dir = join(room, `episode-${episodes}`);
  mkdirSync(dir);
  const is_packaged = random.next() >= UNPACKAGED_SHARE;
  if (is_packaged) cpSync(join(room, 'package'), join(dir, 'package'), { recursive: true });
  console.log(`episode ${episodes}, ${is_packaged ? 'packaged' : 'not packaged yet'}`);
  wrong = !(await episode(dir));
  if (!wrong) rmSync(dir, { recursive: true, maxRetries: 5 });
}
console.log(
  `${kills} kills in ${episodes} episodes, ${Math.round((performance.now() - started) / 1000)} s, seed ${seed}: ${wrong ? 'DIFFERENT' : '0 lost, 0 doubled, every figure as without a kill'}`,
);
for (const [place, times] of [...where].sort(([, a], [, b]) => b - a)) console.log(`  ${times} × ${place}`);
if (wrong) {
  console.log(`kept: ${room}\nagain: ${repeat}`);
  process.exitCode = 1;
} else rmSync(room, { recursive: true, force: true, maxRetries: 5 });

/** Kills and starts again; true if what comes out at the end is what was expected. */
async function episode(dir: string): Promise<boolean> {
  for (let n = 0; n < kills_in_episode && kills < kills_wanted; n++) {
    const after_ms = Math.round(random.next() * (random.next() < EARLY_SHARE ? START_MS : whole_ms));
    const ending = await run(dir, after_ms);
    if (ending.type === 'ended') {
      console.log(`  came to its end before ${after_ms} ms`);
      return check(dir, ending);
    }
    kills += 1;
    const place = ending.at.replace(/, line \d+/, '');
    where.set(place, (where.get(place) ?? 0) + 1);
    console.log(`  kill ${kills} after ${after_ms} ms: ${ending.at}`);
  }
  return check(dir, await run(dir, null));
}

async function check(dir: string, ending: Ending): Promise<boolean> {
  try {
    const found = differences(expected, await ended(dir, ending));
    for (const line of found) console.log(`  DIFFERENT ${line}`);
    if (found.length === 0) console.log('  as without a kill');
    return found.length === 0;
  } catch (error) {
    console.log(`  FAILED ${(error as Error).message}`);
    return false;
  }
}

async function run(dir: string, after_ms: number | null): Promise<Ending> {
  running = new RunProcess(recording, dir);
  const ending = await running.end(after_ms);
  if (ending.type === 'ended' && ending.code !== 0) console.log(running.said.replace(/^/gm, '  │ '));
  return ending;
}

async function ended(dir: string, ending: Ending): Promise<Prints> {
  if (ending.type === 'killed') throw new Error('the run was killed');
  if (ending.figures === null) throw new Error(`the run ended with code ${ending.code}, without figures`);
  return printsOf(dir, ending.figures);
}

function seconds(ms: number): string {
  return (ms / 1000).toFixed(1);
}

function wholeNumber(name: string, text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  console.error(`--${name} ${text}: it takes a whole number above 0`);
  process.exit(2);
}
