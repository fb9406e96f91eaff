import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { type GroupState, NEW_SYSTEM } from '../../lib/poll/state.ts';
import type { State } from './promise.ts';

const MINUTE_MS = 60_000;
const SLOT_MS = 1_767_225_600_000;
const stateAt = (minute: number): GroupState => ({
  city: { ...NEW_SYSTEM, information_slot_ms: SLOT_MS + minute * MINUTE_MS },
});

/** What a poll needs of the place where the states of groups lie. */
export function statesSuite(state: State): void {
  state('a group without a state has an empty one', async ({ states }) => {
    expect(await states.read(randomUUID())).toEqual({});
  });

  state(
    'a state moves forward: neither the poll of an earlier slot replaces it nor a second one of its own',
    async ({ states }) => {
      const group = randomUUID();
      await states.write(group, stateAt(1), SLOT_MS);
      expect(await states.read(group)).toEqual(stateAt(1));
      await states.write(group, stateAt(2), SLOT_MS + MINUTE_MS);
      await states.write(group, stateAt(3), SLOT_MS);
      expect(await states.read(group)).toEqual(stateAt(2));
      await states.write(group, stateAt(4), SLOT_MS + MINUTE_MS); // a slot that was polled twice
      expect(await states.read(group)).toEqual(stateAt(2));
    },
  );

  state('a slot more than an hour back is another time, and counts', async ({ states }) => {
    const group = randomUUID();
    await states.write(group, stateAt(1), SLOT_MS);
    await states.write(group, stateAt(2), SLOT_MS - 60 * MINUTE_MS);
    expect(await states.read(group)).toEqual(stateAt(1));
    await states.write(group, stateAt(3), SLOT_MS - 60 * MINUTE_MS - 1);
    expect(await states.read(group)).toEqual(stateAt(3));
  });

  state('of polls that end at once the latest slot stays', async ({ states }) => {
    const group = randomUUID();
    const minutes = Array.from({ length: 20 }, (_, n) => (n * 7) % 20);
    await Promise.all(minutes.map((minute) => states.write(group, stateAt(minute), SLOT_MS + minute * MINUTE_MS)));
    expect(await states.read(group)).toEqual(stateAt(19));
  });

  state('text that is no state throws, and the poll of the next slot replaces it', async (ports) => {
    const group = randomUUID();
    for (const text of ['no state', '{"format":99,"systems":{}}', 'null']) {
      await ports.putStateText(group, SLOT_MS, text);
      await expect(ports.states.read(group)).rejects.toThrow();
    }
    await ports.states.write(group, stateAt(1), SLOT_MS + MINUTE_MS);
    expect(await ports.states.read(group)).toEqual(stateAt(1));
  });

  state('a state that an item cannot hold throws, and the old one stays', async ({ states }) => {
    const group = randomUUID();
    await states.write(group, stateAt(1), SLOT_MS);
    await expect(states.write(group, { ['x'.repeat(400_000)]: NEW_SYSTEM }, SLOT_MS)).rejects.toThrow('plan smaller');
    expect(await states.read(group)).toEqual(stateAt(1));
  });
}
