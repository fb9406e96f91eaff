import http, { type IncomingMessage } from 'node:http';
import https from 'node:https';
import type { LookupFunction } from 'node:net';
import { checkLiteral, forbiddenAddress, hostPort, isPublicAddress, publicLookup } from './address.ts';
import { ACCEPT_ENCODING, BODY_LIMITS, type BodyLimits, decodeBody, readBody } from './body.ts';
import { FetchFailure } from './failure.ts';
import { redacted, redactedUrl } from './redact.ts';
import { isPermanent, isRedirect, MAX_REDIRECTS, redirectTarget } from './redirect.ts';
import { statusFailure } from './status.ts';

export interface GetRequest {
  readonly url: string;
  /** What the host said of the body that is known already; asks for 304 where it still holds. */
  readonly etag?: string | null;
  readonly last_modified?: string | null;
  /** Never shown, and never sent to another host. */
  readonly secrets?: readonly string[];
  /** How long all of it may take. */
  readonly timeout_ms: number;
}

export interface Fetched {
  readonly status: 200 | 304;
  /** As decoded; empty with 304. */
  readonly body: Buffer;
  readonly content_type: string | null;
  readonly etag: string | null;
  readonly last_modified: string | null;
  /** Where the document has moved for good, if all redirects to it were permanent; null else. */
  readonly moved_to: string | null;
}

/** GETs a document. Throws FetchFailure. */
export type Get = (request: GetRequest) => Promise<Fetched>;

export interface HttpOptions {
  readonly user_agent: string;
  /** `host:port` that may be polled although their address is not public. */
  readonly allowed_hosts: readonly string[];
  readonly limits?: BodyLimits;
  readonly connect_timeout_ms?: number;
  /** How long the host may say nothing. Seoul takes up to 7 s for a page. */
  readonly read_timeout_ms?: number;
  readonly lookup?: LookupFunction;
}

const CONNECT_TIMEOUT_MS = 10_000;
const READ_TIMEOUT_MS = 30_000;
const IDLE_SOCKETS = 8;

/** GET over HTTP/1.1 with kept connections, one per environment. What is connected to, redirects, bodies and times are bounded. */
export function httpGet(options: HttpOptions): Get {
  const agents = {
    'http:': new http.Agent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS }),
    'https:': new https.Agent({ keepAlive: true, maxFreeSockets: IDLE_SOCKETS }),
  };
  const limits = options.limits ?? BODY_LIMITS;
  const lookup = options.lookup ?? publicLookup();

  return async (request) => {
    const secrets = request.secrets ?? [];
    const end = AbortSignal.timeout(Math.max(1, Math.floor(request.timeout_ms)));
    let url = new URL(request.url);
    let permanent = true;
    for (let redirects = 0; redirects <= MAX_REDIRECTS; redirects++) {
      try {
        const response = await once(url, request, end);
        const status = response.statusCode ?? 0;
        if (isRedirect(status)) {
          response.destroy();
          permanent &&= isPermanent(status);
          url = redirectTarget(url, response.headers.location, secrets);
          continue;
        }
        return await toFetched(response, redirects > 0 && permanent ? url.href : null);
      } catch (error) {
        throw toFailure(error, url, secrets, end.aborted);
      }
    }
    throw new FetchFailure(
      'too_many_redirects',
      `${redactedUrl(request.url, secrets)} redirects more than ${MAX_REDIRECTS} times`,
    );
  };

  /** One exchange: the response as soon as its head is there. */
  function once(url: URL, { etag, last_modified }: GetRequest, signal: AbortSignal): Promise<IncomingMessage> {
    checkLiteral(url, options.allowed_hosts);
    const isAllowed = options.allowed_hosts.includes(hostPort(url));
    const secure = url.protocol === 'https:';
    return new Promise((resolve, reject) => {
      const request = (secure ? https : http).get(
        url,
        {
          agent: agents[secure ? 'https:' : 'http:'],
          signal,
          ...(!isAllowed && { lookup }),
          headers: {
            'User-Agent': options.user_agent,
            Accept: 'application/json, */*;q=0.1',
            'Accept-Encoding': ACCEPT_ENCODING,
            ...(etag && { 'If-None-Match': etag }),
            ...(last_modified && { 'If-Modified-Since': last_modified }),
          },
        },
        resolve,
      );
      request.on('error', reject);
      request.setTimeout(options.read_timeout_ms ?? READ_TIMEOUT_MS, () => request.destroy(new SilentHost()));
      request.on('socket', (socket) => {
        if (!socket.connecting) return;
        const connecting = setTimeout(
          () => request.destroy(new SilentHost()),
          options.connect_timeout_ms ?? CONNECT_TIMEOUT_MS,
        );
        socket.once(secure ? 'secureConnect' : 'connect', () => {
          clearTimeout(connecting);
          // What the lookup let through is what is connected to; this is the proof, before the request is written.
          if (!isAllowed && !isPublicAddress(socket.remoteAddress ?? ''))
            request.destroy(forbiddenAddress(url.hostname));
        });
        socket.once('close', () => clearTimeout(connecting));
      });
    });
  }

  async function toFetched(response: IncomingMessage, moved_to: string | null): Promise<Fetched> {
    const { statusCode = 0, headers } = response;
    if (statusCode !== 200 && statusCode !== 304) {
      response.destroy();
      throw statusFailure(statusCode, headers['retry-after'], headers.date);
    }
    const body = await decodeBody(await readBody(response, limits), headers['content-encoding'], limits);
    return {
      status: statusCode,
      body,
      content_type: headers['content-type'] ?? null,
      etag: headers.etag ?? null,
      last_modified: headers['last-modified'] ?? null,
      moved_to,
    };
  }
}

class SilentHost extends Error {}

/** Any error of an exchange as a FetchFailure; its message is our own, because theirs may hold the URL. */
function toFailure(error: unknown, url: URL, secrets: readonly string[], isOver: boolean): FetchFailure {
  const shown = redactedUrl(url.href, secrets);
  if (isOver) return new FetchFailure('timed_out', `${shown}: no complete answer in the time that was left`);
  if (error instanceof FetchFailure) {
    return new FetchFailure(error.reason, `${shown}: ${redacted(error.message, secrets)}`, error);
  }
  if (error instanceof SilentHost)
    return new FetchFailure('timed_out', `${shown}: the host says nothing`, { again: true });
  const code = String((error as NodeJS.ErrnoException).code ?? 'unknown');
  if (code === 'ENOTFOUND')
    return new FetchFailure('unknown_host', `${shown}: no address has that name`, { again: true });
  const isCertificate = /CERT|ALTNAME|SELF_SIGNED|UNABLE_TO_VERIFY/.test(code);
  const reason = isCertificate ? 'bad_certificate' : 'connection_failed';
  return new FetchFailure(reason, `${shown}: ${code}`, { again: !isCertificate });
}
