import {
  type AttributeValue,
  DeleteItemCommand,
  type DynamoDBClient,
  PutItemCommand,
  ScanCommand,
  type ScanCommandOutput,
} from '@aws-sdk/client-dynamodb';
import { TransientError } from '../../lib/errors.ts';
import { packState, unpackState } from '../../lib/poll/dynamo-states.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/silver/checkpoint.ts';
import { stateWithout } from './log-object.ts';

type Item = Record<string, AttributeValue>;

/** A table of DynamoDB, as it is read and replaced item by item. */
export interface ItemTable {
  items(): Promise<Item[]>;
  /** Puts an item in the place of the one that was read, or removes that (`item` null). False: another one is there by now. */
  replace(read: Item, item: Item | null): Promise<boolean>;
}

export interface ItemCounts {
  readonly checkpoints: number;
  readonly poll_states: number;
}

/** Checkpoints `{lane, version, checkpoint}` and states of poll groups `{group_id, slot_ms, state}` of the pipeline. */
export interface ItemPorts {
  readonly checkpoints: ItemTable;
  readonly poll_states: ItemTable;
}

/** Takes a system out of both tables. What can't be read is removed: both are caches. So is the state of a group that has no other system. */
export async function eraseFromItems(ports: ItemPorts, system_id: string, dry_run: boolean): Promise<ItemCounts> {
  const of = async (table: ItemTable, lighter: (item: Item) => Item | 'same' | null): Promise<number> => {
    let changed = 0;
    for (const item of await table.items()) {
      const now = lighter(item);
      if (now === 'same') continue;
      changed += 1;
      if (dry_run || (await table.replace(item, now))) continue;
      throw new TransientError('silver', 'item_written_meanwhile', 'an item was written by someone else meanwhile');
    }
    return changed;
  };
  return {
    checkpoints: await of(ports.checkpoints, (item) => lighterCheckpoint(item, system_id)),
    poll_states: await of(ports.poll_states, (item) => lighterState(item, system_id)),
  };
}

function lighterCheckpoint(item: Item, system_id: string): Item | 'same' | null {
  const bytes = item.checkpoint?.B;
  if (bytes === undefined) return 'same';
  const state = decodeCheckpoint(bytes);
  if (state === null) return null;
  const lighter = stateWithout(state, system_id);
  const isSame = lighter.newest.size === state.newest.size && lighter.stations.size === state.stations.size;
  return isSame ? 'same' : { ...item, checkpoint: { B: encodeCheckpoint(lighter) } };
}

function lighterState(item: Item, system_id: string): Item | 'same' | null {
  const groups = readState(item);
  if (groups === null) return null;
  if (groups === undefined || !(system_id in groups)) return 'same';
  const { [system_id]: _, ...others } = groups;
  return Object.keys(others).length === 0 ? null : { ...item, state: packState(others) };
}

/** null for what can't be read. */
function readState({ state }: Item): ReturnType<typeof unpackState> | null {
  try {
    return unpackState(state);
  } catch {
    return null;
  }
}

/** `key`: the name of the table's key. `guard`: the attribute that says whether an item is as it was read. */
export class DynamoItems implements ItemTable {
  readonly #client: DynamoDBClient;
  readonly #table: string;
  readonly #key: string;
  readonly #guard: string;

  constructor(client: DynamoDBClient, table: string, key: string, guard: string) {
    this.#client = client;
    this.#table = table;
    this.#key = key;
    this.#guard = guard;
  }

  async items(): Promise<Item[]> {
    const items: Item[] = [];
    let ExclusiveStartKey: Item | undefined;
    do {
      const page: ScanCommandOutput = await this.#client.send(
        new ScanCommand({ TableName: this.#table, ConsistentRead: true, ExclusiveStartKey }),
      );
      items.push(...(page.Items ?? []));
      ExclusiveStartKey = page.LastEvaluatedKey;
    } while (ExclusiveStartKey !== undefined);
    return items;
  }

  async replace(read: Item, item: Item | null): Promise<boolean> {
    const key = read[this.#key];
    const was = read[this.#guard];
    if (key === undefined || was === undefined) return false;
    const condition = {
      TableName: this.#table,
      ConditionExpression: '#guard = :read',
      ExpressionAttributeNames: { '#guard': this.#guard },
      ExpressionAttributeValues: { ':read': was },
    };
    try {
      if (item === null) await this.#client.send(new DeleteItemCommand({ ...condition, Key: { [this.#key]: key } }));
      else await this.#client.send(new PutItemCommand({ ...condition, Item: item }));
      return true;
    } catch (error) {
      if ((error as Error).name === 'ConditionalCheckFailedException') return false;
      throw error;
    }
  }
}
