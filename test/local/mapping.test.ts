import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { KinesisStore } from '../../local/aws/kinesis/store.ts';
import type { Invocation } from '../../local/aws/lambda/lambda.ts';
import { toBatchOutcome } from '../../local/aws/mapping/batch-answer.ts';
import { EventSourceMapping } from '../../local/aws/mapping/mapping.ts';
import { afterInvocation } from '../../local/aws/mapping/retry.ts';
import type { MappingSettings } from '../../local/aws/mapping/settings.ts';
import { VirtualClock } from '../../local/clock.ts';
import { putTexts, temporaryFolder, until } from './workbench.ts';

describe('a partial batch answer', () => {
  const outcome = (answer: unknown): unknown =>
    toBatchOutcome(Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer)), ['7', '8', '9']);

  it('without failures means that the batch is done', () => {
    for (const answer of [null, {}, { batchItemFailures: [] }, { batchItemFailures: null }]) {
      expect(outcome(answer)).toBe('done');
    }
  });
  it('checkpoints at the lowest sequence number of its failures', () => {
    const batchItemFailures = [{ itemIdentifier: '9' }, { itemIdentifier: '8' }];
    expect(outcome({ batchItemFailures })).toEqual({ failed_from: '8' });
  });
  it('that is malformed fails the whole batch', () => {
    for (const answer of [
      'no json',
      '"text"',
      { batchItemFailures: 'all' },
      { batchItemFailures: [{}] },
      { batchItemFailures: [{ itemIdentifier: '' }] },
      { batchItemFailures: [{ itemIdentifier: null }] },
      { batchItemFailures: [{ itemIdentifier: '10' }] },
      { batchItemFailures: [{ itemIdentifier: '8' }, { bad: 1 }] },
    ]) {
      expect(outcome(answer)).toBe('failed');
    }
  });
});

describe('what follows an invocation', () => {
  const record = (n: number) => ({ sequence_number: String(n) });
  const batch = (from: number, to: number, retries = 0, invocations = 0) => ({
    records: Array.from({ length: to - from + 1 }, (_, i) => record(from + i)),
    retries,
    invocations,
  });
  const bisect = { bisect: true, maximum_retry_attempts: 2 };
  const whole = { bisect: false, maximum_retry_attempts: 2 };

  it('a batch that is done moves the position to its end', () => {
    expect(afterInvocation(batch(1, 4), 'done', whole)).toEqual({ done: record(4), give_up: null, batches: [] });
  });
  it('a failed batch is tried again as a whole, and that uses up a retry', () => {
    expect(afterInvocation(batch(1, 4), 'failed', whole)).toEqual({
      done: null,
      give_up: null,
      batches: [batch(1, 4, 1, 1)],
    });
  });
  it('with bisect it is split in two, in order, and no retry is used up', () => {
    expect(afterInvocation(batch(1, 5), 'failed', bisect)).toEqual({
      done: null,
      give_up: null,
      batches: [batch(1, 3, 0, 1), batch(4, 5, 0, 1)],
    });
  });
  it('a single record cannot be split: its retries are used up, then it is given up', () => {
    expect(afterInvocation(batch(3, 3, 1, 4), 'failed', bisect).batches).toEqual([batch(3, 3, 2, 5)]);
    expect(afterInvocation(batch(3, 3, 2, 5), 'failed', bisect)).toEqual({
      done: null,
      give_up: batch(3, 3, 2, 6),
      batches: [],
    });
  });
  it('a partial answer moves the position to the failure; the rest comes again', () => {
    expect(afterInvocation(batch(1, 4), { failed_from: '3' }, whole)).toEqual({
      done: record(2),
      give_up: null,
      batches: [batch(3, 4, 1, 1)],
    });
    expect(afterInvocation(batch(1, 4), { failed_from: '3' }, bisect).batches).toEqual([batch(3, 4, 0, 1)]);
  });
  it('a partial answer at the first record is a failure that is not split', () => {
    expect(afterInvocation(batch(1, 4), { failed_from: '1' }, bisect)).toEqual({
      done: null,
      give_up: null,
      batches: [batch(1, 4, 1, 1)],
    });
  });
  it('-1 retries never gives up', () => {
    const settings = { bisect: false, maximum_retry_attempts: -1 };
    expect(afterInvocation(batch(1, 1, 9_999, 10_000), 'failed', settings).give_up).toBeNull();
  });
});

