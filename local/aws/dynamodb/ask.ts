/** One question to dynalite without its transport: it gets the whole request at once, and its answer is a value. */
import { EventEmitter } from 'node:events';
import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string | number>>;
  readonly body: string;
}

export interface Question {
  readonly method: string;
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: Buffer;
}

/** dynalite asks for no more of a request and a response than what stands here. */
export function ask(dynalite: RequestListener, { method, url, headers, body }: Question): Promise<Answer> {
  return new Promise((resolve) => {
    const answered: Record<string, string | number> = {};
    const response = {
      statusCode: 200,
      contentType: '',
      setHeader: (name: string, value: string | number) => {
        answered[name.toLowerCase()] = value;
      },
      end: (text = '') => resolve({ status: response.statusCode, headers: answered, body: String(text) }),
    };
    const request = Object.assign(new EventEmitter(), { method, url, headers });
    dynalite(request as unknown as IncomingMessage, response as unknown as ServerResponse);
    if (body.length > 0) request.emit('data', body);
    request.emit('end');
  });
}

/** The same question to another operation. */
export function other(question: Question, operation: string, input: object): Question {
  const target = `DynamoDB_20120810.${operation}`;
  const body = Buffer.from(JSON.stringify(input));
  return {
    ...question,
    headers: { ...question.headers, 'x-amz-target': target, 'content-length': String(body.length) },
    body,
  };
}
