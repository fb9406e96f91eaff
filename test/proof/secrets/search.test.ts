import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { DynamoDBClient, PutItemCommand } from '@aws-sdk/client-dynamodb';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { toParquet } from '../../../lib/parquet.ts';
import { startDynamoDb } from '../../../local/aws/dynamodb/server.ts';
import { KinesisStore } from '../../../local/aws/kinesis/store.ts';
import { VirtualClock } from '../../../local/clock.ts';
import { temporaryFolder } from '../../local/workbench.ts';
import { tracesWith } from './search.ts';
import { tracesOf } from './traces.ts';

const KEY = '4d5a6b71Planted/Key+With="Signs"&51';
const START_MS = Date.parse('2026-11-21T23:40:00Z');

describe('the search', () => {
  const url = `https://seoul.example/${encodeURIComponent(KEY)}/json`;
  const base64 = (text: string) => Buffer.from(text).toString('base64');
  const spellings: Readonly<Record<string, string>> = {
    plain: `GET ${KEY}`,
    'in capitals': KEY.toUpperCase(),
    'in a URL': url,
    'in a URL that was encoded again': encodeURIComponent(url),
    'in a URL, in small letters': url.toLowerCase(),
    'every character of it encoded': Array.from(KEY)
      .map((c) => `%${c.charCodeAt(0).toString(16)}`)
      .join(''),
    'as JSON': JSON.stringify({ message: JSON.stringify({ key: KEY }) }),
    'as JSON escapes': Array.from(KEY)
      .map((c) => `\\u00${c.charCodeAt(0).toString(16)}`)
      .join(''),
    'in HTML': KEY.replace(/[&"]/g, (c) => `&#${c.charCodeAt(0)};`),
    'in base64': `{"data":"${base64(`user:${KEY}`)}"}`,
    'in base64 behind a slash': `x/${base64(`ab${KEY}`)}`,
    'in base64 of base64': base64(base64(`some more text ${url}`)),
    'in hexadecimal': Buffer.from(KEY).toString('hex'),
    backwards: Array.from(KEY).reverse().join(''),
    'backwards as JSON escapes': Array.from(KEY)
      .reverse()
      .map((c) => `\\u00${c.charCodeAt(0).toString(16)}`)
      .join(''),
  };
  const packed: Readonly<Record<string, (text: string) => Uint8Array>> = {
    'as it is': (text) => Buffer.from(text),
    'in gzip': (text) => gzipSync(text),
    'in zstd': (text) => zstdCompressSync(text),
    'in a zip': (text) => zipSync({ 'functions/poll.cjs': Buffer.from(text) }),
    'in Parquet': (text) => toParquet({ station_id: 'STRING', raw: 'STRING' }, [{ station_id: 's', raw: text }], {}),
    'in a line of quarantine': (text) => gzipSync(`{"raw":"${zstdCompressSync(text).toString('base64')}"}\n`),
  };

  it.each(Object.keys(spellings))('finds a key %s, wherever it is packed', async (spelling) => {
    const traces = Object.entries(packed).map(([name, pack]) => ({
      name,
      bytes: Buffer.from(pack(spellings[spelling] ?? '')),
    }));
    expect(await tracesWith(KEY, [...traces, { name: 'another', bytes: Buffer.from('4d5a6b71Planted') }])).toEqual(
      Object.keys(packed),
    );
  });

  it('finds what is planted in each place of a run', async () => {
    const dir = temporaryFolder();
    const clock = new VirtualClock(START_MS, 0);
    const kinesis = await KinesisStore.open(dir, clock);
    await kinesis.createStream({ name: 'events', shards: 1, retention_hours: 24 });
    await kinesis.put('events', [{ partition_key: 'lane', data: zstdCompressSync(KEY) }]);
    await kinesis.close();
    const dynamodb = await startDynamoDb(dir);
    const TableName = 'polls';
    await dynamodb.createTable({
      TableName,
      BillingMode: 'PAY_PER_REQUEST',
      AttributeDefinitions: [{ AttributeName: 'group_id', AttributeType: 'S' }],
      KeySchema: [{ AttributeName: 'group_id', KeyType: 'HASH' }],
    });
    const client = new DynamoDBClient({
      endpoint: dynamodb.url,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
    });
    const Item = { group_id: { S: 'g' }, state: { S: JSON.stringify({ etag: KEY }) }, packed: { B: gzipSync(KEY) } };
    await client.send(new PutItemCommand({ TableName, Item }));
    client.destroy();
    await dynamodb.close();
    mkdirSync(join(dir, 'logs'));
    writeFileSync(join(dir, 'logs/poll.log'), `{"level":"WARN","message":"${url}"}\n`);
    const found = await tracesWith(KEY, await tracesOf(dir, [TableName]));
    expect(found.map((name) => name.replace(/\d{20,}/, 'N'))).toEqual(
      expect.arrayContaining(['logs/poll.log', 'record lane N', 'item polls state', 'item polls packed']),
    );
  });
});
