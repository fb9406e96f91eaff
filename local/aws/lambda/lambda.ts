import { randomUUID } from 'node:crypto';
import { createWriteStream, mkdirSync, type WriteStream } from 'node:fs';
import { join } from 'node:path';
import type { VirtualClock } from '../../clock.ts';
import { AwsError } from '../error.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import { ACCOUNT_ID, arnOf, REGION } from '../names.ts';
import { untilNone } from '../pause.ts';
import type { Chance } from '../seeded.ts';
import { ExecutionEnvironment, type Outcome } from './environment.ts';
import { INVOCATION_FAULTS, type InvocationFault, meet } from './invocation-fault.ts';
import { REQUEST_LIMIT_BYTES } from './protocol.ts';
import type { AsyncSettings, FunctionSettings } from './settings.ts';

/** What a synchronous invocation answers. */
export interface Invocation {
  readonly request_id: string;
  /** `Unhandled` where the function failed: the payload is then `{errorType, errorMessage, trace}`. */
  readonly function_error: 'Unhandled' | null;
  /** JSON text as UTF-8. */
  readonly payload: Uint8Array;
}

/** Is told what becomes of invocations, and what functions print. */
export interface LambdaObserver {
  /** `began_ms`: virtual time; `duration_ms`: real. */
  invoked(function_name: string, call: { began_ms: number; duration_ms: number; failed: boolean }): void;
  throttled(function_name: string): void;
  /** A line of its log. */
  printed(function_name: string, line: string): void;
}

export interface LambdaOptions {
  readonly functions: readonly FunctionSettings[];
  readonly asynchronous: readonly AsyncSettings[];
  /** Folder of a function's package, by its short name. */
  readonly code: (short_name: string) => string;
  /** Set in every environment: endpoints of the other services. */
  readonly variables: Readonly<Record<string, string>>;
  /** More variables of single functions, by short name. */
  readonly environment?: Readonly<Record<string, Readonly<Record<string, string>>>>;
  readonly clock: VirtualClock;
  readonly log_dir: string;
  readonly chance: Chance;
  /** Most execution environments of a function that has no reserved concurrency. */
  readonly environments: number;
  readonly faults?: Faults;
  readonly observe?: LambdaObserver;
}

interface Slot {
  environment: ExecutionEnvironment | undefined;
  busy: boolean;
}

/** How often another idle environment than the last one gets the next invocation. */
const SWITCH_RATE = 0.1;

interface Deployed {
  last?: Slot;
  readonly settings: FunctionSettings;
  readonly slots: readonly Slot[];
  readonly log: WriteStream;
  readonly waiting: (() => void)[];
  invocations: number;
  errors: number;
  /** How long an invocation takes, real time, the newest counting most. */
  usual_ms: number;
}

/** What Lambda sets of itself; the credentials open nothing. */
const RUNTIME_VARIABLES = {
  AWS_REGION: REGION,
  AWS_DEFAULT_REGION: REGION,
  AWS_ACCESS_KEY_ID: 'local',
  AWS_SECRET_ACCESS_KEY: 'local',
  AWS_SESSION_TOKEN: 'local',
  AWS_EXECUTION_ENV: 'AWS_Lambda_nodejs24.x',
  AWS_LAMBDA_FUNCTION_VERSION: '$LATEST',
  AWS_LAMBDA_INITIALIZATION_TYPE: 'on-demand',
  TZ: ':UTC',
};

/** Waits before the retries of an asynchronous invocation: one minute, then two (Lambda developer guide, asynchronous invocation). */
const ASYNC_RETRY_MS = [60_000, 120_000];
/** Waits of an event that was throttled: from a second to five minutes, as long as it may grow old. */
const THROTTLED_MS = 1_000;
const LONGEST_THROTTLED_MS = 300_000;
/** An event that the service runs again although it succeeded comes within this time (at least once: asynchronous invocation). */
const AGAIN_MS = 180_000;

/**
 * The functions of the template, run from their packages. Of the environments of a function any may get the next invocation, and one that
 * doesn't exist yet as likely as another: nothing that a function keeps in memory can be relied on, as on AWS. Where AWS would throttle
 * for want of concurrency, an invocation waits.
 */
export class Lambda {
  readonly #options: LambdaOptions;
  readonly #functions = new Map<string, Deployed>();
  readonly #stopped = new AbortController();
  readonly #faults: Faults;
  #dropped = new AbortController();

