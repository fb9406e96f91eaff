import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import type { LogStore } from '../../lib/silver/log.ts';
import type { State } from './promise.ts';

const bytes = (text: string): Uint8Array => Buffer.from(text);
const keyIn = (lane: string, version: number, date = '2026-01-01'): string =>
  `log/lane=${lane}/event_date=${date}/${String(version).padStart(12, '0')}.parquet`;
const textAt = async (log: LogStore, key: string): Promise<string> => Buffer.from(await log.get(key)).toString();

/** Asks under the same name until it is known, as the program does. */
async function putKnown(log: LogStore, key: string, content: Uint8Array): Promise<'created' | 'exists'> {
  for (let attempt = 0; attempt < 20; attempt++) {
    const outcome = await log.put(key, content);
    if (outcome !== 'unknown') return outcome;
  }
  throw new Error(`the outcome of 20 puts of ${key} is unknown`);
}

async function putAll(log: LogStore, keys: readonly string[], at_once = 32): Promise<void> {
  for (let from = 0; from < keys.length; from += at_once) {
    await Promise.all(keys.slice(from, from + at_once).map((key) => putKnown(log, key, bytes(key))));
  }
}

/** What the Silver protocol needs of the place where the log lies. */
export function logSuite(state: State): void {
  state('a name is created once, and keeps its first content', async ({ log }) => {
    const key = keyIn(randomUUID(), 1);
    expect(await log.put(key, bytes('first'))).toBe('created');
    expect(await log.put(key, bytes('second'))).toBe('exists');
    expect(await log.put(key, bytes('first'))).toBe('exists');
    expect(await textAt(log, key)).toBe('first');
  });

  state('of many puts of one name at once exactly one creates it, and its content stands', async ({ log }) => {
    for (let round = 0; round < 5; round++) {
      const key = keyIn(randomUUID(), 1);
      const outcomes = await Promise.all(
        Array.from({ length: 16 }, (_, n) => putKnown(log, key, bytes(`writer ${n}`))),
      );
      expect(outcomes.filter((outcome) => outcome === 'created')).toHaveLength(1);
      expect(await textAt(log, key)).toBe(`writer ${outcomes.indexOf('created')}`);
    }
  });

  state('what was created is read and listed at once', async ({ log }) => {
    const lane = randomUUID();
    for (let version = 1; version <= 12; version++) {
      const key = keyIn(lane, version);
      await log.put(key, bytes(key));
      expect(await log.keys(`log/lane=${lane}/event_date=2026-01-01/`)).toHaveLength(version);
      expect(await textAt(log, key)).toBe(key);
    }
  });

  state('reading what is not there throws', async ({ log }) => {
    await expect(log.get(keyIn(randomUUID(), 1))).rejects.toThrow();
    expect(await log.keys(`log/lane=${randomUUID()}/`)).toEqual([]);
    expect(await log.folders(`log/lane=${randomUUID()}/`)).toEqual([]);
  });

  state('folders are those of the lane and no other, each once', async ({ log }) => {
    const lane = randomUUID();
    const dates = ['1970-01-01', '2026-01-01', '2026-01-02'];
    await putAll(log, [
      ...dates.flatMap((date) => [keyIn(lane, 1, date), keyIn(lane, 2, date)]),
      keyIn(`${lane}0`, 1, '2026-01-03'),
    ]);
    expect((await log.folders(`log/lane=${lane}/`)).sort()).toEqual(
      dates.map((date) => `log/lane=${lane}/event_date=${date}/`),
    );
  });

  state('more keys than a page holds are all listed, in the order of their names', async ({ log }) => {
    const lane = randomUUID();
    const keys = Array.from({ length: 1_050 }, (_, n) => keyIn(lane, n + 1));
    await putAll(log, [...keys].reverse());
    expect(await log.keys(`log/lane=${lane}/`)).toEqual(keys);
  });

  state('names with special characters come back as they are', async ({ log }) => {
    const prefix = `log/lane=${randomUUID()}`;
    const lanes = ['a b', 'a+b', 'a%2Fb', 'a&b', 'a=b', "a'b", 'a"b', 'a<b>', 'ü', '도쿄', '(a)!*~$,;:@'];
    const keys = lanes.map((lane) => `${prefix}${lane}/event_date=2026-01-01/000000000001.parquet`);
    await putAll(log, keys);
    expect((await log.keys(prefix)).sort()).toEqual([...keys].sort());
    for (const key of keys) {
      expect(await textAt(log, key)).toBe(key);
      expect(await log.folders(key.slice(0, key.indexOf('event_date')))).toEqual([
        key.slice(0, key.lastIndexOf('/') + 1),
      ]);
    }
  });

  state('content comes back byte for byte, nothing and 6 MB too', async ({ log }) => {
    for (const size of [0, 1, 6_000_000]) {
      const content = Uint8Array.from({ length: size }, (_, n) => (n * 31) % 256);
      const key = keyIn(randomUUID(), 1);
      expect(await log.put(key, content)).toBe('created');
      expect(Buffer.compare(await log.get(key), content)).toBe(0);
    }
  });
}
