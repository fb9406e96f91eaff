import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface, type Interface } from 'node:readline';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { foundEnvironment, sparkVariables } from '../../jobs/spark/environment.ts';
import type { Case } from './cases.ts';
import { DAY_COLUMNS } from './day.ts';
import type { Cost } from './measure.ts';

/** Spark's reader and writer of Avro is a package of its own. Any 3.5 fits 3.5.6, and not every mirror has that one. */
const AVRO = 'org.apache.spark:spark-avro_2.12:3.5.5';
const SCHEMA = Object.entries(DAY_COLUMNS)
  .map(([name, type]) => `${name} ${type}`)
  .join(', ');

type Answered = Cost & { readonly result: readonly unknown[] | null };

/** A Spark session with two threads in a process of its own, which does one thing after the other. */
export class Spark implements AsyncDisposable {
  readonly has_avro: boolean;
  readonly #child: ChildProcess;
  readonly #answers: AsyncIterator<string>;
  readonly #lines: Interface;

  private constructor(child: ChildProcess, has_avro: boolean) {
    this.has_avro = has_avro;
    this.#child = child;
    this.#lines = createInterface({ input: child.stdio[3] as Readable });
    this.#answers = this.#lines[Symbol.asyncIterator]();
  }

  /** null where `npm run spark` has made no environment yet. Without the package of Avro the session goes without. */
  static async open(source: string): Promise<Spark | null> {
    const environment = foundEnvironment();
    if (environment === null) return null;
    for (const has_avro of [true, false]) {
      const packages = has_avro ? [AVRO] : [];
      const env = sparkVariables(environment, { threads: 2, memory_mb: 2048, packages });
      const child = spawn(environment.python, [fileURLToPath(new URL('spark.py', import.meta.url))], {
        env,
        stdio: ['pipe', 'ignore', process.env.SPARK_SAYS === '1' ? 'inherit' : 'ignore', 'pipe'],
      });
      child.stdin?.on('error', () => {}); // a session that never came up: the answer's absence says so
      const session = new Spark(child, has_avro);
      try {
        await session.#say({
          ask: { path: source, format: 'parquet', schema: SCHEMA, sql: 'SELECT count(*) FROM day' },
        });
        return session;
      } catch (error) {
        await session[Symbol.asyncDispose]();
        if (!has_avro) throw error;
      }
    }
    return null;
  }

  write({ format, compression }: Case, source: string, folder: string): Promise<Answered> {
    return this.#say({ write: { from: source, to: folder, format, compression } });
  }

  ask({ format }: Case, folder: string, sql: string): Promise<Answered> {
    return this.#say({ ask: { path: folder, format, schema: SCHEMA, sql } });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#child.stdin?.end();
    if (this.#child.exitCode === null && this.#child.signalCode === null) await once(this.#child, 'exit');
    this.#lines.close();
  }

  async #say(request: object): Promise<Answered> {
    this.#child.stdin?.write(`${JSON.stringify(request)}\n`);
    const { value, done } = await this.#answers.next();
    if (done) throw new Error('the Spark session ended: SPARK_SAYS=1 shows what it says');
    return JSON.parse(value) as Answered;
  }
}
