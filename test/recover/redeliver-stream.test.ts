import { expect, test } from 'vitest';
import { toRows } from '../../lib/bronze/unpack.ts';
import { bronzeFile, toBronzeRow } from '../../recover/bronze-file.ts';
import { redeliverStream } from '../../recover/redeliver-stream.ts';
import { chunkOf, MINUTE, SHARD, START_MS } from './chunks.ts';
import { dry, Effects, Killed, MemoryObjects, MemoryStream, quiet } from './memory.ts';

const everything = { from: null, to: null };

function world(is_drained = true) {
  const effects = new Effects();
  const objects = new MemoryObjects(effects);
  const stream = new MemoryStream(effects);
  const ports = { objects, stream, now_ms: () => START_MS + 10 * MINUTE, is_drained };
  return { effects, objects, stream, ports };
}

/** Six records a minute apart, the last of a closed shard's child. Bronze has the second and the fourth. */
function plant({ objects, stream }: ReturnType<typeof world>): void {
  for (let n = 0; n < 5; n++) stream.add(String(n + 8), chunkOf(n, { s: n, t: n }), START_MS + n * MINUTE);
  stream.add('20', chunkOf(5, { s: 5 }), START_MS + 5 * MINUTE, 'shardId-000000000001');
  deliver(objects, 'dt=2026-11-21/hh=23/1.parquet', 9, chunkOf(1, { s: 1, t: 1 }));
  deliver(objects, 'dt=2026-11-22/hh=00/2.parquet', 11, chunkOf(3, { s: 3, t: 3 }));
}

function deliver(objects: MemoryObjects, name: string, sequence: number, chunk: Buffer): void {
  const source = { record_id: '', body: chunk.toString('base64'), shard_id: SHARD, sequence_number: String(sequence) };
  const rows = toRows({ ...source, arrived_at_ms: START_MS })
    .trim()
    .split('\n')
    .map(toBronzeRow);
  objects.map.set(`bronze/events/${name}`, bronzeFile(rows));
}

test('brings what no Bronze file has, by shard and partition of arrival; the second run finds nothing', async () => {
  const w = world();
  plant(w);
  const outcome = await redeliverStream(w.ports, everything, quiet);
  expect(outcome).toEqual({
    counts: { records_in_the_stream: 6, records_brought_back: 4, rows_into_bronze: 7, files: 3, under_way: 0 },
    notes: [],
    dirty: ['2026-11-21', '2026-11-22'],
    changed: true,
  });
  expect(w.effects.list.map((e) => e.replace(/[0-9a-f]{32}/, '<hash>'))).toEqual([
    'put dirty/2026-11-21/redeliver-<hash>.json',
    'put bronze/events/dt=2026-11-21/hh=23/redeliver-stream-<hash>.parquet',
    'put dirty/2026-11-22/redeliver-<hash>.json',
    'put bronze/events/dt=2026-11-22/hh=00/redeliver-stream-<hash>.parquet',
    'put dirty/2026-11-22/redeliver-<hash>.json',
    'put bronze/events/dt=2026-11-22/hh=00/redeliver-stream-<hash>.parquet',
  ]);
  w.effects.list.length = 0;
  const again = await redeliverStream(w.ports, everything, quiet);
  expect([again.changed, again.counts.records_brought_back, w.effects.list]).toEqual([false, 0, []]);
});

test('a dry run tells the same and changes nothing', async () => {
  const w = world();
  plant(w);
  const told = await redeliverStream(w.ports, everything, dry);
  expect(w.effects.list).toEqual([]);
  expect(await redeliverStream(w.ports, everything, quiet)).toEqual(told);
});

test('killed before or after any effect and run again: the same objects', async () => {
  const whole = world();
  plant(whole);
  await redeliverStream(whole.ports, everything, quiet);
  for (let n = 0; n < 6; n++) {
    for (const when of ['before', 'after'] as const) {
      const w = world();
      plant(w);
      w.effects.killAt(n, when);
      await expect(redeliverStream(w.ports, everything, quiet)).rejects.toThrow(Killed);
      await redeliverStream(w.ports, everything, quiet);
      expect(w.objects.under(''), `${when} effect ${n}`).toEqual(whole.objects.under(''));
    }
  }
});

test('while a delivery stream may still be on its way, what lies beyond its newest record waits for an hour', async () => {
  const w = world(false);
  plant(w);
  expect((await redeliverStream(w.ports, everything, quiet)).counts).toMatchObject({
    records_brought_back: 2,
    under_way: 2,
  });
  const later = { ...w.ports, now_ms: () => START_MS + 70 * MINUTE };
  expect((await redeliverStream(later, everything, quiet)).counts).toMatchObject({
    records_brought_back: 2,
    under_way: 0,
  });
});

test('a record that is no chunk stays in the stream and is named; only the days that are asked for', async () => {
  const w = world();
  w.stream.add('1', Buffer.from('foreign'), START_MS);
  w.stream.add('2', chunkOf(2, { s: 1 }), START_MS + 2 * MINUTE);
  const range = { from: '2026-11-21', to: '2026-11-21' };
  expect(await redeliverStream(w.ports, range, quiet)).toMatchObject({
    changed: false,
    notes: [`record 1 of ${SHARD}: the record is not zstd`],
  });
  expect((await redeliverStream(w.ports, { from: '2026-11-22', to: null }, quiet)).counts.records_brought_back).toBe(1);
});

test('a Bronze file that can not be read is named, and nothing is written', async () => {
  const w = world();
  plant(w);
  w.objects.map.set('bronze/events/dt=2026-11-21/hh=23/1.parquet', Buffer.from('PAR1 cut short'));
  await expect(redeliverStream(w.ports, everything, quiet)).rejects.toThrow(
    "bronze/events/dt=2026-11-21/hh=23/1.parquet can't be read",
  );
  expect(w.effects.list).toEqual([]);
});
