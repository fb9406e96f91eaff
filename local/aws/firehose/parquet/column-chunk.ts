import type { ColumnChunk, CompressionCodec, SchemaElement } from 'hyparquet';
import { ByteWriter } from 'hyparquet-writer';
import { writePageHeader } from 'hyparquet-writer/src/datapage.js';
import { writeRleBitPackedHybrid } from 'hyparquet-writer/src/encoding.js';
import type { PhysicalType } from '../cell.ts';
import { type Cells, NULL } from './cells.ts';

export interface Codec {
  readonly name: CompressionCodec;
  readonly compress: (bytes: Uint8Array) => Uint8Array;
}

type Writer = InstanceType<typeof ByteWriter>;

/** Writes the first `rows` rows of a column: a dictionary page where cells repeat, and one data page. */
export function writeColumnChunk(
  writer: Writer,
  element: SchemaElement & { readonly type: PhysicalType },
  cells: Cells,
  rows: number,
  codec: Codec,
): ColumnChunk {
  const start = writer.offset;
  const entries = cells.entries.subarray(0, rows);
  const present = entries.filter((entry) => entry !== NULL);
  const dictionary = cells.shared && present.length > 0 && cells.size * 2 <= present.length;
  let uncompressed = 0;
  let dictionary_page_offset: bigint | undefined;
  if (dictionary) {
    dictionary_page_offset = BigInt(start);
    uncompressed += writeDictionaryPage(writer, cells, codec);
  }
  const data_page_offset = BigInt(writer.offset);
  uncompressed += writeDataPage(
    writer,
    entries,
    present,
    dictionary ? encodeIndexes(present, cells.size) : null,
    cells,
    codec,
  );
  const bounds = cells.bounds();
  return {
    file_offset: BigInt(start),
    meta_data: {
      type: element.type,
      encodings: dictionary ? ['PLAIN', 'RLE', 'RLE_DICTIONARY'] : ['PLAIN', 'RLE'],
      path_in_schema: [element.name],
      codec: codec.name,
      num_values: BigInt(rows),
      total_compressed_size: BigInt(writer.offset - start),
      total_uncompressed_size: BigInt(uncompressed),
      data_page_offset,
      ...(dictionary_page_offset !== undefined && { dictionary_page_offset }),
      statistics: {
        null_count: BigInt(rows - present.length),
        ...(bounds && { min_value: bounds.min, max_value: bounds.max }),
      },
    },
  };
}

function writeDictionaryPage(writer: Writer, cells: Cells, codec: Codec): number {
  const plain = cells.plain();
  const compressed = codec.compress(plain);
  const start = writer.offset;
  writePageHeader(writer, {
    type: 'DICTIONARY_PAGE',
    uncompressed_page_size: plain.length,
    compressed_page_size: compressed.length,
    dictionary_page_header: { num_values: cells.size, encoding: 'PLAIN' },
  });
  const header_bytes = writer.offset - start;
  writer.appendBytes(compressed);
  return header_bytes + plain.length;
}

/** Data page version 2: the definition levels lie before the compressed values. */
function writeDataPage(
  writer: Writer,
  entries: Int32Array,
  present: Int32Array,
  indexes: Uint8Array | null,
  cells: Cells,
  codec: Codec,
): number {
  const levels = new ByteWriter();
  if (present.length === entries.length) writeRun(levels, 1, entries.length);
  else if (present.length === 0) writeRun(levels, 0, entries.length);
  else
    writeRleBitPackedHybrid(
      levels,
      entries.map((entry) => (entry === NULL ? 0 : 1)),
      1,
    );
  const values = indexes ?? cells.plain(present);
  const compressed = codec.compress(values);
  const start = writer.offset;
  writePageHeader(writer, {
    type: 'DATA_PAGE_V2',
    uncompressed_page_size: levels.offset + values.length,
    compressed_page_size: levels.offset + compressed.length,
    data_page_header_v2: {
      num_values: entries.length,
      num_nulls: entries.length - present.length,
      num_rows: entries.length,
      encoding: indexes ? 'RLE_DICTIONARY' : 'PLAIN',
      definition_levels_byte_length: levels.offset,
      repetition_levels_byte_length: 0,
      is_compressed: true,
    },
  });
  const header_bytes = writer.offset - start;
  writer.appendBytes(levels.getBytes());
  writer.appendBytes(compressed);
  return header_bytes + levels.offset + values.length;
}

/** A run of the RLE/bit-packing hybrid with bit width 1. */
function writeRun(writer: Writer, value: 0 | 1, count: number): void {
  writer.appendVarInt(count << 1);
  writer.appendUint8(value);
}

/** Indexes into a dictionary: their bit width, then the hybrid. */
function encodeIndexes(indexes: Int32Array, size: number): Uint8Array {
  const writer = new ByteWriter();
  const width = Math.ceil(Math.log2(size));
  writer.appendUint8(width);
  writeRleBitPackedHybrid(writer, indexes, width);
  return writer.getBytes();
}
