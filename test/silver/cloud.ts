import {
  ConditionalCheckFailedException,
  type DynamoDBClient,
  GetItemCommand,
  PutItemCommand,
} from '@aws-sdk/client-dynamodb';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';

export type EffectKind = 'put' | 'get' | 'list' | 'read checkpoint' | 'write checkpoint';

/** A call that the program made and that nothing has answered yet. `perform` does what the service would do and gives its answer, or throws its refusal. */
export interface Effect {
  readonly kind: EffectKind;
  /** Key, prefix or lane. */
  readonly target: string;
  readonly lane: string;
  readonly perform: () => unknown;
  readonly answer: (value: unknown) => void;
  readonly refuse: (error: Error) => void;
}

export interface StoredObject {
  readonly key: string;
  readonly date: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

interface Item {
  readonly lane: string;
  readonly version: number;
  readonly bytes: Uint8Array;
}

/**
 * The bucket and the table that the Silver function's adapters speak to, as far as they do: conditional puts, consistent reads and lists
 * (in pages), conditional items. Each call waits until the test answers it. What an object or a checkpoint ever was is kept.
 */
export class Cloud {
  readonly objects = new Map<string, Uint8Array>();
  /** Every object that was ever created, by lane, in the order of creation. */
  readonly chains = new Map<string, StoredObject[]>();
  readonly items = new Map<string, Item>();
  /** Every checkpoint that was ever written. */
  readonly written: Item[] = [];
  /** Puts that nobody waits for any more, and that take effect later. */
  readonly flying: Effect[] = [];
  readonly violations: string[] = [];
  readonly page_size: number;

  constructor(page_size = 1000) {
    this.page_size = page_size;
  }

  clients(onCall: (effect: Effect) => void): { s3: S3Client; dynamodb: DynamoDBClient } {
    const send = (command: unknown): Promise<unknown> =>
      new Promise((answer, refuse) => onCall({ ...this.#effectOf(command), answer, refuse }));
    return { s3: { send } as unknown as S3Client, dynamodb: { send } as unknown as DynamoDBClient };
  }

  #effectOf(command: unknown): Omit<Effect, 'answer' | 'refuse'> {
    if (command instanceof PutObjectCommand) {
      const { Key = '', Body, IfNoneMatch } = command.input;
      const perform = () => this.#put(Key, Body as Uint8Array, IfNoneMatch === '*');
      return { kind: 'put', target: Key, lane: laneOf(Key), perform };
    }
    if (command instanceof GetObjectCommand) {
      const { Key = '' } = command.input;
      return { kind: 'get', target: Key, lane: laneOf(Key), perform: () => this.#get(Key) };
    }
    if (command instanceof ListObjectsV2Command) {
      const { Prefix = '', Delimiter, ContinuationToken } = command.input;
      const perform = () => this.#list(Prefix, Delimiter !== undefined, ContinuationToken ?? '');
      return { kind: 'list', target: Prefix, lane: laneOf(Prefix), perform };
    }
    if (command instanceof GetItemCommand) {
      const lane = String(command.input.Key?.lane?.S);
      return { kind: 'read checkpoint', target: lane, lane, perform: () => this.#item(lane) };
    }
    if (command instanceof PutItemCommand) {
      const lane = String(command.input.Item?.lane?.S);
      return { kind: 'write checkpoint', target: lane, lane, perform: () => this.#putItem(lane, command.input) };
    }
    throw new Error(`a call that the Silver function does not make: ${String(command)}`);
  }

  #put(key: string, bytes: Uint8Array, isConditional: boolean): unknown {
    if (this.objects.has(key)) {
      if (isConditional) throw serviceError('PreconditionFailed', 412);
      this.violations.push(`I3 overwritten: ${key}`);
    } else this.#append(key, bytes);
    this.objects.set(key, bytes);
    return {};
  }

  #append(key: string, bytes: Uint8Array): void {
    const lane = laneOf(key);
    const chain = this.chains.get(lane) ?? [];
    this.chains.set(lane, chain);
    const [, date = '', version = ''] = /event_date=(.{10})\/(\d{12})\.parquet$/.exec(key) ?? [];
    if (Number(version) !== chain.length + 1) {
      this.violations.push(`I5 fork: ${key} put after ${chain.at(-1)?.key ?? 'nothing'}`);
    }
    chain.push({ key, date, version: Number(version), bytes });
  }

  #get(key: string): unknown {
    const bytes = this.objects.get(key);
    if (bytes === undefined) throw serviceError('NoSuchKey', 404);
    return { Body: { transformToByteArray: async () => bytes } };
  }

  #list(prefix: string, isByFolder: boolean, after: string): unknown {
    const keys = [...this.objects.keys()].filter((key) => key.startsWith(prefix));
    const names = isByFolder ? new Set(keys.map((key) => key.slice(0, key.indexOf('/', prefix.length) + 1))) : keys;
    const beyond = [...names].filter((name) => name > after).sort();
    const page = beyond.slice(0, this.page_size);
    const next = beyond.length > page.length ? { NextContinuationToken: page.at(-1) } : {};
    return isByFolder
      ? { CommonPrefixes: page.map((Prefix) => ({ Prefix })), ...next }
      : { Contents: page.map((Key) => ({ Key })), ...next };
  }

  #item(lane: string): unknown {
    const item = this.items.get(lane);
    return item === undefined ? {} : { Item: { checkpoint: { B: item.bytes } } };
  }

  #putItem(lane: string, { Item, ConditionExpression }: PutItemCommand['input']): unknown {
    const item = { lane, version: Number(Item?.version?.N), bytes: new Uint8Array(Item?.checkpoint?.B ?? []) };
    const there = this.items.get(lane);
    if (ConditionExpression !== 'attribute_not_exists(lane) OR #version < :version') {
      this.violations.push(`a checkpoint is put under another condition: ${ConditionExpression}`);
    }
    if (there !== undefined && there.version >= item.version) {
      throw new ConditionalCheckFailedException({ message: 'a newer one is there', $metadata: {} });
    }
    this.items.set(lane, item);
    this.written.push(item);
    return {};
  }

  /** The keys of a lane that may expire: all that are not in its newest folder. */
  expirable(lane: string): string[] {
    const chain = this.chains.get(lane) ?? [];
    const newest = chain.at(-1)?.date;
    return chain.filter((o) => o.date !== newest && this.objects.has(o.key)).map((o) => o.key);
  }
}

const laneOf = (key: string): string => key.split('/')[1]?.slice('lane='.length) ?? '';

/** An error as the SDK throws it; without a status where no answer came. */
export function serviceError(name: string, httpStatusCode?: number): Error {
  return Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });
}
