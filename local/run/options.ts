import { parseArgs } from 'node:util';
import { type FaultSpec, parseFaults } from '../aws/faults/spec.ts';

/** A mistake of the person who runs it: the message says what to do, and no stack is shown. */
export class UsageError extends Error {}

export interface RunOptions {
  readonly dir: string;
  /** Recordings to replay; empty: another source. */
  readonly replay: readonly string[];
  readonly system: string | null;
  readonly url: string | null;
  /** Poll interval, whole minutes in seconds; null: what the source says. */
  readonly interval_s: number | null;
  /** Real seconds after which the run ends by itself; null: when it is ended, or the replay is through. */
  readonly for_s: number | null;
  readonly record: string | null;
  readonly json: boolean;
  /** How many times faster than a real one the simulated city's clock goes. */
  readonly speed: number;
  /** What goes wrong; null: nothing. */
  readonly faults: FaultSpec | null;
}

export const USAGE = `bikelake: a bike-share system through poll → stream → Bronze → Silver → Gold, on this machine

  npm start                          a simulated city, its clock 60 times as fast
  npm start -- --replay FILE         a recording (repeat for several), as fast as the machine goes; of NAME.ndjson.gz, what lies
                                     beside it as NAME.station_information.json and NAME.system_information.json is served too
  npm start -- --system ID           a live system of config/systems.csv
  npm start -- --url URL             a live GBFS system by the URL of its gbfs.json

  --dir DIR           where the state lives (default .bikelake); a run goes on where the last one ended
  --for SECONDS       end by itself after so many seconds
  --interval SECONDS  poll interval, whole minutes (default: the system's own; 60 for the city)
  --speed N           clock of the simulated city (default 60; 1 is real time)
  --record FILE       write what the feed sends as a recording (.ndjson, .gz or .zst)
  --faults RULES      make the embedded AWS fail: 0.2 (of all calls), s3=0.2, s3.PutObject:lost_reply=0.2, throttle=0.1,
                      lambda.silver:killed#3 (the third call), several between commas, seed=7 to repeat it (docs/faults.md)
  --json              the figures as one JSON object in the last line of stdout
  --help              this

Seoul needs a key of data.seoul.go.kr in SEOUL_API_KEY. Query the lake with: npm run --silent query -- "SQL"`;

/** The options of a run. Throws UsageError that names the option, what it got and what it takes. */
export function parseOptions(argv: readonly string[]): RunOptions | 'help' {
  const values = parse(argv);
  if (values.help) return 'help';
  const sources = ['replay', 'system', 'url'].filter((name) => values[name as keyof typeof values] !== undefined);
  if (sources.length > 1) throw new UsageError(`--${sources.join(' and --')}: a run has one source; give one of them`);
  if (values.record !== undefined && values.replay !== undefined) {
    throw new UsageError('--record with --replay: a replay is a recording already; leave one of them out');
  }
  return {
    dir: values.dir ?? '.bikelake',
    replay: values.replay ?? [],
    system: values.system ?? null,
    url: values.url === undefined ? null : feedUrl(values.url),
    interval_s: values.interval === undefined ? null : interval(values.interval),
    for_s: values.for === undefined ? null : positive('for', values.for, 'a number of seconds above 0'),
    record: values.record ?? null,
    json: values.json ?? false,
    faults: values.faults === undefined ? null : parseFaults(values.faults),
    speed: values.speed === undefined ? 60 : positive('speed', values.speed, 'a number above 0'),
  };
}

function parse(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        dir: { type: 'string' },
        replay: { type: 'string', multiple: true },
        system: { type: 'string' },
        url: { type: 'string' },
        interval: { type: 'string' },
        for: { type: 'string' },
        record: { type: 'string' },
        json: { type: 'boolean' },
        speed: { type: 'string' },
        faults: { type: 'string' },
        help: { type: 'boolean', short: 'h' },
      },
    }).values;
  } catch (error) {
    throw new UsageError(`${(error as Error).message.split('. ')[0]}\n\n${USAGE}`);
  }
}

function positive(name: string, text: string, takes: string): number {
  const value = Number(text);
  if (!(value > 0) || !Number.isFinite(value)) throw new UsageError(`--${name} ${text}: it takes ${takes}`);
  return value;
}

function interval(text: string): number {
  const value = positive('interval', text, 'whole minutes in seconds: 60, 120, 300 …');
  if (value % 60 !== 0)
    throw new UsageError(`--interval ${text}: schedules fire on whole minutes; give 60, 120, 300 …`);
  return value;
}

function feedUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (url === null || !/^https?:$/.test(url.protocol)) {
    throw new UsageError(`--url ${text}: give the http(s) URL of a system's gbfs.json`);
  }
  return url.href;
}
