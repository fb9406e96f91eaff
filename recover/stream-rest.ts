import {
  GetRecordsCommand,
  GetShardIteratorCommand,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsCommandOutput,
} from '@aws-sdk/client-kinesis';
import type { LaneState } from '../lib/silver/state.ts';
import { compareSequence } from '../lib/stream/record.ts';

/** Records of lanes that the stream holds beyond the positions of their chains, by lane; a lane at rest isn't in it. */
export interface Rest {
  beyond(states: ReadonlyMap<string, LaneState>): Promise<Map<string, number>>;
}

/** Reads the stream from its oldest record on: what it holds is what Silver may still be given. The partition key of a record is its lane. */
export class KinesisRest implements Rest {
  readonly #client: KinesisClient;
  readonly #stream: string;
  readonly #progress: (records: number) => void;

  constructor(client: KinesisClient, stream: string, progress: (records: number) => void) {
    this.#client = client;
    this.#stream = stream;
    this.#progress = progress;
  }

  async beyond(states: ReadonlyMap<string, LaneState>): Promise<Map<string, number>> {
    const open = new Map<string, number>();
    let read = 0;
    for (const shard_id of await this.#shards()) {
      for await (const { PartitionKey: lane = '', SequenceNumber = '' } of this.#records(shard_id)) {
        read += 1;
        if (read % 1000 === 0) this.#progress(read);
        const state = states.get(lane);
        if (state === undefined) continue;
        const position = state.positions.get(shard_id);
        if (position === undefined || compareSequence(SequenceNumber, position) > 0)
          open.set(lane, (open.get(lane) ?? 0) + 1);
      }
    }
    return open;
  }

  async #shards(): Promise<string[]> {
    const ids: string[] = [];
    let NextToken: string | undefined;
    do {
      const page: ListShardsCommandOutput = await this.#client.send(
        new ListShardsCommand(NextToken === undefined ? { StreamName: this.#stream } : { NextToken }),
      );
      for (const { ShardId } of page.Shards ?? []) if (ShardId !== undefined) ids.push(ShardId);
      NextToken = page.NextToken;
    } while (NextToken !== undefined);
    return ids;
  }

  async *#records(ShardId: string) {
    const start = await this.#client.send(
      new GetShardIteratorCommand({ StreamName: this.#stream, ShardId, ShardIteratorType: 'TRIM_HORIZON' }),
    );
    let ShardIterator = start.ShardIterator;
    while (ShardIterator !== undefined) {
      const page = await this.#client.send(new GetRecordsCommand({ ShardIterator }));
      yield* page.Records ?? [];
      // An empty page with records ahead is usual: the stream is read in stretches.
      if ((page.MillisBehindLatest ?? 0) === 0 && (page.Records ?? []).length === 0) return;
      ShardIterator = page.NextShardIterator;
    }
  }
}
