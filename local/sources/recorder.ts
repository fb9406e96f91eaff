import { serveHttp } from '../aws/http.ts';
import type { Clock } from '../clock.ts';
import { type Answer, send, textAnswer } from './answer.ts';
import { createRecordingFile } from './recording-file.ts';

export interface RecorderOptions {
  /** The discovery document (gbfs.json) of the system to record. */
  readonly upstream: string;
  /** Where to write; `.gz` or `.zst` at the end compresses. It must not exist. */
  readonly file: string;
  readonly clock: Pick<Clock, 'now'>;
}

export interface Recorder {
  /** The discovery document to poll in place of the upstream's. */
  readonly url: string;
  /** Answers of station_status recorded so far. */
  polls(): number;
  /** Ends the file. Rejects with what went wrong if an answer couldn't be written. */
  close(): Promise<void>;
}

/** Less than a line of a recording may have. */
const BODY_LIMIT_BYTES = 60 * 1024 * 1024;
const TIMEOUT_MS = 30_000;
const PASSED_HEADERS = ['content-type', 'cache-control', 'retry-after'];

/**
 * A loopback server in front of one GBFS system: the discovery document points to it, every feed is passed through, and each answer of
 * station_status is recorded as it came, whatever its status. Validators are not forwarded, so that each poll has a body.
 * Where the upstream can't be reached or its body is too long, the answer is 502 and nothing is recorded.
 */
export async function startRecorder({ upstream, file, clock }: RecorderOptions): Promise<Recorder> {
  const recording = createRecordingFile(file);
  const feeds = new Feeds();
  let failure: unknown = null;

  const answerTo = async (path: string): Promise<Answer> => {
    if (path === '/gbfs.json') {
      const answer = await fetchAnswer(upstream);
      return { ...answer, body: feeds.redirected(answer.body, upstream, server.url) };
    }
    const feed = feeds.at(path);
    if (!feed) return textAnswer(404, `no feed of ${upstream} is at ${path}: poll ${server.url}/gbfs.json first`);
    const answer = await fetchAnswer(feed.url);
    if (feed.name === 'station_status') recording.append(clock.now(), answer.body);
    return answer;
  };

  const server = await serveHttp(async (request, response) => {
    const answer = await answerTo(request.url ?? '/').catch((error: Error) => {
      if (!(error instanceof UpstreamError)) failure ??= error;
      return textAnswer(502, error.message);
    });
    send(response, answer);
  }).catch((error) => {
    recording.close();
    throw error;
  });

  return {
    url: `${server.url}/gbfs.json`,
    polls: () => recording.polls(),
    close: async () => {
      await server.close();
      recording.close();
      if (failure) throw failure;
    },
  };
}

interface Feed {
  readonly name: string;
  readonly url: string;
}

/** The feeds of the upstream, each with a path of its own here. */
class Feeds {
  readonly #by_path = new Map<string, Feed>();

  at(path: string): Feed | undefined {
    return this.#by_path.get(path);
  }

  /** The discovery document with the feeds' addresses replaced; as it is where it is no discovery document. */
  redirected(document: Buffer, upstream: string, here: string): Buffer {
    const parsed = parseJson(document);
    if (parsed === undefined) return document;
    const redirect = (value: unknown): unknown => {
      if (Array.isArray(value)) return value.map(redirect);
      if (typeof value !== 'object' || value === null) return value;
      const members = Object.fromEntries(Object.entries(value).map(([k, v]) => [k, redirect(v)]));
      const { name, url } = members;
      if (typeof name !== 'string' || typeof url !== 'string' || !URL.canParse(url, upstream)) return members;
      return { ...members, url: `${here}${this.#pathOf({ name, url: new URL(url, upstream).href })}` };
    };
    return Buffer.from(JSON.stringify(redirect(parsed)));
  }

  #pathOf(feed: Feed): string {
    for (const [path, { name, url }] of this.#by_path) if (name === feed.name && url === feed.url) return path;
    const path = `/${this.#by_path.size}/${encodeURIComponent(feed.name)}.json`;
    this.#by_path.set(path, feed);
    return path;
  }
}

function parseJson(document: Buffer): unknown {
  try {
    return JSON.parse(document.toString());
  } catch {
    return undefined;
  }
}

class UpstreamError extends Error {}

async function fetchAnswer(url: string): Promise<Answer> {
  try {
    const response = await fetch(url, {
      headers: { 'user-agent': 'bikelake-recorder/0.1' },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    const pieces: Buffer[] = [];
    let bytes = 0;
    for await (const piece of response.body ?? []) {
      bytes += piece.length;
      if (bytes > BODY_LIMIT_BYTES) throw new Error(`the body is longer than ${BODY_LIMIT_BYTES} bytes`);
      pieces.push(Buffer.from(piece));
    }
    const passed = PASSED_HEADERS.flatMap((name) => {
      const value = response.headers.get(name);
      return value === null ? [] : [[name, value] as const];
    });
    return { status: response.status, headers: Object.fromEntries(passed), body: Buffer.concat(pieces, bytes) };
  } catch (cause) {
    const reason = ((cause as Error).cause as Error | undefined)?.message ?? (cause as Error).message;
    throw new UpstreamError(`${url} can't be fetched: ${reason}`, { cause });
  }
}
