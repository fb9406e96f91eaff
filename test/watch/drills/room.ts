import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setImmediate } from 'node:timers/promises';
import type { FaultKind, Faults } from '../../../local/aws/faults.ts';
import { ACCOUNT_ID, REGION } from '../../../local/aws/names.ts';
import type { Schedule } from '../../../local/aws/scheduler/settings.ts';
import { VirtualClock } from '../../../local/clock.ts';
import { Cloud } from '../../../local/cloud.ts';
import type { ServicePackage } from '../../../local/package.ts';
import { planInLake } from '../../../local/run/lake.ts';
import { schedulesOf } from '../../../local/run/schedules.ts';
import { type CityServer, startCity } from '../../../local/sources/city/server.ts';
import { resolveTemplate } from '../../../local/template/resolve.ts';
import { textOf } from '../../../local/template/text.ts';
import { until } from '../../local/workbench.ts';

/** As the package was made: gold is on there. */
export const STAGE = 'prod';
export const PREFIX = `bikelake-${STAGE}-`;

const START_MS = Date.parse('2026-03-02T06:00:00Z');
const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
/** The clock moves in steps, so that what waits for a part of a minute has its turn. */
const STEP_MS = 20_000;

// biome-ignore lint/suspicious/noExplicitAny: a template is taken as what it is, nested and open
type Properties = Record<string, any>;

export interface RoomOptions {
  /** What is polled; all three feeds of the simulated city if it isn't given. */
  readonly systems?: readonly string[];
  /** Of all feeds; a minute if it isn't given. */
  readonly interval_s?: number;
  /** In place of the key that the Seoul feed takes; null: there is none. */
  readonly seoul_key?: string | null;
  /** The city fails now and then, as real feeds do; without it never. */
  readonly has_usual_faults?: boolean;
  /** Changes the template before it runs: what somebody did to the stack. */
  readonly change?: (properties: Properties, resources: Record<string, { Type: string; Properties: object }>) => void;
}

/** What goes wrong from some moment on: every call of a place, or its next one. */
class Switch implements Faults {
  readonly #kinds = new Map<string, FaultKind>();
  readonly #next = new Map<string, FaultKind>();

  set(place: string, kind: FaultKind | null): void {
    if (kind === null) this.#kinds.delete(place);
    else this.#kinds.set(place, kind);
  }

  once(place: string, kind: FaultKind): void {
    this.#next.set(place, kind);
  }

  next<K extends FaultKind>(place: string, kinds: readonly K[]): K | null {
    const kind = (this.#next.get(place) ?? this.#kinds.get(place)) as K | undefined;
    if (kind === undefined || !kinds.includes(kind)) return null;
    this.#next.delete(place);
    return kind;
  }
}

/** The deployed stack in a run of its own, with a simulated city to poll and a clock that the drill moves. */
export class Room {
  readonly cloud: Cloud;
  /** The state folder. */
  readonly dir: string;
  readonly faults: Switch;
  readonly from_ms: number;
  readonly #clock: VirtualClock;
  readonly #city: CityServer;
  readonly #schedules: readonly Schedule[];
  readonly #feeds: { still_ms: number | null };
  readonly #template: string;

  private constructor(parts: {
    cloud: Cloud;
    dir: string;
    faults: Switch;
    clock: VirtualClock;
    city: CityServer;
    schedules: readonly Schedule[];
    feeds: { still_ms: number | null };
    template: string;
  }) {
    this.cloud = parts.cloud;
    this.dir = parts.dir;
    this.faults = parts.faults;
    this.from_ms = parts.clock.now();
    this.#clock = parts.clock;
    this.#city = parts.city;
    this.#schedules = parts.schedules;
    this.#feeds = parts.feeds;
    this.#template = parts.template;
  }

  static async open({ template, code }: ServicePackage, options: RoomOptions = {}): Promise<Room> {
    const dir = mkdtempSync(join(tmpdir(), 'bikelake-drill-'));
    const clock = new VirtualClock(START_MS, 0);
    const feeds: { still_ms: number | null } = { still_ms: null };
    const city = await startCity({
      clock: { now: () => feeds.still_ms ?? clock.now() },
      seed: 1,
      stations: 12,
      seoul_stations: 20,
      ...(!options.has_usual_faults && { faults: {} }),
    });
    const faults = new Switch();
    const file = options.change ? changed(template, dir, options.change) : template;
    const { seoul_key = city.seoulKey } = options;
    const cloud = await Cloud.start({
      template: file,
      code,
      dir: join(dir, 'state'),
      clock,
      environment: { poll: { FEED_ALLOWED_HOSTS: new URL(city.url).host } },
      parameters: seoul_key === null ? {} : { [`/bikelake/${STAGE}/seoul-key`]: seoul_key },
      faults,
      warn: () => undefined,
    });
    const systems = city.systems
      .filter(({ system_id }) => options.systems?.includes(system_id) ?? true)
      .map((system) => ({ ...system, interval_s: options.interval_s ?? system.interval_s }));
    const plan = planInLake(join(dir, 'state', 's3', cloud.names.bucket), systems);
    const schedules = schedulesOf(plan, `${PREFIX}poll`);
    cloud.startSchedules(schedules);
    return new Room({ cloud, dir, faults, clock, city, schedules, feeds, template: file });
  }

