import { type KinesisClient, PutRecordsCommand } from '@aws-sdk/client-kinesis';
import { toPutError } from './put-error.ts';
import type { PutPort, StreamRecord } from './put-records.ts';

/** Kinesis PutRecords. Delivery guarantee: at least once; a call whose answer is lost may have stored its records. */
export class KinesisStream implements PutPort {
  readonly #client: KinesisClient;
  readonly #stream: string;

  constructor(client: KinesisClient, stream: string) {
    this.#client = client;
    this.#stream = stream;
  }

  async put(records: readonly StreamRecord[]): Promise<Array<string | null>> {
    const Records = records.map(({ partition_key, bytes }) => ({ PartitionKey: partition_key, Data: bytes }));
    try {
      const answer = await this.#client.send(new PutRecordsCommand({ StreamName: this.#stream, Records }));
      return records.map((_, n) => answer.Records?.[n]?.ErrorCode ?? null);
    } catch (error) {
      throw toPutError(error);
    }
  }
}
