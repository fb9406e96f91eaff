import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { parseErasure } from '../../lib/gold/erasure.ts';
import { keptText, TAGGED_KEY } from '../../lib/gold/expiry.ts';
import { packState, unpackState } from '../../lib/poll/dynamo-states.ts';
import { NEW_SYSTEM } from '../../lib/poll/state.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/silver/checkpoint.ts';
import { encodeObject } from '../../lib/silver/object.ts';
import { type BatchObject, emptyState, type StationRow } from '../../lib/silver/state.ts';
import { decodeChunk, encodeChunk } from '../../lib/stream/chunk.ts';
import { eraseFromDocuments } from '../../recover/erase/documents.ts';
import { allowAgain } from '../../recover/erase/erase-lake.ts';
import { eraseFromItems } from '../../recover/erase/items.ts';
import { eraseFromLog } from '../../recover/erase/log.ts';
import { type ConsumedLine, shareOf } from '../../recover/erase/log-object.ts';
import { erase } from '../../recover/erase.ts';
import { EXPIRE_DONE_KEY } from '../../recover/expire-log.ts';
import type { Pipeline } from '../../recover/pipeline.ts';
import { SmallLake } from '../gold/small-lake.ts';
import { eraseFolder, FolderObjects, MemoryTable } from './erase-lake.ts';
import { given } from './memory.ts';

let dir: string;
let objects: FolderObjects;
beforeEach(() => {
  dir = mkdtempSync(join(tmpdir(), 'bikelake-erase-parts-'));
  objects = new FolderObjects(dir);
});
afterEach(() => rmSync(dir, { recursive: true, force: true }));

const entry = (system_id: string, kind: 'status' | 'receipt' = 'status') => ({ kind, system_id, part: 0, parts: 1, fetched_at_ms: 2, feed_updated_ms: null, lines: [`{"i":"${system_id}-1","h":"0123456789abcdef"}`] }); // biome-ignore format: one line
const chunk = (lane: string | null, ...system_ids: string[]): string =>
  encodeChunk(lane, 1, system_ids.map((id) => entry(id, lane === null ? 'receipt' : 'status'))).toString('base64'); // biome-ignore format: one line
const systemsIn = (base64: string): string[] =>
  decodeChunk(Buffer.from(base64, 'base64')).header.entries.map(({ system_id }) => system_id);
const put = (key: string, text: string | Buffer) => objects.put(key, Buffer.from(text));
const textAt = async (key: string): Promise<string> => (await objects.get(key))?.toString('utf8') ?? '';

