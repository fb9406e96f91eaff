/** The AWS JSON protocol (1.0 and 1.1 are alike here): an operation named in `x-amz-target`, JSON in and out, errors as `{"__type", "message"}`. */
import { gunzipSync } from 'node:zlib';
import { AwsError, toAwsError } from './error.ts';
import { passDoor } from './faults/door.ts';
import { type ListPut, PartialPut } from './faults/partial.ts';
import { DOOR_KINDS } from './faults/places.ts';
import { type Faults, NO_FAULTS } from './faults.ts';
import { type Endpoint, headerOf, type Request, readBody, requestId, serveHttp } from './http.ts';

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
  /** How the service refuses too many requests. */
  readonly throttle: { readonly code: string; readonly status: number };
  /** Operations that take a list of records, and may take a part of it. */
  readonly lists?: Readonly<Record<string, ListPut>>;
  /** Is told of every request that was answered, and of every one that was refused as too many: then there is no answer. */
  readonly observe?: (operation: string, input: Input, answer: object | null) => void;
}

const CONTENT_TYPE = 'application/x-amz-json-1.1';

interface JsonAnswer {
  readonly status: number;
  readonly type?: string;
  readonly body: Buffer;
}

/** `port` 0 lets the system choose. */
export function serveJson(service: JsonService, port = 0, faults: Faults = NO_FAULTS): Promise<Endpoint> {
  const partial = new PartialPut();
  return serveHttp(async (request, response) => {
    const target = headerOf(request, 'x-amz-target');
    const operation = target?.split('.')[1] ?? '';
    const list = service.lists?.[operation];
    const fault = faults.next(`${service.name}.${operation}`, list ? [...DOOR_KINDS, 'partial'] : DOOR_KINDS);
    const run = async (): Promise<object> => {
      const input = await inputOf(request, service);
      const act = (taken: Input): Promise<object> => service.handle(parseOperation(target, service.target), taken);
      const answer = await (fault === 'partial' && list ? partial.put(input, list, act) : act(input));
      service.observe?.(operation, input, answer);
      return answer;
    };
    if (fault === 'throttle') {
      await inputOf(request, service).then(
        (input) => service.observe?.(operation, input, null),
        () => undefined, // nothing that can be read was refused
      );
    }
    return passDoor(fault === 'partial' ? null : fault, {
      act: () =>
        run().then(toAnswer, (thrown: unknown) => toErrorAnswer(toAwsError(thrown, service.name, service.fault))),
      refuse: (kind) => toErrorAnswer(refusal(kind, service)),
      send: ({ status, type, body }) => {
        response.writeHead(status, {
          'content-type': CONTENT_TYPE,
          'x-amzn-requestid': requestId(),
          ...(type !== undefined && { 'x-amzn-errortype': type }),
          'content-length': body.length,
        });
        response.end(body);
      },
      hangUp: () => response.destroy(),
    });
  }, port);
}

const toAnswer = (answer: object): JsonAnswer => ({ status: 200, body: Buffer.from(JSON.stringify(answer)) });

const toErrorAnswer = ({ status, code, message }: AwsError): JsonAnswer => ({
  status,
  type: code,
  body: Buffer.from(JSON.stringify({ __type: code, message })),
});

const refusal = (kind: 'throttle' | 'error', { throttle, fault }: JsonService): AwsError =>
  kind === 'throttle'
    ? new AwsError(throttle.code, 'Rate exceeded', throttle.status)
    : new AwsError(fault, 'Internal failure', 500);

async function inputOf(request: Request, service: JsonService): Promise<Input> {
  const body = await readBody(request, service.limit_bytes);
  return parseInput(headerOf(request, 'content-encoding') === 'gzip' ? gunzip(body) : body);
}

function gunzip(body: Buffer): Buffer {
  try {
    return gunzipSync(body);
  } catch (cause) {
    throw new AwsError('SerializationException', `The body is not compressed as it says: ${(cause as Error).message}`);
  }
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
