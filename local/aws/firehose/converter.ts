import { Worker } from 'node:worker_threads';
import { YOUNG_GENERATION_MB } from '../lambda/environment.ts';
import type { Added, ConverterSetup, Finished, FromConverter, ToConverter } from './converter-protocol.ts';

interface Waiting {
  readonly resolve: (answer: FromConverter) => void;
  readonly reject: (error: Error) => void;
}

/** The converter thread of a delivery stream. Requests are answered in their order. */
export class Converter {
  readonly #worker: Worker;
  readonly #waiting = new Map<number, Waiting>();
  #last_id = 0;

  constructor(setup: ConverterSetup) {
    this.#worker = new Worker(new URL('./converter-thread.ts', import.meta.url), {
      workerData: setup,
      resourceLimits: { maxYoungGenerationSizeMb: YOUNG_GENERATION_MB },
    });
    this.#worker.on('message', (answer: FromConverter) => {
      const waiting = this.#waiting.get(answer.id);
      this.#waiting.delete(answer.id);
      if ('error' in answer) waiting?.reject(new Error(answer.error));
      else waiting?.resolve(answer);
    });
    const fail = (error: Error): void => {
      for (const { reject } of this.#waiting.values()) reject(error);
      this.#waiting.clear();
    };
    this.#worker.on('error', fail);
    this.#worker.on('exit', () => fail(new Error('the converter thread has ended')));
  }

  /** The answer's memory goes over to the thread. */
  async addAnswer(answer: Uint8Array, record_ids: readonly string[], path: string): Promise<Added> {
    const own = answer.byteLength === answer.buffer.byteLength ? answer : new Uint8Array(answer);
    const sent = this.#send({ id: this.#nextId(), kind: 'answer', answer: own, record_ids, path }, [own.buffer]);
    return (await sent).added as Added;
  }

  async addBodies(bodies: readonly Uint8Array[], path: string): Promise<Added> {
    return (await this.#send({ id: this.#nextId(), kind: 'bodies', bodies, path })).added as Added;
  }

  /** Closes the file; null if nothing was written. */
  async finish(): Promise<Finished> {
    return (await this.#send({ id: this.#nextId(), kind: 'finish' })).finished as Finished;
  }

  /** Forgets the file that is open. */
  async abandon(): Promise<void> {
    await this.#send({ id: this.#nextId(), kind: 'abandon' });
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #nextId(): number {
    this.#last_id += 1;
    return this.#last_id;
  }

  #send(
    message: ToConverter,
    transfer: readonly ArrayBufferLike[] = [],
  ): Promise<Partial<{ added: Added; finished: Finished }>> {
    return new Promise((resolve, reject) => {
      this.#waiting.set(message.id, { resolve: (answer) => resolve(answer as never), reject });
      this.#worker.postMessage(message, transfer as ArrayBuffer[]);
    });
  }
}
