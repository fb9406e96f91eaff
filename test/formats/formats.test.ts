/**
 * What was written stays readable: a frozen example of each version of each format, in fixtures/<format>-<version>. An encoder whose
 * output differs from the newest example is a new version: it gets a number, and an example of its own beside the old one.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { gunzipSync, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { KinesisStreamEvent } from 'aws-lambda';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { afterEach, describe, expect, test } from 'vitest';
import { accountForBronze } from '../../jobs/duckdb/bronze-files.ts';
import { Database } from '../../jobs/duckdb/connection.ts';
import { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { accountForLog } from '../../jobs/duckdb/log-files.ts';
import { Manifest } from '../../jobs/duckdb/manifest.ts';
import { toRows, unpackRecords } from '../../lib/bronze/unpack.ts';
import { toParquet } from '../../lib/parquet.ts';
import { parsePlan } from '../../lib/poll/plan-text.ts';
import { parseState } from '../../lib/poll/state.ts';
import { parseBatch } from '../../lib/silver/batch-event.ts';
import { decodeCheckpoint, encodeCheckpoint } from '../../lib/silver/checkpoint.ts';
import { logKey } from '../../lib/silver/log.ts';
import { decodeObject, encodeObject } from '../../lib/silver/object.ts';
import { processBatch } from '../../lib/silver/process-batch.ts';
import { decodeChunk, encodeChunk } from '../../lib/stream/chunk.ts';
import { toLaneRecord } from '../../lib/stream/record.ts';
import { ParquetSink } from '../../local/aws/firehose/parquet-sink.ts';
import { parseRecordedPoll } from '../../local/sources/recorded-poll.ts';
import { takeStateFolder } from '../../local/state-folder.ts';
import { MemoryCheckpoints, MemoryLog } from '../silver/memory-log.ts';
import { BATCH, ENTRIES, SLOT_MS, STATE, TURN } from './examples.ts';

const FIXTURES = fileURLToPath(new URL('fixtures/', import.meta.url));
const fixture = (name: string): Buffer => readFileSync(join(FIXTURES, name));
const SEQUENCE = '49650000000000000000000000000000000000000000000000000007';
const SHARD = 'shardId-000000000000';

const folders: string[] = [];
/** A lake where a run has it, two levels below its state folder. */
const lakeFolder = (): LakeFolder => new LakeFolder(join(folder(), 's3', 'lake'));
const openDatabase = (lake: LakeFolder): Promise<Database> =>
  Database.open({ threads: 1, memory_mb: 200, spill_dir: join(lake.settle_dir, 'spill') });
function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'bikelake-formats-'));
  folders.push(made);
  return made;
}
afterEach(() => {
  for (const made of folders.splice(0)) rmSync(made, { recursive: true, force: true });
});

/** Schema, metadata and values of a Parquet file: not its bytes, which depend on the compressor. */
async function contentOf(bytes: Uint8Array) {
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  const { schema, key_value_metadata } = parquetMetadata(file);
  const compressors = {
    ZSTD: (input: Uint8Array) => zstdDecompressSync(input),
    GZIP: (input: Uint8Array) => gunzipSync(input),
  };
  return { schema, key_value_metadata, rows: await parquetReadObjects({ file, compressors }) };
}

test('the examples are these, and no reader is left without one', () => {
  expect(readdirSync(FIXTURES).sort()).toEqual([
    'bronze-0.parquet',
    'bronze-1.parquet',
    'checkpoint-1.zst',
    'chunk-1.zst',
    'log-batch-0.parquet',
    'log-batch-1.parquet',
    'log-turn-0.parquet',
    'log-turn-1.parquet',
  ]);
});

