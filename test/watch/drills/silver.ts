import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { zstdCompressSync } from 'node:zlib';
import type { Drill } from './drill.ts';
import type { Room } from './room.ts';
import { putIntoStream } from './stream.ts';

const ONE = { systems: ['sim_gbfs23'] };

export const SILVER: readonly Drill[] = [
  {
    alarm: 'silver-behind',
    condition: 'the function gets no environment, so its batch grows old',
    room: ONE,
    cause: async (room) => {
      await room.minutes(3);
      room.faults.set('lambda.silver', 'throttle');
    },
    within: 16,
  },
  {
    alarm: 'silver-behind',
    condition: 'the mapping is off',
    room: {
      ...ONE,
      change: ({ SilverMapping }) => {
        SilverMapping.Enabled = false;
      },
    },
    cause: (room) => room.minutes(1),
    within: 20,
  },
  {
    alarm: 'silver-given-up',
    condition: 'a poison batch ends in the failure destination',
    also: ['bronze-errors'], // Bronze cannot read it either
    room: ONE,
    cause: poison,
    within: 4,
    check: (room) => {
      if (!existsSync(join(room.lake, 'aws/lambda'))) throw new Error('no document of the batch is in the lake');
    },
  },
  {
    alarm: 'silver-given-up',
    condition: 'a poison batch is dropped, because the mapping has no failure destination',
    also: ['bronze-errors'],
    room: {
      ...ONE,
      change: ({ SilverMapping }) => {
        delete SilverMapping.DestinationConfig;
      },
    },
    cause: poison,
    within: 4,
  },
];

/** A chunk of a format that this version can't read, until the mapping gives it up. */
async function poison(room: Room): Promise<void> {
  await room.minutes(2);
  const header = { format: 99, lane: 'lane-001', slot_ms: room.now(), entries: [] };
  await putIntoStream(room, zstdCompressSync(`${JSON.stringify(header)}\n`));
  await room.minutes(2);
  await room.until(() => room.cloud.counters().mapping.given_up > 0); // its retries take real time here
}
