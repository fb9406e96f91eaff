import { randomUUID } from 'node:crypto';
import type { StreamRecord } from '../kinesis/store.ts';
import { arnOf } from '../names.ts';
import { toBatchEvent } from './batch-event.ts';
import type { MappingSettings } from './settings.ts';

/** Why a batch was given up. AWS documents the first by its example; the second's text is ours. */
export type Condition = 'RetryAttemptsExhausted' | 'RecordAgeExceeded';

export interface GivenUp {
  readonly condition: Condition;
  readonly records: readonly StreamRecord[];
  readonly invocations: number;
  /** Of the last invocation; null where there was none. */
  readonly request_id: string | null;
  readonly function_error: string | null;
  readonly time_ms: number;
}

/**
 * The object that Lambda puts into the failure bucket, with the whole event in `payload`
 * (Lambda developer guide, "Retain discarded batch records for a Kinesis Data Streams event source").
 */
export function failureDocument(given_up: GivenUp, settings: MappingSettings): { key: string; body: string } {
  const { records, time_ms } = given_up;
  const [first, last] = [records[0], records.at(-1)];
  if (!first || !last) throw new Error('a batch that is given up has records');
  const time = new Date(time_ms).toISOString();
  const document = {
    requestContext: {
      requestId: given_up.request_id ?? randomUUID(),
      functionArn: arnOf('lambda', `function:${settings.function_name}`),
      condition: given_up.condition,
      approximateInvokeCount: given_up.invocations,
    },
    responseContext: {
      statusCode: 200,
      executedVersion: '$LATEST',
      functionError: given_up.function_error,
    },
    version: '1.0',
    timestamp: time,
    KinesisBatchInfo: {
      shardId: first.shard_id,
      startSequenceNumber: first.sequence_number,
      endSequenceNumber: last.sequence_number,
      approximateArrivalOfFirstRecord: new Date(first.arrived_at_ms).toISOString(),
      approximateArrivalOfLastRecord: new Date(last.arrived_at_ms).toISOString(),
      batchSize: records.length,
      streamArn: settings.stream_arn,
    },
    payload: JSON.stringify(toBatchEvent(records, settings)),
  };
  const day = time.slice(0, 10).replaceAll('-', '/');
  const second = time.slice(0, 19).replaceAll(':', '.');
  return {
    key: `aws/lambda/${settings.uuid}/${first.shard_id}/${day}/${second}-${randomUUID()}`,
    body: JSON.stringify(document),
  };
}