describe('a chunk', () => {
  const TEXT = [
    '{"format":1,"lane":"lane-0","slot_ms":1767225600000,"entries":[{"kind":"status","system_id":"city","part":0,"parts":2,"fetched_at_ms":1767225602345,"feed_updated_ms":null,"lines":1},{"kind":"information","system_id":"city","part":1,"parts":2,"fetched_at_ms":1767225602345,"feed_updated_ms":1767225600000,"lines":1}]}',
    '{"i":"harbour","h":"0123456789abcdef","b":3,"I":true,"o":1767225540000,"r":"{\\"station_id\\":\\"harbour\\"}"}',
    '{"i":"mühle \\"1\\"","h":"fedcba9876543210","N":"Mühle","x":47.5,"y":8.25,"r":"{}"}',
    '',
  ].join('\n');

  test('of format 1 is read', () => {
    const { header, lines } = decodeChunk(fixture('chunk-1.zst'));
    expect(JSON.stringify(header)).toBe(TEXT.split('\n')[0]);
    expect(lines).toEqual(TEXT.split('\n').slice(1, 3));
    const record = toLaneRecord(fixture('chunk-1.zst'), SHARD, SEQUENCE);
    expect(record?.parts.map(({ key, events }) => [key, events.map(({ id, hash }) => [id, hash])])).toEqual([
      ['city/status/0', [['harbour', '0123456789abcdef']]],
      ['city/information/1', [['mühle \\"1\\"', 'fedcba9876543210']]],
    ]);
  });

  test('is written as format 1', () => {
    expect(zstdDecompressSync(encodeChunk('lane-0', SLOT_MS, ENTRIES)).toString()).toBe(TEXT);
  });

  const newer = zstdCompressSync('{"format":2,"anything":"else"}\n…');
  const current = encodeChunk('lane-0', SLOT_MS, ENTRIES);

  test('of a newer format is refused by name, and Bronze leaves its bytes to the error prefix', () => {
    const { records, failed } = unpackRecords([
      { record_id: 'r', body: newer.toString('base64'), shard_id: SHARD, sequence_number: '1', arrived_at_ms: 1 },
    ]);
    expect(records).toEqual([{ recordId: 'r', result: 'ProcessingFailed', data: newer.toString('base64') }]);
    expect(failed[0]?.reason).toBe(
      'unknown_chunk_format: the chunk is of format 2, this version reads 1: deploy the version that wrote it',
    );
  });

  test('of a newer format is not passed over by Silver: it and what comes behind it are not done', () => {
    const event = {
      Records: [current, Buffer.from('foreign'), newer, current, newer].map((bytes, n) => ({
        eventID: `${SHARD}:${n + 1}`,
        kinesis: { sequenceNumber: String(n + 1), data: bytes.toString('base64') },
      })),
    } as unknown as KinesisStreamEvent;
    const { records, foreign, newer: waiting } = parseBatch(event);
    expect(records.map((r) => r.sequence_number)).toEqual(['1']);
    expect(foreign.map((r) => r.sequence_number)).toEqual(['2']);
    expect(waiting?.sequence_number).toBe('3');
    expect(waiting?.reason).toContain('format 2');
  });
});

describe.each([0, 1])('a log object of format %i', (format) => {
  test('with a batch and the state before it is read', async () => {
    expect(await decodeObject(fixture(`log-batch-${format}.parquet`))).toEqual({ object: BATCH, before: STATE });
  });
  test('with a turn is read', async () => {
    expect(await decodeObject(fixture(`log-turn-${format}.parquet`))).toEqual({ object: TURN, before: null });
  });
});

