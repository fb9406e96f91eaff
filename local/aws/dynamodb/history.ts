/** An item or a key as the API has it: attribute → `{type: value}`. */
export type Item = Readonly<Record<string, unknown>>;

/** Contents that are kept of an item, the newest last. */
const KEPT = 3;

/**
 * What PutItem wrote, so that an earlier content can be answered or put back. Of this run only; other operations that write are not
 * followed.
 */
export class History {
  /** Table → names of its key attributes. */
  readonly #keys = new Map<string, readonly string[]>();
  readonly #contents = new Map<string, (Item | null)[]>();

  defineTable(table: string, key_names: readonly string[]): void {
    this.#keys.set(table, key_names);
  }

  /** After a put that was answered with success. */
  wrote(table: string, item: Item): void {
    const id = this.#idOf(table, item);
    const contents = this.#contents.get(id) ?? [null];
    this.#contents.set(id, [...contents, item].slice(-KEPT));
  }

  /** What was there before the last write; null: no item. undefined where no write is known. */
  before(table: string, key: Item): Item | null | undefined {
    return this.#contents.get(this.#idOf(table, key))?.at(-2);
  }

  /** The oldest content that is known; undefined where there is only one. */
  oldest(table: string, key: Item): Item | undefined {
    const contents = (this.#contents.get(this.#idOf(table, key)) ?? []).filter((item) => item !== null);
    return contents.length > 1 ? contents[0] : undefined;
  }

  #idOf(table: string, item: Item): string {
    const names = this.#keys.get(table) ?? [];
    return JSON.stringify([table, ...names.map((name) => item[name])]);
  }
}