describe('what waits beside the layers', () => {
  test('rejects in quarantine go, the others stay, and the file stays packed', async () => {
    const lines = ['gone', 'kept', 'gone'].map((system_id, n) => JSON.stringify({ system_id, raw: String(n) }));
    await put('quarantine/dt=2026-11-21/hh=00/f', gzipSync(`${lines.join('\n')}\n`));
    expect(await eraseFromDocuments(objects, 'gone', false)).toMatchObject({ rejects: 2 });
    expect(gunzipSync((await objects.get('quarantine/dt=2026-11-21/hh=00/f')) ?? Buffer.alloc(0)).toString()).toBe(`${lines[1]}\n`); // biome-ignore format: one line
  });

  test('lines of errors keep their numbers; a marker forgets why a line that went stays', async () => {
    const line = (rawData: string): string => JSON.stringify({ errorCode: 'x', rawData });
    const row = (s: string): string => Buffer.from(JSON.stringify({ s, k: 'status' })).toString('base64');
    const key = 'errors/bronze/processing-failed/dt=2026-11-21/hh=00/f';
    const all = [line(chunk('lane-001', 'gone')), line(chunk('lane-001', 'kept', 'gone')), line(row('gone')), line(row('kept')), 'no JSON']; // biome-ignore format: one line
    await put(key, all.join('\n'));
    const marker = {
      format: 1,
      from: key,
      at: 'then',
      brought_back: 0,
      stays: { 1: 'because of gone-1', 5: 'no JSON' },
    };
    await put(`recovered/redeliver/${key}`, JSON.stringify(marker));
    const raw = Buffer.from('{"system_id":"gone"}').toString('base64');
    await put('errors/quarantine/failed/f', line(raw));
    expect(await eraseFromDocuments(objects, 'gone', true)).toMatchObject({ error_lines: 4 });
    expect(await textAt(key)).toBe(all.join('\n'));
    expect(await eraseFromDocuments(objects, 'gone', false)).toMatchObject({ error_lines: 4 });
    const lines = (await textAt(key)).split('\n');
    expect([lines[0], lines[2], lines[3], lines[4]]).toEqual(['', '', all[3], all[4]]);
    expect(systemsIn(JSON.parse(lines[1] ?? '').rawData)).toEqual(['kept']);
    expect(JSON.parse(await textAt(`recovered/redeliver/${key}`)).stays).toEqual({ 5: 'no JSON' });
    expect(await textAt('errors/quarantine/failed/f')).toBe('');
  });

  test('a given-up batch keeps its records, without the system; reloads of it go', async () => {
    const record = (data: string, partitionKey: string) => ({ kinesis: { data, partitionKey, sequenceNumber: '1' } });
    const Records = [record(chunk('lane-001', 'gone', 'kept'), 'lane-001'), record(chunk(null, 'gone'), 'receipts-gone-60s'), record('AAAA', 'x')]; // biome-ignore format: one line
    await put('aws/lambda/m/s/2026/11/21/f', JSON.stringify({ KinesisBatchInfo: { batchSize: 3 }, payload: JSON.stringify({ Records }) })); // biome-ignore format: one line
    const reload = (id: string, system_id: string) => put(`reloads/${id}.json`, JSON.stringify({ format: 1, id, system_id, kinds: [], from_ms: 0, until_ms: 1, source: 'raw', content: 'c' })); // biome-ignore format: one line
    await reload('000001-a', 'gone');
    await reload('000002-b', 'kept');
    expect(await eraseFromDocuments(objects, 'gone', false)).toEqual({ rejects: 0, error_lines: 0, given_up_records: 2, reloads: 1 }); // biome-ignore format: one line
    const document = JSON.parse(await textAt('aws/lambda/m/s/2026/11/21/f'));
    const own = JSON.parse(document.payload).Records.map(({ kinesis }: (typeof Records)[number]) => kinesis);
    expect(own.map((k: { partitionKey: string }) => k.partitionKey)).toEqual(['lane-001', 'receipts', 'x']);
    expect([systemsIn(own[0].data), systemsIn(own[1].data)]).toEqual([['kept'], []]);
    expect(await objects.keys('reloads/')).toEqual(['reloads/000002-b.json']);
    expect(await eraseFromDocuments(objects, 'gone', false)).toEqual({ rejects: 0, error_lines: 0, given_up_records: 0, reloads: 0 }); // biome-ignore format: one line
  });
});

const row = (system_id: string, slot_ms: number): StationRow => ({ kind: 'status', system_id, station_id: 's', part: 0, slot_ms, fetched_at_ms: 2, content_hash: 'h', values: {} }); // biome-ignore format: one line
const batch = (more: Partial<BatchObject> = {}): BatchObject => ({ type: 'batch', shard_id: 'shard', first_sequence: '1', last_sequence: '9', records: 1, newest: new Map([['gone/status/0', 1], ['kept/status/0', 1]]), counts: { fresh: 2, unchanged: 4, duplicate: 2, late: 2 }, changes: [row('gone', 1), row('kept', 1)], ...more }); // biome-ignore format: one line
const line = (sequence_number: string, slot_ms: number, station_id: string): ConsumedLine => ({ sequence_number, kind: 'status', part: 0, slot_ms, fetched_at_ms: 2, station_id, content_hash: 'h' }); // biome-ignore format: one line

