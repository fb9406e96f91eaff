import { type Endpoint, readBody, serveHttp } from '../../local/aws/http.ts';
import type { Call } from './meter.ts';

const BODY_BYTES = 256 * 1024 * 1024;
/** Of one connection, which the door makes anew. */
const HOP_BY_HOP =
  /^(:|connection$|keep-alive$|transfer-encoding$|upgrade$|http2-settings$|host$|content-length$|expect$)/;

/** Stands before an endpoint of the embedded AWS, passes every request on, and shows it with its answer. */
export function openDoor(
  service: Call['service'],
  upstream: () => string,
  show: (call: Call) => void,
): Promise<Endpoint> {
  return serveHttp(async (request, response) => {
    const { method = 'GET', url = '/' } = request;
    const body = await readBody(request, BODY_BYTES);
    const headers = Object.fromEntries(
      Object.entries(request.headers).flatMap(([name, value]) =>
        HOP_BY_HOP.test(name) || value === undefined ? [] : [[name, String(value)]],
      ),
    );
    const answered = await fetch(upstream() + url, {
      method,
      headers,
      ...(method !== 'GET' && method !== 'HEAD' && { body: new Uint8Array(body) }),
    });
    const answer = Buffer.from(await answered.arrayBuffer());
    show({ service, method, url, target: headers['x-amz-target'] ?? '', body, status: answered.status, answer });
    const sent = Object.fromEntries([...answered.headers].filter(([name]) => !HOP_BY_HOP.test(name)));
    response.writeHead(answered.status, { ...sent, 'content-length': answer.length });
    response.end(method === 'HEAD' ? undefined : answer);
  });
}
