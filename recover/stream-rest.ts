import type { LaneState } from '../lib/silver/state.ts';
import { compareSequence } from '../lib/stream/record.ts';
import type { StreamReader } from './stream-reader.ts';

/** Records of lanes that the stream holds beyond the positions of their chains, by lane; a lane at rest isn't in it. */
export interface Rest {
  beyond(states: ReadonlyMap<string, LaneState>): Promise<Map<string, number>>;
}

/** Reads the stream from its oldest record on: what it holds is what Silver may still be given. The partition key of a record is its lane. */
export class StreamRest implements Rest {
  readonly #stream: StreamReader;
  readonly #progress: (records: number) => void;

  constructor(stream: StreamReader, progress: (records: number) => void) {
    this.#stream = stream;
    this.#progress = progress;
  }

  async beyond(states: ReadonlyMap<string, LaneState>): Promise<Map<string, number>> {
    const open = new Map<string, number>();
    let read = 0;
    for (const shard_id of await this.#stream.shards()) {
      for await (const { partition_key: lane, sequence_number } of this.#stream.read(shard_id)) {
        read += 1;
        if (read % 1000 === 0) this.#progress(read);
        const state = states.get(lane);
        if (state === undefined) continue;
        const position = state.positions.get(shard_id);
        if (position === undefined || compareSequence(sequence_number, position) > 0)
          open.set(lane, (open.get(lane) ?? 0) + 1);
      }
    }
    return open;
  }
}
