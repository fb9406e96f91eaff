/** One replacement in a file of the program. */
export interface Edit {
  /** Path in the project. */
  readonly file: string;
  /** Stands in the file exactly once, so that the catalogue can't rot unseen. */
  readonly find: string;
  readonly replace: string;
}

/** A bug that somebody could have written, and the tests that must tell. */
export interface Mutant {
  readonly name: string;
  /** What is wrong with the program then. */
  readonly breaks: string;
  readonly edits: readonly Edit[];
  /** Test files or folders, in the order in which they are asked; the first that fails is enough. */
  readonly tests: readonly string[];
  /** Why the program is as good with it. Its tests then look at what comes out, and must pass. */
  readonly equivalent?: string;
}

/** The text with the edit made. Throws where `find` doesn't stand in it exactly once. */
export function edited(text: string, { file, find, replace }: Edit): string {
  const pieces = text.split(find);
  if (pieces.length !== 2) {
    throw new Error(
      `${file} holds the text of a mutant ${pieces.length - 1} times, not once: bring mutants/catalogue up to date with the program\n${find}`,
    );
  }
  return pieces.join(replace);
}

/** What is wrong with a catalogue; empty where nothing is. `read` gives the text of a file of the project. */
export function mistakes(mutants: readonly Mutant[], read: (file: string) => string): string[] {
  const found: string[] = [];
  const names = new Set<string>();
  for (const { name, edits, tests } of mutants) {
    if (names.has(name)) found.push(`${name}: the name stands twice in the catalogue`);
    names.add(name);
    if (edits.length === 0 || tests.length === 0) found.push(`${name}: no edit, or no test`);
    try {
      for (const [file, own] of Map.groupBy(edits, (edit) => edit.file)) own.reduce(edited, read(file));
    } catch (error) {
      found.push(`${name}: ${(error as Error).message}`);
    }
  }
  return found;
}