  constructor(options: LambdaOptions) {
    this.#options = options;
    this.#faults = options.faults ?? NO_FAULTS;
    mkdirSync(options.log_dir, { recursive: true });
    for (const settings of options.functions) {
      const size = Math.max(1, Math.min(settings.reserved ?? options.environments, options.environments));
      this.#functions.set(settings.name, {
        settings,
        slots: Array.from({ length: size }, () => ({ environment: undefined, busy: false })),
        log: createWriteStream(join(options.log_dir, `${settings.short_name}.log`), { flags: 'a' }),
        waiting: [],
        invocations: 0,
        errors: 0,
        usual_ms: 20,
      });
    }
  }

  /**
   * Synchronous invocation of a function by name, short name or ARN. `slot` picks an environment (for tests).
   * Throws RequestTooLargeException (413) and ResourceNotFoundException as the service does; a function's own failure is an answer.
   */
  async invoke(name: string, payload: Uint8Array, options: { slot?: number } = {}): Promise<Invocation> {
    const deployed = this.#find(name);
    if (payload.length > REQUEST_LIMIT_BYTES) {
      throw new AwsError(
        'RequestTooLargeException',
        `${payload.length} byte payload is too large for the RequestResponse invocation type (limit ${REQUEST_LIMIT_BYTES} bytes)`,
        413,
      );
    }
    const fault = this.#faults.next(`lambda.${deployed.settings.short_name}`, INVOCATION_FAULTS);
    if (fault === 'throttle') {
      this.#options.observe?.throttled(deployed.settings.name);
      throw new AwsError('TooManyRequestsException', 'Rate Exceeded.', 429);
    }
    const slot = await this.#acquire(deployed, options.slot, fault === 'switch');
    const request_id = randomUUID();
    const began = { began_ms: this.#options.clock.now(), real_ms: performance.now() };
    const outcome = await this.#run(deployed, slot, { request_id, payload, fault });
    this.#options.observe?.invoked(deployed.settings.name, {
      began_ms: began.began_ms,
      duration_ms: performance.now() - began.real_ms,
      failed: 'error' in outcome,
    });
    if ('body' in outcome) return { request_id, function_error: null, payload: outcome.body };
    deployed.errors += 1;
    const line = JSON.stringify({ request_id, ...outcome.error });
    deployed.log.write(`${line}\n`);
    this.#options.observe?.printed(deployed.settings.name, line);
    return { request_id, function_error: 'Unhandled', payload: Buffer.from(JSON.stringify(outcome.error)) };
  }

  /** Asynchronous invocation: a failure is tried again after a minute, and after two more, as often as the template allows. */
  async invokeAsync(name: string, payload: Uint8Array): Promise<void> {
    const { settings } = this.#find(name);
    const config = this.#options.asynchronous.find((a) => a.function_name === settings.name);
    const retries = Math.min(config?.maximum_retry_attempts ?? 2, ASYNC_RETRY_MS.length);
    for (let attempt = 0; ; attempt += 1) {
      const error = await this.#runEvent(name, payload, config?.maximum_age_ms ?? Number.POSITIVE_INFINITY);
      if (error === null && this.#faults.next(`async.${settings.short_name}`, ['again']))
        void this.#again(name, payload);
      if (error === null || attempt >= retries || this.#stopped.signal.aborted) return;
      await this.#options.clock.sleep(ASYNC_RETRY_MS[attempt] ?? 0, this.#stopped.signal);
      if (this.#stopped.signal.aborted) return;
    }
  }

  /** Events that were to be run again are dropped. */
  dropEvents(): void {
    this.#dropped.abort();
    this.#dropped = new AbortController();
  }

  /** Resolves once nothing runs in any environment of a function (all, if none is named), also what counts as failed and goes on. */
  async quiet(name?: string): Promise<void> {
    const functions = name === undefined ? [...this.#functions.values()] : [this.#find(name)];
    const busy = (): number => functions.reduce((sum, { slots }) => sum + slots.filter((slot) => slot.busy).length, 0);
    await untilNone(busy, this.#stopped.signal);
  }

  isIdle(): boolean {
    return [...this.#functions.values()].every(({ slots }) => slots.every(({ busy }) => !busy));
  }

  counters(): Record<string, { invocations: number; errors: number }> {
    return Object.fromEntries(
      [...this.#functions.values()].map((d) => [
        d.settings.short_name,
        { invocations: d.invocations, errors: d.errors },
      ]),
    );
  }

  /** Processor time of the environments that are there, by short name, microseconds: what they loaded, and all their invocations. */
  async cpu_us(): Promise<Record<string, number>> {
    const entries = [...this.#functions.values()].map(async ({ settings, slots }) => {
      const times = await Promise.all(slots.map(async ({ environment }) => (await environment?.cpu_us()) ?? 0));
      return [settings.short_name, times.reduce((sum, us) => sum + us, 0)] as const;
    });
    return Object.fromEntries(await Promise.all(entries));
  }

  /** Ends the environments that are idle, as AWS does after a while; the next invocation makes a new one. */
  async reclaim(): Promise<void> {
    for (const { slots } of this.#functions.values()) {
      for (const slot of slots.filter(({ busy }) => !busy)) {
        const { environment } = slot;
        slot.environment = undefined;
        await environment?.stop();
      }
    }
  }

  /** Ends the environments at once, with what runs in them. */
  async close(): Promise<void> {
    this.#stopped.abort();
    this.dropEvents();
    for (const { slots, log, waiting } of this.#functions.values()) {
      for (const wake of waiting) wake();
      await Promise.all(slots.map(async (slot) => slot.environment?.stop()));
      await new Promise((resolve) => log.end(resolve));
    }
  }

  #find(name: string): Deployed {
    const plain = name.startsWith('arn:') ? (name.split(':')[6] ?? name) : name;
    const found =
      this.#functions.get(plain) ?? [...this.#functions.values()].find((d) => d.settings.short_name === plain);
    if (found) return found;
    const known = [...this.#functions.values()].map((d) => d.settings.short_name).join(', ');
    throw new AwsError('ResourceNotFoundException', `Function not found: ${name} (the template has ${known})`, 404);
  }

  /** An event that is throttled waits, as long as it may grow old. Answers with the function's error. */
  async #runEvent(name: string, payload: Uint8Array, age_ms: number): Promise<Invocation['function_error']> {
    const { clock } = this.#options;
    const until_ms = clock.now() + age_ms;
    for (let wait_ms = THROTTLED_MS; ; wait_ms = Math.min(wait_ms * 2, LONGEST_THROTTLED_MS)) {
      try {
        return (await this.invoke(name, payload)).function_error;
      } catch (error) {
        if (!(error instanceof AwsError) || error.status !== 429) throw error;
        if (clock.now() + wait_ms > until_ms) throw error;
        await clock.sleep(wait_ms, this.#stopped.signal);
      }
    }
  }

  async #again(name: string, payload: Uint8Array): Promise<void> {
    const { clock, chance } = this.#options;
    const { signal } = this.#dropped;
    await clock.sleep(Math.floor(chance() * AGAIN_MS), signal);
    if (!signal.aborted) await this.invoke(name, payload).catch(() => undefined); // nobody waits for it
  }

  /** Runs an invocation in a slot that is held, and lets the slot go when nothing runs in it any more. */
  async #run(
    deployed: Deployed,
    slot: Slot,
    { request_id, payload, fault }: { request_id: string; payload: Uint8Array; fault: InvocationFault | null },
  ): Promise<Outcome> {
    const { timeout_ms } = deployed.settings;
    const environment = this.#environmentOf(deployed, slot);
    deployed.invocations += 1;
    const began_ms = performance.now();
    const running = environment.invoke(request_id, payload, timeout_ms);
    const met = meet(fault, {
      running,
      environment,
      request_id,
      timeout_ms,
      usual_ms: deployed.usual_ms,
      chance: this.#options.chance,
    });
    void met.over.then(() => {
      deployed.usual_ms += (performance.now() - began_ms - deployed.usual_ms) / 4;
      if (!environment.usable && fault !== null && !this.#stopped.signal.aborted) {
        slot.environment = this.#start(deployed); // loads while the others work
        if (deployed.last === slot) delete deployed.last;
      }
      release(deployed, slot);
    });
    return met.outcome;
  }

  #environmentOf(deployed: Deployed, slot: Slot): ExecutionEnvironment {
    try {
      slot.environment = slot.environment?.usable ? slot.environment : this.#start(deployed);
      return slot.environment;
    } catch (error) {
      release(deployed, slot);
      throw error;
    }
  }

  async #acquire(deployed: Deployed, wanted: number | undefined, is_switched: boolean): Promise<Slot> {
    for (;;) {
      const idle = deployed.slots.filter((slot, i) => !slot.busy && (wanted === undefined || wanted === i));
      const slot = this.#choose(idle, deployed.last, is_switched);
      if (slot) {
        slot.busy = true;
        deployed.last = slot;
        return slot;
      }
      await new Promise<void>((wake) => deployed.waiting.push(wake));
      if (this.#stopped.signal.aborted) throw new AwsError('ServiceException', 'Lambda is closed', 500);
    }
  }

  /** Any idle environment may be chosen; mostly it is the one that was used last. */
  #choose(idle: readonly Slot[], last: Slot | undefined, is_switched: boolean): Slot | undefined {
    const { chance } = this.#options;
    const others = idle.filter((slot) => slot !== last);
    if (is_switched && others.length > 0) return others[Math.floor(chance() * others.length)];
    if (last !== undefined && idle.includes(last) && chance() >= SWITCH_RATE) return last;
    return idle[Math.floor(chance() * idle.length)];
  }

  #start({ settings, log }: Deployed): ExecutionEnvironment {
    const { code, clock, variables, environment, observe } = this.#options;
    return new ExecutionEnvironment(
      {
        function_name: settings.name,
        function_arn: arnOf('lambda', `function:${settings.name}`),
        handler: settings.handler,
        code: code(settings.short_name),
        memory_mb: settings.memory_mb,
        clock: clock.memory,
      },
      {
        ...RUNTIME_VARIABLES,
        AWS_ACCOUNT_ID: ACCOUNT_ID,
        AWS_LAMBDA_FUNCTION_NAME: settings.name,
        AWS_LAMBDA_FUNCTION_MEMORY_SIZE: String(settings.memory_mb),
        AWS_LAMBDA_LOG_GROUP_NAME: `/aws/lambda/${settings.name}`,
        ...variables,
        ...settings.environment,
        ...environment?.[settings.short_name],
      },
      log,
      observe && ((line) => observe.printed(settings.name, line)),
    );
  }
}

function release(deployed: Deployed, slot: Slot): void {
  slot.busy = false;
  for (const wake of deployed.waiting.splice(0)) wake();
}
