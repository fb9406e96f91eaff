import { ASSUMPTIONS as A } from '../assumptions.ts';
import { firehoseBytes, putUnits } from '../measure/rounding.ts';
import type { Settings } from '../measure/settings.ts';
import { usageOf } from './bikelake.ts';
import type { Scenario } from './scenario.ts';
import { storedIn } from './storage.ts';
import type { Usage } from './usage.ts';
import type { Volume } from './volume.ts';

const GB = 1024 ** 3;
/** A station's record as JSON, with the raw one: what a chunk's line has, uncompressed. */
const RECORD_BYTES = 700;
/** Records in an invocation of the mapping. */
const BATCH_RECORDS = 100;
/** By the minute and system: polls, failures, latency, events, changes. */
const METRICS_OF_A_SYSTEM = 5;
/** A put on condition, and what it takes to make it. */
const CPU_MS_OF_A_PUT = 0.3;

/**
 * The same collection without what makes bikelake cheap: a schedule, an invocation and metrics for each system, a record of the stream for each
 * event, and a write on condition for each, which finds nothing new nine times in ten. Retention, Bronze's bytes, Gold, alarms and dashboard are
 * those of bikelake.
 */
export function naiveUsage(v: Volume, settings: Settings, scenario: Scenario, month: number): Usage[] {
  const { systems } = scenario;
  const polls = v.slots * systems;
  const per_slot = v.events / v.slots;
  const shards = Math.max(
    1,
    Math.ceil((per_slot * RECORD_BYTES) / (A.burst_seconds * A.shard_bytes_per_second)),
    Math.ceil(per_slot / (A.burst_seconds * A.shard_records_per_second)),
  );
  const billed_gb = (v.events * firehoseBytes(RECORD_BYTES)) / GB;
  const poll_gb_s = (polls * (A.feed_ms + 60) * (512 / 1024)) / 1000;
  const cpu_ms = CPU_MS_OF_A_PUT * (A.lambda_mb_per_vcpu / 1024);
  const silver_gb_s = (v.events * Math.max(cpu_ms, A.dynamodb_ms / A.naive_puts_at_once)) / 1000;
  const transforms = (v.events * RECORD_BYTES) / (1024 * 1024);
  const bronze = storedIn(month, 'bronze/events/', { bytes: v.bronze_bytes, objects: v.bronze_files }, []);
  const usage: Usage[] = [
    { stage: 'poll', service: 'Scheduler', item: 'schedule_invocation', quantity: polls, what: 'a schedule a system' },
    { stage: 'poll', service: 'Lambda', item: 'lambda_request', quantity: polls, what: 'an invocation a system' },
    { stage: 'poll', service: 'Lambda', item: 'lambda_gb_second', quantity: poll_gb_s, what: 'polls, 512 MB' },
    { stage: 'poll', service: 'Data transfer', item: 'egress_gb', quantity: v.egress_bytes / GB, what: 'requests' },
    {
      stage: 'stream',
      service: 'Kinesis',
      item: 'kinesis_shard_hour',
      quantity: shards * A.month_hours,
      what: `${shards} shards`,
    },
    {
      stage: 'stream',
      service: 'Kinesis',
      item: 'kinesis_extended_hour',
      quantity: settings.retention_hours > 24 ? shards * A.month_hours : 0,
      what: `kept ${settings.retention_hours} hours, not 24`,
    },
    {
      stage: 'stream',
      service: 'Kinesis',
      item: 'kinesis_put_unit',
      quantity: v.events * putUnits(RECORD_BYTES),
      what: 'a record an event',
    },
    { stage: 'bronze', service: 'Firehose', item: 'firehose_gb', quantity: billed_gb, what: '5 KB an event' },
    { stage: 'bronze', service: 'Firehose', item: 'firehose_conversion_gb', quantity: billed_gb, what: 'to Parquet' },
    { stage: 'bronze', service: 'Lambda', item: 'lambda_request', quantity: transforms, what: 'transform' },
    { stage: 'bronze', service: 'S3', item: 's3_put', quantity: v.bronze_put_requests, what: 'files' },
    {
      stage: 'bronze',
      service: 'S3',
      item: 's3_standard_gb_month',
      quantity: bronze.gb_months.STANDARD ?? 0,
      what: 'no rules',
    },
    {
      stage: 'silver',
      service: 'DynamoDB',
      item: 'dynamodb_write_unit',
      quantity: v.events,
      what: 'a write on condition an event',
    },
    { stage: 'silver', service: 'Lambda', item: 'lambda_request', quantity: v.events / BATCH_RECORDS, what: 'batches' },
    { stage: 'silver', service: 'Lambda', item: 'lambda_gb_second', quantity: silver_gb_s, what: 'writes, 1,024 MB' },
    {
      stage: 'watch',
      service: 'CloudWatch',
      item: 'cloudwatch_metric_month',
      quantity: systems * METRICS_OF_A_SYSTEM,
      what: 'metrics of each system',
    },
    ...usageOf(v, settings, scenario, month).filter(isTheSame),
  ];
  return usage.filter(({ quantity }) => quantity > 0);
}

/** What doesn't hang on how events travel: but for its metrics, which are by system here. */
const isTheSame = ({ stage, item }: Usage): boolean =>
  stage === 'gold' || (stage === 'watch' && item !== 'cloudwatch_metric_month');
