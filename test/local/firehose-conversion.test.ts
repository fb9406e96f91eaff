import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { DuckDBInstance } from '@duckdb/node-api';
import fc from 'fast-check';
import { parquetMetadata, parquetReadObjects } from 'hyparquet';
import { describe, expect, it } from 'vitest';
import { ParquetSink } from '../../local/aws/firehose/parquet-sink.ts';
import { expandPrefix, objectName } from '../../local/aws/firehose/prefix.ts';
import { PlainSink } from '../../local/aws/firehose/sink.ts';
import { toTransformed } from '../../local/aws/firehose/transform-answer.ts';
import { temporaryFolder } from './workbench.ts';

const COLUMNS = [
  { name: 'name', type: 'string', key: 'n' },
  { name: 'NAME_2', type: 'string', key: 'N' },
  { name: 'bikes', type: 'int', key: 'b' },
  { name: 'slot_ms', type: 'bigint', key: 't' },
  { name: 'lat', type: 'double', key: 'x' },
  { name: 'open', type: 'boolean', key: 'o' },
  { name: 'seen', type: 'timestamp', key: 'seen_at' },
];

function sinkAt(
  path: string,
  options: { case_insensitive?: boolean; compression?: 'GZIP' | 'SNAPPY' | 'UNCOMPRESSED' } = {},
) {
  const columns = COLUMNS.filter(({ name }) => !options.case_insensitive || name !== 'NAME_2');
  return new ParquetSink(
    path,
    { database: 'd', name: 't', columns: columns.map(({ name, type }) => ({ name, type })) },
    {
      database: 'd',
      table: 't',
      case_insensitive: options.case_insensitive ?? false,
      keys: Object.fromEntries(columns.map(({ name, key }) => [name, key])),
      compression: options.compression ?? 'GZIP',
    },
  );
}

async function read(path: string): Promise<Record<string, unknown>[]> {
  const bytes = readFileSync(path);
  const file = bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer;
  return parquetReadObjects({ file, compressors: { GZIP: (input) => gunzipSync(input) } });
}

async function converted(...lines: string[]): Promise<{ rows: Record<string, unknown>[]; rejected: string[] }> {
  const path = join(temporaryFolder(), 'x.parquet');
  const sink = sinkAt(path);
  const rejected = sink.add(Buffer.from(lines.join('\n')));
  sink.finish();
  return { rows: await read(path), rejected: rejected.map(({ code, raw }) => `${code} ${raw.toString()}`) };
}

const NONE = { name: null, NAME_2: null, bikes: null, slot_ms: null, lat: null, open: null, seen: null };
const MALFORMED = 'DataFormatConversion.MalformedData';

