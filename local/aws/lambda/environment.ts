import { createInterface } from 'node:readline';
import { Worker } from 'node:worker_threads';
import { type Answer, type EnvironmentSetup, type ErrorAnswer, type Invoke, LEAVE, toErrorAnswer } from './protocol.ts';

export type Outcome = { readonly body: Uint8Array } | { readonly error: ErrorAnswer };

interface Waiting {
  readonly id: string;
  readonly answer: (outcome: Outcome) => void;
}

/** Small, because there are many threads: with V8's default a replay takes 1.1 GB instead of 0.7, and no less time (measured). */
export const YOUNG_GENERATION_MB = 32;

/** Real time that a thread has to end itself. */
const GRACE_MS = 1_000;

/**
 * One execution environment: a thread with memory and module state of its own, one invocation at a time.
 * It isn't frozen between invocations, as AWS does; what a function leaves running goes on.
 */
export class ExecutionEnvironment {
  readonly #worker: Worker;
  readonly #gone: Promise<void>;
  readonly #leaving = new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
  #waiting: Waiting | undefined;
  #failed: ErrorAnswer | undefined;

  /** `onLine` is told of each line that the function prints. */
  constructor(
    setup: EnvironmentSetup,
    variables: Record<string, string>,
    log: NodeJS.WritableStream,
    onLine?: (line: string) => void,
  ) {
    this.#worker = new Worker(new URL('./environment-thread.ts', import.meta.url), {
      workerData: { setup, leaving: this.#leaving },
      env: variables,
      stdout: true,
      stderr: true,
      // The limit of the heap alone; AWS counts the whole process.
      resourceLimits: { maxOldGenerationSizeMb: setup.memory_mb, maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker.stdout.pipe(log, { end: false });
    this.#worker.stderr.pipe(log, { end: false });
    if (onLine) {
      for (const input of [this.#worker.stdout, this.#worker.stderr]) createInterface({ input }).on('line', onLine);
    }
    this.#worker.on('message', (answer: Answer) => {
      if (answer.id === this.#waiting?.id) this.#end('body' in answer ? answer : { error: answer.error });
    });
    this.#worker.on('error', (error: NodeJS.ErrnoException) => this.#fail(toExitError(error)));
    this.#gone = new Promise((resolve) => {
      this.#worker.on('exit', (code) => {
        this.#fail({ ...EXIT, errorMessage: `Runtime exited with exit code ${code}` });
        resolve();
      });
    });
  }

  /** False once the thread has ended: another must be made. */
  get usable(): boolean {
    return this.#failed === undefined;
  }

  /** Processor time of the thread since it began, microseconds: loading the package, and all invocations. */
  async cpu_us(): Promise<number> {
    if (this.#failed) return 0;
    const { user, system } = await this.#worker.cpuUsage();
    return user + system;
  }

  /** `timeout_ms` is real time: a function's code runs at the machine's speed, whatever the clock says. */
  async invoke(id: string, payload: Uint8Array, timeout_ms: number): Promise<Outcome> {
    if (this.#failed) return { error: this.#failed };
    return new Promise((resolve) => {
      const timer = setTimeout(() => void this.end(timedOut(id, timeout_ms)), timeout_ms);
      const answer = (outcome: Outcome): void => {
        clearTimeout(timer);
        resolve(outcome);
      };
      this.#waiting = { id, answer };
      const invoke: Invoke = { id, payload, deadline_ms: Date.now() + timeout_ms };
      this.#worker.postMessage(invoke);
    });
  }

  async stop(): Promise<void> {
    await this.end({ ...EXIT, errorMessage: 'The environment was stopped' });
  }

  /**
   * Ends the thread where it is; an invocation that runs in it is answered with the error. Requests that it sent are not taken back.
   * The thread ends itself, between two of its calls: Node ends the whole process where a thread is terminated just while it makes a
   * zstd context (an assertion of node_zlib.cc, seen with 24.21). Only one that doesn't listen is terminated.
   */
  async end(error: ErrorAnswer): Promise<void> {
    this.#fail(error);
    Atomics.store(this.#leaving, 0, 1);
    this.#worker.postMessage(LEAVE);
    const late = setTimeout(() => void this.#worker.terminate(), GRACE_MS);
    await this.#gone;
    clearTimeout(late);
  }

  #end(outcome: Outcome): void {
    const waiting = this.#waiting;
    this.#waiting = undefined;
    waiting?.answer(outcome);
  }

  #fail(error: ErrorAnswer): void {
    this.#failed ??= error;
    this.#end({ error });
  }
}

const EXIT = { errorType: 'Runtime.ExitError', trace: [] } as const;

/** How Lambda answers for an environment that was ended from outside. */
export const killed = (id: string): ErrorAnswer => ({
  ...EXIT,
  errorMessage: `RequestId: ${id} Error: Runtime exited with error: signal: killed`,
});

export const timedOut = (id: string, timeout_ms: number): ErrorAnswer => ({
  errorType: 'Sandbox.Timedout',
  errorMessage: `RequestId: ${id} Error: Task timed out after ${(timeout_ms / 1000).toFixed(2)} seconds`,
  trace: [],
});

function toExitError(error: NodeJS.ErrnoException): ErrorAnswer {
  if (error.code === 'ERR_WORKER_OUT_OF_MEMORY') {
    return { ...EXIT, errorMessage: 'Error: Runtime exited with error: signal: killed (out of memory)' };
  }
  return toErrorAnswer(error);
}