  get lake(): string {
    return join(this.dir, 'state', 's3', this.cloud.names.bucket);
  }

  now(): number {
    return this.#clock.now();
  }

  /** So many minutes pass, with all that happens in them; then the alarms have seen all but the last. */
  async minutes(count: number): Promise<void> {
    const until_ms = this.now() + count * MINUTE_MS;
    while (this.now() < until_ms) {
      this.#clock.advanceTo(this.now() + STEP_MS);
      await this.#quiet();
    }
    this.cloud.alarms.evaluateTo(this.now() - MINUTE_MS);
  }

  /** Minute after minute, until an alarm is on; so many at most. */
  async minutesUntil(alarm: string, most: number): Promise<void> {
    for (let minute = 0; minute < most && !this.on().includes(alarm); minute += 1) await this.minutes(1);
  }

  /** The clock stands still until something is true. */
  async until(isTrue: () => boolean): Promise<void> {
    await until(isTrue);
  }

  /** Hours in which nothing is polled pass at once. */
  async hours(count: number): Promise<void> {
    for (let hour = 0; hour < count; hour += 1) this.#clock.advanceTo(this.now() + HOUR_MS);
    this.cloud.alarms.evaluateTo(this.now() - MINUTE_MS);
  }

  /** The schedules are gone. */
  async stopPolling(): Promise<void> {
    await this.cloud.stopSchedules();
  }

  startPolling(): void {
    this.cloud.startSchedules(this.#schedules);
  }

  /** From now on the feeds show what they show now. */
  freezeFeeds(): void {
    this.#feeds.still_ms = this.now();
  }

  /** The host of the feeds is gone. */
  async closeFeeds(): Promise<void> {
    await this.#city.close();
  }

  /** Nothing can be written under a prefix of the lake any more. */
  blockPrefix(prefix: string): void {
    writeFileSync(join(this.lake, prefix), '');
  }

  /** The definition of a state of the template's state machine. */
  stateOf(name: string): Properties {
    const { Resources } = JSON.parse(readFileSync(this.#template, 'utf8'));
    const resources = resolveTemplate({ Resources }, { account_id: ACCOUNT_ID, region: REGION });
    const machine = resources.find(({ type }) => type === 'AWS::StepFunctions::StateMachine')?.properties;
    const values = (machine?.DefinitionSubstitutions ?? {}) as Record<string, string>;
    const text = textOf(machine?.DefinitionString).replace(/\$\{(\w+)\}/g, (_, key: string) => String(values[key]));
    const state = JSON.parse(text).States?.[name];
    if (state === undefined) throw new Error(`the state machine has no state ${name}`);
    return state;
  }

  /** Alarms of a kind that are on, by their short names in the order of the template. */
  on(): string[] {
    const { alarms } = this.cloud;
    return alarms.metric
      .filter(({ name }) => alarms.state(name) === 'ALARM')
      .map(({ name }) => name.slice(PREFIX.length));
  }

  /** Whether the alarm over all alarms is on. */
  isUnwell(): boolean {
    return this.cloud.alarms.state(`${PREFIX}unwell`) === 'ALARM';
  }

  /** Short names of the alarms that were on at some time. */
  rang(): string[] {
    const rang = this.cloud.alarms.history().filter(({ to }) => to === 'ALARM');
    return [...new Set(rang.map(({ name }) => name.slice(PREFIX.length)))].sort();
  }

  async close(): Promise<void> {
    await this.cloud.close();
    await this.#city.close().catch(() => undefined);
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** What the step set off has come to its end: the turn of promises, functions, and what their answers set off. */
  async #quiet(): Promise<void> {
    for (let round = 0; round < 3; round += 1) {
      for (let turn = 0; turn < 4; turn += 1) await setImmediate();
      for (const name of ['poll', 'bronze', 'silver']) await this.cloud.quiet(name);
    }
  }
}

function changed(template: string, dir: string, change: NonNullable<RoomOptions['change']>): string {
  const parsed = JSON.parse(readFileSync(template, 'utf8'));
  const properties = Object.entries<{ Properties?: object }>(parsed.Resources).map(([id, r]) => [id, r.Properties]);
  change(Object.fromEntries(properties), parsed.Resources);
  const file = join(dir, 'template.json');
  writeFileSync(file, JSON.stringify(parsed));
  return file;
}