describe('the conversion of JSON documents to rows', () => {
  it('maps keys to columns, with their case; absent keys and nulls are null, unknown keys nothing', async () => {
    const { rows, rejected } = await converted('{"n":"a","N":"b","b":3,"t":null,"unknown":{"deep":[1]}}');
    expect(rows).toEqual([{ ...NONE, name: 'a', NAME_2: 'b', bikes: 3 }]);
    expect(rejected).toEqual([]);
  });
  it('takes several documents of a record, a line each or one after the other', async () => {
    const { rows } = await converted('{"b":1}', '', '{"b":2}{"b":3,"n":"}{"}');
    expect(rows.map(({ bikes }) => bikes)).toEqual([1, 2, 3]);
  });
  it('rejects a number with a fraction for an int, and never rounds it', async () => {
    const { rows, rejected } = await converted('{"b":1.7}', '{"b":2}', '{"b":3000000000}', '{"t":9007199254740993}');
    expect(rows.map(({ bikes }) => bikes)).toEqual([2]);
    expect(rejected).toEqual([
      `${MALFORMED} {"b":1.7}`,
      `${MALFORMED} {"b":3000000000}`,
      `${MALFORMED} {"t":9007199254740993}`,
    ]);
  });
  it('rejects a document and keeps its neighbours: broken JSON, a list, a primitive, another type', async () => {
    const { rows, rejected } = await converted(
      '{"b":1}',
      '{"b":',
      '[{"b":2}]',
      '5',
      '{"o":"maybe"}',
      '{"x":"north"}',
      '{"b":2}',
    );
    expect(rows.map(({ bikes }) => bikes)).toEqual([1, 2]);
    expect(rejected).toEqual([
      'DataFormatConversion.ParseError {"b":',
      `${MALFORMED} [{"b":2}]`,
      `${MALFORMED} 5`,
      `${MALFORMED} {"o":"maybe"}`,
      `${MALFORMED} {"x":"north"}`,
    ]);
  });
  it('leaves nothing of a rejected document in the row after it', async () => {
    const { rows } = await converted('{"n":"left over","b":7,"t":1.5}', '{"x":1}');
    expect(rows).toEqual([{ ...NONE, lat: 1 }]);
  });
  it('rejects a record without a document', async () => {
    expect((await converted('  ', '')).rejected).toEqual([`${MALFORMED}   \n`]);
  });
  it('reads numbers and booleans from text, and text from anything', async () => {
    const { rows } = await converted('{"n":5,"b":"12","x":"1.5","o":"TRUE","t":"-3"}', '{"n":{"a":[1]},"N":true}');
    expect(rows).toEqual([
      { ...NONE, name: '5', bikes: 12, lat: 1.5, open: true, slot_ms: -3n },
      { ...NONE, name: '{"a":[1]}', NAME_2: 'true' },
    ]);
  });
  it('reads text with escapes and beyond ASCII', async () => {
    const { rows } = await converted(
      '{"n":"합정역 \\"A\\" \\\\ \\/ \\n \\t","N":"\\u0041\\ud83d\\udeb2"}',
      JSON.stringify({ n: '🚲', N: '' }),
    );
    expect(rows).toEqual([
      { ...NONE, name: '합정역 "A" \\ / \n \t', NAME_2: 'A🚲' },
      { ...NONE, name: '🚲', NAME_2: '' },
    ]);
  });
  it('reads times as instants: ISO text, SQL text as UTC, epoch seconds, epoch ms', async () => {
    const { rows } = await converted(
      '{"seen_at":"2022-06-28T15:00:00.5Z"}',
      '{"seen_at":"2022-06-28 15:00:00"}',
      '{"seen_at":1656428400}',
      '{"seen_at":1656428400123}',
    );
    expect(rows.map(({ seen }) => (seen as Date).toISOString())).toEqual([
      '2022-06-28T15:00:00.500Z',
      '2022-06-28T15:00:00.000Z',
      '2022-06-28T15:00:00.000Z',
      '2022-06-28T15:00:00.123Z',
    ]);
  });
  it('takes the last of a key that stands twice, as JSON does', async () => {
    const { rows } = await converted('{"b":1,"b":2,"n":"x","n":null}', '{"b":1,"b":3.0}');
    expect(rows).toEqual([
      { ...NONE, bikes: 2 },
      { ...NONE, bikes: 3 },
    ]);
  });
  it('takes keys in any case where it is told so', async () => {
    const path = join(temporaryFolder(), 'x.parquet');
    const sink = sinkAt(path, { case_insensitive: true });
    sink.add(Buffer.from('{"N":"a","SEEN_AT":1656428400,"B":4}'));
    sink.finish();
    expect(await read(path)).toMatchObject([{ name: 'a', bikes: 4 }]);
  });
  it('keeps every document of any text and any numbers', () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record(
            {
              n: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom('a', 'b')),
              N: fc.string(),
              b: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }),
              t: fc.maxSafeInteger(),
              x: fc.double({ noNaN: true, noDefaultInfinity: true }).map((v) => (v === 0 ? 0 : v)),
              o: fc.boolean(),
              other: fc.jsonValue(),
            },
            { requiredKeys: [] },
          ),
          { minLength: 1, maxLength: 60 },
        ),
        async (documents) => {
          const { rows, rejected } = await converted(...documents.map((document) => JSON.stringify(document)));
          expect(rejected).toEqual([]);
          expect(rows).toEqual(
            documents.map(({ n = null, N = null, b = null, t = null, x = null, o = null }) => ({
              ...NONE,
              name: n?.isWellFormed() === false ? n.toWellFormed() : n,
              NAME_2: N,
              bikes: b,
              slot_ms: t === null ? null : BigInt(t),
              lat: x,
              open: o,
            })),
          );
        },
      ),
      { numRuns: 60 },
    ));
});

