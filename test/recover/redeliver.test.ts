import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { Database } from '../../jobs/duckdb/connection.ts';
import { toRows } from '../../lib/bronze/unpack.ts';
import { COLUMNS } from '../../lib/stream/columns.ts';
import { conversionFailedLine, type FailedRecord, processingFailedLine } from '../../local/aws/firehose/error-line.ts';
import { ParquetSink } from '../../local/aws/firehose/parquet-sink.ts';
import { redeliverErrors } from '../../recover/redeliver-errors.ts';
import { chunkOf, SHARD, START_MS } from './chunks.ts';
import { dry, Effects, Killed, MemoryObjects, quiet } from './memory.ts';

const PARTITION = 'dt=2026-11-21/hh=23';
const PROCESSING = `errors/bronze/processing-failed/${PARTITION}/bikelake-dev-bronze-1-x`;
const CONVERSION = `errors/bronze/format-conversion-failed/${PARTITION}/bikelake-dev-bronze-1-y`;
const everything = { from: null, to: null };

const failed = (sequence: number, raw: Buffer): FailedRecord => ({
  code: 'Lambda.ProcessingFailedStatus',
  message: 'the function said so',
  attempts: 1,
  arrived_at_ms: START_MS,
  ended_at_ms: START_MS + 1,
  raw,
  shard_id: SHARD,
  sequence_number: String(sequence),
  partition_key: 'a',
});
const source = (sequence: number, chunk: Buffer) => ({
  record_id: '',
  body: chunk.toString('base64'),
  shard_id: SHARD,
  sequence_number: String(sequence),
  arrived_at_ms: START_MS,
});
const unprocessed = (sequence: number, raw: Buffer): string => processingFailedLine(failed(sequence, raw), 'bronze');
const unconverted = (row: string): string =>
  conversionFailedLine(failed(1, Buffer.from(row)), { database: 'd', table: 't' } as Parameters<
    typeof conversionFailedLine
  >[1]);
const put = (objects: MemoryObjects, key: string, ...lines: string[]): void =>
  void objects.map.set(key, Buffer.from(`${lines.join('\n')}\n`));

function world() {
  const effects = new Effects();
  const objects = new MemoryObjects(effects);
  return { effects, objects, ports: { objects, now_ms: () => START_MS } };
}
const [one, two, midnight] = [chunkOf(0, { s: 1, t: 2 }), chunkOf(1, { s: 2 }), chunkOf(2, { s: 3 })];

