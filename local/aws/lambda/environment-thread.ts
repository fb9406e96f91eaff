/** The thread of an execution environment: loads the package, then runs one invocation after the other. */
import { randomUUID } from 'node:crypto';
import { existsSync } from 'node:fs';
import { enableCompileCache } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { parentPort, workerData } from 'node:worker_threads';
import { attachClock } from '../../clock.ts';
import {
  type Answer,
  type EnvironmentSetup,
  type Invoke,
  LEAVE,
  RESPONSE_LIMIT_BYTES,
  toErrorAnswer,
} from './protocol.ts';

type Handler = (event: unknown, context: object) => unknown;

const { setup, leaving } = workerData as { setup: EnvironmentSetup; leaving: Int32Array };
const realNow = Date.now;
useVirtualTime(attachClock(setup.clock, realNow));
enableCompileCache(join(setup.code, '.compiled')); // the next environment of the function starts in half the time

const handler = loadHandler();
handler.catch(() => undefined); // each invocation answers with it

parentPort?.on('message', (invoke: Invoke | typeof LEAVE) => {
  if (invoke === LEAVE) process.exit(); // the thread's own end
  void run(invoke).then((answer) =>
    parentPort?.postMessage(answer, 'body' in answer ? [answer.body.buffer as ArrayBuffer] : []),
  );
});

async function run({ id, payload, deadline_ms }: Invoke): Promise<Answer> {
  let text: string | undefined;
  try {
    const event = JSON.parse(Buffer.from(payload).toString('utf8')) as unknown;
    const handle = await handler;
    if (Atomics.load(leaving, 0) !== 0) process.exit();
    text = JSON.stringify(await handle(event, contextOf(id, deadline_ms))) ?? 'null';
  } catch (error) {
    return { id, error: toErrorAnswer(error) };
  }
  const body = new TextEncoder().encode(text);
  if (body.length <= RESPONSE_LIMIT_BYTES) return { id, body };
  return {
    id,
    error: {
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: `Response payload size exceeded maximum allowed payload size (${RESPONSE_LIMIT_BYTES} bytes).`,
      trace: [],
    },
  };
}

function contextOf(awsRequestId: string, deadline_ms: number): object {
  return {
    awsRequestId,
    callbackWaitsForEmptyEventLoop: true,
    functionName: setup.function_name,
    functionVersion: '$LATEST',
    invokedFunctionArn: setup.function_arn,
    memoryLimitInMB: String(setup.memory_mb),
    logGroupName: `/aws/lambda/${setup.function_name}`,
    logStreamName: `local/[$LATEST]${randomUUID().replaceAll('-', '')}`,
    getRemainingTimeInMillis: () => Math.max(0, deadline_ms - realNow()),
  };
}

async function loadHandler(): Promise<Handler> {
  const dot = setup.handler.lastIndexOf('.');
  const [file, name] = [setup.handler.slice(0, dot), setup.handler.slice(dot + 1)];
  const path = ['.js', '.mjs', '.cjs'].map((ending) => join(setup.code, file + ending)).find((p) => existsSync(p));
  if (path === undefined)
    throw named('Runtime.ImportModuleError', `Error: Cannot find module '${file}' in ${setup.code}`);
  const module = (await import(pathToFileURL(path).href)) as Record<string, unknown>;
  const found = module[name] ?? (module.default as Record<string, unknown> | undefined)?.[name];
  if (typeof found !== 'function')
    throw named('Runtime.HandlerNotFound', `${setup.handler} is undefined or not exported`);
  return found as Handler;
}

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}

/** The function's clock is that of the embedded AWS, in sped-up and replayed time too. */
function useVirtualTime(now: () => number): void {
  const RealDate = Date;
  const VirtualDate = class extends RealDate {
    constructor(...parts: unknown[]) {
      if (parts.length === 0) super(now());
      else super(...(parts as [number]));
    }
    static override now = now;
  };
  // Called without `new` it answers with text, as Date does.
  globalThis.Date = new Proxy(VirtualDate, { apply: () => new VirtualDate().toString() }) as DateConstructor;
}
