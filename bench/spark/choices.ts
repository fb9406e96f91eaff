import type { SetUp } from './engines.ts';

/** How Spark is set up (docs/spark.md), and what each choice was made against: one thing otherwise each time. */
export const CHOICES: readonly (readonly [string, SetUp])[] = [
  ['as it is', {}],
  ['adaptive execution off', { settings: { 'spark.sql.adaptive.enabled': 'false' } }],
  [
    'no broadcast',
    {
      settings: {
        'spark.sql.autoBroadcastJoinThreshold': '-1',
        'spark.sql.adaptive.autoBroadcastJoinThreshold': '-1',
      },
    },
  ],
  ['a file is as large as its rows', { settings: { 'spark.sql.sources.fileCompressionFactor': '1' } }],
  ['raw in the schema', { columns: 'all' }],
  ['schema inferred', { columns: 'inferred' }],
  ['nothing kept', { kept: [] }],
  ['distribution hash', { properties: { 'write.distribution-mode': 'hash' } }],
  ['200 partitions', { settings: { 'spark.sql.shuffle.partitions': '200' } }],
  ['partitions for each core', { settings: { 'spark.sql.adaptive.coalescePartitions.parallelismFirst': 'true' } }],
  ['Snappy', { properties: { 'write.parquet.compression-codec': 'snappy' } }],
];
