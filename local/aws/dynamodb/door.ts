/** dynalite's door: reads the request whole before dynalite sees it, and does to it what the faults say. */
import type { RequestListener } from 'node:http';
import { type Door, passDoor } from '../faults/door.ts';
import { DOOR_KINDS, type DoorKind, ITEM_OPERATIONS } from '../faults/places.ts';
import type { FaultKind, Faults } from '../faults.ts';
import { readBody } from '../http.ts';
import { type Answer, other, type Question } from './ask.ts';
import type { History, Item } from './history.ts';

/** More than dynalite takes itself. */
const BODY_BYTES = 32 * 1024 * 1024;
const TYPE = 'application/x-amz-json-1.0';

/** Puts a question to dynalite. */
export type Ask = (question: Question) => Promise<Answer>;

interface Input {
  readonly TableName?: string;
  readonly Key?: Item;
  readonly Item?: Item;
  readonly ConsistentRead?: boolean;
  readonly ProjectionExpression?: string;
  readonly AttributesToGet?: unknown;
}

type ReadKind = 'stale' | 'lost' | 'restored';
const isRead = (kind: FaultKind | null): kind is ReadKind => kind === 'stale' || kind === 'lost' || kind === 'restored';

/** A client that goes away in the middle of a request ends that request; left to dynalite, it ended the process. */
export function dynamoDoor(ask: Ask, faults: Faults, history: History): RequestListener {
  return (request, response) => {
    const { method = 'POST', url = '/', headers } = request;
    const operation = String(headers['x-amz-target'] ?? '').split('.')[1] ?? '';
    const pass = async (): Promise<void> => {
      // What a read can meet depends on the request, and a reset comes before it is read: so there are two questions.
      const body = operation === 'GetItem' ? await readBody(request, BODY_BYTES) : undefined;
      const input = body && inputOf(body);
      const kinds = [...DOOR_KINDS, ...(input ? readKinds(input, history) : [])];
      const fault = ITEM_OPERATIONS.includes(operation) ? faults.next(`dynamodb.${operation}`, kinds) : null;
      const act = async (): Promise<Answer> => {
        const question = { method, url, headers, body: body ?? (await readBody(request, BODY_BYTES)) };
        if (isRead(fault) && input) return readAs(fault, question, input);
        const answer = await ask(question);
        if (operation === 'PutItem' && answer.status === 200) note(inputOf(question.body), history);
        return answer;
      };
      const door: Door<Answer> = {
        act,
        refuse,
        send: ({ status, headers: sent, body: text }) => {
          response.writeHead(status, sent);
          response.end(text);
        },
        hangUp: () => response.destroy(),
      };
      await passDoor(isRead(fault) ? null : (fault as DoorKind | null), door);
    };
    pass().catch(() => response.destroy());
  };

  /** `lost` and `restored` change the item for good, and then it is read. */
  async function readAs(kind: ReadKind, question: Question, input: Input): Promise<Answer> {
    const { TableName = '', Key = {} } = input;
    if (kind === 'stale') {
      const before = history.before(TableName, Key);
      return jsonAnswer(200, before === null || before === undefined ? {} : { Item: before });
    }
    const restored = history.oldest(TableName, Key);
    const change =
      kind === 'lost'
        ? other(question, 'DeleteItem', { TableName, Key })
        : other(question, 'PutItem', { TableName, Item: restored });
    await ask(change);
    return ask(question);
  }
}

/** What the SDK's clients read of a whole item, and what is known of it, decide what can be answered. */
function readKinds(input: Input, history: History): ReadKind[] {
  const { TableName = '', Key = {}, ConsistentRead, ProjectionExpression, AttributesToGet } = input;
  if (ProjectionExpression !== undefined || AttributesToGet !== undefined) return [];
  const before = history.before(TableName, Key);
  return [
    ...(ConsistentRead !== true && before !== undefined ? (['stale'] as const) : []),
    ...(before !== undefined ? (['lost'] as const) : []),
    ...(history.oldest(TableName, Key) ? (['restored'] as const) : []),
  ];
}

function note({ TableName = '', Item: item }: Input, history: History): void {
  if (item) history.wrote(TableName, item);
}

function inputOf(body: Buffer): Input {
  try {
    return (JSON.parse(body.toString()) ?? {}) as Input;
  } catch {
    return {}; // dynalite answers it
  }
}

const refuse = (kind: 'throttle' | 'error'): Answer =>
  kind === 'throttle'
    ? jsonAnswer(400, {
        __type: 'com.amazonaws.dynamodb.v20120810#ProvisionedThroughputExceededException',
        message: 'The level of configured provisioned throughput for the table was exceeded.',
      })
    : jsonAnswer(500, { __type: 'com.amazonaws.dynamodb.v20120810#InternalServerError', message: 'Internal error' });

function jsonAnswer(status: number, value: object): Answer {
  const body = JSON.stringify(value);
  return { status, headers: { 'content-type': TYPE, 'content-length': Buffer.byteLength(body) }, body };
}
