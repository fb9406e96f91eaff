/**
 * The cells of a column in a row group. A row holds the number of an entry, -1 for null; equal cells share an entry where that pays, so the
 * entries are the dictionary of the column chunk.
 */
export interface Cells {
  /** Entry of each row. */
  readonly entries: Int32Array;
  /** Number of entries. */
  readonly size: number;
  /** True while equal cells share an entry. */
  readonly shared: boolean;
  /** PLAIN encoding of the entries of rows, or of all entries. */
  plain(rows?: Int32Array): Uint8Array;
  /** Smallest and largest cell, as hyparquet-writer takes them; null where they would cost more than they save. */
  bounds(): { readonly min: number | bigint; readonly max: number | bigint } | null;
  /** Forgets all rows. */
  reset(): void;
}

export const NULL = -1;

export class NumberCells implements Cells {
  readonly entries: Int32Array;
  readonly shared = true;
  readonly #type: 'INT32' | 'INT64' | 'DOUBLE';
  #values: number[] = [];
  #entryOf = new Map<number, number>();
  #last = Number.NaN;
  #last_entry = NULL;

  constructor(rows: number, type: 'INT32' | 'INT64' | 'DOUBLE') {
    this.entries = new Int32Array(rows).fill(NULL);
    this.#type = type;
  }

  get size(): number {
    return this.#values.length;
  }

  set(row: number, value: number): void {
    if (value !== this.#last) {
      let entry = this.#entryOf.get(value);
      if (entry === undefined) {
        entry = this.#values.push(value) - 1;
        this.#entryOf.set(value, entry);
      }
      this.#last = value;
      this.#last_entry = entry;
    }
    this.entries[row] = this.#last_entry;
  }

  plain(rows?: Int32Array): Uint8Array {
    const values = rows ? Array.from(rows, (entry) => this.#values[entry] as number) : this.#values;
    if (this.#type === 'INT32') return new Uint8Array(Int32Array.from(values).buffer);
    if (this.#type === 'DOUBLE') return new Uint8Array(Float64Array.from(values).buffer);
    return new Uint8Array(BigInt64Array.from(values, BigInt).buffer);
  }

  bounds(): { min: number | bigint; max: number | bigint } | null {
    if (this.size === 0 || this.#values.some(Number.isNaN)) return null;
    const min = this.#values.reduce((a, b) => Math.min(a, b));
    const max = this.#values.reduce((a, b) => Math.max(a, b));
    return this.#type === 'INT64' ? { min: BigInt(min), max: BigInt(max) } : { min, max };
  }

  reset(): void {
    this.entries.fill(NULL);
    this.#values = [];
    this.#entryOf = new Map();
    this.#last = Number.NaN;
    this.#last_entry = NULL;
  }
}

/** The entry of a row is the value itself: 0 or 1. */
export class BooleanCells implements Cells {
  readonly entries: Int32Array;
  readonly shared = false;
  readonly size = 2;

  constructor(rows: number) {
    this.entries = new Int32Array(rows).fill(NULL);
  }

  set(row: number, value: number): void {
    this.entries[row] = value;
  }

  plain(rows: Int32Array = new Int32Array()): Uint8Array {
    const bits = new Uint8Array(Math.ceil(rows.length / 8));
    for (let i = 0; i < rows.length; i++) bits[i >> 3] = (bits[i >> 3] ?? 0) | ((rows[i] ?? 0) << (i & 7));
    return bits;
  }

  bounds(): null {
    return null;
  }

  reset(): void {
    this.entries.fill(NULL);
  }
}

/** Rows after which a column whose cells seldom repeat no longer looks for equal ones. */
const TRIAL_ROWS = 1024;

/** UTF-8 text, kept as bytes. */
export class TextCells implements Cells {
  readonly entries: Int32Array;
  #bytes = Buffer.allocUnsafe(64 * 1024);
  /** Where entry n begins; it ends where the next begins. */
  #starts: Int32Array;
  #size = 0;
  #shared = true;
  #entryOf = new Map<string, number>();
  #last_entry = NULL;

  constructor(rows: number) {
    this.entries = new Int32Array(rows).fill(NULL);
    this.#starts = new Int32Array(rows + 2);
  }

  get size(): number {
    return this.#size;
  }

  get shared(): boolean {
    return this.#shared;
  }

  setText(row: number, text: string): void {
    const bytes = Buffer.from(text);
    this.set(row, bytes, 0, bytes.length);
  }

  set(row: number, source: Buffer, from: number, to: number): void {
    // Feeds keep their order: a cell mostly is that of the row before, or the one that followed it the last time.
    const last = this.#last_entry;
    if (last >= 0 && this.#equals(last, source, from, to)) {
      this.entries[row] = last;
      return;
    }
    if (this.#shared && last + 1 < this.#size && this.#equals(last + 1, source, from, to)) {
      this.#last_entry = last + 1;
    } else this.#last_entry = this.#shared ? this.#sharedEntry(row, source, from, to) : this.#add(source, from, to);
    this.entries[row] = this.#last_entry;
  }

  plain(rows?: Int32Array): Uint8Array {
    const count = rows ? rows.length : this.#size;
    let length = 0;
    for (let i = 0; i < count; i++) length += 4 + this.#lengthOf(rows ? (rows[i] as number) : i);
    const out = Buffer.allocUnsafe(length);
    let at = 0;
    for (let i = 0; i < count; i++) {
      const entry = rows ? (rows[i] as number) : i;
      const start = this.#starts[entry] as number;
      const size = this.#lengthOf(entry);
      out.writeUInt32LE(size, at);
      this.#bytes.copy(out, at + 4, start, start + size);
      at += 4 + size;
    }
    return out;
  }

  bounds(): null {
    return null;
  }

  reset(): void {
    this.entries.fill(NULL);
    this.#size = 0;
    this.#entryOf = new Map();
    this.#last_entry = NULL; // a column whose cells don't repeat stays so for the file
  }

  #lengthOf(entry: number): number {
    return (this.#starts[entry + 1] as number) - (this.#starts[entry] as number);
  }

  #equals(entry: number, source: Buffer, from: number, to: number): boolean {
    const start = this.#starts[entry] as number;
    if ((this.#starts[entry + 1] as number) - start !== to - from) return false;
    const bytes = this.#bytes;
    // Ids and hashes differ at their end.
    for (let i = to - from - 1; i >= 0; i--) if (bytes[start + i] !== source[from + i]) return false;
    return true;
  }

  #sharedEntry(row: number, source: Buffer, from: number, to: number): number {
    const key = source.toString('latin1', from, to);
    const known = this.#entryOf.get(key);
    if (known !== undefined) return known;
    const entry = this.#add(source, from, to);
    if (this.#size >= TRIAL_ROWS && this.#size > row * 0.75) {
      this.#shared = false;
      this.#entryOf = new Map();
    } else this.#entryOf.set(key, entry);
    return entry;
  }

  #add(source: Buffer, from: number, to: number): number {
    const start = this.#starts[this.#size] as number;
    const end = start + to - from;
    if (end > this.#bytes.length) {
      const larger = Buffer.allocUnsafe(Math.max(end, this.#bytes.length * 2));
      this.#bytes.copy(larger, 0, 0, start);
      this.#bytes = larger;
    }
    source.copy(this.#bytes, start, from, to);
    if (this.#size + 2 > this.#starts.length) {
      const more = new Int32Array(this.#starts.length * 2); // rows that were rejected have left their entries
      more.set(this.#starts);
      this.#starts = more;
    }
    this.#size += 1;
    this.#starts[this.#size] = end;
    return this.#size - 1;
  }
}
