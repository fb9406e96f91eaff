import { type Chance, seededChance } from '../seeded.ts';

/** How an operation takes a list of entries, and how its answer names those that failed. */
export interface ListPut {
  /** The result for an entry that isn't taken. */
  readonly failed: Readonly<Record<string, string>>;
  /** Names of the answer's list of results, and of its count of failures. */
  readonly results: string;
  readonly failures: string;
}

type Input = Readonly<Record<string, unknown>>;

/** Takes some of the entries of `Records`: at least one fails, perhaps all; the order of the results is that of the entries. */
export class PartialPut {
  readonly #chance: Chance = seededChance(1);

  async put(input: Input, list: ListPut, act: (input: Input) => Promise<object>): Promise<object> {
    const entries = Array.isArray(input.Records) ? (input.Records as unknown[]) : [];
    const loser = Math.floor(this.#chance() * entries.length);
    const taken = entries.map((_, i) => i !== loser && this.#chance() < 0.5);
    const rest = entries.filter((_, i) => taken[i]);
    const answer = rest.length === 0 ? {} : ((await act({ ...input, Records: rest })) as Record<string, unknown>);
    const results = (answer[list.results] as object[] | undefined) ?? [];
    let next = 0;
    return {
      ...answer,
      [list.failures]: Number(answer[list.failures] ?? 0) + entries.length - rest.length,
      [list.results]: entries.map((_, i) => (taken[i] ? results[next++] : list.failed)),
    };
  }
}