const SETTINGS: MappingSettings = {
  uuid: '11111111-2222-4333-8444-555555555555',
  stream: 'events',
  stream_arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/events',
  function_name: 'silver',
  starting_position: 'TRIM_HORIZON',
  enabled: true,
  batch_size: 3,
  window_ms: 0,
  bisect: false,
  maximum_retry_attempts: -1,
  maximum_record_age_ms: null,
  partial_answers: true,
  failure_bucket: 'lake',
};

const done: Invocation = { request_id: 'r', function_error: null, payload: Buffer.from('null') };
const failed: Invocation = { request_id: 'r-1', function_error: 'Unhandled', payload: Buffer.from('{}') };
const failedFrom = (sequence_number: string): Invocation => ({
  ...done,
  payload: Buffer.from(JSON.stringify({ batchItemFailures: [{ itemIdentifier: sequence_number }] })),
});

interface BatchRecord {
  readonly eventID: string;
  readonly kinesis: { readonly data: string; readonly sequenceNumber: string };
}
const texts = (records: readonly BatchRecord[]): string =>
  records.map(({ kinesis }) => Buffer.from(kinesis.data, 'base64').toString()).join('');

let kinesis: KinesisStore | undefined;
let mapping: EventSourceMapping | undefined;
let clock: VirtualClock;
let dir: string;
let batches: string[];
let objects: { bucket: string; key: string; body: string }[];
let events: { Records: BatchRecord[] }[];

afterEach(async () => {
  await mapping?.close();
  await kinesis?.close();
});

async function stream(shards = 1): Promise<KinesisStore> {
  dir = temporaryFolder();
  clock = new VirtualClock(Date.parse('2022-06-28T15:00:00Z'), 0);
  kinesis = await KinesisStore.open(dir, clock);
  await kinesis.createStream({ name: 'events', shards, retention_hours: 48 });
  batches = [];
  objects = [];
  events = [];
  return kinesis;
}

/** A mapping whose function answers as `answer` says, by the texts of the batch. */
function start(
  answer: (batch: string, records: readonly BatchRecord[]) => Invocation,
  settings: Partial<MappingSettings> = {},
): void {
  mapping = new EventSourceMapping(
    { ...SETTINGS, ...settings },
    {
      kinesis: kinesis as KinesisStore,
      invoke: async (_, payload) => {
        const event = JSON.parse(Buffer.from(payload).toString()) as { Records: BatchRecord[] };
        events.push(event);
        batches.push(texts(event.Records));
        return answer(texts(event.Records), event.Records);
      },
      putObject: async (bucket, key, body) => void objects.push({ bucket, key, body: body.toString() }),
      clock,
      dir,
      warn: (message) => {
        throw new Error(message);
      },
    },
  );
}

