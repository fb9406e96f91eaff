import { appendFileSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { FirehoseClient, PutRecordBatchCommand, PutRecordCommand } from '@aws-sdk/client-firehose';
import { parquetReadObjects } from 'hyparquet';
import { afterEach, describe, expect, it } from 'vitest';
import { DirectPutDelivery } from '../../local/aws/firehose/direct-put.ts';
import { startFirehose } from '../../local/aws/firehose/server.ts';
import type { DeliveryStreamSettings } from '../../local/aws/firehose/settings.ts';
import { type DeliveryPorts, StreamDelivery } from '../../local/aws/firehose/stream-delivery.ts';
import type { Endpoint } from '../../local/aws/http.ts';
import { KinesisStore } from '../../local/aws/kinesis/store.ts';
import type { Invocation } from '../../local/aws/lambda/lambda.ts';
import { S3Store } from '../../local/aws/s3/store.ts';
import { VirtualClock } from '../../local/clock.ts';
import { putTexts, temporaryFolder, until } from './workbench.ts';

const SETTINGS: DeliveryStreamSettings = {
  name: 'bronze',
  source: 'events',
  bucket: 'lake',
  prefix: 'bronze/dt=!{timestamp:yyyy-MM-dd}/hh=!{timestamp:HH}/',
  error_prefix: 'errors/!{firehose:error-output-type}/dt=!{timestamp:yyyy-MM-dd}/',
  buffer_bytes: 64 * 1024 * 1024,
  buffer_ms: 300_000,
  compression: 'UNCOMPRESSED',
  transform: { function_name: 'unpack', buffer_bytes: 10, buffer_ms: 60_000, retries: 3 },
  conversion: { database: 'd', table: 't', case_insensitive: false, keys: {}, compression: 'GZIP' },
  delimiter: '',
};
const TABLE = { database: 'd', name: 't', columns: [{ name: 'a', type: 'int' }] };

interface TransformEvent {
  readonly records: readonly { readonly recordId: string; readonly data: string }[];
}
type Answer = (event: TransformEvent) => unknown;

const text = (base64: string): string => Buffer.from(base64, 'base64').toString();
const base64 = (plain: string): string => Buffer.from(plain).toString('base64');
/** `3` becomes the document {"a":3}. */
const unpack: Answer = ({ records }) => ({
  records: records.map(({ recordId, data }) => ({ recordId, result: 'Ok', data: base64(`{"a":${text(data)}}\n`) })),
});

let clock: VirtualClock;
let dir: string;
let kinesis: KinesisStore | undefined;
let s3: S3Store;
let delivery: StreamDelivery | undefined;
let direct: DirectPutDelivery | undefined;
let server: Endpoint | undefined;
/** The texts of each batch that the transform got. */
let batches: string[][];
let events: Record<string, unknown>[];
let warnings: string[];

afterEach(async () => {
  await delivery?.close();
  await direct?.close();
  await server?.close();
  await kinesis?.close();
  delivery = undefined;
  direct = undefined;
  server = undefined;
});

async function machine(): Promise<KinesisStore> {
  dir = temporaryFolder();
  clock = new VirtualClock(Date.parse('2022-06-28T15:59:00Z'), 0);
  kinesis = await KinesisStore.open(dir, clock);
  await kinesis.createStream({ name: 'events', shards: 1, retention_hours: 48 });
  s3 = await S3Store.open(dir, clock);
  await s3.createBucket('lake');
  batches = [];
  events = [];
  warnings = [];
  return kinesis;
}

function ports(answer: Answer): DeliveryPorts {
  return {
    kinesis: kinesis as KinesisStore,
    s3,
    clock,
    dir,
    warn: (message) => warnings.push(message),
    invoke: async (_, payload): Promise<Invocation> => {
      const event = JSON.parse(Buffer.from(payload).toString()) as TransformEvent;
      events.push(event as unknown as Record<string, unknown>);
      batches.push(event.records.map(({ data }) => text(data)));
      try {
        return { request_id: 'r', function_error: null, payload: Buffer.from(JSON.stringify(await answer(event))) };
      } catch (error) {
        const payload_ = Buffer.from(JSON.stringify({ errorMessage: (error as Error).message }));
        return { request_id: 'r', function_error: 'Unhandled', payload: payload_ };
      }
    },
  };
}

function start(answer: Answer = unpack, settings: Partial<DeliveryStreamSettings> = {}): StreamDelivery {
  delivery = new StreamDelivery({ ...SETTINGS, ...settings }, TABLE, ports(answer));
  return delivery;
}

const keys = async (prefix: string): Promise<string[]> => (await s3.list('lake', prefix)).map(({ key }) => key);

async function rows(): Promise<number[]> {
  const values: number[] = [];
  for (const key of await keys('bronze/')) {
    const bytes = (await s3.get('lake', key)) as Buffer;
    const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
    const read = await parquetReadObjects({ file, compressors: { GZIP: (input) => gunzipSync(input) } });
    values.push(...read.map(({ a }) => a as number));
  }
  return values.sort((a, b) => a - b);
}

async function errorLines(prefix: string): Promise<Record<string, unknown>[]> {
  const lines: Record<string, unknown>[] = [];
  for (const key of await keys(prefix)) {
    const body = (await s3.get('lake', key)) as Buffer;
    lines.push(
      ...body
        .toString()
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
    );
  }
  return lines;
}

describe('a delivery stream with a stream as source', () => {
  it('starts at the newest record when it is made, and from then on passes over none', async () => {
    const k = await machine();
    await putTexts(k, 'events', '1');
    await start().close();
    await putTexts(k, 'events', '2', '3');
    await start().drain();
    expect(await rows()).toEqual([2, 3]);
  });
  it('hands its transform the event that Firehose documents', async () => {
    const k = await machine();
    start();
    const [sequence_number] = await putTexts(k, 'events', '7');
    await delivery?.drain();
    expect(events[0]).toMatchObject({
      sourceKinesisStreamArn: 'arn:aws:kinesis:us-east-1:000000000000:stream/events',
      deliveryStreamArn: 'arn:aws:firehose:us-east-1:000000000000:deliverystream/bronze',
      region: 'us-east-1',
      records: [
        {
          approximateArrivalTimestamp: 1656431940000,
          data: 'Nw==',
          kinesisRecordMetadata: {
            sequenceNumber: sequence_number,
            subsequenceNumber: 0,
            partitionKey: 'k',
            shardId: 'shardId-000000000000',
            approximateArrivalTimestamp: 1656431940000,
          },
        },
      ],
    });
  });
  it('fills the buffer of the transform to its hint, which the last record may pass', async () => {
    const k = await machine();
    await start().close();
    await putTexts(k, 'events', '1111', '2222', '333333', '4', '5');
    await start().drain();
    expect(batches).toEqual([
      ['1111', '2222', '333333'],
      ['4', '5'],
    ]);
  });
  it('transforms what is there when the interval of the transform is over', async () => {
    const k = await machine();
    start();
    await putTexts(k, 'events', '1');
    await new Promise((resolve) => setTimeout(resolve, 30));
    clock.advanceTo(clock.now() + 59_000);
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(batches).toEqual([]);
    clock.advanceTo(clock.now() + 1_000);
    await until(() => batches.length === 1);
    expect(await rows()).toEqual([]);
  });
  it('delivers when the buffering interval is over, under the hour in which the oldest record arrived', async () => {
    const k = await machine();
    start();
    await putTexts(k, 'events', '12345', '67890');
    await until(() => batches.length === 1);
    clock.advanceTo(Date.parse('2022-06-28T16:01:00Z'));
    await putTexts(k, 'events', '11111', '22222');
    await until(() => batches.length === 2);
    clock.advanceTo(Date.parse('2022-06-28T16:04:00Z'));
    await until(async () => (await rows()).length > 0);
    expect(await rows()).toEqual([11_111, 12_345, 22_222, 67_890]);
    expect(await keys('bronze/')).toEqual([
      expect.stringMatching(/^bronze\/dt=2022-06-28\/hh=15\/bronze-1-2022-06-28-15-59-00-[0-9a-f-]{36}\.parquet$/),
    ]);
  });
  it('delivers when the buffer reaches its size', async () => {
    const k = await machine();
    start(unpack, { buffer_bytes: 20 });
    await putTexts(k, 'events', '12345', '67890');
    await until(async () => (await rows()).length === 2);
  });
  it('tries a transform that fails three times more, then keeps the records under the error prefix', async () => {
    const k = await machine();
    start(() => {
      throw new Error('out of order');
    });
    const [sequence_number] = await putTexts(k, 'events', '8');
    await delivery?.drain();
    expect(batches).toEqual([['8'], ['8'], ['8'], ['8']]);
    expect(await keys('errors/')).toEqual([
      expect.stringMatching(/^errors\/processing-failed\/dt=2022-06-28\/bronze-1-2022-06-28-15-59-00-[0-9a-f-]{36}$/),
    ]);
    expect(await errorLines('errors/processing-failed/')).toEqual([
      {
        attemptsMade: 4,
        arrivalTimestamp: 1656431940000,
        errorCode: 'Lambda.FunctionError',
        errorMessage: expect.stringContaining('out of order'),
        attemptEndingTimestamp: 1656431940000,
        rawData: 'OA==',
        lambdaArn: 'arn:aws:lambda:us-east-1:000000000000:function:unpack',
        kinesisRecordMetadata: {
          shardId: 'shardId-000000000000',
          sequenceNumber: sequence_number,
          subsequenceNumber: 0,
          partitionKey: 'k',
          approximateArrivalTimestamp: 1656431940000,
        },
      },
    ]);
    expect(await rows()).toEqual([]);
  });
  it('keeps a record that the transform marked, and one that it forgot, and delivers the others', async () => {
    const k = await machine();
    start(({ records }) => ({
      records: records.flatMap(({ recordId, data }) => {
        if (text(data) === '2') return [{ recordId, result: 'ProcessingFailed', data }];
        if (text(data) === '3') return [];
        if (text(data) === '4') return [{ recordId, result: 'Dropped', data }];
        return [{ recordId, result: 'Ok', data: base64('{"a":1}{"a":11}') }];
      }),
    }));
    await putTexts(k, 'events', '1', '2', '3', '4');
    await delivery?.drain();
    expect(await rows()).toEqual([1, 11]);
    const lines = await errorLines('errors/processing-failed/');
    expect(lines.map(({ errorCode, rawData }) => [errorCode, text(rawData as string)])).toEqual([
      ['Lambda.ProcessingFailedStatus', '2'],
      ['Lambda.MissingRecordId', '3'],
    ]);
  });
  it('keeps documents that do not fit the table, each alone', async () => {
    const k = await machine();
    start();
    const numbers = await putTexts(k, 'events', '1', '2.5', '3');
    await delivery?.drain();
    expect(await rows()).toEqual([1, 3]);
    expect(await errorLines('errors/format-conversion-failed/')).toEqual([
      {
        attemptsMade: 1,
        arrivalTimestamp: 1656431940000,
        lastErrorCode: 'DataFormatConversion.MalformedData',
        lastErrorMessage: 'Data does not match the schema. For input string: "2.5"',
        attemptEndingTimestamp: 1656431940000,
        rawData: base64('{"a":2.5}'),
        sequenceNumber: numbers[1],
        subSequenceNumber: 0,
        dataCatalogTable: {
          catalogId: '000000000000',
          databaseName: 'd',
          tableName: 't',
          region: 'us-east-1',
          versionId: 'LATEST',
        },
      },
    ]);
  });
  it('goes on after an object could not be put, and delivers everything', async () => {
    const k = await machine();
    const real = s3.putFile.bind(s3);
    let refuse = true;
    s3.putFile = async (...parts) => {
      if (refuse) {
        refuse = false;
        throw new Error('ENOSPC: no space left on device');
      }
      return real(...parts);
    };
    start();
    await putTexts(k, 'events', '1', '2');
    await delivery?.drain();
    expect(await rows()).toEqual([1, 2]);
    expect(warnings).toEqual(['delivery stream bronze: ENOSPC: no space left on device']);
  });
});

describe('a killed run of a delivery stream', () => {
  it('in the buffer: the next run transforms and delivers the same records', async () => {
    const k = await machine();
    start();
    await putTexts(k, 'events', '12345', '67890');
    await until(() => batches.length === 1);
    await delivery?.close(); // ends as a kill does: without a delivery
    expect(await rows()).toEqual([]);
    await start().drain();
    expect(await rows()).toEqual([12_345, 67_890]);
  });
  it('before the object: the position is still the old one, so that the next run delivers', async () => {
    const k = await machine();
    start();
    const position = (): string => readFileSync(join(dir, 'firehose', 'bronze.json'), 'utf8');
    const before = position();
    const real = s3.putFile.bind(s3);
    const seen: string[] = [];
    s3.putFile = async (...parts) => {
      seen.push(position());
      await real(...parts);
    };
    await putTexts(k, 'events', '1');
    await delivery?.drain();
    expect(seen).toEqual([before]);
    expect(position()).not.toBe(before);
  });
  it('between the object and the position: the records are delivered twice, none is lost', async () => {
    const k = await machine();
    start();
    await putTexts(k, 'events', '12345', '67890');
    await until(() => batches.length === 1);
    const before = readFileSync(join(dir, 'firehose', 'bronze.json'), 'utf8');
    await delivery?.drain();
    await delivery?.close();
    writeFileSync(join(dir, 'firehose', 'bronze.json'), before);
    await putTexts(k, 'events', '5');
    await start().drain();
    expect(await rows()).toEqual([5, 12_345, 12_345, 67_890, 67_890]);
  });
  it('after the position: nothing is delivered again', async () => {
    const k = await machine();
    start();
    await putTexts(k, 'events', '1');
    await delivery?.drain();
    await delivery?.close();
    await start().drain();
    expect(await rows()).toEqual([1]);
  });
});

const PUT: DeliveryStreamSettings = {
  ...SETTINGS,
  name: 'quarantine',
  source: null,
  prefix: 'quarantine/dt=!{timestamp:yyyy-MM-dd}/',
  compression: 'GZIP',
  transform: null,
  conversion: null,
};

describe('a delivery stream that is put into', () => {
  async function client(): Promise<FirehoseClient> {
    await machine();
    direct = new DirectPutDelivery(PUT, ports(unpack));
    const stream = direct;
    server = await startFirehose([
      { name: 'quarantine', type: 'DirectPut', put: (records) => stream.put(records) },
      { name: 'bronze', type: 'KinesisStreamAsSource' },
    ]);
    const credentials = { accessKeyId: 'a', secretAccessKey: 'b' };
    return new FirehoseClient({ endpoint: server.url, region: 'us-east-1', credentials, maxAttempts: 1 });
  }
  const line = (n: number) => ({ Data: Buffer.from(`{"n":${n}}\n`) });
  const delivered = async (): Promise<string[]> =>
    Promise.all(
      (await keys('quarantine/')).map(async (key) => gunzipSync((await s3.get('lake', key)) as Buffer).toString()),
    );

  it('accepts records, and delivers them as one compressed object when the interval is over', async () => {
    const firehose = await client();
    await firehose.send(new PutRecordCommand({ DeliveryStreamName: 'quarantine', Record: line(1) }));
    const answer = await firehose.send(
      new PutRecordBatchCommand({ DeliveryStreamName: 'quarantine', Records: [line(2), line(3)] }),
    );
    expect(answer.FailedPutCount).toBe(0);
    expect(answer.RequestResponses).toHaveLength(2);
    expect(await delivered()).toEqual([]);
    clock.advanceTo(clock.now() + 300_000);
    await until(async () => (await delivered()).length > 0);
    expect(await delivered()).toEqual(['{"n":1}\n{"n":2}\n{"n":3}\n']);
    expect(await keys('quarantine/')).toEqual([
      expect.stringMatching(/^quarantine\/dt=2022-06-28\/quarantine-1-2022-06-28-15-59-00-[0-9a-f-]{36}\.gz$/),
    ]);
  });
  it('keeps what it accepted over a kill, at whatever step it was', async () => {
    const firehose = await client();
    await firehose.send(new PutRecordCommand({ DeliveryStreamName: 'quarantine', Record: line(1) }));
    const folder = join(dir, 'firehose');
    await direct?.close();
    renameSync(join(folder, 'quarantine.accepted'), join(folder, 'quarantine.leaving')); // killed in a delivery
    appendFileSync(join(folder, 'quarantine.accepted'), '{"arrived_at_ms":1656431940000,"data":"WA=="}\n{"arrived_at'); // and in a put
    direct = new DirectPutDelivery(PUT, ports(unpack));
    direct.put([Buffer.from('Z')]);
    await direct.drain();
    expect((await delivered()).sort()).toEqual(['XZ', '{"n":1}\n']);
  });
  it('refuses what AWS refuses', async () => {
    const firehose = await client();
    const put = (name: string, Records: { Data: Buffer }[]) =>
      firehose.send(new PutRecordBatchCommand({ DeliveryStreamName: name, Records }));
    await expect(put('nothing', [line(1)])).rejects.toMatchObject({ name: 'ResourceNotFoundException' });
    await expect(put('bronze', [line(1)])).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    await expect(
      put(
        'quarantine',
        Array.from({ length: 501 }, () => line(1)),
      ),
    ).rejects.toMatchObject({
      name: 'ValidationException',
    });
    await expect(put('quarantine', [{ Data: Buffer.alloc(1_024_001) }])).rejects.toMatchObject({
      name: 'ValidationException',
    });
    const large = Array.from({ length: 5 }, () => ({ Data: Buffer.alloc(900_000) }));
    await expect(put('quarantine', large)).rejects.toMatchObject({ name: 'InvalidArgumentException' });
    expect(direct?.backlog()).toBe(0);
  });
});
