import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import {
  type AttributeValue,
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { type GroupState, type GroupStates, parseState, stateText } from './state.ts';

/** Polls overlap by minutes. A slot that lies further back belongs to another time (a replay), whose states count. */
const FAR_MS = 3_600_000;

/** What a state may unpack to; the item of one holds 400 KB. */
const UNPACKED_LIMIT_BYTES = 16 * 1024 * 1024;

/**
 * The states of groups as DynamoDB items `{group_id, slot_ms, state}`. The state is compressed: written at nearly every poll, and billed by the KB, as
 * plain text it costs a full group ten times as much. A poll that overlaps with that of a later slot doesn't replace what
 * that one left: else a later 304 would confirm a body that Silver took for late. Nor does the second poll of a schedule that fired twice: of
 * a slot the first body counts, and a 304 names its basis by the slot alone. It is a cache: errors are the caller's to pass over.
 */
export class DynamoStates implements GroupStates {
  readonly #client: DynamoDBClient;
  readonly #table: string;

  constructor(client: DynamoDBClient, table: string) {
    this.#client = client;
    this.#table = table;
  }

  async read(group_id: string): Promise<GroupState> {
    const { Item } = await this.#client.send(
      new GetItemCommand({ TableName: this.#table, Key: { group_id: { S: group_id } } }),
    );
    return unpackState(Item?.state) ?? {};
  }

  async write(group_id: string, state: GroupState, slot_ms: number): Promise<void> {
    try {
      await this.#client.send(
        new PutItemCommand({
          TableName: this.#table,
          Item: { group_id: { S: group_id }, slot_ms: { N: String(slot_ms) }, state: packState(state) },
          ConditionExpression: 'attribute_not_exists(slot_ms) OR slot_ms < :slot OR slot_ms > :far',
          ExpressionAttributeValues: { ':slot': { N: String(slot_ms) }, ':far': { N: String(slot_ms + FAR_MS) } },
        }),
      );
    } catch (error) {
      if (!(error instanceof ConditionalCheckFailedException)) throw error; // refused: the state of this slot or a later one is there
    }
  }
}

/** The attribute that a state is kept as. */
export const packState = (state: GroupState): AttributeValue => ({
  B: zstdCompressSync(stateText(state), { params: { [constants.ZSTD_c_compressionLevel]: 1 } }),
});

/** The state in an attribute: compressed, or the plain text that an earlier version wrote. undefined where there is none. */
export function unpackState(state: AttributeValue | undefined): GroupState | undefined {
  if (state?.B === undefined) return state?.S === undefined ? undefined : parseState(state.S);
  return parseState(zstdDecompressSync(state.B, { maxOutputLength: UNPACKED_LIMIT_BYTES }).toString('utf8'));
}
