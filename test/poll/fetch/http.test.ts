import { createServer, type IncomingMessage, type RequestListener, type Server, type ServerResponse } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server as TcpServer } from 'node:net';
import { brotliCompressSync, deflateRawSync, deflateSync, gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import { httpGet } from '../../../lib/poll/fetch/http.ts';

const servers: Array<Server | TcpServer> = [];
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.close();
    if ('closeAllConnections' in server) server.closeAllConnections();
  }
});

async function listening(server: Server | TcpServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `127.0.0.1:${(server.address() as AddressInfo).port}`;
}
const serve = (listener: RequestListener) => listening(createServer(listener));
const getter = (allowed_hosts: readonly string[], more = {}) =>
  httpGet({ user_agent: 'bikelake/test', allowed_hosts, ...more });
const TIMEOUT_MS = 5_000;
const DOCUMENT = '{"data":{"stations":[]}}';

describe('a GET', () => {
  it('names itself, asks with what is known of the body, and gives back what the host says of it', async () => {
    const seen: IncomingMessage['headers'][] = [];
    const host = await serve((request, response) => {
      seen.push(request.headers);
      const isKnown = request.headers['if-none-match'] === '"v1"';
      response.writeHead(isKnown ? 304 : 200, {
        ETag: '"v1"',
        'Last-Modified': 'Sat, 21 Nov 2026 10:31:30 GMT',
        'Content-Type': 'application/json',
      });
      response.end(isKnown ? undefined : DOCUMENT);
    });
    const get = getter([host]);
    const url = `http://${host}/status.json`;
    expect(await get({ url, timeout_ms: TIMEOUT_MS })).toEqual({
      status: 200,
      body: Buffer.from(DOCUMENT),
      content_type: 'application/json',
      etag: '"v1"',
      last_modified: 'Sat, 21 Nov 2026 10:31:30 GMT',
      moved_to: null,
    });
    expect(await get({ url, etag: '"v1"', last_modified: 'x', timeout_ms: TIMEOUT_MS })).toMatchObject({
      status: 304,
      body: Buffer.alloc(0),
    });
    expect(seen[0]).toMatchObject({
      'user-agent': 'bikelake/test',
      'accept-encoding': 'gzip, deflate, br',
      connection: 'keep-alive',
    });
    expect(seen[1]).toMatchObject({ 'if-none-match': '"v1"', 'if-modified-since': 'x' });
  });

  it.each([
    ['gzip', gzipSync(DOCUMENT)],
    ['deflate', deflateSync(DOCUMENT)],
    ['deflate', deflateRawSync(DOCUMENT)],
    ['br', brotliCompressSync(DOCUMENT)],
    ['identity', Buffer.from(DOCUMENT)],
  ])('decodes %s', async (encoding, body) => {
    const host = await serve((_, response) => void response.writeHead(200, { 'Content-Encoding': encoding }).end(body));
    expect((await getter([host])({ url: `http://${host}/`, timeout_ms: TIMEOUT_MS })).body.toString()).toBe(DOCUMENT);
  });

  it('keeps its connection', async () => {
    let connections = 0;
    const server = createServer((_, response) => void response.end(DOCUMENT));
    server.on('connection', () => connections++);
    const host = await listening(server);
    const get = getter([host]);
    for (let n = 0; n < 3; n++) await get({ url: `http://${host}/`, timeout_ms: TIMEOUT_MS });
    expect(connections).toBe(1);
  });
});

