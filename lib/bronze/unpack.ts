import { RejectedInput } from '../errors.ts';
import { decodeChunk, type EntryHeader } from '../stream/chunk.ts';

/** Format of the rows, a column of each: Firehose writes the files, and no metadata of ours into them. Rows without it are format 0, of the same columns. */
export const BRONZE_FORMAT = 1;

/** A record of the stream as Firehose hands it to its transform. */
export interface SourceRecord {
  readonly record_id: string;
  /** The Kinesis record's bytes as base64. */
  readonly body: string;
  readonly shard_id: string;
  readonly sequence_number: string;
  readonly arrived_at_ms: number;
}

export interface TransformedRecord {
  readonly recordId: string;
  readonly result: 'Ok' | 'ProcessingFailed';
  /** base64: the rows as NDJSON, or, of a failed record, its bytes as they came. */
  readonly data: string;
}

/** Bytes that the answer of the transform may have; Lambda refuses more than 6 MB (6,291,556 bytes). */
export const ANSWER_LIMIT_BYTES = 5_500_000;
/** `{"recordId":"","result":"ProcessingFailed","data":""},` around each record. */
const FRAME_BYTES = 64;

/**
 * Unpacks chunks into rows of Bronze: each line with the stream's metadata put in front of it, unparsed.
 * Delivery guarantee: each record is answered. One whose rows would pass the limit, or that is no chunk, is marked as failed:
 * Firehose keeps its bytes under the error prefix, from where `redeliver` brings it back.
 */
export function unpackRecords(
  records: readonly SourceRecord[],
  limit_bytes = ANSWER_LIMIT_BYTES,
): {
  readonly records: readonly TransformedRecord[];
  readonly failed: readonly { record_id: string; reason: string }[];
} {
  const failed: { record_id: string; reason: string }[] = [];
  // What every record needs at least, so that a failed one always has room for its own bytes.
  let room = limit_bytes - records.reduce((sum, r) => sum + FRAME_BYTES + r.record_id.length + r.body.length, 0);
  const answers = records.map((record): TransformedRecord => {
    try {
      const data = Buffer.from(toRows(record)).toString('base64');
      const more = data.length - record.body.length;
      if (more > room) throw new RejectedInput('bronze', 'answer_too_large', `its rows need ${data.length} bytes`);
      room -= more;
      return { recordId: record.record_id, result: 'Ok', data };
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error;
      failed.push({ record_id: record.record_id, reason: `${error.reason}: ${error.message}` });
      return { recordId: record.record_id, result: 'ProcessingFailed', data: record.body };
    }
  });
  return { records: answers, failed };
}

/** The rows of one record as NDJSON with one-letter keys. */
export function toRows(record: SourceRecord): string {
  const { header, lines } = decodeChunk(Buffer.from(record.body, 'base64'));
  const stream = `"S":"${record.shard_id}","q":"${record.sequence_number}","a":${record.arrived_at_ms}`;
  const lane = header.lane === null ? '' : `"l":${JSON.stringify(header.lane)},`;
  let text = '';
  let number = 0;
  for (const entry of header.entries) {
    const front = `{"V":${BRONZE_FORMAT},${entryText(entry)},"t":${header.slot_ms},${lane}${stream},"n":`;
    for (let i = 0; i < entry.lines; i++) {
      const line = lines[number] ?? '{}';
      number += 1;
      text += `${front}${number},${line.slice(1)}\n`;
    }
  }
  return text;
}

function entryText(entry: EntryHeader): string {
  const updated = entry.feed_updated_ms === null ? '' : `,"u":${entry.feed_updated_ms}`;
  return `"k":"${entry.kind}","s":${JSON.stringify(entry.system_id)},"p":${entry.part},"f":${entry.fetched_at_ms}${updated}`;
}
