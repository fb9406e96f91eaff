/**
 * SplitShard, MergeShards and UpdateShardCount. The service changes a stream in seconds, with the status UPDATING meanwhile; here it is done when
 * it is answered, so no stream is ever in use (ResourceInUseException). Limits of calls per second are not kept.
 */
import type { Clock } from '../../clock.ts';
import { AwsError } from '../error.ts';
import type { Input } from '../json.ts';
import { ACCOUNT_ID, REGION } from '../names.ts';
import { existing, invalid, parseHashKey, parseLimit, parseStreamName, parseText } from './input.ts';
import { streamArn } from './shapes.ts';
import type { KinesisStore, ShardFacts } from './store.ts';

/** Open shards of a stream. AWS's quota is one of the account and the region, and is raised on request; here each shard keeps a file open. */
export const SHARD_LIMIT = 500;
/** UpdateShardCount: "Scale more than ten times per rolling 24-hour period per stream" is refused (API reference). */
const SCALINGS = 10;
const DAY_MS = 86_400_000;

type Operations = Readonly<Record<string, (input: Input) => Promise<object>>>;

export function reshardOperations(store: KinesisStore, clock: Clock): Operations {
  const streamOf = (input: Input): string => existing(store, parseStreamName(input));
  const openOf = (stream: string): ShardFacts[] => store.facts(stream).shards.filter(({ ending }) => ending === null);
  return {
    SplitShard: async (input) => {
      const stream = streamOf(input);
      const shard = openShard(store, stream, input.ShardToSplit, 'shardToSplit');
      const at = BigInt(parseHashKey(input.NewStartingHashKey, 'newStartingHashKey'));
      const { start, end } = shard.range;
      if (at <= start + 1n || at >= end)
        throw new AwsError(
          'InvalidArgumentException',
          `NewStartingHashKey ${at} used in SplitShard() on shard ${shard.id} in stream ${stream} under account ${ACCOUNT_ID} is not both greater than one plus the shard's StartingHashKey ${start} and less than the shard's EndingHashKey ${end}.`,
        );
      const open = openOf(stream).length;
      if (open + 1 > SHARD_LIMIT)
        throw new AwsError(
          'LimitExceededException',
          `This request would exceed the shard limit for the account ${ACCOUNT_ID} in ${REGION}. Current shard count for the account: ${open}. Limit: ${SHARD_LIMIT}. Number of additional shards that would have resulted from this request: 1.`,
        );
      store.splitShard(stream, shard.id, at);
      return {};
    },

    MergeShards: async (input) => {
      const stream = streamOf(input);
      const shard = openShard(store, stream, input.ShardToMerge, 'shardToMerge');
      const adjacent = openShard(store, stream, input.AdjacentShardToMerge, 'adjacentShardToMerge');
      if (shard.range.end + 1n !== adjacent.range.start)
        throw new AwsError(
          'InvalidArgumentException',
          `Shards ${shard.id} and ${adjacent.id} in stream ${stream} under account ${ACCOUNT_ID} are not an adjacent pair of shards eligible for merging`,
        );
      store.mergeShards(stream, shard.id, adjacent.id);
      return {};
    },

    UpdateShardCount: async (input) => {
      const stream = streamOf(input);
      if (input.TargetShardCount === undefined || input.TargetShardCount === null)
        throw invalid('null', 'targetShardCount', 'Member must not be null');
      const target = parseLimit(input.TargetShardCount, Number.MAX_SAFE_INTEGER, 'targetShardCount');
      const scaling = parseText(input.ScalingType, 'scalingType');
      if (scaling !== 'UNIFORM_SCALING')
        throw invalid(`'${scaling}'`, 'scalingType', 'Member must satisfy enum value set: [UNIFORM_SCALING]');
      const current = openOf(stream).length;
      const refuse = (reason: string): AwsError =>
        new AwsError(
          'LimitExceededException',
          `${reason} Current open shard count: ${current}, Target shard count: ${target}`,
        );
      if (target > SHARD_LIMIT)
        throw refuse(`Target shard count or number of open shards cannot be greater than ${SHARD_LIMIT}.`);
      if (target > current * 2)
        throw refuse('UpdateShardCount cannot scale up over double your current open shard count.');
      if (target < current / 2)
        throw refuse('UpdateShardCount cannot scale down below half your current open shard count.');
      const today = store.facts(stream).scaled_ms.filter((ms) => ms > clock.now() - DAY_MS);
      if (today.length >= SCALINGS)
        throw refuse(`UpdateShardCount cannot be called more than ${SCALINGS} times in a rolling 24-hour period.`);
      store.updateShardCount(stream, target);
      return {
        StreamName: stream,
        StreamARN: streamArn(stream),
        CurrentShardCount: current,
        TargetShardCount: target,
      };
    },
  };
}

function openShard(store: KinesisStore, stream: string, value: unknown, place: string): ShardFacts {
  const id = parseText(value, place);
  const shard = store.facts(stream).shards.find((s) => s.id === id);
  if (!shard)
    throw new AwsError(
      'ResourceNotFoundException',
      `Could not find shard ${id} in stream ${stream} under account ${ACCOUNT_ID}.`,
    );
  if (shard.ending !== null)
    throw new AwsError(
      'InvalidArgumentException',
      `Shard ${id} in stream ${stream} under account ${ACCOUNT_ID} has already been merged or split, and thus is not eligible for merging or splitting.`,
    );
  return shard;
}
