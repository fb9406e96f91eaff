import type { FaultKind } from '../faults.ts';

/** What every HTTP door of a service can do. */
export const DOOR_KINDS = ['throttle', 'error', 'timeout', 'lost_reply', 'reset', 'slow'] as const;
export type DoorKind = (typeof DOOR_KINDS)[number];

/** A service as a rule may name it. */
export interface Service {
  readonly kinds: readonly FaultKind[];
  /** Its operations; null: names that the template or the plan gives. */
  readonly operations: readonly string[] | null;
}

/** Tables are made at the start, by the run itself. */
export const ITEM_OPERATIONS = [
  'GetItem',
  'PutItem',
  'DeleteItem',
  'UpdateItem',
  'BatchGetItem',
  'BatchWriteItem',
  'Query',
  'Scan',
];

/** Every place that asks, by service. */
export const SERVICES: Readonly<Record<string, Service>> = {
  kinesis: { kinds: [...DOOR_KINDS, 'partial', 'split', 'merge', 'disk_full'], operations: null },
  firehose: {
    kinds: [...DOOR_KINDS, 'partial'],
    operations: ['PutRecord', 'PutRecordBatch', 'DescribeDeliveryStream', 'ListDeliveryStreams'],
  },
  ssm: { kinds: DOOR_KINDS, operations: ['GetParameter', 'GetParameters'] },
  dynamodb: { kinds: [...DOOR_KINDS, 'stale', 'lost', 'restored'], operations: ITEM_OPERATIONS },
  s3: {
    kinds: DOOR_KINDS,
    operations: [
      ...['GetObject', 'PutObject', 'HeadObject', 'DeleteObject', 'DeleteObjects', 'ListObjectsV2'],
      ...['PutObjectTagging', 'GetObjectTagging', 'DeleteObjectTagging'],
      ...['ListBuckets', 'CreateBucket', 'HeadBucket', 'GetBucketLocation'],
    ],
  },
  lambda: { kinds: ['throttle', 'killed', 'timeout', 'twin', 'switch'], operations: null },
  async: { kinds: ['again'], operations: null },
  mapping: { kinds: ['rebatch', 'bisect', 'give_up', 'duplicate'], operations: null },
  delivery: { kinds: ['rebatch', 'duplicate', 'replaced'], operations: null },
  schedule: { kinds: ['duplicate', 'late'], operations: null },
  settle: { kinds: ['early'], operations: ['lake'] },
  disk: { kinds: ['disk_full'], operations: ['state', 's3', 'firehose'] },
};

/**
 * Kinds that happen only where a rule names them: they lose data by design until a command brings it back (`replaced`, `give_up`),
 * change the stream for good (`split`, `merge`), or need somebody who makes room (`disk_full`).
 */
export const NAMED_ONLY: ReadonlySet<FaultKind> = new Set(['replaced', 'give_up', 'split', 'merge', 'disk_full']);

export const KINDS: readonly FaultKind[] = [...new Set(Object.values(SERVICES).flatMap(({ kinds }) => kinds))];