describe('the share of a system in the counts of a batch', () => {
  const before = { ...emptyState(), date: '2026-11-21', newest: new Map([['gone/status/0', 10]]) };
  const lines = [line('1', 11, 's'), line('2', 11, 's'), line('3', 5, 's'), line('4', 12, 's')];

  test('fresh stands in the log, the others are judged as Silver does', () => {
    expect(shareOf(batch(), before, lines, 'gone')).toEqual({ fresh: 1, unchanged: 1, duplicate: 1, late: 1 });
  });

  test('where what was before has expired, the sum is right; where Bronze lacks lines, no count falls below 0', () => {
    expect(shareOf(batch(), null, lines, 'gone')).toEqual({ fresh: 1, unchanged: 3, duplicate: 0, late: 0 });
    const many = Array.from('abcdefgh').map((id, n) => line(String(n), 11, id));
    expect(shareOf(batch(), null, many, 'gone')).toEqual({ fresh: 1, unchanged: 4, duplicate: 1, late: 2 });
    expect(shareOf(batch(), before, [], 'gone')).toEqual({ fresh: 1, unchanged: 0, duplicate: 0, late: 0 });
  });
});

describe('the log', () => {
  test('objects that expire tagged keep their tag; killed between, the next run of expire tags all again', async () => {
    const key = (date: string, version: number) => `log/lane=a/event_date=${date}/${String(version).padStart(12, '0')}.parquet`; // biome-ignore format: one line
    await put(key('1970-01-01', 1), encodeObject('a', 1, { type: 'turn', next_date: '2026-11-21' }, null));
    await put(key('2026-11-21', 2), encodeObject('a', 2, batch(), { ...emptyState(), version: 1, date: '2026-11-21' }));
    await put(TAGGED_KEY, keptText({ a: '2026-11-22' }));
    await put(EXPIRE_DONE_KEY, keptText({ a: '2026-11-22' }));
    const ports = { objects, linesOf: async () => [], progress: () => undefined };
    expect(await eraseFromLog(ports, 'gone', false)).toEqual({ log_objects: 1, log_rows: 1, log_events: 1 });
    expect([...objects.tagged]).toEqual([key('2026-11-21', 2)]);
    expect(objects.effects.list.slice(-3)).toEqual([`put ${EXPIRE_DONE_KEY}`, `put ${key('2026-11-21', 2)}`, `tag ${key('2026-11-21', 2)}`]); // biome-ignore format: one line
    expect(JSON.parse(await textAt(EXPIRE_DONE_KEY)).kept_from).toEqual({});
    expect(await eraseFromLog(ports, 'gone', false)).toEqual({ log_objects: 0, log_rows: 0, log_events: 0 });
  });

  test('killed at any put and run again: the same objects, since what is before one is whole when it is judged', async () => {
    const keys = [2, 3].map((n) => `log/lane=a/event_date=2026-11-21/${String(n).padStart(12, '0')}.parquet`);
    const [second = '', third = ''] = keys;
    const seen = new Map([['gone/status/0', 11]]);
    const objectsOf = async () => {
      const head = { ...emptyState(), version: 1, date: '2026-11-21' };
      await put(
        second,
        encodeObject('a', 2, batch({ newest: seen, changes: [row('gone', 11), row('kept', 1)] }), head),
      );
      const later = batch({ newest: seen, changes: [], counts: { fresh: 0, unchanged: 4, duplicate: 2, late: 2 }, first_sequence: '2' }); // biome-ignore format: one line
      await put(third, encodeObject('a', 3, later, null));
    };
    const linesOf = async (_: string, { first_sequence }: BatchObject) =>
      first_sequence === '2' ? [line('2', 11, 's')] : [line('1', 11, 's')];
    const ports = { objects, linesOf, progress: () => undefined };
    const texts = async () => Promise.all(keys.map(async (key) => (await objects.get(key))?.toString('hex')));
    await objectsOf();
    await eraseFromLog(ports, 'gone', false);
    expect(objects.effects.list.slice(-2)).toEqual([`put ${third}`, `put ${second}`]);
    const whole = await texts();
    for (const n of [0, 1]) {
      await objectsOf();
      objects.effects.killAt(n, 'after');
      await expect(eraseFromLog(ports, 'gone', false)).rejects.toThrow('put');
      await eraseFromLog(ports, 'gone', false);
      expect(await texts()).toEqual(whole);
    }
  });

  test('an object that someone else writes meanwhile is not replaced', async () => {
    const key = `log/lane=a/event_date=1970-01-01/${'1'.padStart(12, '0')}.parquet`;
    await put(key, encodeObject('a', 1, batch(), null));
    const linesOf = async () => {
      await put(key, encodeObject('a', 1, batch({ records: 2 }), null));
      return [];
    };
    await expect(eraseFromLog({ objects, linesOf, progress: () => undefined }, 'gone', false)).rejects.toMatchObject({ reason: 'log_written_meanwhile' }); // biome-ignore format: one line
  });
});