describe('redeliver', () => {
  test('a failed record becomes the rows of its chunk, in the partition of its arrival; then the marker', async () => {
    const { effects, objects, ports } = world();
    put(objects, PROCESSING, unprocessed(1, one), unprocessed(2, midnight));
    const outcome = await redeliverErrors(ports, everything, quiet);
    expect(outcome).toEqual({
      counts: { error_objects: 1, lines_brought_back: 2, rows_into_bronze: 3, files: 1 },
      notes: [],
      dirty: ['2026-11-21', '2026-11-22'],
      changed: true,
    });
    const id = /redeliver-([0-9a-f]{32})/.exec(effects.list[0] ?? '')?.[1];
    expect(effects.list).toEqual([
      `put dirty/2026-11-21/redeliver-${id}.json`,
      `put dirty/2026-11-22/redeliver-${id}.json`,
      `put bronze/events/${PARTITION}/redeliver-${id}.parquet`,
      `put recovered/redeliver/${PROCESSING}`,
    ]);
  });

  test('a second run does nothing, and a dry run tells without doing', async () => {
    const { effects, objects, ports } = world();
    put(objects, PROCESSING, unprocessed(1, one), unprocessed(2, Buffer.from('foreign')));
    const told = await redeliverErrors(ports, everything, dry);
    expect(effects.list).toEqual([]);
    expect(await redeliverErrors(ports, everything, quiet)).toEqual(told);
    effects.list.length = 0;
    expect(await redeliverErrors(ports, everything, quiet)).toEqual({
      counts: { error_objects: 0, lines_brought_back: 0, rows_into_bronze: 0, files: 0 },
      notes: [`${PROCESSING}: 1 (2): the record is not zstd`],
      dirty: [],
      changed: false,
    });
    expect(effects.list).toEqual([]);
  });

  test('killed before or after any effect and run again: the same objects', async () => {
    const plant = (objects: MemoryObjects): void => {
      put(objects, PROCESSING, unprocessed(1, one), unprocessed(2, midnight));
      put(objects, CONVERSION, unconverted(toRows(source(3, two)).trim()));
    };
    const whole = world();
    plant(whole.objects);
    await redeliverErrors(whole.ports, everything, quiet);
    expect(whole.effects.list).toHaveLength(7);
    for (let n = 0; n < 7; n++) {
      for (const when of ['before', 'after'] as const) {
        const { effects, objects, ports } = world();
        plant(objects);
        effects.killAt(n, when);
        await expect(redeliverErrors(ports, everything, quiet)).rejects.toThrow(Killed);
        await redeliverErrors(ports, everything, quiet);
        expect(objects.under(''), `${when} effect ${n}`).toEqual(whole.objects.under(''));
      }
    }
  });

  test('a row that still does not fit stays with the column that it breaks; fixed, it comes back alone as another file', async () => {
    const { effects, objects, ports } = world();
    const row = toRows(source(1, two)).trim();
    const broken = row.replace('"b":2', '"b":2.5');
    put(
      objects,
      CONVERSION,
      unconverted(row),
      unconverted(broken),
      unconverted('{"t":'),
      unconverted('{"k":"status"}'),
    );
    const { notes, counts } = await redeliverErrors(ports, everything, quiet);
    expect(counts.lines_brought_back).toBe(1);
    expect(notes).toEqual([
      `${CONVERSION}: 1 (2): num_bikes_available does not fit its column: For input string: "2.5"`,
      `${CONVERSION}: 1 (3): it is no JSON`,
      `${CONVERSION}: 1 (4): it has no slot`,
    ]);
    const first = Object.keys(objects.under('bronze/'));
    // As if the column had become one that takes the value: here the line does.
    put(objects, CONVERSION, unconverted(row), unconverted(row), unconverted('{"t":'), unconverted('{"k":"status"}'));
    effects.list.length = 0;
    expect((await redeliverErrors(ports, everything, quiet)).counts).toMatchObject({ lines_brought_back: 1, files: 1 });
    expect(Object.keys(objects.under('bronze/'))).toHaveLength(2);
    expect(effects.list.filter((e) => first.some((key) => e.endsWith(key)))).toEqual([]);
    const marker = JSON.parse(String(objects.map.get(`recovered/redeliver/${CONVERSION}`)));
    expect([marker.brought_back, Object.keys(marker.stays)]).toEqual([2, ['3', '4']]);
  });

  test('lines that are none, and objects that are none, are named and stay', async () => {
    const { objects, ports } = world();
    put(objects, PROCESSING, 'text', '{}', '{"rawData":"QQ=="}');
    put(objects, 'errors/bronze/other/x', '{}');
    const { notes } = await redeliverErrors(ports, everything, quiet);
    expect(notes).toEqual([
      'errors/bronze/other/x: its name is not that of an error object of Bronze',
      `${PROCESSING}: 1 (1): it is no JSON object`,
      `${PROCESSING}: 1 (2): it has no rawData`,
      `${PROCESSING}: 1 (3): it does not say where in the stream it lay: npm run redeliver -- --stream finds its record while the stream holds it`,
    ]);
  });

  test('only the days of arrival that are asked for', async () => {
    const { objects, ports } = world();
    put(objects, PROCESSING, unprocessed(1, one));
    expect((await redeliverErrors(ports, { from: '2026-11-22', to: null }, quiet)).changed).toBe(false);
    expect((await redeliverErrors(ports, { from: null, to: '2026-11-20' }, quiet)).changed).toBe(false);
    expect((await redeliverErrors(ports, { from: '2026-11-21', to: '2026-11-21' }, quiet)).changed).toBe(true);
  });
});

describe('the file', () => {
  let dir: string;
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'bikelake-redeliver-'));
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  test('has the columns, types and rows that the delivery stream writes for the same records', async () => {
    const { objects, ports } = world();
    const chunk = chunkOf(0, Object.fromEntries(Array.from({ length: 500 }, (_, i) => [`st "${i}" ü`, i])));
    put(objects, PROCESSING, unprocessed(7, chunk), unprocessed(8, midnight));
    await redeliverErrors(ports, everything, quiet);
    const [ours] = Object.keys(objects.under('bronze/'));
    writeFileSync(join(dir, 'ours.parquet'), objects.map.get(ours ?? '') ?? '');
    const keys = Object.fromEntries(COLUMNS.map(({ name, key }) => [name, key]));
    const table = { database: 'd', name: 't', columns: COLUMNS.map(({ name, type }) => ({ name, type })) };
    const conversion = { database: 'd', table: 't', case_insensitive: false, keys, compression: 'GZIP' as const };
    const sink = new ParquetSink(join(dir, 'theirs.parquet'), table, conversion);
    for (const [sequence, data] of [
      [7, chunk],
      [8, midnight],
    ] as const)
      expect(sink.add(Buffer.from(toRows(source(sequence, data))))).toEqual([]);
    sink.finish();
    await using db = await Database.open({ threads: 1, memory_mb: 256, spill_dir: join(dir, 'spill') });
    const of = (name: string): string => `read_parquet('${join(dir, name)}')`;
    const described = async (name: string) => (await db.answer(`DESCRIBE SELECT * FROM ${of(name)}`)).rows;
    expect(await described('ours.parquet')).toEqual(await described('theirs.parquet'));
    expect(await described('ours.parquet')).toHaveLength(COLUMNS.length);
    const rows = async (name: string) => (await db.answer(`SELECT * FROM ${of(name)}`)).rows;
    expect(await rows('ours.parquet')).toEqual(await rows('theirs.parquet'));
    expect(await rows('ours.parquet')).toHaveLength(501);
  });
});
