import { isUtf8 } from 'node:buffer';
import { type Cell, type ColumnType, columnType, MalformedValue } from './cell.ts';
import { type Document, documentsOf } from './documents.ts';
import { type RowColumns, type RowTarget, readRow } from './json-row.ts';
import { BooleanCells, NULL, NumberCells, TextCells } from './parquet/cells.ts';
import { ParquetFile } from './parquet/file.ts';
import type { ConversionSettings, GlueTable } from './settings.ts';
import type { Rejected, Sink } from './sink.ts';

/** Rows that are held in memory at a time. */
const ROW_GROUP_ROWS = 32_768;
const LINE_END = 0x0a;

type Reason = Omit<Rejected, 'raw'>;
type AnyCells = TextCells | NumberCells | BooleanCells;

/** Converts JSON documents to the rows of a Glue table, in a Parquet file. */
export class ParquetSink implements Sink, RowTarget {
  readonly #file: ParquetFile;
  readonly #types: readonly ColumnType[];
  readonly #cells: readonly AnyCells[];
  readonly #columns: RowColumns;
  readonly #columnOf: (key: string) => number | undefined;
  /** Rows of the group; the next row has this number. */
  #rows = 0;

  constructor(path: string, table: GlueTable, { keys, case_insensitive, compression }: ConversionSettings) {
    const columns = table.columns.map(({ name, type }) => ({ name, type: columnType(name, type) }));
    this.#file = new ParquetFile(path, columns, compression);
    this.#types = columns.map(({ type }) => type);
    this.#cells = this.#types.map(toCells);
    const toKey = (key: string): string => (case_insensitive ? key.toLowerCase() : key);
    const byKey = new Map(columns.map(({ name }, i) => [toKey(keys[name] ?? name), i]));
    this.#columnOf = (key) => byKey.get(toKey(key));
    this.#columns = toRowColumns(byKey, this.#types, case_insensitive);
  }

  add(data: Buffer): Rejected[] {
    const rejected: Rejected[] = [];
    const fast = isUtf8(data) && this.#columns.name.size > 0;
    let documents = 0;
    for (let from = 0; from < data.length; ) {
      const end = data.indexOf(LINE_END, from);
      const to = end < 0 ? data.length : end;
      if (fast && readRow(data, from, to, this.#columns, this)) {
        documents += 1;
        this.#keepRow();
      } else {
        this.#clearRow();
        for (const document of documentsOf(data.toString('utf8', from, to))) {
          documents += 1;
          const reason = this.#addDocument(document);
          if (reason !== null) rejected.push({ ...reason, raw: Buffer.from(document.text) });
        }
      }
      from = to + 1;
    }
    if (documents === 0) rejected.push({ ...malformed('The record was empty.'), raw: data });
    return rejected;
  }

  finish(): { path: string; rows: number } {
    this.#flush();
    this.#file.finish();
    return { path: this.#file.path, rows: this.#file.rows };
  }

  abandon(): void {
    // The file is open only while something is written into it.
  }

  text(column: number, source: Buffer, from: number, to: number): void {
    (this.#cells[column] as TextCells).set(this.#rows, source, from, to);
  }

  number(column: number, value: number): void {
    (this.#cells[column] as NumberCells).set(this.#rows, value);
  }

  clear(column: number): void {
    const { entries } = this.#cells[column] as AnyCells;
    entries[this.#rows] = NULL;
  }

  /** Null if the document is a row now. */
  #addDocument(document: Document): Reason | null {
    if ('error' in document) {
      const message = `Encountered malformed JSON. ${document.error}`;
      return { code: 'DataFormatConversion.ParseError', message };
    }
    const { value } = document;
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return malformed('The top level of the input JSON must be an object.');
    }
    try {
      for (const [key, member] of Object.entries(value)) {
        const column = this.#columnOf(key);
        if (column !== undefined && member !== null) this.#set(column, member);
      }
    } catch (error) {
      if (!(error instanceof MalformedValue)) throw error;
      this.#clearRow();
      return malformed(`Data does not match the schema. ${error.message}`);
    }
    this.#keepRow();
    return null;
  }

  #set(column: number, member: unknown): void {
    const cell: Cell = (this.#types[column] as ColumnType).toCell(member);
    const cells = this.#cells[column] as AnyCells;
    if (typeof cell === 'string') (cells as TextCells).setText(this.#rows, cell);
    else (cells as NumberCells).set(this.#rows, cell);
  }

  #keepRow(): void {
    this.#rows += 1;
    if (this.#rows === ROW_GROUP_ROWS) this.#flush();
  }

  #clearRow(): void {
    for (const { entries } of this.#cells) entries[this.#rows] = NULL;
  }

  #flush(): void {
    if (this.#rows === 0) return;
    this.#file.writeRowGroup(this.#cells, this.#rows);
    for (const cells of this.#cells) cells.reset();
    this.#rows = 0;
  }
}

function toCells({ element: { type } }: ColumnType): AnyCells {
  if (type === 'BYTE_ARRAY') return new TextCells(ROW_GROUP_ROWS);
  return type === 'BOOLEAN' ? new BooleanCells(ROW_GROUP_ROWS) : new NumberCells(ROW_GROUP_ROWS, type);
}

/** With keys in any case every document takes the slow way: the map of names is empty then. */
function toRowColumns(
  byKey: ReadonlyMap<string, number>,
  types: readonly ColumnType[],
  case_insensitive: boolean,
): RowColumns {
  const byte = new Int32Array(256).fill(-1);
  for (const [key, column] of byKey) if (/^[\x20-\x7e]$/.test(key)) byte[key.charCodeAt(0)] = column;
  return {
    byte,
    name: case_insensitive ? new Map() : byKey,
    plain: types.map(({ plain }) => plain),
    highest: types.map(({ highest }) => highest),
  };
}

const malformed = (message: string): Reason => ({ code: 'DataFormatConversion.MalformedData', message });
