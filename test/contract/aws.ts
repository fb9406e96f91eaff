import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { FirehoseClient } from '@aws-sdk/client-firehose';
import { GetRecordsCommand, GetShardIteratorCommand, KinesisClient, ListShardsCommand } from '@aws-sdk/client-kinesis';
import { GetObjectCommand, paginateListObjectsV2, S3Client } from '@aws-sdk/client-s3';
import { DynamoStates } from '../../lib/poll/dynamo-states.ts';
import { FirehoseQuarantine } from '../../lib/poll/firehose-quarantine.ts';
import { DynamoCheckpoints } from '../../lib/silver/dynamo-checkpoint.ts';
import { S3Log } from '../../lib/silver/s3-log.ts';
import { KinesisStream } from '../../lib/stream/kinesis-stream.ts';
import type { Ports, ShardRecords } from './ports.ts';

export interface Clients {
  readonly s3: S3Client;
  readonly dynamo: DynamoDBClient;
  readonly kinesis: KinesisClient;
  readonly firehose: FirehoseClient;
}

export interface Names {
  readonly bucket: string;
  readonly checkpoints: string;
  readonly polls: string;
  readonly stream: string;
  readonly delivery: string;
}

const ACCESS = { region: 'us-east-1', credentials: { accessKeyId: 'contract', secretAccessKey: 'contract' } };

/** `AWS_ENDPOINT_URL_<SERVICE>` → clients, as the functions have them. `kinesis`: settings that only this server needs. */
export function clientsOf(
  urlOf: (service: 'S3' | 'DYNAMODB' | 'KINESIS' | 'FIREHOSE') => string,
  kinesis: object = {},
): Clients {
  return {
    s3: new S3Client({ ...ACCESS, endpoint: urlOf('S3') }),
    dynamo: new DynamoDBClient({ ...ACCESS, endpoint: urlOf('DYNAMODB') }),
    kinesis: new KinesisClient({ ...ACCESS, endpoint: urlOf('KINESIS'), ...kinesis }),
    firehose: new FirehoseClient({ ...ACCESS, endpoint: urlOf('FIREHOSE') }),
  };
}

/** The program's own adapters on these clients. `settled` resolves once nothing that was put for delivery is buffered. */
export function awsPorts(clients: Clients, names: Names, settled: () => Promise<void>): Omit<Ports, 'close'> {
  const { s3, dynamo, kinesis, firehose } = clients;
  return {
    log: new S3Log(s3, names.bucket),
    checkpoints: new DynamoCheckpoints(dynamo, names.checkpoints),
    putCheckpointBytes: async (lane, version, bytes) => {
      const Item = { lane: { S: lane }, version: { N: String(version) }, checkpoint: { B: bytes } };
      await dynamo.send(new PutItemCommand({ TableName: names.checkpoints, Item }));
    },
    states: new DynamoStates(dynamo, names.polls),
    putStateText: async (group_id, slot_ms, text) => {
      const Item = { group_id: { S: group_id }, slot_ms: { N: String(slot_ms) }, state: { S: text } };
      await dynamo.send(new PutItemCommand({ TableName: names.polls, Item }));
    },
    stream: new KinesisStream(kinesis, names.stream),
    absent_stream: new KinesisStream(kinesis, `${names.stream}-absent`),
    readStream: () => readShards(kinesis, names.stream),
    delivery: new FirehoseQuarantine(firehose, names.delivery),
    absent_delivery: new FirehoseQuarantine(firehose, `${names.delivery}-absent`),
    delivered: async () => {
      await settled();
      return readFolder(s3, names.bucket, 'quarantine/');
    },
  };
}

export function destroyAll({ s3, dynamo, kinesis, firehose }: Clients): void {
  for (const client of [s3, dynamo, kinesis, firehose]) client.destroy();
}

async function readShards(kinesis: KinesisClient, StreamName: string): Promise<ShardRecords[]> {
  const { Shards = [] } = await kinesis.send(new ListShardsCommand({ StreamName }));
  return Promise.all(
    Shards.map(async ({ ShardId = '' }) => ({
      shard_id: ShardId,
      records: await readShard(kinesis, StreamName, ShardId),
    })),
  );
}

async function readShard(
  kinesis: KinesisClient,
  StreamName: string,
  ShardId: string,
): Promise<ShardRecords['records']> {
  const first = { StreamName, ShardId, ShardIteratorType: 'TRIM_HORIZON' } as const;
  let { ShardIterator } = await kinesis.send(new GetShardIteratorCommand(first));
  const records: ShardRecords['records'][number][] = [];
  while (ShardIterator !== undefined) {
    const answer = await kinesis.send(new GetRecordsCommand({ ShardIterator }));
    for (const { SequenceNumber = '', PartitionKey = '', Data = new Uint8Array() } of answer.Records ?? []) {
      records.push({ sequence_number: SequenceNumber, partition_key: PartitionKey, data: Data });
    }
    const is_end = answer.Records?.length === 0 && (answer.MillisBehindLatest ?? 0) === 0;
    ShardIterator = is_end ? undefined : answer.NextShardIterator;
  }
  return records;
}

async function readFolder(s3: S3Client, Bucket: string, Prefix: string) {
  const objects: { key: string; bytes: Uint8Array }[] = [];
  for await (const page of paginateListObjectsV2({ client: s3 }, { Bucket, Prefix })) {
    for (const { Key = '' } of page.Contents ?? []) {
      const { Body } = await s3.send(new GetObjectCommand({ Bucket, Key }));
      objects.push({ key: Key, bytes: (await Body?.transformToByteArray()) ?? new Uint8Array() });
    }
  }
  return objects;
}
