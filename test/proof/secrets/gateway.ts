import { serveHttp } from '../../../local/aws/http.ts';
import { type Answer, send } from '../../../local/sources/answer.ts';

/** What the gateway does in a minute, beside what the city says. Each of them has been seen of some gateway, or would be its mistake. */
export const MISHAPS = [
  'echo in a row',
  'echo page',
  'bad gateway',
  'key refused',
  'unknown code',
  'echo in a bad row',
  'cut off',
  'redirect elsewhere',
  'redirect in circles',
  'echo in headers',
  'broken encoding',
  'hangs up',
  'says nothing',
] as const;
export type Mishap = (typeof MISHAPS)[number];

export interface Gateway {
  readonly url: string;
  /** Requests that came with the key. */
  readonly keyed: () => number;
  /** From now on; null: it passes on what the city says. */
  set(mishap: Mishap | null): void;
  close(): Promise<void>;
}

/**
 * A gateway in front of the city's Seoul feed. It takes the secret for its key, and repeats it in every spelling that a gateway's page,
 * a firewall's challenge or an encoder's care may give it.
 */
export async function startGateway(
  secret: string,
  city: { readonly url: string; readonly seoulKey: string },
): Promise<Gateway> {
  const in_url = encodeURIComponent(secret);
  let mishap: Mishap | null = null;
  let keyed = 0;

  const server = await serveHttp(async (request, response) => {
    const path = request.url ?? '/';
    if (!path.startsWith(`/${in_url}/`)) return send(response, html('<p>no key</p>'));
    keyed += 1;
    const passed = await fetch(`${city.url}${path.replace(in_url, city.seoulKey)}`);
    const body = Buffer.from(await passed.arrayBuffer());
    const page: Answer = {
      status: passed.status,
      headers: { 'content-type': passed.headers.get('content-type') ?? 'text/plain' },
      body,
    };
    if (mishap === 'hangs up') {
      response.writeHead(200, { ...page.headers, 'content-length': body.length + 10 });
      response.write(body);
      return void setTimeout(() => response.destroy(), 10);
    }
    if (mishap !== 'says nothing') send(response, mishap === null ? page : answerOf(mishap, page, path));
  });

  const answerOf = (of: Mishap, page: Answer, path: string): Answer => {
    const echo = echoes(secret, `${server.url}${path}`).join(' ');
    switch (of) {
      case 'bad gateway':
        return { ...html(echo), status: 502 };
      case 'key refused':
        return xml(`<RESULT><CODE>INFO-100</CODE><MESSAGE><![CDATA[${secret} ${echo}]]></MESSAGE></RESULT>`);
      case 'unknown code':
        return json({ RESULT: { CODE: 'ERROR-999', MESSAGE: echo } });
      case 'echo in a row':
        return inRows(page, (row) => ({ ...row, stationName: `${String(row.stationName)} ${echo}`, more: echo }));
      case 'echo in a bad row':
        return inRows(page, (row) => ({ ...row, parkingBikeTotCnt: secret, stationName: echo }));
      case 'cut off':
        return { ...page, body: Buffer.from(`${JSON.stringify({ url: path, echo }).slice(0, -1)},"row":[`) };
      case 'redirect elsewhere':
        return redirect(`http://127.0.0.1:9/?key=${in_url}`);
      case 'redirect in circles':
        return redirect(`${path}?again=${in_url}`);
      case 'echo in headers':
        return {
          ...html('<p>see the headers</p>'),
          headers: { 'content-type': `text/html; u=${Buffer.from(secret).toString('base64')}`, etag: `"${in_url}"` },
        };
      case 'broken encoding':
        return { ...page, headers: { ...page.headers, 'content-encoding': 'gzip' }, body: Buffer.from(echo) };
      default:
        return html(echo);
    }
  };
  return {
    url: server.url,
    keyed: () => keyed,
    set: (next) => {
      mishap = next;
    },
    close: () => server.close(),
  };
}

/** The URL as pages repeat it. */
function echoes(secret: string, url: string): string[] {
  const html_escaped = secret.replace(/[&<>"']/g, (c) => `&#${c.charCodeAt(0)};`);
  return [
    secret,
    url,
    url.replace(/%../g, (encoded) => encoded.toLowerCase()),
    html_escaped,
    secret.replace(/[^A-Za-z0-9]/g, (c) => `\\u${c.charCodeAt(0).toString(16).padStart(4, '0')}`),
    Buffer.from(secret).toString('base64'),
    Buffer.from(`a:${secret}`).toString('base64'),
    Buffer.from(`ab:${secret}:`).toString('base64url'),
  ];
}

const html = (body: string): Answer => ({
  status: 200,
  headers: { 'content-type': 'text/html' },
  body: Buffer.from(`<html><body>${body}</body></html>`),
});
const xml = (text: string): Answer => ({
  ...html(''),
  headers: { 'content-type': 'application/xml' },
  body: Buffer.from(text),
});
const json = (value: unknown): Answer => ({
  status: 200,
  headers: { 'content-type': 'application/json' },
  body: Buffer.from(JSON.stringify(value)),
});
const redirect = (location: string): Answer => ({ status: 302, headers: { location }, body: Buffer.alloc(0) });

/** The first three rows of a page, changed; other answers as they are. */
function inRows(page: Answer, change: (row: Record<string, unknown>) => Record<string, unknown>): Answer {
  const value = JSON.parse(page.body.toString());
  const rows = value.rentBikeStatus?.row;
  if (!Array.isArray(rows)) return page;
  value.rentBikeStatus.row = rows.map((row, n) => (n < 3 ? change(row) : row));
  return { ...page, body: Buffer.from(JSON.stringify(value)) };
}
