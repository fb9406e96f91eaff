import columns from './columns.json' with { type: 'json' };

/**
 * The one table of what travels between poll and Bronze: a column's name, its one-letter key in a chunk and in the
 * transform's answer (which Lambda limits to 6 MB), and its Glue type. `resources/` makes the Glue table from the same file.
 */
export interface Column {
  readonly name: string;
  readonly key: string;
  readonly type: string;
  readonly comment?: string;
}

export const COLUMNS: readonly Column[] = columns;

// Maps, because a line may have a key such as `constructor`.
const KEYS: ReadonlyMap<string, string> = new Map(COLUMNS.map((c) => [c.name, c.key]));
const NAMES: ReadonlyMap<string, string> = new Map(COLUMNS.map((c) => [c.key, c.name]));

/** The one-letter key of a column; throws for a name that is not in the table. */
export function keyOf(name: string): string {
  const key = KEYS.get(name);
  if (key === undefined) throw new Error(`no column ${name} in lib/stream/columns.json`);
  return key;
}

/** A line's object with its keys written out; keys that are not in the table are kept as they are. */
export function toNamed(line: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(line).map(([key, value]) => [NAMES.get(key) ?? key, value]));
}
