import { readFileSync } from 'node:fs';

/** What a compiled template sets that a bill depends on. */
export interface Settings {
  readonly shards: number;
  readonly on_demand: boolean;
  readonly retention_hours: number;
  readonly memory_mb: Readonly<Record<string, number>>;
  readonly batch_window_s: number;
  readonly transform_buffer_bytes: number;
  readonly bronze_interval_s: number;
  readonly bronze_buffer_bytes: number;
  readonly log_retention_days: number;
  readonly lifecycle: readonly LifecycleRule[];
  /** Metrics that the alarms look at, each counted as often as an alarm has it; an alarm on one metric has one. */
  readonly alarm_metrics: number;
  readonly alarms: number;
  readonly composite_alarms: number;
  readonly dashboards: number;
  readonly gold: EmrSettings | null;
  readonly recovery: readonly string[];
}

/** One rule for what begins with a prefix; '' is everything. */
export interface LifecycleRule {
  readonly prefix: string;
  /** Days after creation, and the class then. */
  readonly transitions: readonly { readonly days: number; readonly storage_class: string }[];
  readonly expires_days: number | null;
  /** Tagged objects only. */
  readonly tagged: boolean;
}

/** A Spark application; sizes of one worker. */
export interface EmrSettings {
  readonly driver: WorkerSize;
  readonly executor: WorkerSize;
  readonly max_vcpu: number | null;
}
interface WorkerSize {
  readonly vcpu: number;
  readonly memory_gb: number;
}

// biome-ignore lint/suspicious/noExplicitAny: a template, whose shape CloudFormation checks
type Value = Record<string, any>;

/** Of a compiled CloudFormation template, in a file. */
export function settingsOf(file: string): Settings {
  const { Resources } = JSON.parse(readFileSync(file, 'utf8')) as { Resources: Record<string, Value> };
  const all = (type: string): Value[] =>
    Object.values(Resources)
      .filter(({ Type }) => Type === type)
      .map(({ Properties }) => (Properties as Value) ?? {});
  const one = (type: string): Value => all(type)[0] ?? {};
  const stream = one('AWS::Kinesis::Stream');
  const firehose = all('AWS::KinesisFirehose::DeliveryStream').find((p) => p.KinesisStreamSourceConfiguration) ?? {};
  const destination = (firehose.ExtendedS3DestinationConfiguration ?? {}) as Value;
  const parameters = (destination.ProcessingConfiguration?.Processors?.[0]?.Parameters ?? []) as Value[];
  const transform_mb = Number(parameters.find((p) => p.ParameterName === 'BufferSizeInMBs')?.ParameterValue ?? 1);
  const alarms = all('AWS::CloudWatch::Alarm');
  return {
    shards: Number(stream.ShardCount ?? 0),
    on_demand: stream.StreamModeDetails?.StreamMode === 'ON_DEMAND',
    retention_hours: Number(stream.RetentionPeriodHours ?? 24),
    memory_mb: Object.fromEntries(
      all('AWS::Lambda::Function')
        .filter((p) => typeof p.FunctionName === 'string')
        .map((p) => [p.FunctionName.split('-').at(-1), Number(p.MemorySize ?? 128)]),
    ),
    batch_window_s: Number(one('AWS::Lambda::EventSourceMapping').MaximumBatchingWindowInSeconds ?? 0),
    transform_buffer_bytes: transform_mb * 1024 * 1024,
    bronze_interval_s: Number(destination.BufferingHints?.IntervalInSeconds ?? 300),
    bronze_buffer_bytes: Number(destination.BufferingHints?.SizeInMBs ?? 5) * 1024 * 1024,
    log_retention_days: Number(one('AWS::Logs::LogGroup').RetentionInDays ?? 0),
    lifecycle: all('AWS::S3::Bucket').flatMap((p) =>
      ((p.LifecycleConfiguration?.Rules ?? []) as Value[]).flatMap(ruleOf),
    ),
    alarms: alarms.length,
    alarm_metrics: alarms.reduce((sum, alarm) => sum + metricsOf(alarm), 0),
    composite_alarms: all('AWS::CloudWatch::CompositeAlarm').length,
    dashboards: all('AWS::CloudWatch::Dashboard').length,
    gold: emrOf(one('AWS::EMRServerless::Application')),
    recovery: all('AWS::DynamoDB::Table')
      .filter((p) => p.PointInTimeRecoverySpecification?.PointInTimeRecoveryEnabled)
      .map((p) => String(p.TableName)),
  };
}

const metricsOf = (alarm: Value): number =>
  alarm.Metrics ? (alarm.Metrics as Value[]).filter(({ MetricStat }) => MetricStat).length : 1;

function ruleOf(rule: Value): LifecycleRule[] {
  const transitions = ((rule.Transitions ?? (rule.Transition ? [rule.Transition] : [])) as Value[]).map((t) => ({
    days: Number(t.TransitionInDays),
    storage_class: String(t.StorageClass),
  }));
  const expires_days = rule.ExpirationInDays === undefined ? null : Number(rule.ExpirationInDays);
  if (rule.Status !== 'Enabled' || (transitions.length === 0 && expires_days === null)) return [];
  return [{ prefix: String(rule.Prefix ?? ''), transitions, expires_days, tagged: rule.TagFilters !== undefined }];
}

/** Worker sizes stand in the application's Spark defaults; memory and its overhead are one. */
function emrOf(application: Value): EmrSettings | null {
  if (application.Type === undefined) return null;
  const found = (application.RuntimeConfiguration ?? []) as Value[];
  const defaults = (found.find((one) => one.Classification === 'spark-defaults')?.Properties ?? {}) as Value;
  const sizeOf = (worker: 'driver' | 'executor'): WorkerSize => {
    const of = (name: string): number | null => numberIn(defaults[`spark.${worker}.${name}`]);
    const [vcpu, memory] = [of('cores'), of('memory')];
    if (vcpu === null || memory === null)
      throw new Error(`the template has no size for Spark's ${worker}: name it in its defaults`);
    return { vcpu, memory_gb: memory + (of('memoryOverhead') ?? 0) };
  };
  return {
    driver: sizeOf('driver'),
    executor: sizeOf('executor'),
    max_vcpu: numberIn(application.MaximumCapacity?.Cpu),
  };
}

/** `2 vCPU`, `16 GB`, `12g`, `8` */
const numberIn = (text: string | number | undefined): number | null =>
  text === undefined ? null : Number.parseFloat(`${text}`);
