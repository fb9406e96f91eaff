import { randomUUID } from 'node:crypto';
import { AwsError } from '../error.ts';
import { type Faults, NO_FAULTS } from '../faults.ts';
import type { Endpoint } from '../http.ts';
import { type Handle, type Input, serveJson } from '../json.ts';
import { arnOf } from '../names.ts';
import type { DirectPutDelivery } from './direct-put.ts';

/** Limits of a put (Firehose API reference, PutRecordBatch): 500 records, 4 MiB in all, 1,000 KiB each before base64. */
const BATCH_RECORDS = 500;
const BATCH_BYTES = 4 * 1024 * 1024;
const RECORD_BYTES = 1000 * 1024;
/** A batch as base64, with room for what stands around it. */
const BODY_BYTES = BATCH_BYTES * 1.5;

/** What the server needs of a delivery stream; `put` is undefined for one that has another source. */
export interface ServedStream {
  readonly name: string;
  readonly type: 'DirectPut' | 'KinesisStreamAsSource';
  readonly put?: DirectPutDelivery['put'];
}

/** The Firehose API: PutRecord, PutRecordBatch, DescribeDeliveryStream, ListDeliveryStreams. */
export function startFirehose(
  streams: readonly ServedStream[],
  port = 0,
  faults: Faults = NO_FAULTS,
): Promise<Endpoint> {
  return serveJson(
    {
      name: 'firehose',
      target: 'Firehose_20150804',
      limit_bytes: BODY_BYTES,
      fault: 'ServiceUnavailableException',
      throttle: { code: 'ServiceUnavailableException', status: 500 },
      lists: {
        PutRecordBatch: {
          failed: { ErrorCode: 'ServiceUnavailableException', ErrorMessage: 'Slow down.' },
          results: 'RequestResponses',
          failures: 'FailedPutCount',
        },
      },
      handle: firehoseOperations(streams),
    },
    port,
    faults,
  );
}

export function firehoseOperations(streams: readonly ServedStream[]): Handle {
  const find = (input: Input): ServedStream => {
    const found = streams.find(({ name }) => name === input.DeliveryStreamName);
    if (found) return found;
    throw new AwsError(
      'ResourceNotFoundException',
      `Firehose ${String(input.DeliveryStreamName)} under account not found.`,
    );
  };
  const put = (stream: ServedStream, records: readonly Buffer[]): void => {
    if (!stream.put) {
      throw new AwsError(
        'InvalidArgumentException',
        'This operation is not permitted on KinesisStreamAsSource delivery stream type.',
      );
    }
    stream.put(records);
  };
  const operations: Record<string, (input: Input) => object> = {
    PutRecord: (input) => {
      put(find(input), [toBytes(input.Record, 'record')]);
      return { RecordId: recordId(), Encrypted: false };
    },
    PutRecordBatch: (input) => {
      const stream = find(input);
      const entries = Array.isArray(input.Records) ? input.Records : [];
      if (entries.length === 0 || entries.length > BATCH_RECORDS) {
        throw invalid(`Member must have length between 1 and ${BATCH_RECORDS}, and has ${entries.length}`);
      }
      const records = entries.map((entry, i) => toBytes(entry, `records.${i + 1}.member`));
      const bytes = records.reduce((sum, record) => sum + record.length, 0);
      if (bytes > BATCH_BYTES) {
        throw new AwsError('InvalidArgumentException', 'Records size exceeds 4 MB limit');
      }
      put(stream, records);
      return {
        FailedPutCount: 0,
        Encrypted: false,
        RequestResponses: records.map(() => ({ RecordId: recordId() })),
      };
    },
    DescribeDeliveryStream: (input) => {
      const { name, type } = find(input);
      return {
        DeliveryStreamDescription: {
          DeliveryStreamName: name,
          DeliveryStreamARN: arnOf('firehose', `deliverystream/${name}`),
          DeliveryStreamStatus: 'ACTIVE',
          DeliveryStreamType: type,
          VersionId: '1',
          Destinations: [],
          HasMoreDestinations: false,
        },
      };
    },
    ListDeliveryStreams: () => ({
      DeliveryStreamNames: streams.map(({ name }) => name).sort(),
      HasMoreDeliveryStreams: false,
    }),
  };
  return async (operation, input) => {
    const run = operations[operation];
    if (run) return run(input);
    throw new AwsError('UnknownOperationException', `${operation} is not served on this machine`);
  };
}

function toBytes(record: unknown, place: string): Buffer {
  const data = (record as { Data?: unknown } | null)?.Data;
  if (typeof data !== 'string') throw invalid(`Value null at '${place}.data' failed to satisfy constraint: not null`);
  const bytes = Buffer.from(data, 'base64');
  if (bytes.length <= RECORD_BYTES) return bytes;
  throw invalid(
    `Value at '${place}.data' failed to satisfy constraint: Member must have length less than or equal to ${RECORD_BYTES}`,
  );
}

const invalid = (message: string): AwsError => new AwsError('ValidationException', message);

const recordId = (): string => (randomUUID() + randomUUID()).replaceAll('-', '');
