import { ASSUMPTIONS as A } from '../assumptions.ts';
import type { EmrSettings, Settings } from '../measure/settings.ts';
import type { Scenario } from './scenario.ts';
import { storedIn } from './storage.ts';
import type { BillStage, Usage } from './usage.ts';
import type { Volume } from './volume.ts';

const GB = 1024 ** 3;
const DAYS = A.month_hours / 24;
/** Custom metrics: by the minute, and daily, which are billed for the hour in which they are sent. */
const MINUTE_METRICS = 6;
const DAILY_METRICS = 5;
const S3_ITEMS: Readonly<Record<string, string>> = {
  STANDARD: 's3_standard_gb_month',
  STANDARD_IA: 's3_standard_ia_gb_month',
  GLACIER_IR: 's3_glacier_ir_gb_month',
};
const MOVED_ITEMS: Readonly<Record<string, string>> = {
  STANDARD_IA: 's3_transition_standard_ia',
  GLACIER_IR: 's3_transition_glacier_ir',
};

/** Everything that bikelake is billed for in its `month`th month, but queries and QuickSight. */
export function usageOf(v: Volume, settings: Settings, scenario: Scenario, month: number): Usage[] {
  return [
    ...ofPoll(v, settings, month),
    ...ofStream(v, settings),
    ...ofBronze(v, settings, month),
    ...ofSilver(v, settings, scenario, month),
    ...(settings.gold === null ? [] : ofGold(v, settings, settings.gold, month)),
    ...ofWatch(v, settings, month),
  ].filter(({ quantity }) => quantity > 0);
}

const line =
  (stage: BillStage) =>
  (service: string, item: string, quantity: number, what: string): Usage => ({ stage, service, item, quantity, what });

function ofPoll(v: Volume, settings: Settings, month: number): Usage[] {
  const poll = line('poll');
  return [
    poll('Scheduler', 'schedule_invocation', v.polls, 'a poll of each group'),
    poll('Lambda', 'lambda_request', v.polls, 'polls'),
    poll('Lambda', 'lambda_gb_second', v.poll_gb_seconds, `polls, ${settings.memory_mb.poll} MB`),
    poll('Data transfer', 'egress_gb', v.egress_bytes / GB, 'requests to feeds'),
    poll('DynamoDB', 'dynamodb_read_unit', v.poll_state_read_units, 'state of the groups'),
    poll('DynamoDB', 'dynamodb_write_unit', v.poll_state_write_units, 'state of the groups'),
    poll('Firehose', 'firehose_gb', v.quarantine_billed_bytes / GB, 'rejected input'),
    ...stored('poll', 'quarantine/', month, { bytes: v.quarantine_billed_bytes, objects: 1 }, settings),
  ];
}

function ofStream(v: Volume, settings: Settings): Usage[] {
  const stream = line('stream');
  const extended = settings.retention_hours > 24 ? v.shards * A.month_hours : 0;
  const kms = A.kms_per_hour * A.month_hours * (1 + A.kms_credentials);
  return [
    stream('Kinesis', 'kinesis_shard_hour', v.shards * A.month_hours, `${v.shards} shard${v.shards === 1 ? '' : 's'}`),
    stream('Kinesis', 'kinesis_extended_hour', extended, `kept ${settings.retention_hours} hours, not 24`),
    stream('Kinesis', 'kinesis_put_unit', v.stream_put_units, 'chunks and receipts'),
    stream('KMS', 'kms_request', kms, 'encryption of the stream'),
  ];
}

function ofBronze(v: Volume, settings: Settings, month: number): Usage[] {
  const bronze = line('bronze');
  const gb = v.bronze_billed_bytes / GB;
  return [
    bronze('Firehose', 'firehose_gb', gb, 'chunks and receipts'),
    bronze('Firehose', 'firehose_conversion_gb', gb, 'to Parquet'),
    bronze('Lambda', 'lambda_request', v.bronze_invocations, 'transform'),
    bronze('Lambda', 'lambda_gb_second', v.bronze_gb_seconds, `transform, ${settings.memory_mb.bronze} MB`),
    bronze('S3', 's3_put', v.bronze_put_requests, 'files, in parts'),
    ...stored('bronze', 'bronze/events/', month, { bytes: v.bronze_bytes, objects: v.bronze_files }, settings),
  ];
}