describe('a log object', () => {
  const OTHER = toParquet(
    { row_kind: 'STRING', next_date: 'STRING' },
    [{ row_kind: 'turn', next_date: '2026-01-02' }],
    {
      'bikelake.format': '2',
    },
  );

  test('is written as format 1', async () => {
    expect(await contentOf(encodeObject('lane-0', 8, BATCH, STATE))).toEqual(
      await contentOf(fixture('log-batch-1.parquet')),
    );
    expect(await contentOf(encodeObject('lane-0', 8, TURN, null))).toEqual(
      await contentOf(fixture('log-turn-1.parquet')),
    );
    expect((await contentOf(fixture('log-turn-1.parquet'))).key_value_metadata).toEqual([
      { key: 'bikelake.format', value: '1' },
    ]);
  });

  test('of another format stops its lane, with its name and what to do; nothing is put behind it', async () => {
    const log = new MemoryLog();
    const key = logKey('lane-0', '1970-01-01', 1);
    log.objects.set(key, OTHER);
    const warnings: string[] = [];
    const open = await processBatch(
      [toLaneRecord(fixture('chunk-1.zst'), SHARD, SEQUENCE)].filter((r) => r !== null),
      {
        log,
        checkpoints: new MemoryCheckpoints(),
        memory: new Map(),
        checkpoint_every: 16,
        pause: async () => undefined,
        warn: (message, { error }) => void warnings.push(`${message}: ${String(error)}`),
      },
    );
    expect(open).toBe(SEQUENCE);
    expect([...log.objects.keys()]).toEqual([key]);
    expect(warnings).toEqual([
      `a lane failed: FatalError: ${key}: the log object is of format 2, this version reads 0 and 1: deploy the version that wrote it`,
    ]);
  });

  test('of another format stops settle, with its name', async () => {
    const lake = lakeFolder();
    const file = lake.path(logKey('lane-0', '1970-01-01', 1));
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, OTHER);
    await using db = await openDatabase(lake);
    await expect(accountForLog(db, lake, new Manifest(lake))).rejects.toThrow(`${file}: the log object is of format 2`);
  });
});

describe('a checkpoint', () => {
  test('of format 1 is read', () => {
    expect(decodeCheckpoint(fixture('checkpoint-1.zst'))).toEqual(STATE);
  });
  test('is written as format 1', () => {
    expect(zstdDecompressSync(encodeCheckpoint(STATE)).toString()).toBe(
      zstdDecompressSync(fixture('checkpoint-1.zst')).toString(),
    );
  });
  test('of another format is none: the log tells', () => {
    const text = zstdDecompressSync(fixture('checkpoint-1.zst')).toString();
    expect(decodeCheckpoint(zstdCompressSync(text))).toEqual(STATE);
    for (const format of [0, 2, '1', null]) {
      expect(
        decodeCheckpoint(zstdCompressSync(text.replace('"format":1', `"format":${JSON.stringify(format)}`))),
      ).toBeNull();
    }
  });
});

describe('Bronze', () => {
  const columns = createRequire(import.meta.url)('../../resources/columns.cjs') as {
    glue: { Name: string; Type: string }[];
    keys: Record<string, string>;
  };
  const table = {
    database: 'd',
    name: 't',
    columns: columns.glue.map(({ Name, Type }) => ({ name: Name, type: Type })),
  };
  const conversion = {
    database: 'd',
    table: 't',
    case_insensitive: false,
    keys: columns.keys,
    compression: 'GZIP',
  } as const;

  function written(rows: string): Buffer {
    const file = join(folder(), 'bronze.parquet');
    const sink = new ParquetSink(file, table, conversion);
    expect(sink.add(Buffer.from(rows))).toEqual([]);
    sink.finish();
    return readFileSync(file);
  }
  const rows = toRows({
    record_id: 'r',
    body: encodeChunk('lane-0', SLOT_MS, ENTRIES).toString('base64'),
    shard_id: SHARD,
    sequence_number: SEQUENCE,
    arrived_at_ms: SLOT_MS + 2_600,
  });

  async function settled(bytes: Buffer) {
    const lake = lakeFolder();
    const file = lake.path('bronze/events/dt=2026-01-01/hh=00/a.parquet');
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, bytes);
    const manifest = new Manifest(lake);
    await using db = await openDatabase(lake);
    await accountForBronze(db, lake, manifest);
    return manifest.content.bronze;
  }

  test.each([0, 1])('rows of format %i are read', async (format) => {
    const { rows: found } = await contentOf(fixture(`bronze-${format}.parquet`));
    expect(found).toMatchObject([
      {
        kind: 'status',
        system_id: 'city',
        station_id: 'harbour',
        slot_ms: BigInt(SLOT_MS),
        part: 0,
        line: 1,
        num_bikes_available: 3,
        is_installed: true,
        num_docks_available: null,
        raw: '{"station_id":"harbour"}',
      },
      {
        kind: 'information',
        station_id: 'mühle "1"',
        part: 1,
        line: 2,
        name: 'Mühle',
        lat: 47.5,
        feed_updated_ms: BigInt(SLOT_MS),
      },
    ]);
    expect(found.map((row) => row.format)).toEqual(format === 0 ? [undefined, undefined] : [1, 1]);
    const contents = Object.values(await settled(fixture(`bronze-${format}.parquet`))).flat();
    expect(contents.map(({ kind, date, first_ms }) => `${kind} ${date} ${first_ms}`).sort()).toEqual([
      `information 2026-01-01 ${SLOT_MS}`,
      `status 2026-01-01 ${SLOT_MS}`,
    ]);
  });

  test('rows are written as format 1', async () => {
    expect(await contentOf(written(rows))).toEqual(await contentOf(fixture('bronze-1.parquet')));
  });

  test('rows of a newer format stop settle, with the name of the file', async () => {
    const newer = written(rows.replaceAll('"V":1', '"V":2'));
    await expect(settled(newer)).rejects.toThrow(/a\.parquet: its rows are of format 2, this version reads 0 to 1/);
  });
});

