import { type Honoured, only } from '../../template/honoured.ts';
import type { Properties, Resource } from '../../template/resolve.ts';
import { textOf } from '../../template/text.ts';
import { functionNameOf } from '../lambda/settings.ts';
import { uuidOf } from './uuid.ts';

/** An event source mapping from a Kinesis stream to a function. */
export interface MappingSettings {
  readonly uuid: string;
  readonly stream: string;
  readonly stream_arn: string;
  readonly function_name: string;
  readonly starting_position: 'TRIM_HORIZON' | 'LATEST';
  readonly enabled: boolean;
  /** Records. */
  readonly batch_size: number;
  readonly window_ms: number;
  readonly bisect: boolean;
  /** -1: until the record expires. */
  readonly maximum_retry_attempts: number;
  /** null: no limit but the stream's retention. */
  readonly maximum_record_age_ms: number | null;
  readonly partial_answers: boolean;
  /** Bucket that takes the documents of batches that were given up; null: they are dropped. */
  readonly failure_bucket: string | null;
  /** It has metrics of its own, of how many records were given up. */
  readonly counts_events?: boolean;
}

export const MAPPING_HONOURED: Honoured = {
  EventSourceArn: (arn) =>
    textOf(arn).includes(':kinesis:') ? null : `${textOf(arn)} is no Kinesis stream: it is left out`,
  FunctionName: true,
  StartingPosition: only('TRIM_HORIZON', 'LATEST'),
  Enabled: true,
  BatchSize: true,
  MaximumBatchingWindowInSeconds: true,
  ParallelizationFactor: only(1),
  BisectBatchOnFunctionError: true,
  MaximumRetryAttempts: true,
  MaximumRecordAgeInSeconds: true,
  TumblingWindowInSeconds: only(0),
  FunctionResponseTypes: true,
  DestinationConfig: {
    OnFailure: {
      Destination: (arn) =>
        textOf(arn).startsWith('arn:aws:s3:::')
          ? null
          : `${textOf(arn)} is no bucket: batches that are given up are dropped`,
    },
  },
  MetricsConfig: true,
  Tags: true,
};

export function toMappingSettings({ id, properties: p }: Resource): MappingSettings {
  const stream_arn = textOf(p.EventSourceArn);
  const age_s = Number(p.MaximumRecordAgeInSeconds ?? -1);
  const destination = ((p.DestinationConfig as Properties | undefined)?.OnFailure as Properties | undefined)
    ?.Destination;
  return {
    uuid: uuidOf(id),
    stream: stream_arn.slice(stream_arn.lastIndexOf('/') + 1),
    stream_arn,
    function_name: functionNameOf(textOf(p.FunctionName)),
    starting_position: p.StartingPosition === 'LATEST' ? 'LATEST' : 'TRIM_HORIZON',
    enabled: textOf(p.Enabled ?? true) === 'true',
    batch_size: Number(p.BatchSize ?? 100),
    window_ms: Number(p.MaximumBatchingWindowInSeconds ?? 0) * 1000,
    bisect: textOf(p.BisectBatchOnFunctionError ?? false) === 'true',
    maximum_retry_attempts: Number(p.MaximumRetryAttempts ?? -1),
    maximum_record_age_ms: age_s < 0 ? null : age_s * 1000,
    partial_answers: ((p.FunctionResponseTypes ?? []) as string[]).includes('ReportBatchItemFailures'),
    failure_bucket:
      typeof destination === 'string' && destination.startsWith('arn:aws:s3:::')
        ? destination.slice('arn:aws:s3:::'.length)
        : null,
    ...(countsEvents(p.MetricsConfig as Properties | undefined) && { counts_events: true }),
  };
}

const countsEvents = (config: Properties | undefined): boolean =>
  ((config?.Metrics ?? []) as string[]).includes('EventCount');
