import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { decodeCheckpoint, encodeCheckpoint } from '../lib/silver/checkpoint.ts';
import type { LaneState } from '../lib/silver/state.ts';

/** What the table of checkpoints has of a lane. */
export interface CheckpointItem {
  /** null: there is no item, or one without a checkpoint in it. */
  readonly bytes: Uint8Array | null;
  /** null: the bytes are no checkpoint of this format. */
  readonly state: LaneState | null;
}

/** The table of checkpoints as `rebuild` needs it: an item is replaced whatever its version is. */
export interface CheckpointTable {
  read(lane: string): Promise<CheckpointItem>;
  /** Puts the state in the place of what was read. False: something else is there by now. */
  replace(lane: string, read: CheckpointItem, state: LaneState): Promise<boolean>;
}

/** Items `{lane, version, checkpoint}` in DynamoDB (lib/silver/dynamo-checkpoint.ts). */
export class DynamoTable implements CheckpointTable {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async read(lane: string): Promise<CheckpointItem> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key: { lane: { S: lane } }, ConsistentRead: true }),
    );
    const bytes = Item?.checkpoint?.B ?? null;
    return { bytes, state: bytes === null ? null : decodeCheckpoint(bytes) };
  }

  async replace(lane: string, { bytes }: CheckpointItem, state: LaneState): Promise<boolean> {
    try {
      await this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: {
            lane: { S: lane },
            version: { N: String(state.version) },
            checkpoint: { B: encodeCheckpoint(state) },
          },
          ConditionExpression: bytes === null ? 'attribute_not_exists(checkpoint)' : 'checkpoint = :read',
          ...(bytes !== null && { ExpressionAttributeValues: { ':read': { B: bytes } } }),
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}
