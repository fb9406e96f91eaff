import { RejectedInput } from '../lib/errors.ts';
import { compareSequence } from '../lib/stream/record.ts';
import type { StreamReader } from './stream-reader.ts';

/** A batch that the event source mapping gave up: where it lay in the stream, and its records where the document holds them. */
export interface GivenUpBatch {
  readonly shard_id: string;
  readonly first_sequence: string;
  readonly last_sequence: string;
  readonly size: number;
  /** null: the document has no payload. */
  readonly records: readonly GivenUpRecord[] | null;
}

export interface GivenUpRecord {
  readonly sequence_number: string;
  readonly partition_key: string;
  readonly bytes: Uint8Array;
}

interface Document {
  readonly KinesisBatchInfo?: {
    readonly shardId?: string;
    readonly startSequenceNumber?: string;
    readonly endSequenceNumber?: string;
    readonly batchSize?: number;
  };
  readonly payload?: unknown;
}

interface Payload {
  readonly Records?: ReadonlyArray<{
    readonly kinesis: { readonly sequenceNumber: string; readonly partitionKey: string; readonly data: string };
  }>;
}

/**
 * Reads the object that Lambda puts for a batch that it gave up (Lambda developer guide, "Retain discarded batch records for a Kinesis Data
 * Streams event source"). Throws RejectedInput `not_a_failure_document`.
 */
export function parseFailureDocument(text: string): GivenUpBatch {
  try {
    const { KinesisBatchInfo: info, payload } = JSON.parse(text) as Document;
    const { shardId, startSequenceNumber, endSequenceNumber, batchSize } = info ?? {};
    if (shardId && startSequenceNumber && endSequenceNumber) {
      const records = recordsOf(payload);
      return {
        shard_id: shardId,
        first_sequence: startSequenceNumber,
        last_sequence: endSequenceNumber,
        size: batchSize ?? records?.length ?? 0,
        records,
      };
    }
  } catch (cause) {
    throw notADocument(cause);
  }
  throw notADocument(undefined);
}

const notADocument = (cause: unknown): RejectedInput =>
  new RejectedInput('stream', 'not_a_failure_document', 'it is no failure document of a Kinesis batch', { cause });

function recordsOf(payload: unknown): GivenUpRecord[] | null {
  const event = (typeof payload === 'string' ? JSON.parse(payload) : payload) as Payload | null | undefined;
  if (!event?.Records) return null;
  return event.Records.map(({ kinesis }) => ({
    sequence_number: kinesis.sequenceNumber,
    partition_key: kinesis.partitionKey,
    bytes: Buffer.from(kinesis.data, 'base64'),
  }));
}

/** The records of a batch: those of its document, else those that the stream still holds. */
export async function recordsOfBatch(batch: GivenUpBatch, stream: StreamReader): Promise<readonly GivenUpRecord[]> {
  if (batch.records !== null) return batch.records;
  const records: GivenUpRecord[] = [];
  if (!(await stream.shards()).includes(batch.shard_id)) return records;
  for await (const record of stream.read(batch.shard_id)) {
    if (compareSequence(record.sequence_number, batch.first_sequence) < 0) continue;
    if (compareSequence(record.sequence_number, batch.last_sequence) > 0) break;
    const { sequence_number, partition_key, data } = record;
    records.push({ sequence_number, partition_key, bytes: data });
  }
  return records;
}
