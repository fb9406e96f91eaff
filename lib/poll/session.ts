import { TransientError } from '../errors.ts';
import { hostPort } from './fetch/address.ts';
import { FetchFailure, NOT_STARTED } from './fetch/failure.ts';
import type { Fetched, Get } from './fetch/http.ts';
import { Pacer } from './fetch/pacer.ts';
import { holdsSecret, redacted, redactedBytes, redactedUrl } from './fetch/redact.ts';
import { type Timer, withRetries } from './fetch/retry.ts';
import type { Validators } from './state.ts';

/** What fetching needs from outside. */
export interface FetchPorts {
  readonly get: Get;
  readonly timer: Timer;
  /** In [0, 1). */
  readonly random: () => number;
  /** The time of day, UTC epoch ms: when a document arrived. */
  readonly clock_ms: () => number;
  readonly warn: (message: string, details: Readonly<Record<string, unknown>>) => void;
}

export interface Wanted {
  readonly url: string;
  /** What the slot stands or falls with comes before what is due once an hour. */
  readonly is_urgent: boolean;
  readonly validators?: Validators | null;
  readonly secrets?: readonly string[];
}

/** With less time than this no request is begun. */
const MIN_START_MS = 500;

/** The fetches of one invocation: paced together, tried again, ended by one deadline. */
export class FetchSession {
  readonly slot_ms: number;
  readonly #ports: FetchPorts;
  readonly #pacer: Pacer;
  readonly #until_ms: number;
  readonly #secrets = new Set<string>();

  /** `until_ms` on the ports' timer. */
  constructor(slot_ms: number, until_ms: number, ports: FetchPorts) {
    this.slot_ms = slot_ms;
    this.#until_ms = until_ms;
    this.#ports = ports;
    this.#pacer = new Pacer(ports.timer);
  }

  /**
   * The document, as `read` takes it. Throws FetchFailure when no try brought one; `out_of_time` where none was begun. What `read` throws passes
   * through, except TransientError (an error of the host in a document's clothes), which is tried again.
   */
  async fetch<T>({ url, is_urgent, validators, secrets = [] }: Wanted, read: (fetched: Fetched) => T): Promise<T> {
    for (const secret of secrets) this.#secrets.add(secret);
    const { get, timer, random } = this.#ports;
    const host = hostPort(new URL(url));
    let last: FetchFailure | null = null;
    const attempt = async () => {
      const left_ms = this.#until_ms - timer.now_ms();
      if (left_ms < MIN_START_MS) throw last ?? outOfTime(url, secrets);
      const { etag = null, last_modified = null } = validators ?? {};
      const fetched = this.#scrubbed(await get({ url, etag, last_modified, secrets, timeout_ms: left_ms }));
      if (fetched.status === 304 && !validators)
        throw new FetchFailure('http_304', 'the host answered 304 unasked', { http_code: 304 });
      try {
        return read(fetched);
      } catch (error) {
        if (!(error instanceof TransientError)) throw error;
        throw new FetchFailure(error.reason, error.message, { http_code: fetched.status, again: true });
      }
    };
    const noteFailure = (error: unknown): never => {
      if (error instanceof FetchFailure) {
        if (error.http_code === 429) this.#pacer.slowDown(host);
        last =
          error.reason === NOT_STARTED
            ? last
            : new FetchFailure(error.reason, error.message, { http_code: error.http_code });
      }
      throw error;
    };
    return withRetries(() => this.#pacer.run(host, is_urgent, attempt).catch(noteFailure), {
      timer,
      random,
      until_ms: this.#until_ms - MIN_START_MS,
    });
  }

  now_ms(): number {
    return this.#ports.timer.now_ms();
  }

  clock_ms(): number {
    return this.#ports.clock_ms();
  }

  /** Nothing that comes in holds a secret any more, whatever is made of it: a record, a reject, a message. */
  #scrubbed(fetched: Fetched): Fetched {
    if (this.#secrets.size === 0) return fetched;
    const shown = (text: string | null) => text && redacted(text, [...this.#secrets]);
    return {
      ...fetched,
      body: this.withoutSecrets(fetched.body),
      content_type: shown(fetched.content_type),
      etag: shown(fetched.etag),
      last_modified: shown(fetched.last_modified),
      moved_to:
        fetched.moved_to !== null && holdsSecret(fetched.moved_to, [...this.#secrets]) ? null : fetched.moved_to,
    };
  }

  /** The same bytes without any secret that a request was made with: a gateway's error page may repeat the URL. */
  withoutSecrets(bytes: Buffer): Buffer {
    return redactedBytes(bytes, [...this.#secrets]);
  }

  /** Tells a person, without secrets. */
  warn(message: string, details: Readonly<Record<string, string | number | null>>): void {
    const shown = Object.entries(details).map(([name, value]) => [
      name,
      typeof value === 'string' ? redacted(value, [...this.#secrets]) : value,
    ]);
    this.#ports.warn(redacted(message, [...this.#secrets]), Object.fromEntries(shown));
  }
}

const outOfTime = (url: string, secrets: readonly string[]): FetchFailure =>
  new FetchFailure(NOT_STARTED, `${redactedUrl(url, secrets)} was not asked: the time of the poll was over`);
