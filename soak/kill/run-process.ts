import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { killGroup } from '../kill-group.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SAID_BYTES = 20_000;

/** How a run ended: by itself, with what it said, or by the kill. */
export type Ending =
  | { readonly type: 'ended'; readonly code: number | null; readonly figures: Readonly<Record<string, number>> | null }
  | { readonly type: 'killed'; readonly at: string };

/** `npm start -- --replay FILE --dir DIR --json` as a process group of its own, so that what it started ends with it. */
export class RunProcess {
  readonly #child: ChildProcess;
  readonly #dir: string;
  readonly #ended: Promise<number | null>;
  #stdout = '';
  #stderr = '';

  constructor(recording: string, dir: string) {
    this.#dir = dir;
    const args = [join(ROOT, 'local/start.ts'), '--replay', recording, '--dir', dir, '--json'];
    this.#child = spawn(process.execPath, args, { cwd: ROOT, detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (bytes: Buffer) => {
      this.#stdout += bytes.toString();
    });
    this.#child.stderr?.on('data', (bytes: Buffer) => {
      this.#stderr = (this.#stderr + bytes.toString()).slice(-SAID_BYTES);
    });
    this.#ended = new Promise((resolve, reject) => {
      this.#child.once('error', reject);
      this.#child.once('close', resolve);
    });
  }

  /** The end of what it said on stderr. */
  get said(): string {
    return this.#stderr;
  }

  /** Waits for its end, and kills it after `after_ms`; never, if that is null. */
  async end(after_ms: number | null): Promise<Ending> {
    let at: string | null = null;
    const kill = (): void => {
      at = this.#where();
      this.kill();
    };
    const timer = after_ms === null ? undefined : setTimeout(kill, after_ms);
    const code = await this.#ended;
    clearTimeout(timer);
    // A kill that came too late found an ended process.
    if (at !== null && this.#child.signalCode === 'SIGKILL') return { type: 'killed', at };
    const last = this.#stdout.trim().split('\n').at(-1) ?? '';
    return { type: 'ended', code, figures: last.startsWith('{') ? JSON.parse(last) : null };
  }

  /** SIGKILL to the whole group. */
  kill(): void {
    killGroup(this.#child);
  }

  /** What it was at, as its state folder and its words show it. */
  #where(): string {
    const packages = join(this.#dir, 'package');
    const names = existsSync(packages) ? readdirSync(packages) : [];
    if (!this.#stderr.includes('the packaged template runs here')) {
      if (!this.#stderr.includes('bikelake:')) return 'starting';
      return names.some((name) => !name.includes('.')) ? 'opening its state' : 'packaging';
    }
    if (this.#stderr.includes('poll    ')) return 'reporting';
    const marks = join(this.#dir, 'replay');
    const mark = existsSync(marks) ? readdirSync(marks)[0] : undefined;
    if (mark !== undefined) {
      const lines = readFileSync(join(marks, mark), 'utf8').split('\n').length - 1;
      return `polling, line ${lines}`;
    }
    return existsSync(join(this.#dir, 'settle', 'making')) ? 'settling' : 'delivering';
  }
}
