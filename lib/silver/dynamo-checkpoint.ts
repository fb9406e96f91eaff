import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type CheckpointStore, decodeCheckpoint, encodeCheckpoint } from './checkpoint.ts';
import type { LaneState } from './state.ts';

/** What an item may hold, less its names and numbers (DynamoDB: 400 KB). */
const ITEM_LIMIT_BYTES = 390_000;

/** Checkpoints as DynamoDB items `{lane, version, checkpoint}`, one a lane. A write is refused while a newer version is there. */
export class DynamoCheckpoints implements CheckpointStore {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async read(lane: string): Promise<LaneState | null> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key: { lane: { S: lane } }, ConsistentRead: true }),
    );
    const bytes = Item?.checkpoint?.B;
    return bytes === undefined ? null : decodeCheckpoint(bytes);
  }

  async write(lane: string, state: LaneState): Promise<void> {
    const bytes = encodeCheckpoint(state);
    if (bytes.length > ITEM_LIMIT_BYTES) {
      throw new Error(
        `the checkpoint has ${bytes.length} bytes, an item holds ${ITEM_LIMIT_BYTES}: plan smaller lanes`,
      );
    }
    const version = { N: String(state.version) };
    try {
      await this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: { lane: { S: lane }, version, checkpoint: { B: bytes } },
          ConditionExpression: 'attribute_not_exists(lane) OR #version < :version',
          ExpressionAttributeNames: { '#version': 'version' },
          ExpressionAttributeValues: { ':version': version },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error; // refused: a newer one is there
    }
  }
}
