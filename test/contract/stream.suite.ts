import { randomUUID } from 'node:crypto';
import { expect } from 'vitest';
import { FatalError } from '../../lib/errors.ts';
import { type PutPort, putRecords, type StreamRecord } from '../../lib/stream/put-records.ts';
import { compareSequence } from '../../lib/stream/record.ts';
import type { Ports, ShardRecords } from './ports.ts';
import type { State } from './promise.ts';

const MIB = 1024 * 1024;
const always = async (): Promise<boolean> => true;
const record = (partition_key: string, text: string): StreamRecord => ({ partition_key, bytes: Buffer.from(text) });
const ofSize = (partition_key: string, bytes: number): StreamRecord => ({
  partition_key,
  bytes: Buffer.alloc(bytes - Buffer.byteLength(partition_key), 'x'),
});

/** The texts of each key in the order of the stream. A key that lies in two shards fails. */
async function textsByKey(ports: Ports, prefix: string): Promise<Map<string, string[]>> {
  const texts = new Map<string, string[]>();
  for (const { records } of await ports.readStream()) {
    const own = new Map<string, string[]>();
    for (const { partition_key, data } of records) {
      if (!partition_key.startsWith(prefix)) continue;
      own.set(partition_key, [...(own.get(partition_key) ?? []), Buffer.from(data).toString()]);
    }
    for (const [key, found] of own) {
      expect(texts.has(key), `${key} lies in two shards`).toBe(false);
      texts.set(key, found);
    }
  }
  return texts;
}

function expectAscending(shards: readonly ShardRecords[]): void {
  for (const { records } of shards) {
    const numbers = records.map(({ sequence_number }) => sequence_number);
    for (const [n, number] of numbers.slice(1).entries()) {
      expect(compareSequence(number, numbers[n] ?? ''), `${number} after ${numbers[n]}`).toBeGreaterThan(0);
    }
  }
}

/** The port, as if the service took some records of each call only. */
function partial(port: PutPort): PutPort {
  let calls = 0;
  return {
    put: async (records) => {
      calls += 1;
      const isTaken = (n: number): boolean => (n + calls) % 3 !== 0;
      const taken = records.filter((_, n) => isTaken(n));
      const codes = taken.length === 0 ? [] : [...(await port.put(taken))];
      return records.map((_, n) => (isTaken(n) ? (codes.shift() ?? null) : 'ProvisionedThroughputExceededException'));
    },
  };
}

const seriesOf = (keys: readonly string[], length: number): StreamRecord[] =>
  Array.from({ length }, (_, n) => keys.map((key) => record(key, `${key} ${n}`))).flat();
const expected = (keys: readonly string[], length: number): Map<string, string[]> =>
  new Map(keys.map((key) => [key, Array.from({ length }, (_, n) => `${key} ${n}`)]));

/** What the pipeline needs of the stream. Not among it: an order of one key within a call, which PutRecords doesn't promise; `putRecords` sends one record of a key at a time. */
export function streamSuite(state: State): void {
  state('each record is stored once, in the order of its key', async (ports) => {
    const prefix = randomUUID();
    const keys = Array.from({ length: 9 }, (_, n) => `${prefix}/${n}`);
    expect(await putRecords(seriesOf(keys, 12), ports.stream, always)).toEqual([]);
    expect(await textsByKey(ports, prefix)).toEqual(expected(keys, 12));
  });

  state('records that a call did not take come after it in the order of their key, and none twice', async (ports) => {
    const prefix = randomUUID();
    const keys = Array.from({ length: 7 }, (_, n) => `${prefix}/${n}`);
    expect(await putRecords(seriesOf(keys, 6), partial(ports.stream), always)).toEqual([]);
    expect(await textsByKey(ports, prefix)).toEqual(expected(keys, 6));
  });

  state('keys lie in both shards, and sequence numbers ascend in each', async (ports) => {
    const prefix = randomUUID();
    await ports.stream.put(Array.from({ length: 64 }, (_, n) => record(`${prefix}/${n}`, 'x')));
    const shards = await ports.readStream();
    expect(shards.map(({ shard_id }) => shard_id).sort()).toEqual(['shardId-000000000000', 'shardId-000000000001']);
    for (const { records } of shards) expect(records.length).toBeGreaterThan(0);
    expectAscending(shards);
  });

  state('sequence numbers are numbers without leading zeros', async (ports) => {
    await ports.stream.put([record(randomUUID(), 'x')]);
    const numbers = (await ports.readStream()).flatMap(({ records }) => records.map((r) => r.sequence_number));
    expect(numbers.length).toBeGreaterThan(0);
    for (const number of numbers) expect(number).toMatch(/^[1-9]\d{0,127}$/);
  });

  state('data and keys come back byte for byte', async (ports) => {
    const key = `${randomUUID()}/도쿄 ü`;
    const bytes = Uint8Array.from({ length: 256 }, (_, n) => n);
    await ports.stream.put([{ partition_key: key, bytes }]);
    const found = (await ports.readStream()).flatMap(({ records }) => records.filter((r) => r.partition_key === key));
    expect(found.map(({ data }) => [...data])).toEqual([[...bytes]]);
  });

  state('a stream that is not there is a FatalError', async ({ absent_stream }) => {
    await expect(absent_stream.put([record('a', 'a')])).rejects.toThrow(FatalError);
  });

  state('a call takes 500 records; 501 are a FatalError, and none is stored', async (ports) => {
    const prefix = randomUUID();
    const many = Array.from({ length: 501 }, (_, n) => record(`${prefix}/${n}`, 'x'));
    await expect(ports.stream.put(many)).rejects.toThrow(FatalError);
    expect(await textsByKey(ports, prefix)).toEqual(new Map());
    expect(await ports.stream.put(many.slice(1))).toEqual(Array(500).fill(null));
    expect((await textsByKey(ports, prefix)).size).toBe(500);
  });

  state('a record may have 1 MiB', async (ports) => {
    const key = randomUUID();
    expect(await ports.stream.put([ofSize(key, MIB)])).toEqual([null]);
    expect((await textsByKey(ports, key)).get(key)?.[0]?.length).toBe(MIB - key.length);
  });

  state('a call may have 5 MiB', async ({ stream }) => {
    const prefix = randomUUID();
    const records = Array.from({ length: 5 }, (_, n) => ofSize(`${prefix}/${n}`, MIB));
    expect(await stream.put(records)).toEqual(Array(5).fill(null));
  });

  state('a record of more than 1 MiB, its key counted, is a FatalError', async ({ stream }) => {
    await expect(stream.put([ofSize(randomUUID(), MIB + 1)])).rejects.toThrow(FatalError);
  });

  state('data of more than 1 MiB is a FatalError', async ({ stream }) => {
    await expect(stream.put([{ partition_key: 'a', bytes: Buffer.alloc(MIB + 1) }])).rejects.toThrow(FatalError);
  });
}