test('items: a checkpoint and a state without the system; what holds nothing else, or can not be read, goes', async () => {
  const state = { ...emptyState(), version: 3, newest: new Map(batch().newest) };
  const checkpoints = new MemoryTable('lane', [
    { lane: { S: 'a' }, checkpoint: { B: encodeCheckpoint(state) } },
    { lane: { S: 'broken' }, checkpoint: { B: Buffer.from('x') } },
    { lane: { S: 'other' }, checkpoint: { B: encodeCheckpoint(emptyState()) } },
  ]);
  const poll_states = new MemoryTable('group_id', [
    { group_id: { S: 'g' }, state: packState({ gone: NEW_SYSTEM, kept: NEW_SYSTEM }) },
    { group_id: { S: 'gone-60s' }, state: packState({ gone: NEW_SYSTEM }) },
  ]);
  expect(await eraseFromItems({ checkpoints, poll_states }, 'gone', false)).toEqual({ checkpoints: 2, poll_states: 2 });
  expect([...checkpoints.map.keys(), ...poll_states.map.keys()]).toEqual(['a', 'other', 'g']);
  expect(decodeCheckpoint(checkpoints.map.get('a')?.checkpoint?.B ?? Buffer.alloc(0))).toMatchObject({ version: 3, newest: new Map([['kept/status/0', 1]]) }); // biome-ignore format: one line
  expect(Object.keys(unpackState(poll_states.map.get('g')?.state) ?? {})).toEqual(['kept']);
});

test('where it would not be whole it refuses, and does nothing: on AWS, and beside tables of Spark', async () => {
  const pipeline = (lake_folder: string | null) => ({ lake_folder, lake: objects }) as unknown as Pipeline;
  await expect(erase.run(pipeline(null), given({ system: 'sys' }))).rejects.toThrow('--stage');
  await expect(erase.run(pipeline(null), given({}))).rejects.toThrow('--system is missing');
  await expect(erase.run(pipeline(null), given({ system: 'a/b' }))).rejects.toMatchObject({ reason: 'bad_system_id' });
  await put('iceberg/runs/manifest.json', '{}');
  await expect(erase.run(pipeline(join(dir, 's3', 'lake')), given({ system: 'sys' }))).rejects.toMatchObject({
    reason: 'iceberg_tables',
  });
  expect(await objects.keys('')).toEqual(['iceberg/runs/manifest.json']);
});

test('the record tells until when the stream holds it; a run after that says that nothing is left; it can be taken back', async () => {
  const lake = new SmallLake();
  try {
    const newest_ms = Date.UTC(2026, 10, 25, 10);
    const record = async () => parseErasure((await new FolderObjects(lake.root).get('erased/sys.json'))?.toString() ?? '', 'erased/sys.json'); // biome-ignore format: one line
    const { notes } = await eraseFolder(lake.root, 'sys', { stream: { records: 7, newest_ms } });
    expect(notes).toEqual([expect.stringContaining("the stream holds 7 records with events of sys until a run's clock is past 2026-11-26T10:00:00.000Z")]); // biome-ignore format: one line
    expect(await record()).toMatchObject({ stream_until: '2026-11-26T10:00:00.000Z', counts: { plan: 1 } });
    expect((await eraseFolder(lake.root, 'sys')).notes).toEqual([]);
    expect(await record()).toMatchObject({ stream_until: null, allowed_again_at: null, counts: { plan: 1 } });
    const own = { objects: new FolderObjects(lake.root), now_ms: () => newest_ms };
    expect((await allowAgain(own, { system_id: 'sys', dry_run: false })).counts).toEqual({ allowed_again: 1 });
    expect((await allowAgain(own, { system_id: 'sys', dry_run: false })).counts).toEqual({ allowed_again: 0 });
    expect((await record()).allowed_again_at).toBe('2026-11-25T10:00:00.000Z');
  } finally {
    lake.remove();
  }
});
