import { appendFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Figures, figuresOf } from '../../jobs/duckdb/figures.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import type { Plan } from '../../lib/poll/plan.ts';
import { FaultInjector, type Injected } from '../aws/faults/injector.ts';
import type { FaultSpec } from '../aws/faults/spec.ts';
import { Cloud } from '../cloud.ts';
import { packageService } from '../package.ts';
import { type AlarmTold, AlarmWatch } from './alarm-watch.ts';
import { type Failure, failuresOf } from './failures.ts';
import { planInLake } from './lake.ts';
import { schedulesOf } from './schedules.ts';
import { type Progress, type Screen, UNITS } from './screen.ts';
import type { Source } from './source.ts';

/** The stage that a run on this machine packages. */
const STAGE = 'dev';
const PREFIX = `bikelake-${STAGE}-`;
/** What DuckDB may use, beside the run itself, so that both stay below 1.5 GB. */
const SETTLE_MEMORY_MB = 640;
const SETTLE_EVERY_MS = 10_000;
const SHOW_EVERY_MS = 250;
/** Real time, as the one above. */
const LOOK_EVERY_MS = 1_000;
/** How often the faults are asked whether to settle now, though nothing is complete: real time, or polls of a replay. */
const EARLY_EVERY_MS = 2_000;
const EARLY_EVERY_POLLS = 100;
const EARLY_FIRST_POLLS = 20;
/** Records that the stream may hold before a replay waits for those who read it; more than a batch, which else would wait for the clock, and the clock for it. */
const BACKLOG_LIMIT = 1_000;

/** What was made to go wrong, and what it took to come through. */
export interface FaultsMet {
  readonly injected: readonly Injected[];
  /** Calls that could have gone wrong. */
  readonly calls: number;
  readonly seed: number;
  /** Rules that no call has met. */
  readonly unmet: readonly string[];
  /** Invocations that failed, and were tried again, by function. */
  readonly failed_invocations: Readonly<Record<string, number>>;
  /** What the services told a person; it lies in logs/warnings.log. */
  readonly warnings: number;
}

export interface RunResult {
  /** Records of the stream that Firehose could not deliver in this run: they lie under its error prefix. */
  readonly undelivered: number;
  /** null for a run without faults. */
  readonly faults: FaultsMet | null;
  /** Alarms that were on. */
  readonly alarms: readonly AlarmTold[];
  readonly figures: Figures;
  readonly failures: readonly Failure[];
  readonly seconds: number;
  readonly peak_rss_bytes: number;
}

/** A run from its source to its report: package, start, poll until the end, drain, settle, count. */
export class Run {
  readonly #dir: string;
  readonly #source: Source;
  readonly #screen: Screen;
  readonly #started_ms = performance.now();
  readonly #stop = new AbortController();
  #cloud: Cloud | undefined;
  #lake = '';
  #settling: Promise<void> = Promise.resolve();
  #is_settling = false;
  #gold_hours = 0;
  #doing: string | null = null;
  readonly #faults: FaultSpec | null;
  readonly #injector: FaultInjector | null;
  #warnings = 0;
  #watch: AlarmWatch | undefined;

  constructor(dir: string, source: Source, screen: Screen, faults: FaultSpec | null = null) {
    this.#dir = dir;
    this.#source = source;
    this.#screen = screen;
    this.#faults = faults;
    this.#injector = faults && new FaultInjector(faults);
  }

  /** Ends the polling; what was polled still goes all the way. */
  stop(): void {
    this.#stop.abort();
  }

