import { serveHttp } from '../aws/http.ts';
import { type Answer, jsonAnswer, send, textAnswer } from './answer.ts';

/** A GBFS server whose station_status is set from outside. */
export interface FeedServer {
  /** The discovery document of a system. */
  url(system_id: string): string;
  /** From now on the system's station_status answers with these bytes: as JSON, or with `is_raw` as plain text. */
  show(system_id: string, body: Buffer, is_raw: boolean): void;
  /** The system has this feed too, such as station_information, and it never changes. */
  add(system_id: string, feed: string, body: Buffer): void;
  close(): Promise<void>;
}

/** The discovery documents never change; any time from which on GBFS allows will do. */
const DISCOVERY_UPDATED_S = 1_600_000_000;

interface Shown {
  readonly body: Buffer;
  readonly is_raw: boolean;
}

/**
 * Serves recorded systems on the loopback address: for each a GBFS 2.3 discovery document that lists station_status and what was added,
 * and of station_status what `show` set last. Answers carry no validators, so that every poll gets the recorded bytes.
 */
export async function startFeedServer(): Promise<FeedServer> {
  const shown = new Map<string, Shown>();
  const added = new Map<string, Map<string, Buffer>>();
  const answerTo = (path: string): Answer => {
    const [, system = '', document = ''] = path.split('/');
    const feeds = added.get(decodeURIComponent(system));
    if (document === 'gbfs.json') {
      return jsonAnswer(discovery(`${server.url}/${system}`, ['station_status', ...(feeds?.keys() ?? [])]));
    }
    const unchanging = feeds?.get(document.replace(/\.json$/, ''));
    if (unchanging) return jsonAnswer(unchanging);
    const current = shown.get(decodeURIComponent(system));
    if (document !== 'station_status.json' || !current) return textAnswer(404, 'nothing is shown here');
    return current.is_raw ? { ...textAnswer(200, ''), body: current.body } : jsonAnswer(current.body);
  };
  const server = await serveHttp((request, response) => send(response, answerTo(request.url ?? '/')));
  return {
    url: (system_id) => `${server.url}/${encodeURIComponent(system_id)}/gbfs.json`,
    show: (system_id, body, is_raw) => void shown.set(system_id, { body, is_raw }),
    add: (system_id, feed, body) => {
      const feeds = added.get(system_id) ?? new Map<string, Buffer>();
      added.set(system_id, feeds.set(feed, body));
    },
    close: () => server.close(),
  };
}

const discovery = (base: string, names: readonly string[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      last_updated: DISCOVERY_UPDATED_S,
      ttl: 0,
      version: '2.3',
      data: { en: { feeds: names.map((name) => ({ name, url: `${base}/${name}.json` })) } },
    }),
  );
