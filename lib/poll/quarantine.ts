import { zstdCompressSync } from 'node:zlib';
import type { Reject } from '../event.ts';
import type { PutLimits } from '../stream/put-records.ts';

/** Firehose PutRecordBatch: 500 records, 1,000 KiB each, 4 MiB together. */
export const FIREHOSE_LIMITS: PutLimits = { records: 500, bytes: 4 * 1024 * 1024, record_bytes: 1000 * 1024 };

/** Bytes of input in a piece: incompressible and in base64 they stay below what Firehose takes as a record (1,000 KiB). */
export const PIECE_BYTES = 600_000;
/** Lines that share a record of the delivery stream. */
const RECORD_BYTES = 900_000;

/**
 * A reject as lines of quarantine: JSON `{system_id, slot_ms, feed, reason, place, piece, pieces, encoding, raw}`. `raw` is base64 of zstd of the exact bytes.
 * Large input is cut in pieces, counted from 1, each a zstd frame of its own.
 */
export function quarantineLines({ system_id, slot_ms, feed, reason, place, raw }: Reject): string[] {
  const pieces = Math.max(1, Math.ceil(raw.length / PIECE_BYTES));
  return Array.from({ length: pieces }, (_, n) => {
    const piece = raw.subarray(n * PIECE_BYTES, (n + 1) * PIECE_BYTES);
    const encoded = zstdCompressSync(piece).toString('base64');
    return JSON.stringify({
      system_id,
      slot_ms,
      feed,
      reason,
      place,
      piece: n + 1,
      pieces,
      encoding: 'zstd+base64',
      raw: encoded,
    });
  });
}

/** Lines as records of the delivery stream, which joins records as they are: each ends in a line end. */
export function quarantineRecords(rejects: readonly Reject[]): Buffer[] {
  const records: Buffer[] = [];
  let text = '';
  for (const line of rejects.flatMap(quarantineLines)) {
    if (text !== '' && text.length + line.length > RECORD_BYTES) {
      records.push(Buffer.from(text));
      text = '';
    }
    text += `${line}\n`;
  }
  if (text !== '') records.push(Buffer.from(text));
  return records;
}