describe('the Parquet file of a delivery', () => {
  const many = (path: string, compression: 'GZIP' | 'SNAPPY' | 'UNCOMPRESSED'): void => {
    const sink = sinkAt(path, { compression });
    for (let from = 0; from < 70_000; from += 7_000) {
      let text = '';
      for (let i = from; i < from + 7_000; i++) {
        text += `{"n":"station ${i % 1_000}","N":"unique ${i}","t":${1_656_428_400_000 + i},"x":${i}.5,"seen_at":1656428400`;
        text += i % 3 === 0 ? '}\n' : `,"b":${i % 20},"o":${i % 2 === 0}}\n`;
      }
      sink.add(Buffer.from(text));
    }
    expect(sink.finish().rows).toBe(70_000);
  };
  const QUERY = `SELECT count(*)::INT AS rows, count(bikes)::INT AS bikes, sum(bikes)::INT AS total, count(DISTINCT name)::INT AS names,
    count(DISTINCT NAME_2)::INT AS uniques, sum(slot_ms - 1656428400000)::BIGINT AS slots, sum(lat)::DOUBLE AS lats,
    count(*) FILTER (open)::INT AS open, min(name) AS first, max(NAME_2) AS last, min(seen)::VARCHAR AS seen FROM `;

  for (const compression of ['GZIP', 'SNAPPY', 'UNCOMPRESSED'] as const) {
    it(`${compression}: DuckDB reads the Glue types and every value, over several row groups`, async () => {
      const path = join(temporaryFolder(), 'x.parquet');
      many(path, compression);
      const database = await (await DuckDBInstance.create()).connect();
      await database.run("SET TimeZone = 'UTC'");
      const types = (await database.runAndReadAll(`DESCRIBE SELECT * FROM '${path}'`)).getRowObjects();
      expect(types.map((t) => [t.column_name, t.column_type])).toEqual([
        ['name', 'VARCHAR'],
        ['NAME_2', 'VARCHAR'],
        ['bikes', 'INTEGER'],
        ['slot_ms', 'BIGINT'],
        ['lat', 'DOUBLE'],
        ['open', 'BOOLEAN'],
        ['seen', 'TIMESTAMP WITH TIME ZONE'],
      ]);
      expect((await database.runAndReadAll(`${QUERY} '${path}'`)).getRowObjects()).toEqual([
        {
          rows: 70_000,
          bikes: 46_666,
          total: 443_327,
          names: 1_000,
          uniques: 70_000,
          slots: 2_449_965_000n,
          lats: 2_450_000_000,
          open: 23_333,
          first: 'station 0',
          last: 'unique 9999',
          seen: '2022-06-28 15:00:00+00',
        },
      ]);
    });
  }
  it('has the physical types of the Glue table', () => {
    const path = join(temporaryFolder(), 'x.parquet');
    many(path, 'GZIP');
    const bytes = readFileSync(path);
    const { schema, row_groups } = parquetMetadata(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength) as ArrayBuffer,
    );
    expect(schema.slice(1).map(({ name, type }) => `${name} ${type}`)).toEqual([
      'name BYTE_ARRAY',
      'NAME_2 BYTE_ARRAY',
      'bikes INT32',
      'slot_ms INT64',
      'lat DOUBLE',
      'open BOOLEAN',
      'seen INT64',
    ]);
    expect(row_groups.map(({ num_rows }) => num_rows)).toEqual([32_768n, 32_768n, 4_464n]);
    expect(row_groups[0]?.columns[3]?.meta_data?.codec).toBe('GZIP');
  });
});