describe('an event source mapping', () => {
  it('delivers in order, in batches of at most BatchSize, and fills them when it is behind', async () => {
    const k = await stream();
    await putTexts(k, 'events', 'a', 'b', 'c', 'd', 'e', 'f', 'g');
    start(() => done);
    await until(() => mapping?.backlog() === 0);
    expect(batches).toEqual(['abc', 'def', 'g']);
  });
  it('hands over the event that Lambda documents', async () => {
    const k = await stream();
    clock.advanceTo(Date.parse('2022-06-28T15:00:01.234Z'));
    const [sequence_number] = await putTexts(k, 'events', 'hello');
    start(() => done);
    await until(() => mapping?.backlog() === 0);
    expect(events[0]?.Records[0]).toEqual({
      kinesis: {
        kinesisSchemaVersion: '1.0',
        partitionKey: 'k',
        sequenceNumber: sequence_number,
        data: 'aGVsbG8=',
        approximateArrivalTimestamp: 1656428401.234,
      },
      eventSource: 'aws:kinesis',
      eventVersion: '1.0',
      eventID: `shardId-000000000000:${sequence_number}`,
      eventName: 'aws:kinesis:record',
      invokeIdentityArn: 'arn:aws:iam::000000000000:role/silver',
      awsRegion: 'us-east-1',
      eventSourceARN: 'arn:aws:kinesis:us-east-1:000000000000:stream/events',
    });
  });
  it('waits for its window unless the batch is full', async () => {
    const k = await stream();
    start(() => done, { window_ms: 60_000 });
    await putTexts(k, 'events', 'a');
    clock.advanceTo(clock.now() + 59_000);
    await putTexts(k, 'events', 'b');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(batches).toEqual([]);
    clock.advanceTo(clock.now() + 1_000);
    await until(() => batches.length === 1);
    await putTexts(k, 'events', 'c', 'd', 'e');
    await until(() => batches.length === 2);
    expect(batches).toEqual(['ab', 'cde']);
  });
  it('takes what is there at once while it is drained', async () => {
    const k = await stream();
    start(() => done, { window_ms: 60_000 });
    await putTexts(k, 'events', 'a');
    await mapping?.drain();
    expect(batches).toEqual(['a']);
  });
  it('keeps a batch below the 6 MB of an invocation', async () => {
    const k = await stream();
    const text = (letter: string): string => letter.repeat(1_000_000);
    await putTexts(k, 'events', text('a'), text('b'), text('c'), text('d'), text('e'), text('f'));
    start(() => done, { batch_size: 100 });
    await until(() => mapping?.backlog() === 0);
    expect(batches.map((batch) => batch.length)).toEqual([4_000_000, 2_000_000]);
  });
  it('delivers from the lowest failure on again, and moves no further meanwhile', async () => {
    const k = await stream();
    await putTexts(k, 'events', 'a', 'b', 'c', 'd');
    let first = true;
    start((batch, records) => {
      if (batch !== 'abc' || !first) return done;
      first = false;
      return failedFrom(records[1]?.kinesis.sequenceNumber ?? '');
    });
    await until(() => mapping?.backlog() === 0);
    expect(batches).toEqual(['abc', 'bc', 'd']);
  });
  it('splits a failed batch until the bad record is alone, gives that one up, and goes on', async () => {
    const k = await stream();
    await putTexts(k, 'events', 'a', 'b', 'X', 'd');
    start((batch) => (batch.includes('X') ? failed : done), { batch_size: 4, bisect: true, maximum_retry_attempts: 1 });
    await until(() => mapping?.backlog() === 0);
    expect(batches).toEqual(['abXd', 'ab', 'Xd', 'X', 'X', 'd']);
    expect(mapping?.counters()).toEqual({ done: 3, given_up: 1 });
  });
  it('puts what it gave up into the failure bucket, whole, with the document that Lambda describes', async () => {
    const k = await stream();
    const numbers = await putTexts(k, 'events', 'a', 'b');
    start(() => failed, { maximum_retry_attempts: 1 });
    await until(() => mapping?.backlog() === 0);
    expect(objects).toHaveLength(1);
    expect(objects[0]?.bucket).toBe('lake');
    expect(objects[0]?.key).toMatch(
      /^aws\/lambda\/11111111-2222-4333-8444-555555555555\/shardId-000000000000\/2022\/06\/28\/2022-06-28T15\.00\.00-[0-9a-f-]{36}$/,
    );
    const document = JSON.parse(objects[0]?.body ?? '') as Record<string, unknown>;
    expect(document).toMatchObject({
      requestContext: {
        requestId: 'r-1',
        functionArn: 'arn:aws:lambda:us-east-1:000000000000:function:silver',
        condition: 'RetryAttemptsExhausted',
        approximateInvokeCount: 2,
      },
      responseContext: { statusCode: 200, executedVersion: '$LATEST', functionError: 'Unhandled' },
      version: '1.0',
      timestamp: '2022-06-28T15:00:00.000Z',
      KinesisBatchInfo: {
        shardId: 'shardId-000000000000',
        startSequenceNumber: numbers[0],
        endSequenceNumber: numbers[1],
        approximateArrivalOfFirstRecord: '2022-06-28T15:00:00.000Z',
        approximateArrivalOfLastRecord: '2022-06-28T15:00:00.000Z',
        batchSize: 2,
        streamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/events',
      },
    });
    expect(texts((JSON.parse(document.payload as string) as { Records: BatchRecord[] }).Records)).toBe('ab');
  });
  it('gives up records that are older than MaximumRecordAgeInSeconds, without an invocation', async () => {
    const k = await stream();
    await putTexts(k, 'events', 'a', 'b');
    clock = new VirtualClock(Date.parse('2022-06-28T15:02:00Z'), 1);
    start(() => done, { maximum_record_age_ms: 60_000 });
    await until(() => mapping?.backlog() === 0);
    expect(batches).toEqual([]);
    expect(JSON.parse(objects[0]?.body ?? '')).toMatchObject({ requestContext: { condition: 'RecordAgeExceeded' } });
  });
  it('starts at the newest record with LATEST, also after a run that never got one', async () => {
    const k = await stream();
    await putTexts(k, 'events', 'old');
    start(() => done, { starting_position: 'LATEST' });
    await mapping?.close();
    await putTexts(k, 'events', 'new');
    start(() => done, { starting_position: 'LATEST' });
    await until(() => batches.length > 0);
    expect(batches).toEqual(['new']);
  });
  it('runs shards beside each other, one invocation of each at a time', async () => {
    const k = await stream(2);
    await k.put('events', [
      { partition_key: 'x', explicit_hash_key: '0', data: Buffer.from('a') },
      { partition_key: 'y', explicit_hash_key: (2n ** 127n).toString(), data: Buffer.from('b') },
    ]);
    start(() => done);
    await until(() => mapping?.backlog() === 0);
    expect(
      events
        .map(({ Records }) => Records[0]?.eventID.slice(0, 20))
        .toSorted((a, b) => ((a ?? '') < (b ?? '') ? -1 : 1)),
    ).toEqual(['shardId-000000000000', 'shardId-000000000001']);
  });
});

