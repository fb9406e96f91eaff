import { FetchFailure } from '../../lib/poll/fetch/failure.ts';
import type { Get } from '../../lib/poll/fetch/http.ts';
import { documentOf, informationRecords, statusRecords } from './content.ts';
import type { DrawnFeed, DrawnStation } from './draw.ts';

export type EventKind = 'status' | 'information';

/** What a host answered to a poll: a list of stations, or that the one which it gave in an earlier run still holds. */
export type Answer =
  | { readonly is: 'a list'; readonly stations: readonly DrawnStation[] }
  | { readonly is: 'confirmed'; readonly basis_run: number }
  | { readonly is: 'a failure' };

interface Served {
  readonly run: number;
  readonly text: string;
}

const AT_FIRST: readonly DrawnStation[] = [{ id: 's', letter: 'A', form: 'good' }];

/** The hosts of all systems. An ETag names one answer, and 304 says that the list is still what it was in that answer. */
export class Hosts {
  /** `<system>/<kind>` → the last answer of the run. */
  readonly answers = new Map<string, Answer>();
  readonly #stations = new Map<string, readonly DrawnStation[]>();
  readonly #served: Served[] = [];
  #run = 0;
  #slot_ms = 0;
  #feeds: ReadonlyMap<string, DrawnFeed> = new Map();

  /** From now on the hosts have this. */
  begin(run: number, slot_ms: number, feeds: ReadonlyMap<string, DrawnFeed>): void {
    this.#run = run;
    this.#slot_ms = slot_ms;
    this.#feeds = feeds;
    this.answers.clear();
    for (const [system, feed] of feeds) if (feed.is === 'a document') this.#stations.set(system, feed.stations);
  }

  readonly get: Get = async ({ url, etag }) => {
    const { host, pathname } = new URL(url);
    const system = host.split('.')[0] ?? '';
    if (pathname === '/gbfs.json') return fetched(200, discovery(system), null);
    const kind = pathname.slice(1) as EventKind;
    const key = `${system}/${kind}`;
    const { is } = this.#feeds.get(system) ?? { is: 'a failure' };
    this.answers.set(key, { is: 'a failure' });
    if (is === 'a failure') throw new FetchFailure('http_503', 'the host answered 503', { http_code: 503 });
    if (is === 'empty') return fetched(200, documentOf([], this.#slot_ms), null);
    const stations = this.#stations.get(system) ?? AT_FIRST;
    const text = JSON.stringify([key, stations]);
    const known = this.#served[Number(etag?.slice(1, -1) ?? -1)];
    if (known?.text === text) {
      this.answers.set(key, { is: 'confirmed', basis_run: known.run });
      return fetched(304, Buffer.alloc(0), etag ?? null);
    }
    this.answers.set(key, {
      is: 'a list',
      stations: kind === 'status' ? stations : stations.map((s) => ({ ...s, form: 'good' })),
    });
    this.#served.push({ run: this.#run, text });
    const records = stations.flatMap((s) =>
      kind === 'status' ? statusRecords(s, this.#slot_ms) : informationRecords(s),
    );
    return fetched(200, documentOf(records, this.#slot_ms), `"${this.#served.length - 1}"`);
  };
}

const fetched = (status: 200 | 304, body: Buffer, etag: string | null) => ({
  status,
  body,
  content_type: 'application/json',
  etag,
  last_modified: null,
  moved_to: null,
});

function discovery(system: string): Buffer {
  const feeds = ['status', 'information'].map((kind) => ({
    name: `station_${kind}`,
    url: `https://${system}.example/${kind}`,
  }));
  return Buffer.from(JSON.stringify({ last_updated: 1, ttl: 0, version: '2.3', data: { en: { feeds } } }));
}
