import { ACCOUNT_ID, arnOf, REGION } from '../names.ts';
import type { ConversionSettings } from './settings.ts';

/** A record that didn't get through, and why. Times are epoch ms. */
export interface FailedRecord {
  readonly code: string;
  readonly message: string;
  readonly attempts: number;
  readonly arrived_at_ms: number;
  readonly ended_at_ms: number;
  readonly raw: Buffer;
  readonly shard_id: string;
  readonly sequence_number: string;
  readonly partition_key: string;
}

export type ErrorOutput = 'processing-failed' | 'format-conversion-failed';

/** A line under the error prefix (Firehose developer guide, "Handle failure in data transformation"; the stream's metadata is added for a stream as source). */
export function processingFailedLine(failed: FailedRecord, function_name: string): string {
  return JSON.stringify({
    attemptsMade: failed.attempts,
    arrivalTimestamp: failed.arrived_at_ms,
    errorCode: failed.code,
    errorMessage: failed.message,
    attemptEndingTimestamp: failed.ended_at_ms,
    rawData: failed.raw.toString('base64'),
    lambdaArn: arnOf('lambda', `function:${function_name}`),
    kinesisRecordMetadata: metadataOf(failed),
  });
}

/** A line under the error prefix (Firehose developer guide, "Handling errors for data format conversion"). */
export function conversionFailedLine(failed: FailedRecord, { database, table }: ConversionSettings): string {
  return JSON.stringify({
    attemptsMade: failed.attempts,
    arrivalTimestamp: failed.arrived_at_ms,
    lastErrorCode: failed.code,
    lastErrorMessage: failed.message,
    attemptEndingTimestamp: failed.ended_at_ms,
    rawData: failed.raw.toString('base64'),
    sequenceNumber: failed.sequence_number,
    subSequenceNumber: 0,
    dataCatalogTable: {
      catalogId: ACCOUNT_ID,
      databaseName: database,
      tableName: table,
      region: REGION,
      versionId: 'LATEST',
    },
  });
}

const metadataOf = (failed: FailedRecord): object => ({
  shardId: failed.shard_id,
  sequenceNumber: failed.sequence_number,
  subsequenceNumber: 0,
  partitionKey: failed.partition_key,
  approximateArrivalTimestamp: failed.arrived_at_ms,
});
