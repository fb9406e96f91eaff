import { gzipSync } from 'node:zlib';
import type { RowGroup, SchemaElement } from 'hyparquet';
import { fileWriter } from 'hyparquet-writer';
import { writeMetadata } from 'hyparquet-writer/src/metadata.js';
import { snappyCompress } from 'hyparquet-writer/src/snappy.js';
import type { ColumnType, PhysicalType } from '../cell.ts';
import type { Compression } from '../settings.ts';
import type { Cells } from './cells.ts';
import { type Codec, writeColumnChunk } from './column-chunk.ts';

/** Lambda and Glue say GZIP, not how hard: level 1 takes a third of the time of level 6 for a tenth more bytes (measured on Bronze rows). */
const GZIP_LEVEL = 1;
const MAGIC = 0x31524150; // PAR1

const CODECS: Readonly<Record<Compression, Codec>> = {
  GZIP: { name: 'GZIP', compress: (bytes) => gzipSync(bytes, { level: GZIP_LEVEL }) },
  SNAPPY: { name: 'SNAPPY', compress: (bytes) => snappyCompress(bytes) },
  UNCOMPRESSED: { name: 'UNCOMPRESSED', compress: (bytes) => bytes },
};

/** A Parquet file of optional columns, written row group by row group. The layout of pages is ours, the Thrift is hyparquet-writer's. */
export class ParquetFile {
  readonly path: string;
  readonly #writer: ReturnType<typeof fileWriter>;
  readonly #elements: readonly (SchemaElement & { readonly type: PhysicalType })[];
  readonly #codec: Codec;
  readonly #row_groups: RowGroup[] = [];
  #rows = 0;

  constructor(path: string, columns: readonly { name: string; type: ColumnType }[], compression: Compression) {
    this.path = path;
    this.#writer = fileWriter(path);
    this.#codec = CODECS[compression];
    this.#elements = columns.map(({ name, type }) => ({ ...type.element, name, repetition_type: 'OPTIONAL' }));
    this.#writer.appendUint32(MAGIC);
  }

  get rows(): number {
    return this.#rows;
  }

  /** `cells` in the order of the columns. */
  writeRowGroup(cells: readonly Cells[], rows: number): void {
    const start = this.#writer.offset;
    const columns = this.#elements.map((element, i) =>
      writeColumnChunk(this.#writer as never, element, cells[i] as Cells, rows, this.#codec),
    );
    this.#row_groups.push({
      columns,
      total_byte_size: columns.reduce((sum, c) => sum + (c.meta_data?.total_uncompressed_size ?? 0n), 0n),
      total_compressed_size: BigInt(this.#writer.offset - start),
      num_rows: BigInt(rows),
    });
    this.#rows += rows;
  }

  finish(): void {
    writeMetadata(this.#writer, {
      version: 2,
      created_by: 'bikelake',
      schema: [{ name: 'root', num_children: this.#elements.length }, ...this.#elements],
      num_rows: BigInt(this.#rows),
      row_groups: this.#row_groups,
    } as Parameters<typeof writeMetadata>[1]);
    this.#writer.appendUint32(MAGIC);
    void this.#writer.finish();
  }
}