describe('a delivery without conversion', () => {
  it('puts records one after the other, with the delimiter, compressed', () => {
    const path = join(temporaryFolder(), 'x.gz');
    const sink = new PlainSink(path, 'GZIP', '\n');
    sink.add(Buffer.from('{"a":1}'));
    sink.add(Buffer.from('{"a":2}'));
    expect(sink.finish().rows).toBe(2);
    expect(gunzipSync(readFileSync(path)).toString()).toBe('{"a":1}\n{"a":2}\n');
  });
});

describe('prefixes', () => {
  const oldest_ms = Date.parse('2022-06-08T05:04:03Z');
  it('expand the time of the oldest record, in UTC', () => {
    expect(expandPrefix('bronze/dt=!{timestamp:yyyy-MM-dd}/hh=!{timestamp:HH}/', oldest_ms)).toBe(
      'bronze/dt=2022-06-08/hh=05/',
    );
    expect(expandPrefix("x/!{timestamp:yy'T'M-d-H:m:s}", oldest_ms)).toBe('x/22T6-8-5:4:3');
  });
  it('without a time get yyyy/MM/dd/HH/', () => {
    expect(expandPrefix('bronze/', oldest_ms)).toBe('bronze/2022/06/08/05/');
    expect(expandPrefix('', oldest_ms)).toBe('2022/06/08/05/');
  });
  it('of errors name the error output type', () => {
    const prefix = 'errors/!{firehose:error-output-type}/!{timestamp:yyyy}/';
    expect(expandPrefix(prefix, oldest_ms, 'processing-failed')).toBe('errors/processing-failed/2022/');
    expect(expandPrefix('errors/', oldest_ms, 'processing-failed')).toBe('errors/processing-failed/2022/06/08/05/');
  });
  it('refuse what they do not know', () => {
    expect(() => expandPrefix('!{partitionKeyFromQuery:dt}/', oldest_ms)).toThrow('!{partitionKeyFromQuery:dt} can');
    expect(() => expandPrefix('!{timestamp:EEE}/', oldest_ms)).toThrow('the letter E');
  });
  it('are followed by stream, version, time and a unique end', () => {
    expect(objectName('bronze', oldest_ms, '.parquet')).toMatch(
      /^bronze-1-2022-06-08-05-04-03-[0-9a-f-]{36}\.parquet$/,
    );
  });
});

describe('the answer of a transform', () => {
  const base64 = (text: string): string => Buffer.from(text).toString('base64');
  const read_ = (answer: unknown, ...ids: string[]): string[] =>
    toTransformed(Buffer.from(typeof answer === 'string' ? answer : JSON.stringify(answer)), ids).map((t) =>
      t.result === 'Ok' ? t.body.toString() : t.result === 'Failed' ? t.code : t.result,
    );

  it('is read by record id, in the order that was asked', () => {
    const records = [
      { recordId: '2', result: 'Dropped', data: '' },
      { recordId: '1', result: 'Ok', data: base64('one') },
      { recordId: '3', result: 'ProcessingFailed', data: base64('three') },
    ];
    expect(read_({ records }, '1', '2', '3')).toEqual(['one', 'Dropped', 'Lambda.ProcessingFailedStatus']);
  });
  it('fails ids that are missing or stand twice, each alone', () => {
    const one = { recordId: '1', result: 'Ok', data: '' };
    const two = { recordId: '2', result: 'Ok', data: base64('two') };
    expect(read_({ records: [one, one, two] }, '1', '2', '3')).toEqual([
      'Lambda.DuplicatedRecordId',
      'two',
      'Lambda.MissingRecordId',
    ]);
  });
  it('fails data that is not base64, and a result that does not exist', () => {
    const records = [
      { recordId: '1', result: 'Ok', data: '{"no":"base64"}' },
      { recordId: '2', result: 'Fine', data: '' },
    ];
    expect(read_({ records }, '1', '2')).toEqual(['Lambda.FunctionError', 'Lambda.JsonProcessingException']);
  });
  it('that is no list of records fails all', () => {
    for (const answer of ['not json', 'null', '{}', '{"records":{}}']) {
      expect(read_(answer, '1', '2')).toEqual(['Lambda.JsonProcessingException', 'Lambda.JsonProcessingException']);
    }
  });
});
