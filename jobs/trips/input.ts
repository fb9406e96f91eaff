import { isUtf8 } from 'node:buffer';
import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream, existsSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { FatalError } from '../../lib/errors.ts';

const READ = /\.(csv|csv\.gz|parquet)$/i;

/** The files below the paths, sorted. Throws FatalError `no_input` for a path that isn't there or that nothing is read of. */
export function inputFiles(paths: readonly string[]): string[] {
  const files = paths.flatMap((path) => {
    const found = existsSync(path) ? filesBelow(resolve(path)) : [];
    if (found.length > 0) return found;
    const message = `${path}: no .csv, .csv.gz or .parquet file is there; what is packed otherwise has to be unpacked`;
    throw new FatalError('gold', 'no_input', message);
  });
  return [...new Set(files)].sort();
}

function filesBelow(path: string): string[] {
  if (!statSync(path).isDirectory()) return READ.test(path) ? [path] : [];
  const entries = readdirSync(path, { recursive: true, withFileTypes: true });
  return entries.filter((e) => e.isFile() && READ.test(e.name)).map((e) => join(e.parentPath, e.name));
}

/** A file's identity: its content, whatever its name is. */
export async function fileId(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const bytes of createReadStream(path, { highWaterMark: 1 << 20 })) hash.update(bytes as Buffer);
  return hash.digest('hex').slice(0, 32);
}

/**
 * The path of a CSV file whose bytes are UTF-8: the file's own, or that of a copy in which U+FFFD stands for what isn't. DuckDB reads
 * nothing of a file with one wrong byte.
 */
export async function utf8File(path: string, copy: string): Promise<string> {
  const open = () =>
    path.toLowerCase().endsWith('.gz') ? [createReadStream(path), createGunzip()] : [createReadStream(path)];
  let isWhole = true;
  let rest: Buffer = Buffer.alloc(0);
  const look = new Transform({
    transform(bytes: Buffer, _, done) {
      // The last line may end in a later piece, and with it a character.
      const all = Buffer.concat([rest, bytes]);
      const end = all.lastIndexOf(10) + 1;
      isWhole &&= isUtf8(all.subarray(0, end));
      rest = all.subarray(end);
      done();
    },
  });
  await pipeline([...open(), look.resume()]);
  if (isWhole && isUtf8(rest)) return path;
  const decoder = new TextDecoder('utf-8');
  const repair = new Transform({
    transform: (bytes: Buffer, _, done) => done(null, decoder.decode(bytes, { stream: true })),
    flush: (done) => done(null, decoder.decode()),
  });
  await pipeline([...open(), repair, createWriteStream(copy)]);
  return copy;
}
