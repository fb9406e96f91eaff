import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { parquetMetadata, parquetReadObjects, type SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';

export type ColumnType = 'STRING' | 'INT32' | 'INT64' | 'DOUBLE' | 'BOOLEAN' | 'TIMESTAMP';
export type Row = Readonly<Record<string, unknown>>;

const compress = (bytes: Uint8Array): Uint8Array =>
  // Level 1 is both smaller and faster here than 3 or 9 (docs/decisions).
  zstdCompressSync(bytes, { params: { [constants.ZSTD_c_compressionLevel]: 1 } });

/**
 * The rows as a Parquet file (zstd). Every column is optional; an absent member is null. TIMESTAMP columns take epoch ms and are
 * instants (adjusted to UTC); INT64 columns take safe integers. `metadata` stands in the footer, as key-value metadata.
 */
export function toParquet(
  columns: Readonly<Record<string, ColumnType>>,
  rows: readonly Row[],
  metadata: Readonly<Record<string, string>> = {},
): Buffer {
  const schema: SchemaElement[] = [
    { name: 'root', num_children: Object.keys(columns).length },
    ...Object.entries(columns).map(([name, type]) => element(name, type)),
  ];
  const columnData = Object.entries(columns).map(([name, type]) => ({
    name,
    data: rows.map((row) => toCell(row[name], type)),
  }));
  const file = parquetWriteBuffer({
    schema,
    columnData,
    codec: 'ZSTD',
    compressors: { ZSTD: compress },
    // Sequence numbers have up to 56 digits, and truncated bounds would be useless for them.
    statisticsTruncateLength: 64,
    rowGroupSize: 100_000,
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({ key, value })),
  });
  return Buffer.from(file);
}

export interface ParquetContent {
  readonly rows: Row[];
  /** The key-value metadata of the footer. */
  readonly metadata: ReadonlyMap<string, string>;
}

/** What a column of a file that `toParquet` wrote may unpack to: a bound against a broken file. */
const UNPACKED_LIMIT_BYTES = 256 * 1024 * 1024;

/** A Parquet file that `toParquet` wrote. Of its rows null members are left out, INT64 are numbers, TIMESTAMP are epoch ms. Throws any error for another file. */
export async function fromParquet(bytes: Uint8Array): Promise<ParquetContent> {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const footer = parquetMetadata(file);
  const rows = await parquetReadObjects({
    file,
    metadata: footer,
    compressors: { ZSTD: (input) => zstdDecompressSync(input, { maxOutputLength: UNPACKED_LIMIT_BYTES }) },
  });
  return {
    metadata: new Map((footer.key_value_metadata ?? []).map(({ key, value }) => [key, value ?? ''])),
    rows: rows.map((row) =>
      Object.fromEntries(
        Object.entries(row)
          .filter(([, value]) => value !== null && value !== undefined)
          .map(([name, value]) => [name, fromCell(value)]),
      ),
    ),
  };
}

function element(name: string, type: ColumnType): SchemaElement {
  const base = { name, repetition_type: 'OPTIONAL' } as const;
  switch (type) {
    case 'STRING':
      return { ...base, type: 'BYTE_ARRAY', converted_type: 'UTF8' };
    case 'TIMESTAMP':
      // The writer's plain TIMESTAMP reads back without a zone.
      return {
        ...base,
        type: 'INT64',
        logical_type: { type: 'TIMESTAMP', isAdjustedToUTC: true, unit: 'MILLIS' },
        converted_type: 'TIMESTAMP_MILLIS',
      };
    default:
      return { ...base, type };
  }
}

function toCell(value: unknown, type: ColumnType): unknown {
  if (value === null || value === undefined) return null;
  return type === 'INT64' || type === 'TIMESTAMP' ? BigInt(value as number) : value;
}

function fromCell(value: unknown): unknown {
  if (typeof value === 'bigint') return Number(value);
  if (value instanceof Date) return value.getTime();
  return value;
}
