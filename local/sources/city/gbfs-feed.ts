import { type Answer, textAnswer } from '../answer.ts';
import { notFound, ServedDocument, tooManyRequests, type Wishes } from './documents.ts';
import type { FeedState } from './feed-state.ts';
import type { GbfsDocuments } from './gbfs.ts';
import type { Snapshot } from './snapshot.ts';

/** Serves a system's GBFS documents, each made once for as long as the feed shows the same. */
export class GbfsFeed {
  readonly #documents: GbfsDocuments;
  readonly #state: FeedState;
  readonly #base_url: string;
  readonly #served = new Map<string, { readonly snapshot: Snapshot; readonly document: ServedDocument }>();

  constructor(documents: GbfsDocuments, state: FeedState, base_url: string) {
    this.#documents = documents;
    this.#state = state;
    this.#base_url = base_url;
  }

  /** `name` without `.json`. Only the status fails now and then. */
  answer(name: string, now_ms: number, wishes: Wishes): Answer {
    if (name === 'gbfs') return new ServedDocument(this.#documents.discovery(this.#base_url)).answer(wishes);
    const make = this.#documents.feeds[name];
    if (!make) return notFound(`${name}.json`);
    const refusal = name === 'station_status' ? this.#state.refusal(now_ms) : null;
    if (refusal === 'too_many_requests') return tooManyRequests();
    if (refusal) return textAnswer(500, 'internal server error');
    const snapshot = this.#state.snapshot(now_ms);
    const held = this.#served.get(name);
    if (held?.snapshot === snapshot) return held.document.answer(wishes);
    const document = new ServedDocument(make(snapshot));
    this.#served.set(name, { snapshot, document });
    return document.answer(wishes);
  }
}
