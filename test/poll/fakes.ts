import { FetchFailure } from '../../lib/poll/fetch/failure.ts';
import type { Fetched, Get, GetRequest } from '../../lib/poll/fetch/http.ts';
import type { Timer } from '../../lib/poll/fetch/retry.ts';
import type { PlannedSystem, PollInput } from '../../lib/poll/plan.ts';
import type { PollPorts } from '../../lib/poll/poll-group.ts';
import type { GroupState } from '../../lib/poll/state.ts';
import { decodeChunk } from '../../lib/stream/chunk.ts';
import type { StreamRecord } from '../../lib/stream/put-records.ts';

export const SLOT = '2026-11-21T10:31:00Z';
export const SLOT_MS = 1_795_257_060_000;
export const MINUTE_MS = 60_000;

/** Time that passes only where something waits for it, and then at once. */
export class FakeTimer implements Timer {
  #now_ms = 0;
  #sleepers: Array<{ until_ms: number; wake: () => void }> = [];

  now_ms(): number {
    return this.#now_ms;
  }

  sleep(ms: number): Promise<void> {
    return new Promise((wake) => {
      this.#sleepers.push({ until_ms: this.#now_ms + ms, wake });
      setImmediate(() => this.#wakeNext());
    });
  }

  #wakeNext(): void {
    this.#sleepers.sort((a, b) => a.until_ms - b.until_ms);
    const next = this.#sleepers.shift();
    if (!next) return;
    this.#now_ms = Math.max(this.#now_ms, next.until_ms);
    next.wake();
  }
}

export interface FakeAnswer {
  readonly status?: number;
  readonly body?: unknown;
  readonly etag?: string;
  readonly moved_to?: string;
  readonly type?: string;
  readonly failure?: FetchFailure;
  readonly after_ms?: number;
}

/** What a URL answers: always the same, or by the count of its requests so far. */
export type FakeSite = FakeAnswer | ((request: GetRequest, count: number) => FakeAnswer);

export const station = (station_id: string, bikes = 3): Record<string, unknown> => ({
  station_id,
  num_bikes_available: bikes,
  num_docks_available: 5,
  is_installed: true,
  is_renting: true,
  is_returning: true,
  last_reported: SLOT_MS / 1000,
});

export const statusOf = (...stations: unknown[]) => ({
  last_updated: SLOT_MS / 1000,
  ttl: 60,
  version: '2.3',
  data: { stations },
});
export const informationOf = (...ids: string[]) =>
  statusOf(...ids.map((station_id) => ({ station_id, name: `at ${station_id}`, lat: 1, lon: 2, capacity: 9 })));
export const discoveryOf = (feeds: Record<string, string>) => ({
  last_updated: 1,
  ttl: 0,
  version: '2.3',
  data: { en: { feeds: Object.entries(feeds).map(([name, url]) => ({ name, url })) } },
});

/** The outside of a poll in memory; `actions` is all that happened, in order. */
export class FakeWorld {
  readonly actions: string[] = [];
  readonly logs: Array<Record<string, unknown>> = [];
  readonly sites = new Map<string, FakeSite>();
  readonly chunks: StreamRecord[] = [];
  readonly quarantined: Array<Record<string, unknown>> = [];
  readonly timer = new FakeTimer();
  state: GroupState = {};
  seoul_key = 'secretkey0123';
  budget_ms = 55_000;
  latency_ms = 20;
  /** The error code of a put, or null; called for each record. */
  refuse: (record: StreamRecord) => string | null = () => null;
  readonly #counts = new Map<string, number>();

  readonly get: Get = async (request) => {
    const count = this.#counts.get(request.url) ?? 0;
    this.#counts.set(request.url, count + 1);
    this.actions.push(`get ${request.url}${request.etag ? ` if not ${request.etag}` : ''}`);
    await this.timer.sleep(this.latency_ms);
    const site = this.sites.get(request.url) ?? { status: 404 };
    const answer = typeof site === 'function' ? site(request, count) : site;
    return toFetched(answer);
  };

  ports(): PollPorts {
    return {
      get: this.get,
      timer: this.timer,
      random: () => 0.5,
      clock_ms: () => SLOT_MS + 2_000 + this.timer.now_ms(),
      remaining_ms: () => this.budget_ms - this.timer.now_ms(),
      warn: (message, details) => void this.logs.push({ message, ...details }),
      key: {
        read: async () => {
          this.actions.push('read the key');
          return this.seoul_key;
        },
        forget: () => void this.actions.push('forget the key'),
      },
      states: {
        read: async () => {
          this.actions.push('read the state');
          return this.state;
        },
        write: async (_, state) => {
          this.actions.push('write the state');
          this.state = structuredClone(state);
        },
      },
      stream: {
        put: async (records) => {
          const codes = records.map((record) => this.refuse(record));
          this.actions.push(`put ${records.map((r, n) => `${shown(r)}${codes[n] ? ` refused` : ''}`).join(', ')}`);
          records.forEach((record, n) => {
            if (codes[n] === null) this.chunks.push(record);
          });
          return codes;
        },
      },
      quarantine: {
        put: async (records) => {
          const lines = records.flatMap(({ bytes }) => Buffer.from(bytes).toString().trimEnd().split('\n'));
          this.quarantined.push(...lines.map((line) => JSON.parse(line) as Record<string, unknown>));
          this.actions.push(`quarantine ${lines.length}`);
          return records.map(() => null);
        },
      },
    };
  }
}

const shown = ({ partition_key, bytes }: StreamRecord): string => {
  const { header } = decodeChunk(bytes);
  const entries = header.entries.map((e) => `${e.system_id}/${e.kind}/${e.part}:${e.lines}`);
  return `${partition_key}[${entries.join(' ')}]`;
};

function toFetched(answer: FakeAnswer): Fetched {
  const {
    status = 200,
    body = '',
    etag = null,
    moved_to = null,
    type = 'application/json',
    failure,
    after_ms,
  } = answer;
  if (failure) throw failure;
  if (status !== 200 && status !== 304) {
    const again = status === 429 || status >= 500;
    throw new FetchFailure(`http_${status}`, `the host answered ${status}`, {
      http_code: status,
      again,
      after_ms: after_ms ?? null,
    });
  }
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  return { status, body: Buffer.from(text), content_type: type, etag, last_modified: null, moved_to };
}

export function gbfsSystem(system_id: string, lanes: readonly string[] = ['lane-001']): PlannedSystem {
  const url = `https://${system_id}.example/gbfs.json`;
  return { system_id, kind: 'gbfs', url, interval_s: 60, time_zone: 'UTC', lanes };
}

export const seoulSystem: PlannedSystem = {
  system_id: 'seoul',
  kind: 'seoul',
  url: 'http://seoul.example:8088',
  interval_s: 60,
  time_zone: 'Asia/Seoul',
  lanes: ['lane-009'],
};

export const inputOf = (systems: readonly PlannedSystem[], slot_ms = SLOT_MS): PollInput => ({
  scheduled_time: new Date(slot_ms).toISOString(),
  group: { group_id: 'g1', interval_s: 60, systems },
});
