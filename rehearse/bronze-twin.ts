import { randomUUID } from 'node:crypto';
import {
  CreateDeliveryStreamCommand,
  DeleteDeliveryStreamCommand,
  DescribeDeliveryStreamCommand,
  PutRecordBatchCommand,
} from '@aws-sdk/client-firehose';
import { InvokeCommand } from '@aws-sdk/client-lambda';
import type { FirehoseTransformationEvent, FirehoseTransformationResult } from 'aws-lambda';
import { FatalError } from '../lib/errors.ts';
import type { Clients } from './clients.ts';

/** A record as it lies in the stream. */
export interface StreamRecord {
  readonly shard_id: string;
  readonly sequence_number: string;
  readonly partition_key: string;
  readonly arrived_at_ms: number;
  readonly data: Uint8Array;
}

/**
 * Delivers records of the stream to Bronze: through the deployed transform, invoked with the event that AWS documents, then through a delivery
 * stream without source and transform, and otherwise as the deployed one, which converts what the transform answered by the deployed table. For a
 * server whose own delivery hands the transform no metadata of the stream.
 */
export async function deliver(
  clients: Clients,
  names: { readonly bronze: string; readonly transform: string },
  records: readonly StreamRecord[],
): Promise<void> {
  const twin = `rehearsal-${randomUUID().slice(0, 8)}`;
  const { DeliveryStreamDescription: own } = await clients.firehose.send(
    new DescribeDeliveryStreamCommand({ DeliveryStreamName: names.bronze }),
  );
  const destination = own?.Destinations?.[0]?.ExtendedS3DestinationDescription;
  if (destination === undefined) throw lost(`the delivery stream ${names.bronze} has no destination`);
  const rows = await transformed(clients, names.transform, own?.DeliveryStreamARN ?? '', records);
  await clients.firehose.send(
    new CreateDeliveryStreamCommand({
      DeliveryStreamName: twin,
      DeliveryStreamType: 'DirectPut',
      ExtendedS3DestinationConfiguration: { ...destination, ProcessingConfiguration: { Enabled: false } },
    }),
  );
  try {
    const put = new PutRecordBatchCommand({ DeliveryStreamName: twin, Records: rows.map((Data) => ({ Data })) });
    const { FailedPutCount } = await clients.firehose.send(put);
    if (FailedPutCount !== 0)
      throw lost(`the delivery stream did not take ${FailedPutCount} of ${rows.length} records`);
  } finally {
    await clients.firehose.send(new DeleteDeliveryStreamCommand({ DeliveryStreamName: twin }));
  }
}

async function transformed(
  clients: Clients,
  name: string,
  deliveryStreamArn: string,
  records: readonly StreamRecord[],
): Promise<Uint8Array[]> {
  const result = (await invoke(clients, name, eventOf(deliveryStreamArn, records))) as FirehoseTransformationResult;
  const failed = result.records.filter((record) => record.result !== 'Ok');
  if (failed.length > 0) throw lost(`the transform marked ${failed.length} of ${records.length} records as failed`);
  return result.records.map((record) => Buffer.from(record.data ?? '', 'base64'));
}

/** Invokes a deployed function, and waits for its answer. Throws FatalError `poll_lost` with what it said where it fails. */
export async function invoke({ lambda }: Clients, FunctionName: string, input: unknown): Promise<unknown> {
  const answer = await lambda.send(new InvokeCommand({ FunctionName, Payload: Buffer.from(JSON.stringify(input)) }));
  const text = Buffer.from(answer.Payload ?? []).toString();
  if (answer.FunctionError) throw lost(`${FunctionName} failed: ${text}`);
  return JSON.parse(text);
}

/** Developer guide of Firehose, "Data transformation": an invocation of a delivery stream that reads a Kinesis stream. */
function eventOf(deliveryStreamArn: string, records: readonly StreamRecord[]): FirehoseTransformationEvent {
  return {
    invocationId: randomUUID(),
    deliveryStreamArn,
    sourceKinesisStreamArn: 'arn:aws:kinesis:ap-northeast-2:000000000000:stream/rehearsal',
    region: 'ap-northeast-2',
    records: records.map((record) => ({
      recordId: randomUUID(),
      approximateArrivalTimestamp: record.arrived_at_ms,
      data: Buffer.from(record.data).toString('base64'),
      kinesisRecordMetadata: {
        shardId: record.shard_id,
        partitionKey: record.partition_key,
        approximateArrivalTimestamp: record.arrived_at_ms,
        sequenceNumber: record.sequence_number,
        subsequenceNumber: '',
      },
    })),
  };
}

const lost = (message: string): FatalError => new FatalError('local', 'poll_lost', message);
