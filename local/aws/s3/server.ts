/** The S3 API over a store: HTTP/1.1, path style, errors as XML. */
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { AwsError, toAwsError } from '../error.ts';
import { passDoor } from '../faults/door.ts';
import { DOOR_KINDS } from '../faults/places.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import { type Endpoint, type Request, readBody, requestId, serveHttp } from '../http.ts';
import type { Headers } from './body.ts';
import { s3Operations } from './operations.ts';
import { parseRequest, type S3Answer } from './request.ts';
import type { S3Store } from './store.ts';
import { toXml } from './xml.ts';

/** A body is held in memory whole. */
const BODY_BYTES = 256 * 1024 * 1024;

export function startS3(store: S3Store, port = 0, faults: Faults = NO_FAULTS): Promise<Endpoint> {
  const handle = s3Operations(store);
  let conflicts = 0;
  return serveHttp((request, response) => {
    const id = requestId();
    const { method = 'GET', url = '/' } = request;
    const headers = headersOf(request);
    const fault = faults.next(placeOf(method, url, headers), DOOR_KINDS);
    return passDoor<S3Answer>(fault, {
      act: () =>
        readBody(request, BODY_BYTES)
          .then((body) => handle(parseRequest(method, url, headers, body)))
          .catch((thrown: unknown) => toErrorAnswer(thrown, url, id)),
      refuse: (kind) => {
        const isConditional = headers['if-none-match'] !== undefined && method === 'PUT';
        const isConflict = kind === 'error' && isConditional && conflicts++ % 2 === 0;
        return toErrorAnswer(kind === 'throttle' ? slowDown() : isConflict ? conflict() : internalError(), url, id);
      },
      send: async ({ status = 200, headers: sent = {}, body }) => {
        const length = body === undefined || typeof body === 'string' ? Buffer.byteLength(body ?? '') : undefined;
        response.writeHead(status, {
          'x-amz-request-id': id,
          'x-amz-id-2': id,
          ...(length !== undefined && status !== 304 && status !== 204 && { 'content-length': length }),
          ...sent,
        });
        if (method === 'HEAD' || body === undefined) response.end();
        else if (typeof body === 'string') response.end(body);
        else await pipeline(body, response).catch(() => response.destroy()); // the client went away, or the file did
      },
      hangUp: (unsent) => {
        if (typeof unsent?.body === 'object') (unsent.body as Readable).destroy();
        response.destroy();
      },
    });
  }, port);
}

/** A request that can't be parsed is answered as such, and has no place. */
function placeOf(method: string, url: string, headers: Headers): string {
  try {
    return `s3.${parseRequest(method, url, headers, Buffer.alloc(0)).operation}`;
  } catch {
    return 's3.none';
  }
}

const slowDown = (): AwsError => new AwsError('SlowDown', 'Please reduce your request rate.', 503);
const internalError = (): AwsError =>
  new AwsError('InternalError', 'We encountered an internal error. Please try again.', 500);
/** What S3 answers where another request to the same key is under way (user guide, "Conditional writes"). */
const conflict = (): AwsError =>
  new AwsError('ConditionalRequestConflict', 'A conflicting operation occurred during the request. Retry it.', 409);

function toErrorAnswer(thrown: unknown, resource: string, id: string): S3Answer {
  const { code, message, status }: AwsError = toAwsError(thrown, 's3', 'InternalError');
  return {
    status,
    headers: { 'content-type': 'application/xml' },
    body: toXml('Error', { Code: code, Message: message, Resource: resource, RequestId: id }),
  };
}

function headersOf(request: Request): Headers {
  return Object.fromEntries(
    Object.entries(request.headers).map(([name, value]) => [name, Array.isArray(value) ? value.join(',') : value]),
  );
}
