import { setTimeout as pause } from 'node:timers/promises';
import type { DoorKind } from './places.ts';

/** What a door does with one request. `A` is an answer that wasn't sent yet. */
export interface Door<A> {
  /** Reads the request and lets it take effect. What goes wrong in it is an answer too. */
  readonly act: () => Promise<A>;
  /** The service's own answer for what it refuses, without effect. */
  readonly refuse: (kind: 'throttle' | 'error') => A;
  readonly send: (answer: A) => Promise<void> | void;
  /** Ends the connection; `unsent` is an answer that nobody gets. */
  readonly hangUp: (unsent?: A) => void;
}

/** Real time: as long as a client with a short request time-out would wait, and what a slow answer takes longer. */
const TIMEOUT_MS = 40;
const SLOW_MS = 40;

/** Lets a request through, or does to it what the fault says. */
export async function passDoor<A>(fault: DoorKind | null, door: Door<A>): Promise<void> {
  switch (fault) {
    case 'throttle':
    case 'error':
      return door.send(door.refuse(fault));
    case 'reset':
      return door.hangUp();
    case 'timeout':
      await pause(TIMEOUT_MS);
      return door.hangUp();
    case 'lost_reply':
      return door.hangUp(await door.act());
    case 'slow': {
      const answer = await door.act();
      await pause(SLOW_MS);
      return door.send(answer);
    }
    default:
      return door.send(await door.act());
  }
}
