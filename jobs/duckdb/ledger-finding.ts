/**
 * What the ledger says of a thing: `finding` is a difference, damage or tampering, and makes the command end with 1; `note` is something
 * that has a name and that a person may want to act on.
 */
export interface Finding {
  readonly level: 'finding' | 'note';
  /** A short snake_case word, such as `log_hole`. */
  readonly reason: string;
  /** The object that it is about, by its key in the lake; null where it is about counts. */
  readonly key: string | null;
  readonly message: string;
  /** What to do. */
  readonly remedy: string;
}

export const finding = (reason: string, key: string | null, message: string, remedy: string): Finding => ({
  level: 'finding',
  reason,
  key,
  message,
  remedy,
});

export const note = (reason: string, key: string | null, message: string, remedy: string): Finding => ({
  ...finding(reason, key, message, remedy),
  level: 'note',
});