describe('a GET is ended', () => {
  const LIMITS = { wire_bytes: 1_000, decoded_bytes: 10_000 };
  const ending = (respond: (response: ServerResponse) => void) => serve((_, response) => respond(response));
  const drip = (response: ServerResponse) => {
    const timer = setInterval(() => response.write(' '), 20);
    response.on('close', () => clearInterval(timer));
  };

  it.each<[string, (response: ServerResponse) => void, string, boolean]>([
    ['by more bytes than the bound', (r) => r.end(Buffer.alloc(1_001)), 'body_too_large', false],
    [
      'by a body that unpacks to more',
      (r) => r.writeHead(200, { 'Content-Encoding': 'gzip' }).end(gzipSync(Buffer.alloc(10_001))),
      'body_too_large',
      false,
    ],
    [
      'by a body that is not what it says',
      (r) => r.writeHead(200, { 'Content-Encoding': 'gzip' }).end('{}'),
      'bad_encoding',
      true,
    ],
    [
      'by an unknown encoding',
      (r) => r.writeHead(200, { 'Content-Encoding': 'zzz' }).end('{}'),
      'unknown_encoding',
      false,
    ],
    [
      'by a body that is cut off',
      (r) => r.writeHead(200, { 'Content-Length': 100 }).write('{', () => r.destroy()),
      'connection_failed',
      true,
    ],
    ['by silence', () => undefined, 'timed_out', true],
    ['by the deadline, also while bytes trickle', drip, 'timed_out', false],
    ['by 503 with Retry-After', (r) => r.writeHead(503, { 'Retry-After': '7' }).end(), 'http_503', true],
  ])('%s', async (_, respond, reason, again) => {
    const host = await ending(respond);
    const get = getter([host], { limits: LIMITS, read_timeout_ms: 150 });
    const failure = { reason, again, ...(reason === 'http_503' && { http_code: 503, after_ms: 7_000 }) };
    await expect(get({ url: `http://${host}/`, timeout_ms: 600 })).rejects.toMatchObject(failure);
  });

  it('by a TLS handshake that never ends', async () => {
    const host = await listening(createTcpServer(() => undefined));
    const get = getter([host], { connect_timeout_ms: 100 });
    await expect(get({ url: `https://${host}/`, timeout_ms: TIMEOUT_MS })).rejects.toMatchObject({
      reason: 'timed_out',
      again: true,
    });
  });

  it('by a port where nobody listens', async () => {
    const server = createServer();
    const host = await listening(server);
    await new Promise((resolve) => server.close(resolve));
    await expect(getter([host])({ url: `http://${host}/`, timeout_ms: TIMEOUT_MS })).rejects.toMatchObject({
      reason: 'connection_failed',
      again: true,
    });
  });
});

describe('an address that is not public', () => {
  it('gets no request: neither as a literal, nor by name, nor by a redirect', async () => {
    let requests = 0;
    const inside = await serve((_, response) => {
      requests++;
      response.end('secret');
    });
    const outside = await serve(
      (_, response) => void response.writeHead(302, { Location: `http://${inside}/latest/meta-data` }).end(),
    );
    const port = inside.split(':')[1];
    const get = getter([outside]);
    for (const url of [
      `http://${inside}/`,
      `http://localhost:${port}/`,
      `http://[::ffff:127.0.0.1]:${port}/`,
      `http://${outside}/`,
    ]) {
      await expect(get({ url, timeout_ms: TIMEOUT_MS })).rejects.toMatchObject({
        reason: 'forbidden_address',
        again: false,
      });
    }
    expect(requests).toBe(0);
  });

  it('gets no byte of a request either where the lookup lies', async () => {
    let requests = 0;
    const host = await serve(() => requests++);
    const lookup = (_: string, options: { all?: boolean }, callback: (e: null, a: unknown, f?: number) => void) =>
      options.all ? callback(null, [{ address: '127.0.0.1', family: 4 }]) : callback(null, '127.0.0.1', 4);
    const get = getter([], { lookup });
    const url = `http://feeds.example:${host.split(':')[1]}/`;
    await expect(get({ url, timeout_ms: TIMEOUT_MS })).rejects.toMatchObject({ reason: 'forbidden_address' });
    expect(requests).toBe(0);
  });
});

describe('redirects', () => {
  /** /n redirects n times, then there is the document. */
  const redirecting = (status: (left: number) => number) =>
    serve((request, response) => {
      const left = Number(request.url?.slice(1));
      if (left === 0) response.end(DOCUMENT);
      else response.writeHead(status(left), { Location: `/${left - 1}` }).end();
    });

  it('are followed three times, not four', async () => {
    const host = await redirecting(() => 302);
    const get = getter([host]);
    expect(await get({ url: `http://${host}/3`, timeout_ms: TIMEOUT_MS })).toMatchObject({
      status: 200,
      moved_to: null,
    });
    await expect(get({ url: `http://${host}/4`, timeout_ms: TIMEOUT_MS })).rejects.toMatchObject({
      reason: 'too_many_redirects',
    });
  });

  it('that are permanent, all of them, tell where the document is now', async () => {
    const permanent = await redirecting(() => 301);
    const mixed = await redirecting((left) => (left === 1 ? 307 : 308));
    const get = getter([permanent, mixed]);
    expect(await get({ url: `http://${permanent}/2`, timeout_ms: TIMEOUT_MS })).toMatchObject({
      moved_to: `http://${permanent}/0`,
    });
    expect(await get({ url: `http://${mixed}/2`, timeout_ms: TIMEOUT_MS })).toMatchObject({ moved_to: null });
  });
});

describe('a failure', () => {
  it('shows neither the key nor the query', async () => {
    const host = await serve((_, response) => void response.writeHead(404).end());
    const get = getter([host]);
    const url = `http://${host}/secretkey/x?token=abc`;
    await expect(get({ url, secrets: ['secretkey'], timeout_ms: TIMEOUT_MS })).rejects.toThrow(
      `http://${host}/***/x?token=***: the host answered 404`,
    );
  });
});
