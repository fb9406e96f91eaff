import { randomUUID } from 'node:crypto';
import { gunzipSync } from 'node:zlib';
import { expect } from 'vitest';
import { FatalError } from '../../lib/errors.ts';
import { FIREHOSE_LIMITS, quarantineRecords } from '../../lib/poll/quarantine.ts';
import { putRecords, type StreamRecord } from '../../lib/stream/put-records.ts';
import type { Ports } from './ports.ts';
import type { State } from './promise.ts';

const KIB = 1024;
const always = async (): Promise<boolean> => true;
const record = (bytes: Uint8Array): StreamRecord => ({ partition_key: randomUUID(), bytes });
const line = (text: string): StreamRecord => record(Buffer.from(`${text}\n`));

/** The objects with their text, unpacked where they are gzip. */
async function texts(ports: Ports): Promise<{ key: string; text: string; is_gzip: boolean }[]> {
  return (await ports.delivered()).map(({ key, bytes }) => {
    const is_gzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
    return { key, is_gzip, text: Buffer.from(is_gzip ? gunzipSync(bytes) : bytes).toString() };
  });
}

const linesWith = async (ports: Ports, mark: string): Promise<string[]> =>
  (await texts(ports)).flatMap(({ text }) => text.split('\n')).filter((found) => found.includes(mark));

/** What quarantine needs of the delivery stream. */
export function deliverySuite(state: State): void {
  state('each line arrives whole, at least once', async (ports) => {
    const mark = randomUUID();
    const lines = Array.from({ length: 40 }, (_, n) => `{"mark":"${mark}","n":${n}}`);
    expect(await putRecords(lines.map(line), ports.delivery, always, FIREHOSE_LIMITS)).toEqual([]);
    expect([...new Set(await linesWith(ports, mark))].sort()).toEqual([...lines].sort());
  });

  state('a reject arrives with its exact bytes in its pieces', async (ports) => {
    const mark = randomUUID();
    const raw = Buffer.from(Array.from({ length: 1_300_000 }, (_, n) => (n * n * 31 + (n >> 3)) % 256));
    const records = quarantineRecords([
      { system_id: mark, slot_ms: 1, feed: 'station_status', reason: 'not_json', place: 'document', raw },
    ]);
    expect(await putRecords(records.map(record), ports.delivery, always, FIREHOSE_LIMITS)).toEqual([]);
    const found = (await linesWith(ports, mark)).map((text) => JSON.parse(text) as { piece: number; pieces: number });
    expect([...new Set(found.map(({ piece, pieces }) => `${piece} of ${pieces}`))].sort()).toEqual([
      '1 of 3',
      '2 of 3',
      '3 of 3',
    ]);
  });

  state('objects lie under the prefix, with the time of arrival written out', async (ports) => {
    await ports.delivery.put([line(randomUUID())]);
    for (const { key } of await ports.delivered())
      expect(key).toMatch(/^quarantine\/dt=\d{4}-\d\d-\d\d\/hh=\d\d\/[^/]+$/);
  });

  state('objects are gzip', async (ports) => {
    await ports.delivery.put([line(randomUUID())]);
    for (const { key, is_gzip } of await texts(ports)) expect(`${key} ${is_gzip}`).toBe(`${key} true`);
  });

  state('a delivery stream that is not there is a FatalError', async ({ absent_delivery }) => {
    await expect(absent_delivery.put([line('a')])).rejects.toThrow(FatalError);
  });

  state('a call takes 500 records; 501 are a FatalError', async ({ delivery }) => {
    const many = Array.from({ length: 501 }, () => line('x'));
    await expect(delivery.put(many)).rejects.toThrow(FatalError);
    expect(await delivery.put(many.slice(1))).toEqual(Array(500).fill(null));
  });

  state('a record may have 1,000 KiB, and a call 4 MiB', async (ports) => {
    const mark = randomUUID();
    const large = Buffer.concat([
      Buffer.from(mark),
      Buffer.alloc(1_000 * KIB - mark.length - 1, 'x'),
      Buffer.from('\n'),
    ]);
    expect(await ports.delivery.put(Array.from({ length: 4 }, () => record(large)))).toEqual(Array(4).fill(null));
    expect((await linesWith(ports, mark)).map((text) => text.length)).toEqual(Array(4).fill(1_000 * KIB - 1));
  });

  state('a record of more than 1,000 KiB is a FatalError', async ({ delivery }) => {
    await expect(delivery.put([record(Buffer.alloc(1_000 * KIB + 1, 'x'))])).rejects.toThrow(FatalError);
  });

  state('a call of more than 4 MiB is a FatalError', async ({ delivery }) => {
    const records = Array.from({ length: 5 }, () => record(Buffer.alloc(900 * KIB, 'x')));
    await expect(delivery.put(records)).rejects.toThrow(FatalError);
  });
}
