import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { afterEach, describe, expect, it } from 'vitest';
import { openDoor } from '../../cost/measure/door.ts';
import { type Call, Meter } from '../../cost/measure/meter.ts';
import { type Endpoint, readBody, serveHttp } from '../../local/aws/http.ts';

const call = (partial: Partial<Call> & Pick<Call, 'service'>): Call => ({
  method: 'POST',
  url: '/',
  target: '',
  body: Buffer.alloc(0),
  status: 200,
  answer: Buffer.from('{}'),
  ...partial,
});
const json = (value: object): Buffer => Buffer.from(JSON.stringify(value));
const base64 = (bytes: number): string => Buffer.alloc(bytes).toString('base64');

describe('a meter', () => {
  it('counts each record of the stream by itself, as it is put and as Firehose takes it', () => {
    const meter = new Meter();
    const Records = [
      { Data: base64(25_595), PartitionKey: 'lane1' }, // with its key 25,600 bytes: one unit
      { Data: base64(25_596), PartitionKey: 'lane1' },
    ];
    meter.count(call({ service: 'kinesis', target: 'Kinesis_20131202.PutRecords', body: json({ Records }) }));
    expect(meter.take()).toEqual({
      stream_requests: 1,
      stream_records: 2,
      stream_bytes: 51_201,
      stream_put_units: 3,
      bronze_billed_bytes: 2 * 25_600,
    });
    expect(meter.take()).toEqual({});
  });

  it('bills no record of a put that was refused', () => {
    const meter = new Meter();
    const body = json({ Records: [{ Data: base64(10), PartitionKey: 'a' }] });
    meter.count(call({ service: 'kinesis', target: 'Kinesis_20131202.PutRecords', body, status: 400 }));
    expect(meter.take()).toEqual({ stream_requests: 1 });
  });

  it('counts items by table, those that are refused too', () => {
    const meter = new Meter();
    const put = (TableName: string, bytes: number, status = 200) =>
      meter.count(
        call({
          service: 'dynamodb',
          target: 'DynamoDB_20120810.PutItem',
          body: json({ TableName, Item: { b: { B: base64(bytes) } } }),
          status,
        }),
      );
    put('bikelake-dev-polls', 1023);
    put('bikelake-dev-checkpoints', 1024);
    put('bikelake-dev-checkpoints', 1024, 400);
    const body = json({ TableName: 'bikelake-dev-checkpoints', ConsistentRead: true });
    const answer = json({ Item: { b: { B: base64(8000) } } });
    meter.count(call({ service: 'dynamodb', target: 'DynamoDB_20120810.GetItem', body, answer }));
    expect(meter.take()).toEqual({
      poll_state_writes: 1,
      poll_state_write_units: 1,
      checkpoint_writes: 2,
      checkpoint_write_units: 4,
      checkpoint_read_units: 2,
    });
  });

  it('counts requests of S3 by kind, and rejects in steps of 5 KB', () => {
    const meter = new Meter();
    meter.count(call({ service: 's3', method: 'PUT', url: '/lake/log/a', body: Buffer.alloc(7) }));
    meter.count(call({ service: 's3', method: 'GET', url: '/lake/log/a' }));
    meter.count(call({ service: 's3', method: 'GET', url: '/lake?list-type=2&prefix=log' }));
    const body = json({ Records: [{ Data: base64(1) }, { Data: base64(6000) }] });
    meter.count(call({ service: 'firehose', target: 'Firehose_20150804.PutRecordBatch', body }));
    expect(meter.take()).toEqual({
      log_put_requests: 1,
      log_put_bytes: 7,
      log_get_requests: 1,
      log_list_requests: 1,
      quarantine_billed_bytes: 5120 + 10_240,
    });
  });

  it('throws for a call whose price it does not know', () => {
    const unknown = call({ service: 'dynamodb', target: 'DynamoDB_20120810.Scan' });
    expect(() => new Meter().count(unknown)).toThrow('dynamodb bills for Scan');
  });
});

describe('a door', () => {
  const open: Endpoint[] = [];
  afterEach(async () => {
    for (const endpoint of open.splice(0)) await endpoint.close();
  });

  it('passes calls of both protocols on, and shows them with their answers', async () => {
    const upstream = await serveHttp(async (request, response) => {
      const { length } = await readBody(request, 1_000_000);
      const answer = JSON.stringify({ Records: [], got: length });
      response.writeHead(200, { 'content-type': 'application/x-amz-json-1.1', 'content-length': answer.length });
      response.end(answer);
    });
    const calls: Call[] = [];
    const doors = await Promise.all(
      (['kinesis', 'dynamodb'] as const).map((service) =>
        openDoor(
          service,
          () => upstream.url,
          (one) => calls.push(one),
        ),
      ),
    );
    open.push(upstream, ...doors);
    const settings = { region: 'us-east-1', credentials: { accessKeyId: 'a', secretAccessKey: 'b' } };
    const kinesis = new KinesisClient({ ...settings, endpoint: doors[0]?.url ?? '' });
    const dynamo = new DynamoDBClient({ ...settings, endpoint: doors[1]?.url ?? '' });
    const Records = [{ Data: Buffer.from('x'), PartitionKey: 'p' }];
    await kinesis.send(new PutRecordsCommand({ StreamName: 's', Records }));
    await dynamo.send(new PutItemCommand({ TableName: 't', Item: { k: { S: 'v' } } }));
    kinesis.destroy();
    dynamo.destroy();
    expect(calls.map(({ service, target, status }) => [service, target, status])).toEqual([
      ['kinesis', 'Kinesis_20131202.PutRecords', 200],
      ['dynamodb', 'DynamoDB_20120810.PutItem', 200],
    ]);
    for (const { body, answer } of calls) expect(JSON.parse(answer.toString()).got).toBe(body.length);
    expect(JSON.parse(calls[0]?.body.toString() ?? '').Records).toEqual([{ Data: 'eA==', PartitionKey: 'p' }]);
  });
});
