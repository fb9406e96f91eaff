import { expect, test } from 'vitest';
import type { Implementation, Ports } from './ports.ts';

/** States a promise of a port, and checks it. */
export type State = (text: string, check: (ports: Ports) => Promise<void>) => void;

/** How a suite states its promises for one implementation. `stated` collects their texts. */
export function promises({ differences }: Implementation, ports: () => Ports, stated: Set<string>): State {
  return (text, check) => {
    stated.add(text);
    const difference = differences[text];
    if (difference === undefined) {
      test(text, () => check(ports()));
      return;
    }
    test(`${text} (not here: ${difference.why})`, async () => {
      const failure = await check(ports()).then(
        () => 'the promise holds: take it off the list of differences',
        (error: unknown) => String(error),
      );
      expect(failure).toMatch(difference.shows);
    });
  };
}
