/** The operations of the Kinesis API that the embedded service answers: validate, ask the store, encode. */
import type { Clock } from '../../clock.ts';
import { AwsError } from '../error.ts';
import type { Handle, Input } from '../json.ts';
import {
  existing,
  type Iterator,
  parseIterator,
  parseLimit,
  parsePut,
  parseStreamName,
  parseText,
  toIterator,
} from './input.ts';
import { reshardOperations } from './reshard-operations.ts';
import { toChildShard, toDescription, toRecord, toShard } from './shapes.ts';
import type { KinesisStore, Position, ShardFacts, StreamRecord } from './store.ts';

/** GetRecords answers at most 10,000 records and 10 MiB (API reference). */
const GET_RECORDS = 10_000;
const GET_BYTES = 10 * 1024 * 1024;
const LIST_SHARDS = 1000;
const DESCRIBE_SHARDS = 100;
const LIST_STREAMS = 100;
const ITERATOR_MS = 300_000;
/** The code of the service's own failures. */
export const FAULT = 'InternalFailure';

export function kinesisOperations(store: KinesisStore, clock: Clock): Handle {
  const streamOf = (input: Input): string => existing(store, parseStreamName(input));
  const operations: Readonly<Record<string, (input: Input) => Promise<object>>> = {
    PutRecord: async (input) => {
      const name = streamOf(input);
      const [result] = await store.put(name, parsePut([input], store.facts(name).max_record_kib));
      if (!result) throw new AwsError(FAULT, 'the store gave no result', 500);
      if ('error_code' in result)
        throw new AwsError(result.error_code, result.error_message, result.error_code === FAULT ? 500 : 400);
      return { ShardId: result.shard_id, SequenceNumber: result.sequence_number };
    },

    PutRecords: async (input) => {
      const name = streamOf(input);
      const results = await store.put(name, parsePut(input.Records, store.facts(name).max_record_kib));
      return {
        FailedRecordCount: results.filter((result) => 'error_code' in result).length,
        Records: results.map((result) =>
          'error_code' in result
            ? { ErrorCode: result.error_code, ErrorMessage: result.error_message }
            : { ShardId: result.shard_id, SequenceNumber: result.sequence_number },
        ),
      };
    },

    DescribeStreamSummary: async (input) => {
      const facts = store.facts(streamOf(input));
      return {
        StreamDescriptionSummary: {
          ...toDescription(facts),
          OpenShardCount: facts.shards.filter((shard) => shard.ending === null).length,
          ConsumerCount: 0,
          MaxRecordSizeInKiB: facts.max_record_kib,
        },
      };
    },

    DescribeStream: async (input) => {
      const facts = store.facts(streamOf(input));
      const { page, more } = pageOf(
        facts.shards,
        (shard) => shard.id,
        input.ExclusiveStartShardId,
        input.Limit,
        DESCRIBE_SHARDS,
      );
      return { StreamDescription: { ...toDescription(facts), Shards: page.map(toShard), HasMoreShards: more } };
    },

    ListShards: async (input) => {
      const token = input.NextToken === undefined ? undefined : parseToken(input.NextToken);
      const name = token ? existing(store, token.stream) : streamOf(input);
      const start = token?.after ?? input.ExclusiveStartShardId;
      const { page, more } = pageOf(
        store.facts(name).shards,
        (shard) => shard.id,
        start,
        input.MaxResults,
        LIST_SHARDS,
      );
      return { Shards: page.map(toShard), ...(more && { NextToken: toToken(name, page.at(-1)?.id ?? '') }) };
    },

    ListStreams: async (input) => {
      const start = input.ExclusiveStartStreamName ?? input.NextToken;
      const { page, more } = pageOf(store.streamNames(), (name) => name, start, input.Limit, LIST_STREAMS);
      return {
        StreamNames: page,
        HasMoreStreams: more,
        ...(more && { NextToken: page.at(-1) }),
        StreamSummaries: page.map((name) => {
          const { StreamName, StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp } = toDescription(
            store.facts(name),
          );
          return { StreamName, StreamARN, StreamStatus, StreamModeDetails, StreamCreationTimestamp };
        }),
      };
    },

    GetShardIterator: async (input) => {
      const stream = streamOf(input);
      const shard_id = shardOf(store, stream, input.ShardId);
      const position = startPosition(store, clock, stream, shard_id, input);
      return { ShardIterator: toIterator({ stream, shard_id, position, issued_ms: clock.now() }) };
    },

    GetRecords: async (input) => {
      const iterator = parseIterator(input.ShardIterator);
      const { stream, shard_id } = iterator;
      existing(store, stream);
      const age_ms = clock.now() - iterator.issued_ms;
      if (age_ms > ITERATOR_MS)
        throw new AwsError(
          'ExpiredIteratorException',
          `Iterator expired. The iterator was created ${age_ms} ms ago, and the tolerance is ${ITERATOR_MS} ms.`,
        );
      const records = parseLimit(input.Limit, GET_RECORDS, 'limit');
      const found = await store.read(stream, shard_id, iterator.position, { records, bytes: GET_BYTES });
      const next = nextOf(iterator, found, clock.now());
      const children = endOf(store, next);
      return {
        Records: found.map(toRecord),
        // At the end of a closed shard there is no next iterator; its children are told instead (API reference, GetRecords).
        ...(children === null ? { NextShardIterator: toIterator(next) } : { ChildShards: children.map(toChildShard) }),
        MillisBehindLatest: behind(store, clock, iterator, found),
      };
    },
    ...reshardOperations(store, clock),
  };

  return async (operation, input) => {
    const run = Object.hasOwn(operations, operation) ? operations[operation] : undefined;
    if (!run) throw new AwsError('UnknownOperationException', `The embedded Kinesis has no operation ${operation}`);
    return run(input);
  };
}

