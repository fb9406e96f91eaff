/** The S3 API over a store: HTTP/1.1, path style, errors as XML. */
import { pipeline } from 'node:stream/promises';
import { type AwsError, toAwsError } from '../error.ts';
import { type Endpoint, type Request, readBody, requestId, serveHttp } from '../http.ts';
import type { Headers } from './body.ts';
import { s3Operations } from './operations.ts';
import { parseRequest, type S3Answer } from './request.ts';
import type { S3Store } from './store.ts';
import { toXml } from './xml.ts';

/** A body is held in memory whole. */
const BODY_BYTES = 256 * 1024 * 1024;

export function startS3(store: S3Store, port = 0): Promise<Endpoint> {
  const handle = s3Operations(store);
  return serveHttp(async (request, response) => {
    const id = requestId();
    const { method = 'GET', url = '/' } = request;
    const answer = await readBody(request, BODY_BYTES)
      .then((body) => handle(parseRequest(method, url, headersOf(request), body)))
      .catch((thrown: unknown) => toErrorAnswer(thrown, url, id));
    const { status = 200, headers = {}, body } = answer;
    const length = body === undefined || typeof body === 'string' ? Buffer.byteLength(body ?? '') : undefined;
    response.writeHead(status, {
      'x-amz-request-id': id,
      'x-amz-id-2': id,
      ...(length !== undefined && status !== 304 && status !== 204 && { 'content-length': length }),
      ...headers,
    });
    if (method === 'HEAD' || body === undefined) response.end();
    else if (typeof body === 'string') response.end(body);
    else await pipeline(body, response).catch(() => response.destroy()); // the client went away, or the file did
  }, port);
}

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
