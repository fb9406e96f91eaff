import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { LaneState } from '../../lib/silver/state.ts';
import type { State } from './promise.ts';

const stateOf = (version: number, station_id = 'harbour'): LaneState => ({
  version,
  date: '2026-01-02',
  folder: '2026-01-01',
  positions: new Map([['shardId-000000000000', '49650000000000000000000000000000000000000000000000000007']]),
  newest: new Map([['city/status/0', 1_767_225_600_000]]),
  stations: new Map([
    [
      'city/status',
      new Map([
        [
          station_id,
          {
            kind: 'status',
            system_id: 'city',
            station_id,
            part: 0,
            slot_ms: 1_767_225_600_000,
            fetched_at_ms: 1_767_225_602_345,
            content_hash: '0123456789abcdef',
            values: { num_bikes_available: 3, is_renting: true, flags: 'last_reported_missing' },
          },
        ],
      ]),
    ],
  ]),
});

/** Bytes that no compression makes smaller, as text. */
function noise(length: number): string {
  let seed = 1;
  return Array.from({ length }, () => {
    seed = (seed * 48_271) % 2_147_483_647;
    return String.fromCharCode(33 + (seed % 90));
  }).join('');
}

/** What Silver needs of the place where checkpoints lie. */
export function checkpointsSuite(state: State): void {
  state('a lane without a checkpoint has none', async ({ checkpoints }) => {
    expect(await checkpoints.read(randomUUID())).toBeNull();
  });

  state('a checkpoint is read as it was written, at once', async ({ checkpoints }) => {
    const lane = randomUUID();
    for (const version of [1, 2, 17]) {
      await checkpoints.write(lane, stateOf(version));
      expect(await checkpoints.read(lane)).toEqual(stateOf(version));
    }
  });

  state('a newer checkpoint stays, and the refusal of an older one is success', async ({ checkpoints }) => {
    const lane = randomUUID();
    await checkpoints.write(lane, stateOf(9, 'nine'));
    await checkpoints.write(lane, stateOf(8, 'eight'));
    await checkpoints.write(lane, stateOf(9, 'nine again'));
    expect(await checkpoints.read(lane)).toEqual(stateOf(9, 'nine'));
    await checkpoints.write(lane, stateOf(10, 'ten')); // by number, not by text
    expect(await checkpoints.read(lane)).toEqual(stateOf(10, 'ten'));
  });

  state('of many writers at once the highest version stays', async ({ checkpoints }) => {
    const lane = randomUUID();
    const versions = Array.from({ length: 24 }, (_, n) => ((n * 7) % 24) + 1);
    await Promise.all(versions.map((version) => checkpoints.write(lane, stateOf(version))));
    expect(await checkpoints.read(lane)).toEqual(stateOf(24));
  });

  state('lanes have nothing to do with each other', async ({ checkpoints }) => {
    const lanes = ['a', 'A', 'a/b', 'ü'].map((name) => `${randomUUID()}${name}`);
    await Promise.all(lanes.map((lane, n) => checkpoints.write(lane, stateOf(n + 1))));
    for (const [n, lane] of lanes.entries()) expect(await checkpoints.read(lane)).toEqual(stateOf(n + 1));
  });

  state('bytes that are no checkpoint count as none, and a newer one replaces them', async (ports) => {
    const lane = randomUUID();
    await ports.putCheckpointBytes(lane, 3, Buffer.from('no checkpoint'));
    expect(await ports.checkpoints.read(lane)).toBeNull();
    await ports.checkpoints.write(lane, stateOf(4));
    expect(await ports.checkpoints.read(lane)).toEqual(stateOf(4));
  });

  state('a checkpoint of 360 KB is kept; one that an item cannot hold throws, and the old one stays', async (ports) => {
    const lane = randomUUID();
    const large = stateOf(2, noise(330_000));
    await ports.checkpoints.write(lane, large);
    await expect(ports.checkpoints.write(lane, stateOf(3, noise(600_000)))).rejects.toThrow();
    expect(await ports.checkpoints.read(lane)).toEqual(large);
  });
}
