import { nameOf } from '../../template/attributes.ts';
import { type Honoured, only } from '../../template/honoured.ts';
import type { Properties, Resource, Value } from '../../template/resolve.ts';
import { textOf } from '../../template/text.ts';
import { functionNameOf } from '../lambda/settings.ts';

export type Compression = 'UNCOMPRESSED' | 'GZIP' | 'SNAPPY';

export interface TransformSettings {
  readonly function_name: string;
  /** A hint: the record that passes it still goes into the buffer. */
  readonly buffer_bytes: number;
  readonly buffer_ms: number;
  /** Tries after the first. */
  readonly retries: number;
}

export interface ConversionSettings {
  readonly database: string;
  readonly table: string;
  readonly case_insensitive: boolean;
  /** Column → key of the JSON document, where they differ. */
  readonly keys: Readonly<Record<string, string>>;
  readonly compression: Compression;
}

export interface DeliveryStreamSettings {
  readonly name: string;
  /** Kinesis stream that it reads; null: direct put. */
  readonly source: string | null;
  readonly bucket: string;
  readonly prefix: string;
  readonly error_prefix: string;
  /** A hint, as the transform's. */
  readonly buffer_bytes: number;
  readonly buffer_ms: number;
  readonly compression: Compression;
  readonly transform: TransformSettings | null;
  readonly conversion: ConversionSettings | null;
  /** What is put after each record. */
  readonly delimiter: string;
  /** Log group that it tells its errors; none if it isn't told to. */
  readonly error_log?: string;
}

/** A table of the Glue catalogue: what the conversion writes. */
export interface GlueTable {
  readonly database: string;
  readonly name: string;
  readonly columns: readonly { readonly name: string; readonly type: string }[];
}

const MIB = 1024 * 1024;

const DESTINATION_HONOURED: Honoured = {
  BucketARN: true,
  Prefix: true,
  ErrorOutputPrefix: true,
  BufferingHints: { SizeInMBs: true, IntervalInSeconds: true },
  CompressionFormat: only('UNCOMPRESSED', 'GZIP'),
  CustomTimeZone: only('UTC'),
  ProcessingConfiguration: {
    Enabled: true,
    Processors: (processors) => {
      const types = (processors as Properties[]).map((p) => textOf(p.Type));
      const unknown = types.filter((type) => type !== 'Lambda' && type !== 'AppendDelimiterToRecord');
      return unknown.length === 0 ? null : `processor ${unknown.join(', ')} is not honoured on this machine`;
    },
  },
  DataFormatConversionConfiguration: {
    Enabled: true,
    InputFormatConfiguration: {
      Deserializer: { OpenXJsonSerDe: { CaseInsensitive: true, ColumnToJsonKeyMappings: true } },
    },
    OutputFormatConfiguration: {
      Serializer: {
        ParquetSerDe: {
          Compression: only('GZIP', 'SNAPPY', 'UNCOMPRESSED'),
          // How the file is laid out inside; readers see no difference.
          EnableDictionaryCompression: true,
          WriterVersion: true,
          BlockSizeBytes: true,
          PageSizeBytes: true,
          MaxPaddingBytes: true,
        },
      },
    },
    SchemaConfiguration: true,
  },
  S3BackupMode: only('Disabled'),
  DynamicPartitioningConfiguration: { Enabled: only(false) },
  // Roles and keys of AWS.
  RoleARN: true,
  EncryptionConfiguration: true,
  CloudWatchLoggingOptions: true,
};

export const DELIVERY_STREAM_HONOURED: Honoured = {
  DeliveryStreamName: true,
  DeliveryStreamType: only('KinesisStreamAsSource', 'DirectPut'),
  KinesisStreamSourceConfiguration: true,
  ExtendedS3DestinationConfiguration: DESTINATION_HONOURED,
  DeliveryStreamEncryptionConfigurationInput: true,
  Tags: true,
};

export const GLUE_TABLE_HONOURED: Honoured = true;

