import type { StreamReader } from '../stream-reader.ts';
import { withoutSystems } from './chunk.ts';

/** What the stream still holds of a system. */
export interface InStream {
  readonly records: number;
  /** Arrival of the newest of them, UTC epoch ms; null: there is none. */
  readonly newest_ms: number | null;
}

/** Reads the stream from its oldest record on. Nobody can take a record out of it: it goes when it is older than the retention. */
export async function inStream(
  stream: StreamReader,
  system_id: string,
  progress: (done: number, total: number | null, what: string) => void,
): Promise<InStream> {
  const ids: ReadonlySet<string> = new Set([system_id]);
  let [read, records, newest_ms] = [0, 0, null as number | null];
  for (const shard_id of await stream.shards()) {
    for await (const { data, arrived_at_ms } of stream.read(shard_id)) {
      read += 1;
      if (read % 1000 === 0) progress(read, null, `${read} records of the stream looked at`);
      if (withoutSystems(data, ids) === null) continue;
      records += 1;
      newest_ms = Math.max(newest_ms ?? 0, arrived_at_ms);
    }
  }
  return { records, newest_ms };
}