describe('a killed run', () => {
  const position = (): Record<string, string | null> =>
    JSON.parse(readFileSync(join(dir, 'mapping', `${SETTINGS.uuid}.json`), 'utf8')) as Record<string, string | null>;

  it('delivers the batch that was in flight again, and none that was done', async () => {
    const k = await stream();
    const numbers = await putTexts(k, 'events', 'a', 'b', 'c', 'd');
    let answer: (invocation: Invocation) => void = () => undefined;
    mapping = new EventSourceMapping(SETTINGS, {
      kinesis: k,
      invoke: async (_, payload) => {
        const { Records } = JSON.parse(Buffer.from(payload).toString()) as { Records: BatchRecord[] };
        batches.push(texts(Records));
        return batches.length === 1 ? done : new Promise((resolve) => (answer = resolve));
      },
      putObject: async () => undefined,
      clock,
      dir,
      warn: () => undefined,
    });
    await until(() => batches.length === 2);
    // Killed here: the state on disk is what the next run reads.
    expect(position()).toEqual({ 'shardId-000000000000': numbers[2] });
    const left = mapping;
    start(() => done);
    await until(() => batches.length === 3);
    expect(batches).toEqual(['abc', 'd', 'd']);
    answer(done);
    await left.close();
  });
  it('between the failure document and the position puts the document again, and loses nothing', async () => {
    const k = await stream();
    await putTexts(k, 'events', 'a');
    let put = (): void => undefined;
    mapping = new EventSourceMapping(
      { ...SETTINGS, maximum_retry_attempts: 0 },
      {
        kinesis: k,
        invoke: async () => failed,
        putObject: () => new Promise<void>((resolve) => (put = resolve)),
        clock,
        dir,
        warn: () => undefined,
      },
    );
    await until(() => existsSync(join(dir, 'mapping')) && readdirSync(join(dir, 'mapping')).length > 0);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(position()).toEqual({ 'shardId-000000000000': null });
    const left = mapping;
    start(() => failed, { maximum_retry_attempts: 0 });
    await until(() => mapping?.backlog() === 0);
    expect(objects).toHaveLength(1);
    put();
    await left.close();
  });
});