  async run(root: string): Promise<RunResult> {
    const source = this.#source;
    try {
      const cloud = await this.#start(root);
      const shown = setInterval(() => this.#show(), SHOW_EVERY_MS);
      try {
        await this.#poll(cloud, planInLake(this.#lake, source.systems));
        this.#doing = 'delivering what is under way';
        await cloud.stopSchedules();
        await cloud.drain();
        await cloud.reclaim();
        this.#doing = 'settling';
        await this.#settling;
        await this.#settle();
      } finally {
        clearInterval(shown);
        writeFileSync(join(this.#dir, 'clock.json'), JSON.stringify({ now_ms: source.clock.now() }));
        await cloud.close();
      }
    } finally {
      await source.close();
    }
    return {
      undelivered: this.#cloud?.counters().bronze.failed ?? 0,
      faults: this.#faultsMet(),
      alarms: this.#watch?.told() ?? [],
      figures: await figuresOf(this.#lake),
      failures: await failuresOf(this.#lake),
      seconds: Math.round((performance.now() - this.#started_ms) / 100) / 10,
      peak_rss_bytes: process.resourceUsage().maxRSS * 1024,
    };
  }

  async #start(root: string): Promise<Cloud> {
    const { allowed_hosts, clock, seoul_key, title } = this.#source;
    this.#screen.say(`bikelake: ${title}`);
    const { template, code } = await packageService({ dir: this.#dir, stage: STAGE, root });
    const cloud = await Cloud.start({
      template,
      code,
      dir: this.#dir,
      clock,
      environment: { poll: { FEED_ALLOWED_HOSTS: allowed_hosts.join(',') } },
      parameters: seoul_key === null ? {} : { [`/bikelake/${STAGE}/seoul-key`]: seoul_key },
      ...(this.#injector && { faults: this.#injector }),
      warn: (message) => this.#warn(message),
    });
    this.#cloud = cloud;
    this.#watch = new AlarmWatch(cloud.alarms, clock, PREFIX, (line) => this.#screen.say(line));
    this.#lake = join(this.#dir, 's3', cloud.names.bucket);
    this.#screen.say(startedText(cloud, this.#dir));
    return cloud;
  }

  /** Polls until the source is through, or the run is stopped. */
  async #poll(cloud: Cloud, plan: Plan): Promise<void> {
    const { drive } = this.#source;
    if (drive === null) {
      const settles = this.#settleNowAndThen();
      cloud.startSchedules(schedulesOf(plan, `${PREFIX}poll`));
      const looks = setInterval(() => this.#watch?.look(), LOOK_EVERY_MS);
      await aborted(this.#stop.signal);
      clearInterval(settles);
      clearInterval(looks);
      return;
    }
    let polls = 0;
    const ready = async (): Promise<void> => {
      await cloud.quiet('poll'); // one that counts as failed and goes on would see the next line's body
      while (cloud.backlog().stream_records > BACKLOG_LIMIT && !this.#stop.signal.aborted) await pause(20);
      const isAsked = polls++ % EARLY_EVERY_POLLS === EARLY_FIRST_POLLS && !this.#is_settling;
      if (isAsked && this.#isEarly()) this.#settleMeanwhile();
    };
    await drive(plan, (name, payload) => cloud.invoke(name, payload), ready, this.#stop.signal);
  }

  /** Gold grows while the run goes on; a replay settles once, at its end, if no fault makes it settle early. */
  #settleNowAndThen(): NodeJS.Timeout {
    let due_ms = performance.now() + SETTLE_EVERY_MS;
    return setInterval(() => {
      if (this.#is_settling || (!this.#isEarly() && performance.now() < due_ms)) return;
      due_ms = performance.now() + SETTLE_EVERY_MS;
      this.#settleMeanwhile();
    }, EARLY_EVERY_MS);
  }

  #isEarly(): boolean {
    return this.#injector?.next('settle.lake', ['early']) === 'early';
  }

  #settleMeanwhile(): void {
    this.#is_settling = true;
    this.#settling = this.#settle()
      .catch((error: Error) => this.#warn(`not settled this time, the end of the run will tell: ${error.message}`))
      .finally(() => {
        this.#is_settling = false;
      });
  }

  /** Where things are made to go wrong, warnings are no news: they go to a file, and the report counts them. */
  #warn(message: string): void {
    if (this.#injector === null) {
      this.#screen.say(message);
      return;
    }
    this.#warnings += 1;
    try {
      appendFileSync(join(this.#dir, 'logs', 'warnings.log'), `${message}\n`);
    } catch {
      // counted
    }
  }

  #faultsMet(): FaultsMet | null {
    const [faults, injector, cloud] = [this.#faults, this.#injector, this.#cloud];
    if (!faults || !injector || !cloud) return null;
    const functions = Object.entries(cloud.counters().functions);
    return {
      injected: injector.injected(),
      calls: injector.calls(),
      seed: faults.seed,
      unmet: injector.unmet(),
      failed_invocations: Object.fromEntries(functions.map(([name, { errors }]) => [name, errors])),
      warnings: this.#warnings,
    };
  }

  async #settle(): Promise<void> {
    const report = await settleLake(this.#lake, { memory_mb: SETTLE_MEMORY_MB });
    this.#gold_hours = report.station_hours;
  }

  #show(): void {
    if (this.#cloud === undefined) return;
    const { functions, bronze, mapping } = this.#cloud.counters();
    const progress: Progress = {
      clock_ms: this.#source.clock.now(),
      polls: functions.poll?.invocations ?? 0,
      stream_records: mapping.done + mapping.given_up + this.#cloud.backlog().stream_records,
      bronze_rows: bronze.rows,
      silver_records: mapping.done,
      gold_hours: this.#gold_hours,
      done: this.#source.done(),
      doing: this.#doing,
    };
    this.#screen.show(progress);
  }
}

/** What runs where, in a few lines. */
function startedText(cloud: Cloud, dir: string): string {
  const { stream, bucket, delivery_streams, functions } = cloud.names;
  return [
    `  the packaged template runs here: functions ${functions.join(', ')}; stream ${stream}; delivery ${delivery_streams.join(', ')}`,
    `  lake  ${join(dir, 's3', bucket)}   logs  ${join(dir, 'logs')}`,
    `  query npm run --silent query -- ${dir === '.bikelake' ? '' : `--dir ${dir} `}"SELECT * FROM gold.system_hourly ORDER BY hour DESC LIMIT 10"`,
    `  shown ${UNITS}`,
    ...cloud.notices.map((notice) => `  not honoured here: ${notice}`),
  ].join('\n');
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
