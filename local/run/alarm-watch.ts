import type { Alarms } from '../aws/cloudwatch/alarms.ts';
import type { VirtualClock } from '../clock.ts';

/** An alarm that was on in a run. */
export interface AlarmTold {
  /** As the template has it, without service and stage: `poll-failed`. */
  readonly name: string;
  /** What it means, and its runbook. */
  readonly description: string;
  /** Virtual time, UTC epoch ms. */
  readonly from_ms: number;
  /** null: still on. */
  until_ms: number | null;
}

const MINUTE_MS = 60_000;
/**
 * Faster than that, and the machine's own pauses look like age: of a clock that is driven, or goes by hours a second, the alarms say
 * nothing about the pipeline.
 */
const FASTEST = 60;

/** Watches the alarms of a run on a clock that goes by itself. `say`: a line for a person. */
export class AlarmWatch {
  readonly #alarms: Alarms;
  readonly #clock: VirtualClock;
  readonly #prefix: string;
  readonly #say: (line: string) => void;
  readonly #told: AlarmTold[] = [];

  /** `prefix`: service and stage, as names begin with. */
  constructor(alarms: Alarms, clock: VirtualClock, prefix: string, say: (line: string) => void) {
    this.#alarms = alarms;
    this.#clock = clock;
    this.#prefix = prefix;
    this.#say = say;
  }

  /** The alarms that were on, in the order in which they began. */
  told(): readonly AlarmTold[] {
    return this.#told;
  }

  /** Evaluates the minutes that are over, but for the last: what it is about may still be on its way. The composite says nothing new. */
  look(): void {
    if (this.#clock.speed <= 0 || this.#clock.speed > FASTEST) return;
    for (const { name, from, to, at_ms } of this.#alarms.evaluateTo(this.#clock.now() - MINUTE_MS)) {
      const alarm = this.#alarms.metric.find((metric) => metric.name === name);
      if (alarm === undefined) continue;
      if (to === 'ALARM') this.#began(name, alarm.description, at_ms);
      else if (from === 'ALARM') this.#ended(name, at_ms);
    }
  }

  #began(full_name: string, description: string, from_ms: number): void {
    const told = { name: full_name.replace(this.#prefix, ''), description, from_ms, until_ms: null };
    this.#told.push(told);
    this.#say(`ALARM ${told.name} at ${clockText(from_ms)}: ${description}`);
  }

  #ended(full_name: string, until_ms: number): void {
    const told = this.#told.findLast(({ name }) => this.#prefix + name === full_name);
    if (told === undefined) return;
    told.until_ms = until_ms;
    this.#say(`alarm ${told.name} is over at ${clockText(until_ms)}`);
  }
}

/** Lines of a report; none where no alarm was on. */
export function alarmLines(told: readonly AlarmTold[]): string[] {
  return told.map(({ name, description, from_ms, until_ms }, i) => {
    const until = until_ms === null ? 'to the end' : `to ${clockText(until_ms)}`;
    return `${i === 0 ? 'alarms' : '      '}  ${name} from ${clockText(from_ms)} ${until}: ${description}`;
  });
}

const clockText = (ms: number): string => new Date(ms).toISOString().slice(5, 16).replace('T', ' ');
