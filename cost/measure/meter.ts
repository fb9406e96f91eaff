import { firehoseBytes, itemBytes, putUnits, readUnits, writeUnits } from './rounding.ts';

/** A request that went through a door, with its answer. */
export interface Call {
  readonly service: 'kinesis' | 'firehose' | 'dynamodb' | 's3' | 'ssm';
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** `x-amz-target`, where the service has one. */
  readonly target: string;
  readonly body: Buffer;
  readonly status: number;
  readonly answer: Buffer;
}

export type Tally = Readonly<Record<string, number>>;

interface JsonInput {
  readonly TableName?: string;
  readonly ConsistentRead?: boolean;
  readonly Item?: Parameters<typeof itemBytes>[0];
  readonly Records?: readonly { readonly Data: string; readonly PartitionKey?: string }[];
}

/** Counts what AWS would bill for the calls that it is shown, in AWS's own units, from the bytes on the wire. */
export class Meter {
  #counts: Record<string, number> = {};

  count(call: Call): void {
    const operation = call.target.split('.').at(-1) ?? '';
    if (call.service === 's3') this.#s3(call);
    else if (call.service === 'ssm') this.#add('ssm_requests', 1);
    else if (operation === 'PutRecords') this.#putRecords(call);
    else if (operation === 'PutRecordBatch') this.#putRecordBatch(call);
    else if (operation === 'PutItem' || operation === 'GetItem') this.#item(operation, call);
    else throw new Error(`cost/measure/meter.ts doesn't know what ${call.service} bills for ${operation}: add it`);
  }

  /** Everything counted since the last call. */
  take(): Tally {
    const counts = this.#counts;
    this.#counts = {};
    return counts;
  }

  #add(name: string, value: number): void {
    this.#counts[name] = (this.#counts[name] ?? 0) + value;
  }

  /** Both ways that a record of the stream is billed: as it is put, and as the delivery stream takes it. */
  #putRecords({ body, status }: Call): void {
    this.#add('stream_requests', 1);
    if (status !== 200) return;
    for (const { Data, PartitionKey = '' } of inputOf(body).Records ?? []) {
      const data_bytes = Buffer.from(Data, 'base64').length;
      this.#add('stream_records', 1);
      this.#add('stream_bytes', data_bytes + Buffer.byteLength(PartitionKey));
      this.#add('stream_put_units', putUnits(data_bytes + Buffer.byteLength(PartitionKey)));
      this.#add('bronze_billed_bytes', firehoseBytes(data_bytes));
    }
  }

  #putRecordBatch({ body }: Call): void {
    for (const { Data } of inputOf(body).Records ?? []) {
      this.#add('quarantine_billed_bytes', firehoseBytes(Buffer.from(Data, 'base64').length));
    }
  }

  #item(operation: 'PutItem' | 'GetItem', { body, answer, status }: Call): void {
    const input = inputOf(body);
    const table = input.TableName?.endsWith('-polls') ? 'poll_state' : 'checkpoint';
    if (operation === 'PutItem') {
      this.#add(`${table}_writes`, 1);
      this.#add(`${table}_write_units`, writeUnits(itemBytes(input.Item ?? {})));
      return;
    }
    const item = status === 200 ? inputOf(answer).Item : undefined;
    this.#add(`${table}_read_units`, readUnits(item ? itemBytes(item) : 0, input.ConsistentRead === true));
  }

  #s3({ method, url, body }: Call): void {
    const isList = url.includes('list-type=2');
    const kind = isList ? 'list' : method.toLowerCase();
    this.#add(`log_${kind}_requests`, 1);
    if (kind === 'put') this.#add('log_put_bytes', body.length);
  }
}

const inputOf = (body: Buffer): JsonInput => JSON.parse(body.toString('utf8')) as JsonInput;
