import { join } from 'node:path';
import type { VirtualClock } from '../../clock.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import type { Chance } from '../seeded.ts';
import { StateFile } from '../state-file.ts';
import { parseExpression } from './expression.ts';
import type { Schedule } from './settings.ts';

export interface SchedulerPorts {
  readonly clock: VirtualClock;
  /** Asynchronous invocation: resolves when it came to its end, with its retries. */
  readonly invokeAsync: (function_name: string, payload: Uint8Array) => Promise<void>;
  readonly chance: Chance;
  /** The state folder. */
  readonly dir: string;
  readonly warn: (message: string) => void;
  readonly faults?: Faults;
  readonly observe?: { attempted(): void; failed(): void };
}

/** EventBridge Scheduler fires within the minute of the scheduled time, and at least once (user guide, "Schedule types", "How it works"). */
const LATEST_MS = 60_000;
const TWICE = 0.02;
/** How much later than that a fault makes it: it overtakes the next ones of its own schedule then. */
const LATER_MS = 180_000;
const SCHEDULED_TIME = '<aws.scheduler.scheduled-time>';

/**
 * Fires schedules on the virtual clock: up to a minute late, and now and then twice, with the same scheduled time.
 * A run that starts again goes on with the next time; those that passed meanwhile are counted and not made up for, as on AWS.
 */
export class Scheduler {
  readonly #ports: SchedulerPorts;
  readonly #faults: Faults;
  readonly #state: StateFile<Record<string, number>>;
  readonly #fired: Record<string, number>;
  readonly #in_flight = new Set<Promise<void>>();
  #stop: AbortController | undefined;
  readonly #counters = { fired: 0, twice: 0, missed: 0 };

  constructor(ports: SchedulerPorts) {
    this.#ports = ports;
    this.#faults = ports.faults ?? NO_FAULTS;
    this.#state = new StateFile(join(ports.dir, 'scheduler', 'fired.json'), this.#faults);
    this.#fired = this.#state.read() ?? {};
  }

  counters(): { fired: number; twice: number; missed: number } {
    return { ...this.#counters };
  }

  /** Throws at once on an expression that can't be read. */
  start(schedules: readonly Schedule[]): void {
    if (this.#stop) return;
    const stop = new AbortController();
    this.#stop = stop;
    const enabled = schedules.filter((schedule) => schedule.enabled);
    const timetables = enabled.map((schedule) => parseExpression(schedule.expression));
    for (const [i, schedule] of enabled.entries()) {
      const timetable = timetables[i];
      if (timetable) void this.#follow(schedule, timetable.next, stop.signal);
    }
  }

  /** No further firing; resolves when what was fired came to its end. */
  async stop(): Promise<void> {
    this.#stop?.abort();
    this.#stop = undefined;
    await Promise.all(this.#in_flight);
  }

  async #follow(schedule: Schedule, next: (time_ms: number) => number, stop: AbortSignal): Promise<void> {
    const { clock, chance } = this.#ports;
    let slot_ms = next(clock.now());
    const last_ms = this.#fired[schedule.name];
    if (last_ms !== undefined) {
      for (let t = next(last_ms); t < slot_ms; t = next(t)) this.#counters.missed += 1;
    }
    while (!stop.aborted) {
      const following_ms = next(slot_ms);
      // Never later than the next time of the same schedule, so that what follows is in order more often than not.
      const late_ms = Math.floor(chance() * Math.min(LATEST_MS, following_ms - slot_ms));
      await clock.sleep(slot_ms + late_ms - clock.now(), stop);
      if (stop.aborted) return;
      const fault = this.#faults.next(`schedule.${schedule.name}`, ['duplicate', 'late']);
      if (fault === 'late') void this.#fireLate(schedule, slot_ms, stop);
      else this.#fire(schedule, slot_ms);
      if (chance() < TWICE || fault === 'duplicate') {
        this.#counters.twice += 1;
        this.#fire(schedule, slot_ms);
      }
      this.#note(schedule, slot_ms);
      slot_ms = following_ms;
    }
  }

  /** Where it can't be written, a run that starts again counts more as missed. */
  #note(schedule: Schedule, slot_ms: number): void {
    this.#fired[schedule.name] = slot_ms;
    try {
      this.#state.write(this.#fired);
    } catch (error) {
      this.#ports.warn(`schedule ${schedule.name}: ${(error as Error).message}`);
    }
  }

  async #fireLate(schedule: Schedule, slot_ms: number, stop: AbortSignal): Promise<void> {
    const { clock, chance } = this.#ports;
    await clock.sleep(Math.floor(chance() * LATER_MS), stop);
    if (stop.aborted) this.#counters.missed += 1;
    else this.#fire(schedule, slot_ms);
  }

  #fire(schedule: Schedule, slot_ms: number): void {
    this.#counters.fired += 1;
    this.#ports.observe?.attempted();
    const scheduled_time = `${new Date(slot_ms).toISOString().slice(0, 19)}Z`;
    const payload = Buffer.from(schedule.input.replaceAll(SCHEDULED_TIME, scheduled_time));
    const flight = this.#ports
      .invokeAsync(schedule.function_name, payload)
      .catch((error: Error) => {
        this.#ports.observe?.failed();
        this.#ports.warn(`schedule ${schedule.name}: ${error.message}`);
      })
      .finally(() => this.#in_flight.delete(flight));
    this.#in_flight.add(flight);
  }
}
