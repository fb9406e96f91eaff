import { readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { Database } from '../../jobs/duckdb/connection.ts';
import { literal } from '../../jobs/duckdb/relation.ts';
import { fromParquet } from '../../lib/parquet.ts';

const BASE64 = /[A-Za-z0-9+/]{40,}={0,2}/g;

/** Bytes, and all that is packed in them: gzip, zstd, and base64 of any of it, as text. */
export function unpacked(bytes: Buffer): string {
  const text = bytes.toString('latin1');
  for (const unpack of [gunzipSync, zstdDecompressSync]) {
    try {
      return unpacked(unpack(bytes));
    } catch {
      // it is not packed so
    }
  }
  // An escaped quote or slash may stand in a string of JSON in JSON.
  const packed = [...text.replaceAll('\\', '').matchAll(BASE64)].map(([found]) =>
    unpacked(Buffer.from(found, 'base64')),
  );
  return [text, bytes.toString('utf8'), ...packed].join('\n');
}

/** Files below a folder that hold a text anywhere: as bytes, unpacked, or in a cell of Parquet. */
export async function filesThatHold(folder: string, needle: string): Promise<string[]> {
  const files = readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
  await using db = await Database.open({ threads: 2, memory_mb: 256, spill_dir: join(folder, '..', 'spill') });
  const found: string[] = [];
  for (const file of files.sort()) {
    let text = unpacked(readFileSync(file));
    if (file.endsWith('.parquet')) {
      const rows = await db.answer(
        `SELECT to_json(f)::VARCHAR FROM read_parquet(${literal(file)}, hive_partitioning = false) AS f`,
      );
      text += JSON.stringify(rows.rows);
      const { metadata } = await fromParquet(readFileSync(file)).catch(() => ({ metadata: new Map<string, string>() }));
      text += [...metadata.values()].join('\n');
    }
    if (text.includes(needle)) found.push(relative(folder, file));
  }
  return found;
}
