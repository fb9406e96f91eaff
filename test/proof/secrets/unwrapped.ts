import { createHash } from 'node:crypto';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { unzipSync } from 'fflate';
import { parquetReadObjects } from 'hyparquet';

/** Layers below the first: a base64 text in a line of a gzip file that holds zstd is three. */
const MAX_DEPTH = 6;
const BASE64 = /[A-Za-z0-9+/_-]{20,}={0,2}/g;

/**
 * The bytes, and all that is packed in them: gzip, zstd, zip, Parquet (rows as JSON), base64 in texts. Nothing is known of what a file
 * should be: what can be unpacked is.
 */
export async function unwrapped(bytes: Buffer): Promise<Buffer[]> {
  const seen = new Set<string>();
  const all: Buffer[] = [];
  const visit = async (layer: Buffer, depth: number): Promise<void> => {
    const sum = createHash('sha1').update(layer).digest('hex');
    if (seen.has(sum)) return;
    seen.add(sum);
    all.push(layer);
    if (depth >= MAX_DEPTH) return;
    const inner = await unpacked(layer);
    for (const next of inner ?? (isText(layer) ? fromBase64(layer) : [])) await visit(next, depth + 1);
  };
  await visit(bytes, 0);
  return all;
}

/** What an archive or a compressed file holds; null for anything else. */
async function unpacked(bytes: Buffer): Promise<Buffer[] | null> {
  const magic = bytes.subarray(0, 4).toString('latin1');
  try {
    if (magic.startsWith('\x1f\x8b')) return [gunzipSync(bytes)];
    if (magic === '\x28\xb5\x2f\xfd') return [zstdDecompressSync(bytes)];
    if (magic === 'PK\x03\x04') return Object.values(unzipSync(bytes)).map((entry) => Buffer.from(entry));
    if (magic === 'PAR1') return await parquetParts(bytes);
  } catch {
    // it only looks so
  }
  return null;
}

/** Rows as JSON, with cells that are bytes beside them. */
async function parquetParts(bytes: Buffer): Promise<Buffer[]> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const compressors = {
    ZSTD: (input: Uint8Array) => zstdDecompressSync(input),
    GZIP: (input: Uint8Array) => gunzipSync(input),
  };
  const rows = await parquetReadObjects({ file, compressors, utf8: false });
  const parts: Buffer[] = [];
  const text = rows.map((row) =>
    JSON.stringify(row, (_, value) => {
      if (typeof value === 'bigint') return String(value);
      if (!(value instanceof Uint8Array)) return value;
      parts.push(Buffer.from(value));
      return null;
    }),
  );
  return [Buffer.from(text.join('\n')), ...parts];
}

const isText = (bytes: Buffer): boolean => !bytes.subarray(0, 4096).includes(0);

/** What looks like base64, decoded. Characters before it may look like it too, so each of the four beginnings is tried. */
function fromBase64(text: Buffer): Buffer[] {
  return [...text.toString('latin1').matchAll(BASE64)].flatMap(([run]) =>
    [0, 1, 2, 3].map((from) => Buffer.from(run.slice(from), 'base64')),
  );
}
