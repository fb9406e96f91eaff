/** The AWS JSON 1.1 protocol: an operation named in `x-amz-target`, JSON in and out, errors as `{"__type", "message"}`. */
import { AwsError, toAwsError } from './error.ts';
import { type Endpoint, headerOf, readBody, requestId, serveHttp } from './http.ts';

export type Input = Readonly<Record<string, unknown>>;

/** The one door of a service: what happens to a request is decided here, and nothing else sees the transport. */
export type Handle = (operation: string, input: Input) => Promise<object>;

export interface JsonService {
  /** Short name for messages, such as `kinesis`. */
  readonly name: string;
  /** What stands before the operation in `x-amz-target`, such as `Kinesis_20131202`. */
  readonly target: string;
  readonly limit_bytes: number;
  /** The service's own code for its faults. */
  readonly fault: string;
  readonly handle: Handle;
}

const CONTENT_TYPE = 'application/x-amz-json-1.1';

export function serveJson(service: JsonService, port = 0): Promise<Endpoint> {
  return serveHttp(async (request, response) => {
    let status = 200;
    let body: Buffer;
    const headers: Record<string, string | number> = {
      'content-type': CONTENT_TYPE,
      'x-amzn-requestid': requestId(),
    };
    try {
      const operation = parseOperation(headerOf(request, 'x-amz-target'), service.target);
      const input = parseInput(await readBody(request, service.limit_bytes));
      body = Buffer.from(JSON.stringify(await service.handle(operation, input)));
    } catch (thrown) {
      const error = toAwsError(thrown, service.name, service.fault);
      status = error.status;
      headers['x-amzn-errortype'] = error.code;
      body = Buffer.from(JSON.stringify({ __type: error.code, message: error.message }));
    }
    headers['content-length'] = body.length;
    response.writeHead(status, headers);
    response.end(body);
  }, port);
}

function parseOperation(header: string | undefined, target: string): string {
  const [service, operation] = (header ?? '').split('.');
  if (service === target && operation) return operation;
  throw new AwsError(
    'UnknownOperationException',
    `x-amz-target is ${header ?? 'absent'}, and not ${target}.<operation>`,
  );
}

function parseInput(body: Buffer): Input {
  if (body.length === 0) return {};
  let input: unknown;
  try {
    input = JSON.parse(body.toString());
  } catch (cause) {
    throw new AwsError('SerializationException', `The body is not JSON: ${(cause as Error).message}`);
  }
  if (typeof input === 'object' && input !== null && !Array.isArray(input)) return input as Input;
  throw new AwsError('SerializationException', 'The body is not a JSON object');
}
