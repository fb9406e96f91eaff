/** What the stages have done so far, as the terminal shows it. */
export interface Progress {
  readonly clock_ms: number;
  readonly polls: number;
  readonly stream_records: number;
  readonly bronze_rows: number;
  /** Records of the stream that Silver has judged. */
  readonly silver_records: number;
  readonly gold_hours: number;
  /** Share of the source that is through, 0 to 1; null where it has no end. */
  readonly done: number | null;
  /** What the run does now, when it is not just polling. */
  readonly doing: string | null;
}

const PLAIN_EVERY_MS = 5_000;
const n = (value: number): string => value.toLocaleString('en-US');

/** The one line, short enough for 100 columns: the stages in the order of the data, each with its count (`UNITS`). */
export function progressLine(p: Progress): string {
  const stages = [
    `poll ${n(p.polls)}`,
    `stream ${n(p.stream_records)}`,
    `bronze ${n(p.bronze_rows)}`,
    `silver ${n(p.silver_records)}`,
    `gold ${n(p.gold_hours)}`,
  ].join(' → ');
  return [
    new Date(p.clock_ms).toISOString().slice(5, 16).replace('T', ' '),
    ...(p.done === null ? [] : [`${bar(p.done)} ${Math.floor(p.done * 100)} %`]),
    stages,
    ...(p.doing === null ? [] : [p.doing]),
  ].join('  ');
}

/** What the counts of the line are. */
export const UNITS =
  'clock (UTC), then: polls of groups → records in the stream (chunks, receipts) → rows of Bronze → records judged by Silver → station-hours of Gold';

function bar(done: number, width = 12): string {
  const full = Math.round(Math.min(1, done) * width);
  return '█'.repeat(full) + '░'.repeat(width - full);
}

/** One live line on a terminal, a plain line now and then when piped. Everything goes to stderr: stdout is for results. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  #lastPlain_ms = 0;
  #live = false;

  constructor(out: NodeJS.WriteStream = process.stderr) {
    this.#out = out;
  }

  show(progress: Progress): void {
    const line = progressLine(progress);
    if (this.#out.isTTY) {
      const width = (this.#out.columns || 120) - 1;
      this.#out.write(`\r\x1b[2K${line.slice(0, width)}`);
      this.#live = true;
    } else if (Date.now() - this.#lastPlain_ms >= PLAIN_EVERY_MS) {
      this.#lastPlain_ms = Date.now();
      this.#out.write(`${line}\n`);
    }
  }

  /** A line of its own, above the live one. */
  say(text: string): void {
    this.#clear();
    this.#out.write(`${text}\n`);
  }

  #clear(): void {
    if (this.#live) this.#out.write('\r\x1b[2K');
    this.#live = false;
  }
}