function ofSilver(v: Volume, settings: Settings, { lanes }: Scenario, month: number): Usage[] {
  const silver = line('silver');
  const checkpoint_gb = v.checkpoint_bytes / GB;
  const isRecovered = settings.recovery.some((table) => table.includes('checkpoints'));
  const state_bytes = DAYS * v.checkpoint_bytes; // the first object of a day's folder holds the lane's state
  const log = { bytes: v.log_bytes + state_bytes, objects: v.log_put_requests };
  return [
    silver('Lambda', 'lambda_request', v.silver_invocations, 'batches'),
    silver('Lambda', 'lambda_gb_second', v.silver_gb_seconds, `batches, ${settings.memory_mb.silver} MB`),
    silver('S3', 's3_put', v.log_put_requests, `objects of the log, ${lanes} lane${lanes === 1 ? '' : 's'}`),
    silver('DynamoDB', 'dynamodb_write_unit', v.checkpoint_write_units, 'checkpoints'),
    silver('DynamoDB', 'dynamodb_gb_month', checkpoint_gb, 'checkpoints'),
    silver('DynamoDB', 'dynamodb_pitr_gb_month', isRecovered ? checkpoint_gb : 0, 'recovery of the checkpoints'),
    ...stored('silver', 'log/', month, log, settings),
  ];
}

function ofGold(v: Volume, settings: Settings, { driver, executor }: EmrSettings, month: number): Usage[] {
  const gold = line('gold');
  const spark_hours = (v.settle_cpu_seconds * A.spark_to_duckdb) / 3600;
  const weeks = DAYS / 7;
  // a driver and one executor each
  const maintain_hours = (weeks * (A.emr_overhead_seconds + A.maintain_seconds)) / 3600;
  const overhead_hours = (DAYS * A.emr_overhead_seconds) / 3600 + maintain_hours;
  const vcpu_hours = spark_hours + overhead_hours * (driver.vcpu + executor.vcpu);
  const executor_hours = spark_hours / executor.vcpu + overhead_hours;
  // the driver runs as long as the work; how many executors share it doesn't change their sum
  const driver_hours = executor_hours;
  const memory_gb_hours = executor_hours * executor.memory_gb + driver_hours * driver.memory_gb;
  const objects = v.log_put_requests + v.bronze_files;
  const scanned_tb = (DAYS * A.athena_queries_per_day * A.athena_query_mb) / 1024 / 1024;
  return [
    gold(
      'EMR Serverless',
      'emr_vcpu_hour',
      vcpu_hours + (driver_hours - overhead_hours) * driver.vcpu,
      'one run a day, maintain every week',
    ),
    gold('EMR Serverless', 'emr_memory_gb_hour', memory_gb_hours, 'the same'),
    gold('S3', 's3_get', objects * A.gets_per_file, 'the day’s files, read by Spark'),
    gold(
      'Step Functions',
      'states_transition',
      DAYS * A.transitions_per_day + weeks * A.transitions_per_maintain,
      'runs',
    ),
    gold('Athena', 'athena_tb', scanned_tb, 'gate and views, not queries'),
    ...stored('gold', 'silver/', month, { bytes: v.settled_bytes, objects: DAYS }, settings),
    ...stored('gold', 'gold/', month, { bytes: v.gold_bytes, objects: DAYS }, settings),
  ];
}

function ofWatch(v: Volume, settings: Settings, month: number): Usage[] {
  const watch = line('watch');
  const spark_bytes = settings.gold === null ? 0 : DAYS * A.spark_log_bytes_per_run;
  const logs_gb = (v.console_bytes + spark_bytes) / GB;
  const kept_months = Math.min(month - 0.5, settings.log_retention_days / DAYS);
  const daily = settings.gold === null ? 0 : DAILY_METRICS / 24;
  return [
    watch('CloudWatch', 'cloudwatch_metric_month', MINUTE_METRICS + daily, 'six by the minute, five a day'),
    watch('CloudWatch', 'cloudwatch_alarm_month', settings.alarm_metrics, `metrics of ${settings.alarms} alarms`),
    watch('CloudWatch', 'cloudwatch_composite_month', settings.composite_alarms, 'one over all'),
    watch('CloudWatch', 'cloudwatch_dashboard_month', settings.dashboards, 'dashboard'),
    watch('CloudWatch', 'logs_gb', logs_gb, 'metrics, warnings, Spark'),
    watch('CloudWatch', 'logs_gb_month', logs_gb * kept_months, `logs, kept ${settings.log_retention_days} days`),
    watch('SNS', 'sns_email', A.emails_per_month, 'alarms'),
  ];
}

/** What lies under a prefix, by class, and what moves between the classes. */
function stored(
  stage: BillStage,
  prefix: string,
  month: number,
  grows: { readonly bytes: number; readonly objects: number },
  { lifecycle }: Settings,
): Usage[] {
  const { gb_months, moved } = storedIn(month, prefix, grows, lifecycle);
  return [
    ...Object.entries(gb_months).map(([storage_class, gb]) => [S3_ITEMS[storage_class], gb, storage_class] as const),
    ...Object.entries(moved).map(
      ([storage_class, n]) => [MOVED_ITEMS[storage_class], n, `to ${storage_class}`] as const,
    ),
  ].map(([item, quantity, name]) => {
    if (item === undefined) throw new Error(`cost/prices.json has no price for storage class ${name}: add it`);
    return { stage, service: 'S3', item, quantity, what: `${prefix}, ${name}` };
  });
}
