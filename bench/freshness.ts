/**
 * How old an observation is when it can be read: the packaged template of a stage polls the simulated city by its schedules, on a clock that goes
 * on by a second when everything that was due has been done. So functions, puts and conversions take no time here, whatever this machine is, and
 * what is measured is what the settings make: schedules that fire up to a minute late, the mapping's window, the delivery stream's buffers.
 *
 *   npm run bench:freshness -- [--stage prod] [--minutes 60] [--stations 300]
 */
import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { parquetReadObjects } from 'hyparquet';
import { VirtualClock } from '../local/clock.ts';
import { Cloud } from '../local/cloud.ts';
import { packageService } from '../local/package.ts';
import { planInLake } from '../local/run/lake.ts';
import { schedulesOf } from '../local/run/schedules.ts';
import { startCity } from '../local/sources/city/server.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** In the morning, so that no turn of a date is in it. */
const START_MS = Date.parse('2026-11-21T08:00:00Z');
const SECOND_MS = 1_000;
const DAY_MS = 86_400_000;
/** Turns of the event loop without anything under way, after which nothing more comes of a second: what follows a call takes some. */
const IDLE_TURNS = 20;
/** When the state machine looks whether the day before is closed (resources/gold.cjs), and until when it waits for it at most. */
const SETTLE_MS = { first: 20 * 60_000, last: 130 * 60_000 };

const { values } = parseArgs({
  options: {
    stage: { type: 'string', default: 'dev' },
    minutes: { type: 'string', default: '60' },
    stations: { type: 'string', default: '300' },
  },
});
const [minutes, stations] = [Number(values.minutes), Number(values.stations)];
if (!(minutes > 0) || !(stations > 0)) {
  console.error('--minutes and --stations take numbers above 0');
  process.exit(2);
}
const dir = mkdtempSync(join(tmpdir(), 'bikelake-freshness-'));
try {
  await main();
} finally {
  rmSync(dir, { recursive: true, force: true, maxRetries: 5 });
}

async function main(): Promise<void> {
  const { template, code } = await packageService({ dir, stage: values.stage, root: ROOT });
  const clock = new VirtualClock(START_MS, 0);
  const city = await startCity({ clock, seed: 1, stations });
  const cloud = await Cloud.start({
    template,
    code,
    dir,
    clock,
    environment: { poll: { FEED_ALLOWED_HOSTS: new URL(city.url).host } },
    parameters: { [`/bikelake/${values.stage}/seoul-key`]: city.seoulKey },
  });
  const lake = join(dir, 's3', cloud.names.bucket);
  try {
    const plan = planInLake(lake, city.systems);
    cloud.startSchedules(schedulesOf(plan, `bikelake-${values.stage}-poll`));
    await run(cloud, clock, minutes * 60);
    await cloud.stopSchedules();
    await run(cloud, clock, 30 * 60); // what is in buffers comes out by itself
  } finally {
    await cloud.close();
    await city.close();
  }
  await report(lake, template);
}

/** Goes on second by second; each begins when nothing of the one before is under way. */
async function run(cloud: Cloud, clock: VirtualClock, seconds: number): Promise<void> {
  for (let n = 0; n < seconds; n++) {
    clock.advanceTo(clock.now() + SECOND_MS);
    for (let idle = 0; idle < IDLE_TURNS; ) {
      await new Promise((resolve) => setImmediate(resolve));
      idle = cloud.isIdle() ? idle + 1 : 0;
    }
  }
}

interface Ages {
  readonly scheduled: number[];
  readonly stream: number[];
  readonly bronze: number[];
  readonly silver: number[];
  readonly gold: number[];
}

async function report(lake: string, template: string): Promise<void> {
  const ages: Ages = { scheduled: [], stream: [], bronze: [], silver: [], gold: [] };
  for (const { rows, made_ms } of await objectsIn(join(lake, 'bronze/events'))) {
    for (const row of rows.filter(({ kind }) => kind === 'status')) {
      const observed_ms = Number(row.fetched_at_ms);
      ages.scheduled.push(observed_ms - Number(row.slot_ms));
      ages.stream.push(Number(row.arrived_at_ms) - observed_ms);
      ages.bronze.push(made_ms - observed_ms);
    }
  }
  for (const { rows, made_ms } of await objectsIn(join(lake, 'log'))) {
    for (const row of rows.filter(({ row_kind, kind }) => row_kind === 'change' && kind === 'status'))
      ages.silver.push(made_ms - (row.fetched_at as Date).getTime());
  }
  for (let ms = 0; ms < DAY_MS; ms += 60_000) ages.gold.push(DAY_MS - ms + SETTLE_MS.first);
  const { bronze, window } = settingsIn(template);
  console.log(`stage ${values.stage}: ${minutes} min, Bronze every ${bronze} s, the mapping's window ${window} s`);
  show('slot → observed', ages.scheduled);
  show('observed → in the stream', ages.stream);
  show('observed → object in Bronze', ages.bronze);
  show('observed → object in the Silver log', ages.silver);
  show('observed → its day is settled', ages.gold);
  console.log(
    `The last line is arithmetic: a day is settled from 00:20 UTC on, at ${new Date(SETTLE_MS.last).toISOString().slice(11, 16)} at the latest; Spark's own minutes come on top.`,
  );
}

function show(what: string, ages_ms: number[]): void {
  const sorted = ages_ms.sort((a, b) => a - b);
  const at = (share: number) =>
    told(sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))] ?? Number.NaN);
  const cells = [at(0.5), at(0.95), at(1)].map((text) => text.padStart(9));
  console.log(
    `${what.padEnd(38)} p50 ${cells[0]}  p95 ${cells[1]}  at most ${cells[2]}  (${sorted.length.toLocaleString('en-US')})`,
  );
}
function told(ms: number): string {
  return ms >= 3_600_000 ? `${(ms / 3_600_000).toFixed(1)} h` : `${Math.round(ms / 1000)} s`;
}

function settingsIn(template: string): { readonly bronze: number; readonly window: number } {
  const { BronzeDeliveryStream, SilverMapping } = JSON.parse(readFileSync(template, 'utf8')).Resources;
  return {
    bronze: BronzeDeliveryStream.Properties.ExtendedS3DestinationConfiguration.BufferingHints.IntervalInSeconds,
    window: SilverMapping.Properties.MaximumBatchingWindowInSeconds,
  };
}

interface Stored {
  readonly rows: readonly Record<string, unknown>[];
  /** By the clock of the run. */
  readonly made_ms: number;
}

async function objectsIn(folder: string): Promise<Stored[]> {
  const compressors = {
    ZSTD: (input: Uint8Array) => zstdDecompressSync(input),
    GZIP: (input: Uint8Array) => gunzipSync(input),
  };
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.parquet'));
  return Promise.all(
    files.map(async (name) => {
      const bytes = readFileSync(join(folder, name));
      const file = new Uint8Array(bytes).buffer;
      return { rows: await parquetReadObjects({ file, compressors }), made_ms: statSync(join(folder, name)).mtimeMs };
    }),
  );
}