describe('what is kept as JSON', () => {
  test('a plan of another format is refused, with the remedy', () => {
    expect(parsePlan('{"format":1,"groups":[]}', 'plan.json', 'make it again')).toEqual({ format: 1, groups: [] });
    for (const format of ['0', '2', '"1"', 'null']) {
      expect(() => parsePlan(`{"format":${format},"groups":[]}`, 'plan.json', 'make it again')).toThrow(
        `plan.json is a plan of format ${format}, this version reads 1: make it again`,
      );
    }
  });

  test('the state of a poll group of another format is none', () => {
    expect(parseState('{"format":1,"systems":{}}')).toEqual({});
    expect(() => parseState('{"format":2,"systems":{}}')).toThrow('not of format 1');
  });

  test('the manifest of settle of another format counts as lost: everything is made again', () => {
    const lake = lakeFolder();
    const manifest = new Manifest(lake);
    manifest.content.versions['lane-0'] = 7;
    mkdirSync(lake.settle_dir, { recursive: true });
    manifest.save();
    expect(new Manifest(lake).content.versions).toEqual({ 'lane-0': 7 });
    writeFileSync(join(lake.settle_dir, 'manifest.json'), JSON.stringify({ ...manifest.content, format: 2 }));
    expect(new Manifest(lake).content.versions).toEqual({});
  });

  test('a line of a recording may name its format; another one is refused', () => {
    const line = (format: string) => Buffer.from(`{${format}"fetched_at":"2026-01-01T00:00:00Z","body":{"a":1}}`);
    for (const format of ['', '"format":1,']) {
      expect(parseRecordedPoll(1, line(format))).toMatchObject({
        fetched_at_ms: SLOT_MS,
        body: Buffer.from('{"a":1}'),
      });
    }
    expect(() => parseRecordedPoll(1, line('"format":2,'))).toThrow('it is of format 2, this version reads 1');
  });
});

describe('a state folder', () => {
  test.each([
    [
      '{"format":2}',
      'is of format 2, this version reads 1: choose another folder by --dir, or run the version that made it',
    ],
    [
      '{"format":0}',
      'is of format 0, this version reads 1: choose another folder by --dir, or remove it to begin anew',
    ],
    ['null', 'has state without a format'],
    ['', 'has state without a format'],
  ])('whose version is %s is refused', (version, message) => {
    const dir = folder();
    writeFileSync(join(dir, 'version.json'), version);
    expect(() => takeStateFolder(dir)).toThrow(message);
    expect(readFileSync(join(dir, 'version.json'), 'utf8')).toBe(version);
  });

  test('that has state and no version is not taken for a new one', () => {
    const dir = folder();
    mkdirSync(join(dir, 's3'));
    expect(() => takeStateFolder(dir)).toThrow('has state without a format');
    expect(readdirSync(dir)).toEqual(['s3']);
  });
});
