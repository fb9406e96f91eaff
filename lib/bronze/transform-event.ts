import type { FirehoseTransformationEvent } from 'aws-lambda';
import { FatalError } from '../errors.ts';
import type { SourceRecord } from './unpack.ts';

/** The records of a Firehose transform event with the metadata of the stream that they come from. Throws FatalError `bad_event` for another event, and for a delivery stream without a stream as source. */
export function toSourceRecords(event: FirehoseTransformationEvent): SourceRecord[] {
  const records: unknown = (event as Partial<FirehoseTransformationEvent> | null)?.records;
  if (!Array.isArray(records)) throw new FatalError('bronze', 'bad_event', `the event has no records: ${REMEDY}`);
  return (records as FirehoseTransformationEvent['records']).map((record, n) => {
    const source = record?.kinesisRecordMetadata;
    const isWhole = typeof record?.recordId === 'string' && typeof record.data === 'string' && isStreamRecord(source);
    if (!isWhole) {
      throw new FatalError(
        'bronze',
        'bad_event',
        `record ${n} of the event has no id, data or Kinesis metadata: ${REMEDY}`,
      );
    }
    return {
      record_id: record.recordId,
      body: record.data,
      shard_id: source.shardId,
      sequence_number: source.sequenceNumber,
      arrived_at_ms: source.approximateArrivalTimestamp,
    };
  });
}

const REMEDY =
  'Bronze is the transform of a delivery stream that reads a Kinesis stream, not of direct puts (events/bronze.json)';

type Metadata = NonNullable<FirehoseTransformationEvent['records'][number]['kinesisRecordMetadata']>;
const DIGITS = /^\d{1,128}$/;
const SHARD = /^[\w.-]{1,128}$/;

const isStreamRecord = (source: Metadata | null | undefined): source is Metadata =>
  SHARD.test(source?.shardId ?? '') &&
  DIGITS.test(source?.sequenceNumber ?? '') &&
  Number.isFinite(source?.approximateArrivalTimestamp);
