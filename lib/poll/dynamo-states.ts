import { type DynamoDBClient, GetItemCommand, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { type GroupState, type GroupStates, parseState, stateText } from './state.ts';

/** The states of groups as DynamoDB items `{group_id, state}`, the last writer's stands: it is a cache. Errors are the caller's to pass over. */
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
    const text = Item?.state?.S;
    return text === undefined ? {} : parseState(text);
  }

  async write(group_id: string, state: GroupState): Promise<void> {
    const Item = { group_id: { S: group_id }, state: { S: stateText(state) } };
    await this.#client.send(new PutItemCommand({ TableName: this.#table, Item }));
  }
}
