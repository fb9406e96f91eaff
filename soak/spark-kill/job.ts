import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { killGroup } from '../kill-group.ts';
import { filesOf } from './folder.ts';
import type { Event, Moment } from './moments.ts';

const COMMAND = fileURLToPath(new URL('../../jobs/spark.ts', import.meta.url));
const LOOK_MS = 10;
/** What the last table of a thing is made of: after its commit the manifest is saved. */
export const LAST_OF_THING = ['silver.records', 'gold.audit_daily', 'gold.ledger_lanes_daily', 'gold.station_hourly', 'gold.system_daily', 'gold.ledger_daily', 'gold.station_profile']; // biome-ignore format: a list
const PROCEDURE = /^maintain \S+: (?<event>\w+)$/;
/** Small lakes cost more in planning and compiling than in work; what is left in the folder of a killed Java machine goes with the room. */
const DEFAULTS =
  'spark.sql.constraintPropagation.enabled false\nspark.sql.ui.explainMode simple\nspark.sql.maxPlanStringLength 1000\n';

export interface Ended {
  /** null: it was killed. */
  readonly code: number | null;
  readonly seconds: number;
  readonly began_ms: number;
  readonly events: Readonly<Record<string, number>>;
  /** What it made, or which procedure it ran, in order. */
  readonly said: readonly string[];
  readonly stderr: string;
}

/** What every process with Spark has in its environment: its temporary files lie in the room. */
export function sparkRoom(room: string): NodeJS.ProcessEnv {
  const [conf, temporary] = [join(room, 'conf'), join(room, 'tmp')];
  for (const folder of [conf, temporary]) mkdirSync(folder, { recursive: true });
  writeFileSync(join(conf, 'spark-defaults.conf'), DEFAULTS);
  return {
    SPARK_CONF_DIR: conf,
    SPARK_LOCAL_DIRS: temporary,
    TMPDIR: temporary,
    JAVA_TOOL_OPTIONS: `-XX:+UseSerialGC -XX:TieredStopAtLevel=1 -Djava.io.tmpdir=${temporary}`,
  };
}

/** `npm run spark` on a state folder, in a process group of its own, watched by what it writes and says. */
export class SparkJob {
  readonly #child: ChildProcess;
  readonly #warehouse: string;
  readonly #began_ms = Date.now();
  readonly #counts: Partial<Record<Event, number>> = { start: 1 };
  readonly #said: string[] = [];
  /** Names that, once made, leave the report to be written. */
  readonly #last: string;
  #stderr = '';
  #lines = 0;
  #known: Set<string>;
  #manifest_ms: number;

  constructor(dir: string, room: string, last: string, args: readonly string[] = []) {
    this.#warehouse = join(dir, 'iceberg');
    this.#last = last;
    this.#known = new Set(filesOf(this.#warehouse).map(({ path }) => path));
    this.#manifest_ms = this.#manifestTime();
    this.#child = spawn(process.execPath, [COMMAND, '--dir', dir, ...args], {
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
      env: { ...process.env, ...sparkRoom(room) },
    });
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#stderr += bytes.toString();
    });
  }

  /** Waits for its end, or kills it at the moment. */
  async end(moment: Moment | null): Promise<Ended> {
    const from = performance.now();
    const closed = new Promise<number | null>((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', resolve);
    });
    let isOpen = true;
    void closed.finally(() => {
      isOpen = false;
    });
    while (isOpen) {
      await Promise.race([pause(LOOK_MS), closed]);
      this.#look();
      if (moment === null || !this.#isDue(moment)) continue;
      await Promise.race([pause(moment.delay_ms), closed]);
      this.kill();
      break;
    }
    const code = await closed;
    this.#look();
    const wasKilled = this.#child.signalCode === 'SIGKILL';
    return {
      code: wasKilled ? null : code,
      seconds: (performance.now() - from) / 1000,
      began_ms: this.#began_ms,
      events: this.#counts,
      said: this.#said,
      stderr: this.#stderr,
    };
  }

  #isDue({ event, nth, commits }: Moment): boolean {
    return (this.#counts[event] ?? 0) >= nth || (this.#counts.commit ?? 0) >= commits;
  }

  /** SIGKILL to the whole group: Node, Python and Java. */
  kill(): void {
    killGroup(this.#child);
  }

  #look(): void {
    const files = filesOf(this.#warehouse);
    const fresh = files.filter(({ path }) => !this.#known.has(path));
    const paths = new Set(files.map(({ path }) => path));
    this.#count('gone', [...this.#known].filter((path) => !paths.has(path)).length);
    this.#known = paths;
    for (const { kind, path, table } of fresh) {
      if (kind === 'data' || kind === 'manifest') this.#count(kind);
      if (kind !== 'commit') continue;
      const isTable = path.endsWith('/v1.metadata.json');
      this.#count(isTable ? 'table' : 'commit');
      if (!isTable && LAST_OF_THING.includes(table)) this.#count('thing');
    }
    const manifest_ms = this.#manifestTime();
    if (manifest_ms !== this.#manifest_ms) this.#count('remembered');
    this.#manifest_ms = manifest_ms;
    this.#listen();
  }

  #listen(): void {
    const lines = this.#stderr.split('\n').slice(0, -1);
    for (const line of lines.slice(this.#lines)) {
      const made = /^(?<name>[a-z]+( [\d-]{10})?): [\d.]+ s$/.exec(line)?.groups?.name;
      const event = PROCEDURE.exec(line)?.groups?.event;
      if (made !== undefined || event !== undefined) this.#said.push(made ?? line);
      if (event !== undefined) this.#count(event as Event);
      if (made === this.#last || (this.#last === '' && line.endsWith('new files of Bronze'))) this.#count('all made');
    }
    this.#lines = lines.length;
  }

  #count(event: Event, times = 1): void {
    if (times > 0) this.#counts[event] = (this.#counts[event] ?? 0) + times;
  }

  #manifestTime(): number {
    return statSync(join(this.#warehouse, 'runs', 'manifest.json'), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  }
}