function shardOf(store: KinesisStore, stream: string, shard_id: unknown): string {
  const id = parseText(shard_id, 'shardId');
  if (store.shardIds(stream).includes(id)) return id;
  throw new AwsError('ResourceNotFoundException', `Could not find shard ${id} in stream ${stream}.`);
}

/** LATEST is made a fixed place here: what arrives between this call and the first GetRecords is read. */
function startPosition(store: KinesisStore, clock: Clock, stream: string, shard_id: string, input: Input): Position {
  const type = parseText(input.ShardIteratorType, 'shardIteratorType');
  const last = store.last(stream, shard_id);
  const given = (): string => {
    const sequence_number = parseText(input.StartingSequenceNumber, 'startingSequenceNumber');
    if (store.isSequenceNumber(stream, shard_id, sequence_number)) return sequence_number;
    throw new AwsError(
      'InvalidArgumentException',
      `StartingSequenceNumber ${sequence_number} used in GetShardIterator on shard ${shard_id} in stream ${stream} is invalid.`,
    );
  };
  if (type === 'TRIM_HORIZON') return type;
  if (type === 'LATEST') return last === undefined ? 'TRIM_HORIZON' : { after: last };
  if (type === 'AT_SEQUENCE_NUMBER') return { at: given() };
  if (type === 'AFTER_SEQUENCE_NUMBER') return { after: given() };
  if (type !== 'AT_TIMESTAMP')
    throw new AwsError(
      'ValidationException',
      `1 validation error detected: Value '${type}' at 'shardIteratorType' failed to satisfy constraint: Member must satisfy enum value set: [AFTER_SEQUENCE_NUMBER, LATEST, AT_TIMESTAMP, AT_SEQUENCE_NUMBER, TRIM_HORIZON]`,
    );
  if (typeof input.Timestamp !== 'number')
    throw new AwsError(
      'InvalidArgumentException',
      'Must specify timestamp parameter for iterator of type AT_TIMESTAMP.',
    );
  const time_ms = input.Timestamp * 1000;
  if (time_ms > clock.now()) throw new AwsError('InvalidArgumentException', 'The timestamp must not be in the future.');
  return store.positionAt(stream, shard_id, time_ms);
}

const nextOf = (iterator: Iterator, found: readonly StreamRecord[], now_ms: number): Iterator => {
  const last = found.at(-1);
  return { ...iterator, position: last ? { after: last.sequence_number } : iterator.position, issued_ms: now_ms };
};

/** The children of a shard that is closed, once nothing of it lies beyond the iterator; null before. */
function endOf(store: KinesisStore, { stream, shard_id, position }: Iterator): ShardFacts[] | null {
  const { shards } = store.facts(stream);
  if (shards.find(({ id }) => id === shard_id)?.ending == null) return null;
  if (!store.isAtEnd(stream, shard_id, position)) return null;
  return shards.filter(({ parents }) => parents.includes(shard_id));
}

/** How far the answer is behind the newest record: the age of its last record, and 0 where nothing lies beyond it. */
function behind(store: KinesisStore, clock: Clock, iterator: Iterator, found: readonly StreamRecord[]): number {
  const last = found.at(-1);
  if (!last) return 0;
  const beyond = store.pending(iterator.stream, iterator.shard_id, last.sequence_number).records;
  return beyond === 0 ? 0 : Math.max(0, clock.now() - last.arrived_at_ms);
}

function pageOf<T>(all: readonly T[], keyOf: (t: T) => string, after: unknown, limit: unknown, most: number) {
  const beyond = typeof after === 'string' ? all.filter((t) => keyOf(t) > after) : all;
  const size = Math.min(most, parseLimit(limit, LIST_SHARDS * 10, 'limit', most));
  return { page: beyond.slice(0, size), more: beyond.length > size };
}

const toToken = (stream: string, after: string): string =>
  Buffer.from(JSON.stringify({ stream, after })).toString('base64');

function parseToken(token: unknown): { stream: string; after: string } {
  try {
    return JSON.parse(Buffer.from(parseText(token, 'nextToken'), 'base64').toString());
  } catch {
    throw new AwsError('InvalidArgumentException', 'NextToken is invalid.');
  }
}
