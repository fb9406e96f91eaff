import { type FirehoseClient, PutRecordBatchCommand } from '@aws-sdk/client-firehose';
import { toPutError } from '../stream/put-error.ts';
import type { PutPort, StreamRecord } from '../stream/put-records.ts';

/** The delivery stream of rejected input. At least once. */
export class FirehoseQuarantine implements PutPort {
  readonly #client: FirehoseClient;
  readonly #name: string;

  constructor(client: FirehoseClient, name: string) {
    this.#client = client;
    this.#name = name;
  }

  async put(records: readonly StreamRecord[]): Promise<Array<string | null>> {
    const Records = records.map(({ bytes }) => ({ Data: bytes }));
    try {
      const answer = await this.#client.send(new PutRecordBatchCommand({ DeliveryStreamName: this.#name, Records }));
      return records.map((_, n) => answer.RequestResponses?.[n]?.ErrorCode ?? null);
    } catch (error) {
      throw toPutError(error);
    }
  }
}
