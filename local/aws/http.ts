/** What the embedded servers share: listening on the loopback address, bodies, request ids. */
import { randomUUID } from 'node:crypto';
import { createServer, type IncomingMessage } from 'node:http';
import { createServer as createHttp2Server, type Http2ServerRequest } from 'node:http2';
import { type AddressInfo, createServer as createSocketServer, type Socket } from 'node:net';
import type { Writable } from 'node:stream';
import { AwsError } from './error.ts';

export interface Endpoint {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  close(): Promise<void>;
}

export type Request = IncomingMessage | Http2ServerRequest;
/** What a server needs of a response of either protocol. */
export type Response = Writable & {
  writeHead(status: number, headers: Readonly<Record<string, string | number>>): unknown;
};
/** Answers a request; what it throws ends the connection. */
export type Listener = (request: Request, response: Response) => Promise<void> | void;

export const HOST = '127.0.0.1';

/** How an HTTP/2 client with prior knowledge begins (RFC 9113, 3.4). */
const HTTP2_PREFACE = 'PRI';

/**
 * Serves HTTP/1.1 and cleartext HTTP/2 on one port: the SDK's Kinesis client speaks HTTP/2, the others (and other tools) HTTP/1.1.
 * `port` 0 lets the system choose.
 */
export async function serveHttp(listener: Listener, port = 0): Promise<Endpoint> {
  const answer = (request: Request, response: Response): void => {
    (async () => listener(request, response))().catch(() => response.destroy());
  };
  // no time-out of idle connections: a client that polls once a minute would meet it in the moment that it sends
  const http1 = createServer({ keepAliveTimeout: 0 }, answer);
  const http2 = createHttp2Server(answer);
  http2.on('sessionError', () => undefined); // a client that goes away in mid-session is no fault of the server
  const sockets = new Set<Socket>();
  const server = createSocketServer({ noDelay: true }, (socket) => {
    sockets.add(socket);
    socket.on('close', () => sockets.delete(socket));
    socket.on('error', () => socket.destroy());
    socket.once('data', (first) => {
      socket.pause();
      socket.unshift(first);
      const protocol = first.subarray(0, 3).toString('latin1') === HTTP2_PREFACE ? http2 : http1;
      protocol.emit('connection', socket);
      process.nextTick(() => socket.resume());
    });
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) =>
      reject(
        error.code === 'EADDRINUSE'
          ? new Error(`port ${port} of ${HOST} is taken: end the program that uses it, or choose another port`)
          : error,
      ),
    );
    server.listen(port, HOST, resolve);
  });
  return {
    url: `http://${HOST}:${(server.address() as AddressInfo).port}`,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** The whole body; more than `limit_bytes` is refused. */
export async function readBody(request: Request, limit_bytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let bytes = 0;
  try {
    for await (const piece of request as AsyncIterable<Buffer>) {
      bytes += piece.length;
      if (bytes <= limit_bytes) pieces.push(piece);
    }
  } catch (cause) {
    throw new AwsError('RequestTimeout', `The client went away: ${(cause as Error).message}`); // nobody reads the answer
  }
  if (bytes > limit_bytes)
    throw new AwsError('RequestEntityTooLarge', `The request has ${bytes} bytes, more than ${limit_bytes}`, 413);
  return pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces, bytes);
}

export const requestId = (): string => randomUUID();

/** A header's value; of a repeated header the first. */
export function headerOf(request: Request, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}
