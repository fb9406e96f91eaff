/** `stream.json` of a stream: its settings and its shards, replaced as a whole. Format 1 had a number of shards that never changed. */
import { join } from 'node:path';
import { FatalError } from '../../../lib/errors.ts';
import { StateFile } from '../state-file.ts';
import { firstShards, type ShardEntry } from './lineage.ts';

export interface StoredStream {
  readonly name: string;
  readonly retention_hours: number;
  readonly max_record_kib: number;
  readonly created_ms: number;
  readonly next_index: number;
  readonly shards: readonly ShardEntry[];
  /** When UpdateShardCount was called, within the last day. */
  readonly scaled_ms: readonly number[];
}

interface Format1 extends Pick<StoredStream, 'name' | 'retention_hours' | 'max_record_kib' | 'created_ms'> {
  readonly format: 1;
  readonly shards: number;
}

interface Format2 extends Omit<StoredStream, 'shards'> {
  readonly format: 2;
  readonly shards: readonly (Omit<ShardEntry, 'range'> & { readonly start: string; readonly end: string })[];
}

const fileOf = (folder: string, name: string): StateFile<Format1 | Format2> =>
  new StateFile(join(folder, name, 'stream.json'));

export function writeStream(folder: string, { shards, ...stream }: StoredStream): void {
  fileOf(folder, stream.name).write({
    format: 2,
    ...stream,
    shards: shards.map(({ range, ...shard }) => ({ ...shard, start: String(range.start), end: String(range.end) })),
  });
}

/** undefined where a run was killed before it had made the stream. A stream of format 1 is of format 2 when it is written next. */
export function readStream(folder: string, name: string): StoredStream | undefined {
  const stored = fileOf(folder, name).read();
  if (stored === undefined) return undefined;
  if (stored.format === 1) {
    const { format: _, shards, ...settings } = stored;
    return { ...settings, next_index: shards, shards: firstShards(shards), scaled_ms: [] };
  }
  if (stored.format === 2) {
    const { format: _, shards, ...stream } = stored;
    return {
      ...stream,
      shards: shards.map(({ start, end, ...shard }) => ({
        ...shard,
        range: { start: BigInt(start), end: BigInt(end) },
      })),
    };
  }
  throw new FatalError(
    'local',
    'state_format',
    `stream ${name} in ${folder} was kept by another version of the program (format ${String((stored as { format: unknown }).format)}, this one reads 1 and 2): start with another --dir`,
  );
}
