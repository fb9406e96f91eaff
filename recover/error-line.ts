import { toRows } from '../lib/bronze/unpack.ts';
import { RejectedInput } from '../lib/errors.ts';
import { type BronzeRow, toBronzeRow } from './bronze-file.ts';

/** Why Firehose put a record under the error prefix: the transform failed, or the conversion of a row that it answered. */
export type ErrorOutput = 'processing-failed' | 'format-conversion-failed';

interface ErrorLine {
  readonly rawData?: string;
  readonly kinesisRecordMetadata?: {
    readonly shardId?: string;
    readonly sequenceNumber?: string;
    readonly approximateArrivalTimestamp?: number;
  };
}

/**
 * The rows of Bronze that a line under the error prefix stands for: all the rows of a record that the transform didn't take, without the
 * limit that its answer has, or the one row that wasn't converted. Throws RejectedInput with the reason for which it must stay.
 */
export function rowsOfErrorLine(line: string, output: ErrorOutput): BronzeRow[] {
  const { rawData, kinesisRecordMetadata: source } = parse(line);
  if (typeof rawData !== 'string') throw new RejectedInput('bronze', 'not_an_error_line', 'it has no rawData');
  if (output === 'format-conversion-failed') return [toBronzeRow(Buffer.from(rawData, 'base64').toString('utf8'))];
  const { shardId, sequenceNumber, approximateArrivalTimestamp } = source ?? {};
  if (!shardId || !sequenceNumber || typeof approximateArrivalTimestamp !== 'number') {
    const remedy = 'npm run redeliver -- --stream finds its record while the stream holds it';
    throw new RejectedInput('bronze', 'no_stream_metadata', `it does not say where in the stream it lay: ${remedy}`);
  }
  return rowsOfRecord(Buffer.from(rawData, 'base64'), shardId, sequenceNumber, approximateArrivalTimestamp);
}

/** The rows of a record of the stream. Throws RejectedInput `not_a_chunk`, or `not_a_row` for a line that doesn't fit the columns. */
export function rowsOfRecord(
  bytes: Uint8Array,
  shard_id: string,
  sequence_number: string,
  arrived_at_ms: number,
): BronzeRow[] {
  const body = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64');
  const text = toRows({ record_id: '', body, shard_id, sequence_number, arrived_at_ms });
  return text.split('\n').filter(Boolean).map(toBronzeRow);
}

function parse(line: string): ErrorLine {
  try {
    const value = JSON.parse(line) as ErrorLine | null;
    if (typeof value === 'object' && value !== null) return value;
  } catch {
    // told below
  }
  throw new RejectedInput('bronze', 'not_an_error_line', 'it is no JSON object');
}
