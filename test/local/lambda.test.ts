import { existsSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { Lambda } from '../../local/aws/lambda/lambda.ts';
import { seededChance } from '../../local/aws/seeded.ts';
import { VirtualClock } from '../../local/clock.ts';
import { ScriptedFaults } from './scripted-faults.ts';
import { folderOf, temporaryFolder, until } from './workbench.ts';

const CODE = `
const { appendFileSync, existsSync } = require('node:fs');
let calls = 0;
exports.handler = async (event, context) => {
  calls += 1;
  if (event.throw) { const e = new TypeError(event.throw); throw e; }
  if (event.note) appendFileSync(event.note, 'began ' + calls + ';');
  if (event.sleep) await new Promise((r) => setTimeout(r, event.sleep));
  while (event.until && !existsSync(event.until)) await new Promise((r) => setTimeout(r, 2));
  if (event.note) appendFileSync(event.note, 'ended;');
  if (event.exit) process.exit(3);
  if (event.long) return 'x'.repeat(event.long);
  if (event.log) console.log(event.log);
  if (event.nothing) return undefined;
  return { calls, now: Date.now(), date: new Date().toISOString(), env: process.env, name: context.functionName,
    arn: context.invokedFunctionArn, remaining: context.getRemainingTimeInMillis(), echo: event.echo };
};`;

let lambda: Lambda | undefined;
let log_dir = '';
let faults = new ScriptedFaults();
const clock = new VirtualClock(Date.parse('2022-06-28T15:00:00Z'), 0);

function started(
  options: { timeout_ms?: number; environments?: number; handler?: string; retries?: number } = {},
): Lambda {
  const code = folderOf({ 'functions/poll.cjs': CODE });
  log_dir = temporaryFolder();
  faults = new ScriptedFaults();
  lambda = new Lambda({
    functions: [
      {
        name: 'bikelake-dev-poll',
        short_name: 'poll',
        handler: options.handler ?? 'functions/poll.handler',
        timeout_ms: options.timeout_ms ?? 10_000,
        memory_mb: 128,
        environment: { STREAM_NAME: 'events', GIVEN: 'by the template' },
        reserved: null,
      },
    ],
    asynchronous: [
      { function_name: 'bikelake-dev-poll', maximum_retry_attempts: options.retries ?? 0, maximum_age_ms: 60_000 },
    ],
    code: () => code,
    variables: { AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1' },
    environment: { poll: { GIVEN: 'by the run' } },
    clock,
    log_dir,
    chance: seededChance(1),
    environments: options.environments ?? 1,
    faults,
  });
  return lambda;
}

const invoke = async (event: object, slot = 0): Promise<{ error: string | null; value: Record<string, unknown> }> => {
  const answer = await (lambda as Lambda).invoke('poll', Buffer.from(JSON.stringify(event)), { slot });
  const value = JSON.parse(Buffer.from(answer.payload).toString()) as Record<string, unknown>;
  return { error: answer.function_error, value };
};

afterEach(() => lambda?.close());

describe('an invocation', () => {
  it('runs the packaged handler with its environment, its context and the virtual clock', async () => {
    started();
    const { error, value } = await invoke({ echo: 'ü' });
    expect(error).toBeNull();
    expect(value).toMatchObject({
      calls: 1,
      echo: 'ü',
      now: 1656428400000,
      date: '2022-06-28T15:00:00.000Z',
      name: 'bikelake-dev-poll',
      arn: 'arn:aws:lambda:us-east-1:000000000000:function:bikelake-dev-poll',
    });
    expect(value.remaining).toBeGreaterThan(5_000);
    expect(value.remaining).toBeLessThanOrEqual(10_000);
    expect(value.env).toMatchObject({
      STREAM_NAME: 'events',
      GIVEN: 'by the run',
      AWS_REGION: 'us-east-1',
      AWS_LAMBDA_FUNCTION_NAME: 'bikelake-dev-poll',
      AWS_ENDPOINT_URL_S3: 'http://127.0.0.1:1',
    });
    expect(value.env).not.toHaveProperty('PATH');
  });
  it('answers null for a handler without a result', async () => {
    started();
    expect((await invoke({ nothing: true })).value).toBeNull();
  });
  it('answers an error that was thrown with its type, its message and its trace', async () => {
    started();
    const { error, value } = await invoke({ throw: 'no feed' });
    expect(error).toBe('Unhandled');
    expect(value).toMatchObject({ errorType: 'TypeError', errorMessage: 'no feed' });
    expect((value.trace as string[])[0]).toBe('TypeError: no feed');
  });
  it('keeps module state between invocations of one environment, and not between environments', async () => {
    started({ environments: 2 });
    expect((await invoke({}, 0)).value.calls).toBe(1);
    expect((await invoke({}, 0)).value.calls).toBe(2);
    expect((await invoke({}, 1)).value.calls).toBe(1);
  });
  it('ends an environment at the time-out; the next invocation gets a new one', async () => {
    started({ timeout_ms: 2_000 }); // a new environment loads within it, also on a busy machine
    const { error, value } = await invoke({ sleep: 5_000 });
    expect(error).toBe('Unhandled');
    expect(value.errorType).toBe('Sandbox.Timedout');
    expect(value.errorMessage).toMatch(/Task timed out after 2\.00 seconds$/);
    expect((await invoke({})).value.calls).toBe(1);
  });
  it('answers for an environment that exits', async () => {
    started();
    expect((await invoke({ exit: true })).value).toMatchObject({
      errorType: 'Runtime.ExitError',
      errorMessage: 'Runtime exited with exit code 3',
    });
  });
  it('refuses a request of more than 6 MB, and fails a response of more', async () => {
    started();
    await expect(invoke({ echo: 'x'.repeat(6_291_556) })).rejects.toMatchObject({
      code: 'RequestTooLargeException',
      status: 413,
    });
    expect((await invoke({ long: 6_291_554 })).error).toBeNull(); // with its quotes just the limit
    expect((await invoke({ long: 6_291_555 })).value).toMatchObject({
      errorType: 'Function.ResponseSizeTooLarge',
      errorMessage: 'Response payload size exceeded maximum allowed payload size (6291556 bytes).',
    });
  });
  it('writes what the function prints to its log', async () => {
    started();
    await invoke({ log: 'a line of the log' });
    await until(() => readFileSync(join(log_dir, 'poll.log'), 'utf8').includes('a line of the log'));
  });
  it('names the functions that there are when it has no such function', async () => {
    await expect(started().invoke('silver', Buffer.from('{}'))).rejects.toThrow(
      'Function not found: silver (the template has poll)',
    );
  });
  it('says which module or export a handler lacks', async () => {
    started({ handler: 'functions/silver.handler' });
    expect((await invoke({})).value).toMatchObject({ errorType: 'Runtime.ImportModuleError' });
    await lambda?.close();
    started({ handler: 'functions/poll.main' });
    expect((await invoke({})).value).toMatchObject({ errorType: 'Runtime.HandlerNotFound' });
  });
  it('waits for a free environment where all are busy', async () => {
    started();
    const slow = invoke({ sleep: 200 });
    expect((await invoke({})).value.calls).toBe(2);
    await slow;
  });
});

describe('an asynchronous invocation', () => {
  it('is tried again as often as the template says, after one minute and after two', async () => {
    started({ retries: 2 });
    const done = (lambda as Lambda).invokeAsync('poll', Buffer.from('{"throw":"again"}'));
    const errors = (): number => (lambda as Lambda).counters().poll?.errors ?? 0;
    await until(() => errors() === 1);
    clock.advanceTo(clock.now() + 59_000);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(errors()).toBe(1);
    clock.advanceTo(clock.now() + 1_000);
    await until(() => errors() === 2);
    await new Promise((resolve) => setTimeout(resolve, 30));
    clock.advanceTo(clock.now() + 120_000);
    await done;
    expect(errors()).toBe(3);
  });
  it('is not tried again where the template says 0', async () => {
    started({ retries: 0 });
    await (lambda as Lambda).invokeAsync('poll', Buffer.from('{"throw":"once"}'));
    expect((lambda as Lambda).counters()).toEqual({ poll: { invocations: 1, errors: 1 } });
  });
});

describe('an invocation that meets a fault', () => {
  const warm = async (): Promise<void> => {
    started({ environments: 2 });
    expect((await invoke({})).value.calls).toBe(1);
  };
  it.each([
    ['killed', 'Runtime.ExitError'],
    ['timeout', 'Sandbox.Timedout'],
  ] as const)('%s is answered as failed; its environment and what it remembered are gone', async (kind, errorType) => {
    await warm();
    faults.at('lambda.poll', kind);
    expect((await invoke({ sleep: 5_000 })).value).toMatchObject({ errorType });
    expect((await invoke({})).value.calls).toBe(1);
    expect((lambda as Lambda).counters().poll).toEqual({ invocations: 3, errors: 1 });
  });
  it('killed ends at moments before, within and after its work', async () => {
    started();
    const file = join(temporaryFolder(), 'note');
    const notes: string[] = [];
    for (let i = 0; i < 25; i += 1) {
      if (i % 5 === 0) await invoke({ sleep: 40 }); // how long it usually takes
      faults.at('lambda.poll', 'killed');
      await invoke({ sleep: 40, note: file });
      notes.push(existsSync(file) ? readFileSync(file, 'utf8').replaceAll(/\d+/g, '') : '');
      rmSync(file, { force: true });
    }
    expect([...new Set(notes)].sort()).toEqual(['', 'began ;', 'began ;ended;']);
  });
  it('twin counts as failed and goes on in its environment, while another one takes the next', async () => {
    await warm();
    const file = join(temporaryFolder(), 'note');
    faults.at('lambda.poll', 'twin');
    const gate = join(temporaryFolder(), 'gate');
    const { error, value } = await invoke({ note: file, until: gate });
    expect([error, value.errorType]).toEqual(['Unhandled', 'Runtime.Unknown']);
    const again = (await (lambda as Lambda).invoke('poll', Buffer.from('{}'))).payload;
    expect(JSON.parse(Buffer.from(again).toString())).toMatchObject({ calls: 1 }); // the other environment's first
    expect(existsSync(file) && readFileSync(file, 'utf8')).not.toContain('ended');
    writeFileSync(gate, '');
    await (lambda as Lambda).quiet('poll');
    expect(readFileSync(file, 'utf8')).toContain('ended');
    expect((await invoke({})).value.calls).toBe(3); // it was not ended
  });
  it('switch goes to another environment than the last', async () => {
    started({ environments: 2 });
    const next = async () =>
      JSON.parse(Buffer.from((await (lambda as Lambda).invoke('poll', Buffer.from('{}'))).payload).toString());
    const first = (await next()).calls;
    faults.at('lambda.poll', 'switch');
    expect([first, (await next()).calls]).toEqual([1, 1]);
  });
  it('throttle is refused with 429 before anything runs', async () => {
    started();
    faults.at('lambda.poll', 'throttle');
    await expect(invoke({})).rejects.toMatchObject({ code: 'TooManyRequestsException', status: 429 });
    expect((lambda as Lambda).counters().poll).toEqual({ invocations: 0, errors: 0 });
  });
});

describe('an asynchronous invocation under faults', () => {
  const pass = async (ms: number): Promise<void> => {
    clock.advanceTo(clock.now() + ms);
    await new Promise((resolve) => setTimeout(resolve, 30));
  };
  it('that is throttled waits for a second, then for two, and runs', async () => {
    started();
    faults.at('lambda.poll', 'throttle', 'throttle');
    const done = (lambda as Lambda).invokeAsync('poll', Buffer.from('{}'));
    await pass(0);
    await pass(1_000);
    expect((lambda as Lambda).counters().poll?.invocations).toBe(0);
    await pass(2_000);
    await done;
    expect((lambda as Lambda).counters().poll).toEqual({ invocations: 1, errors: 0 });
  });
  it('is dropped when it has grown too old', async () => {
    started();
    faults.at('lambda.poll', ...Array<'throttle'>(9).fill('throttle'));
    const done = (lambda as Lambda).invokeAsync('poll', Buffer.from('{}'));
    done.catch(() => undefined);
    for (let i = 0; i < 9; i += 1) await pass(32_000);
    await expect(done).rejects.toMatchObject({ status: 429 });
    expect((lambda as Lambda).counters().poll?.invocations).toBe(0);
  });
  it('that succeeded may run again within three minutes, unless its events are dropped', async () => {
    started();
    const invocations = () => (lambda as Lambda).counters().poll?.invocations;
    faults.at('async.poll', 'again');
    await (lambda as Lambda).invokeAsync('poll', Buffer.from('{}'));
    expect(invocations()).toBe(1);
    await pass(180_000);
    await until(() => invocations() === 2);
    faults.at('async.poll', 'again');
    await (lambda as Lambda).invokeAsync('poll', Buffer.from('{}'));
    (lambda as Lambda).dropEvents();
    await pass(180_000);
    expect(invocations()).toBe(3);
  });
});
