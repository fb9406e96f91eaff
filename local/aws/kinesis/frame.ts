/**
 * A record as bytes in a segment file: payload length (4 bytes), CRC-32 of the payload (4), payload: arrival time (8, float), length of
 * the partition key (2), partition key (UTF-8), the record's own bytes. Big-endian.
 */
import { crc32 } from 'node:zlib';

export const HEADER_BYTES = 8;
const ARRIVED_BYTES = 8;
const KEY_LENGTH_BYTES = 2;
/** What is read to learn a frame's extent, arrival time and size without its record. */
export const PROBE_BYTES = HEADER_BYTES + ARRIVED_BYTES + KEY_LENGTH_BYTES;

export interface Frame {
  readonly arrived_at_ms: number;
  readonly partition_key: string;
  readonly data: Buffer;
}

export interface Probe {
  readonly frame_bytes: number;
  readonly arrived_at_ms: number;
  readonly record_bytes: number;
}

export function toFrame(frame: Frame): Buffer {
  const key_bytes = Buffer.byteLength(frame.partition_key);
  const payload_bytes = ARRIVED_BYTES + KEY_LENGTH_BYTES + key_bytes + frame.data.length;
  const bytes = Buffer.allocUnsafe(HEADER_BYTES + payload_bytes);
  bytes.writeUInt32BE(payload_bytes, 0);
  bytes.writeDoubleBE(frame.arrived_at_ms, HEADER_BYTES);
  bytes.writeUInt16BE(key_bytes, HEADER_BYTES + ARRIVED_BYTES);
  bytes.write(frame.partition_key, PROBE_BYTES);
  frame.data.copy(bytes, PROBE_BYTES + key_bytes);
  bytes.writeUInt32BE(crc32(bytes.subarray(HEADER_BYTES)), 4);
  return bytes;
}

/** Reads the head of a frame; undefined where it can't be one. */
export function parseProbe(head: Buffer): Probe | undefined {
  if (head.length < PROBE_BYTES) return undefined;
  const payload_bytes = head.readUInt32BE(0);
  const key_bytes = head.readUInt16BE(HEADER_BYTES + ARRIVED_BYTES);
  const record_bytes = payload_bytes - ARRIVED_BYTES - KEY_LENGTH_BYTES - key_bytes;
  if (record_bytes < 0) return undefined;
  return { frame_bytes: HEADER_BYTES + payload_bytes, arrived_at_ms: head.readDoubleBE(HEADER_BYTES), record_bytes };
}

/** Reads a whole frame; undefined where its checksum says that it isn't what was written. `data` is a view of `bytes`. */
export function parseFrame(bytes: Buffer): Frame | undefined {
  if (bytes.readUInt32BE(4) !== crc32(bytes.subarray(HEADER_BYTES))) return undefined;
  const key_bytes = bytes.readUInt16BE(HEADER_BYTES + ARRIVED_BYTES);
  return {
    arrived_at_ms: bytes.readDoubleBE(HEADER_BYTES),
    partition_key: bytes.toString('utf8', PROBE_BYTES, PROBE_BYTES + key_bytes),
    data: bytes.subarray(PROBE_BYTES + key_bytes),
  };
}
