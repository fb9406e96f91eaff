import { setTimeout as sleep } from 'node:timers/promises';
import {
  ExpiredIteratorException,
  GetRecordsCommand,
  type GetRecordsCommandOutput,
  GetShardIteratorCommand,
  type GetShardIteratorCommandInput,
  type KinesisClient,
  ListShardsCommand,
  type ListShardsCommandOutput,
  ProvisionedThroughputExceededException,
} from '@aws-sdk/client-kinesis';

/** A record as the stream holds it. */
export interface ReadRecord {
  readonly shard_id: string;
  readonly sequence_number: string;
  readonly partition_key: string;
  /** UTC epoch ms. */
  readonly arrived_at_ms: number;
  readonly data: Uint8Array;
}

/** The stream, to be read again. */
export interface StreamReader {
  /** Ids of every shard whose records may still be there, closed ones too. */
  shards(): Promise<string[]>;
  /** A shard's records in order, from the oldest that is kept up to the newest of the moment when the end is reached. */
  read(shard_id: string): AsyncIterable<ReadRecord>;
}

/** GetRecords may be called five times a second on a shard, which the pipeline's own readers share. */
const BUSY_MS = 1_000;

/** Kinesis, by the SDK. */
export class KinesisReader implements StreamReader {
  readonly #client: KinesisClient;
  readonly #stream: string;

  constructor(client: KinesisClient, stream: string) {
    this.#client = client;
    this.#stream = stream;
  }

  async shards(): Promise<string[]> {
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

  async *read(shard_id: string): AsyncGenerator<ReadRecord> {
    let after: string | null = null;
    let iterator = await this.#iterator(shard_id, null);
    while (iterator !== undefined) {
      let answer: GetRecordsCommandOutput;
      try {
        answer = await this.#client.send(new GetRecordsCommand({ ShardIterator: iterator }));
      } catch (error) {
        if (error instanceof ExpiredIteratorException) iterator = await this.#iterator(shard_id, after);
        else if (error instanceof ProvisionedThroughputExceededException) await sleep(BUSY_MS);
        else throw error;
        continue;
      }
      for (const record of answer.Records ?? []) {
        after = record.SequenceNumber ?? after;
        yield {
          shard_id,
          sequence_number: record.SequenceNumber ?? '',
          partition_key: record.PartitionKey ?? '',
          arrived_at_ms: record.ApproximateArrivalTimestamp?.getTime() ?? 0,
          data: record.Data ?? new Uint8Array(),
        };
      }
      // A page may end where the clock stands: only an empty one is the end.
      if (answer.MillisBehindLatest === 0 && (answer.Records ?? []).length === 0) return;
      iterator = answer.NextShardIterator ?? undefined; // none at the end of a closed shard
    }
  }

  async #iterator(ShardId: string, after: string | null): Promise<string | undefined> {
    const place: Pick<GetShardIteratorCommandInput, 'ShardIteratorType' | 'StartingSequenceNumber'> =
      after === null
        ? { ShardIteratorType: 'TRIM_HORIZON' }
        : { ShardIteratorType: 'AFTER_SEQUENCE_NUMBER', StartingSequenceNumber: after };
    const input = { StreamName: this.#stream, ShardId, ...place };
    return (await this.#client.send(new GetShardIteratorCommand(input))).ShardIterator;
  }
}