export function toDeliveryStream(resource: Resource): DeliveryStreamSettings {
  const { properties: p } = resource;
  const destination = (p.ExtendedS3DestinationConfiguration ?? {}) as Properties;
  const hints = (destination.BufferingHints ?? {}) as Properties;
  const source = (p.KinesisStreamSourceConfiguration as Properties | undefined)?.KinesisStreamARN;
  return {
    name: nameOf(resource),
    source: source === undefined ? null : lastOf(textOf(source), '/'),
    bucket: lastOf(textOf(destination.BucketARN), ':'),
    prefix: textOf(destination.Prefix ?? ''),
    error_prefix: textOf(destination.ErrorOutputPrefix ?? ''),
    buffer_bytes: Number(hints.SizeInMBs ?? 5) * MIB,
    buffer_ms: Number(hints.IntervalInSeconds ?? 300) * 1000,
    compression: toCompression(destination.CompressionFormat),
    transform: toTransform(processor(destination, 'Lambda')),
    conversion: toConversion(destination.DataFormatConversionConfiguration as Properties | undefined),
    delimiter: (processor(destination, 'AppendDelimiterToRecord')?.Delimiter ?? '').replaceAll('\\n', '\n'),
    ...errorLogOf(destination.CloudWatchLoggingOptions as Properties | undefined),
  };
}

export function toGlueTable(resource: Resource): GlueTable {
  const { DatabaseName, TableInput } = resource.properties as { DatabaseName: Value; TableInput: Properties };
  const descriptor = TableInput.StorageDescriptor as Properties | undefined;
  const columns = (descriptor?.Columns ?? []) as Properties[];
  return {
    database: textOf(DatabaseName),
    name: nameOf(resource),
    columns: columns.map((c) => ({ name: textOf(c.Name), type: textOf(c.Type) })),
  };
}

const errorLogOf = (options: Properties | undefined): { error_log?: string } =>
  textOf(options?.Enabled) === 'true' ? { error_log: textOf(options?.LogGroupName) } : {};

/** The parameters of a processor, by name; undefined where it isn't configured. */
function processor(destination: Properties, type: string): Record<string, string> | undefined {
  const processing = destination.ProcessingConfiguration as Properties | undefined;
  if (textOf(processing?.Enabled) !== 'true') return undefined;
  const found = (processing?.Processors as Properties[] | undefined)?.find((p) => p.Type === type);
  const parameters = found?.Parameters as Properties[] | undefined;
  return (
    found && Object.fromEntries((parameters ?? []).map((p) => [textOf(p.ParameterName), textOf(p.ParameterValue)]))
  );
}

function toTransform(parameters: Record<string, string> | undefined): TransformSettings | null {
  if (parameters === undefined) return null;
  return {
    function_name: functionNameOf(parameters.LambdaArn ?? ''),
    buffer_bytes: Number(parameters.BufferSizeInMBs ?? 1) * MIB,
    buffer_ms: Number(parameters.BufferIntervalInSeconds ?? 60) * 1000,
    retries: Number(parameters.NumberOfRetries ?? 3),
  };
}

function toConversion(configuration: Properties | undefined): ConversionSettings | null {
  if (configuration === undefined || textOf(configuration.Enabled ?? true) !== 'true') return null;
  const schema = configuration.SchemaConfiguration as Properties;
  const input = (configuration.InputFormatConfiguration as Properties).Deserializer as Properties;
  const output = (configuration.OutputFormatConfiguration as Properties).Serializer as Properties;
  const serde = (input.OpenXJsonSerDe ?? {}) as Properties;
  return {
    database: textOf(schema.DatabaseName),
    table: textOf(schema.TableName),
    case_insensitive: textOf(serde.CaseInsensitive ?? true) === 'true',
    keys: (serde.ColumnToJsonKeyMappings ?? {}) as Record<string, string>,
    compression: toCompression((output.ParquetSerDe as Properties | undefined)?.Compression ?? 'SNAPPY'),
  };
}

const toCompression = (value: Value | undefined): Compression =>
  value === 'GZIP' || value === 'SNAPPY' ? value : 'UNCOMPRESSED';

const lastOf = (text: string, separator: string): string => text.slice(text.lastIndexOf(separator) + 1);
