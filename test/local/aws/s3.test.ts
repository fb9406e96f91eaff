/** The embedded S3, through the SDK's client with its default settings. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { request } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import {
  CreateBucketCommand,
  DeleteObjectCommand,
  DeleteObjectsCommand,
  GetObjectCommand,
  type GetObjectCommandInput,
  GetObjectTaggingCommand,
  HeadBucketCommand,
  HeadObjectCommand,
  ListBucketsCommand,
  ListObjectsV2Command,
  type ListObjectsV2CommandInput,
  NoSuchBucket,
  NoSuchKey,
  NotFound,
  PutObjectCommand,
  type PutObjectCommandInput,
  PutObjectTaggingCommand,
  paginateListObjectsV2,
  S3Client,
} from '@aws-sdk/client-s3';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { Endpoint } from '../../../local/aws/http.ts';
import { startS3 } from '../../../local/aws/s3/server.ts';
import { S3Store } from '../../../local/aws/s3/store.ts';
import { VirtualClock } from '../../../local/clock.ts';
import { credentials, region, stateFolder } from './state.ts';

const NOON_MS = Date.UTC(2026, 4, 14, 12);
const Bucket = 'bikelake-dev-lake';

let store: S3Store;
let endpoint: Endpoint;
let client: S3Client;

beforeEach(async () => {
  store = await S3Store.open(stateFolder(), new VirtualClock(NOON_MS, 0));
  await store.createBucket(Bucket);
  endpoint = await startS3(store);
  client = new S3Client({ endpoint: endpoint.url, region, credentials });
});

afterEach(async () => {
  client.destroy();
  await endpoint.close();
});

const put = (Key: string, Body: PutObjectCommandInput['Body'] = Key, more: Partial<PutObjectCommandInput> = {}) =>
  client.send(new PutObjectCommand({ Bucket, Key, Body, ...more }));
const get = (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  client.send(new GetObjectCommand({ Bucket, Key, ...more }));
const textOf = async (Key: string, more: Partial<GetObjectCommandInput> = {}) =>
  (await get(Key, more)).Body?.transformToString();
const list = (more: Partial<ListObjectsV2CommandInput> = {}) =>
  client.send(new ListObjectsV2Command({ Bucket, ...more }));

test('an object comes back as it was put', async () => {
  const key = 'log/lane=seoul-1/event_date=2026-05-14/ü +&%?#.parquet';
  const { ETag } = await put(key, 'hello');
  expect(ETag).toBe('"5d41402abc4b2a76b9719d911017c592"');
  const found = await get(key);
  expect(await found.Body?.transformToString()).toBe('hello');
  expect(found).toMatchObject({
    ETag,
    ContentLength: 5,
    LastModified: new Date(NOON_MS),
    ContentType: 'binary/octet-stream',
  });
  expect(await client.send(new HeadObjectCommand({ Bucket, Key: key }))).toMatchObject({ ETag, ContentLength: 5 });
});

test('an object of many megabytes goes and comes whole', async () => {
  const body = Buffer.alloc(24_000_000, 'bikelake');
  const { ETag } = await put('large', body);
  expect(ETag).toBe(`"${createHash('md5').update(body).digest('hex')}"`);
  const found = await (await get('large')).Body?.transformToByteArray();
  expect(Buffer.compare(body, found ?? Buffer.alloc(0))).toBe(0);
});

test('an empty object is an object', async () => {
  await put('empty', Buffer.alloc(0), { ContentLength: 0 });
  expect(await textOf('empty')).toBe('');
  expect((await list()).Contents).toMatchObject([{ Key: 'empty', Size: 0 }]);
});

test('a body that is streamed arrives without its framing, with its checksum in the trailer', async () => {
  const piece = Buffer.alloc(100_000, 'bike');
  const answer = await put('streamed', Readable.from([piece, piece, piece]), { ContentLength: 300_000 });
  expect(answer.ETag).toBe(`"${createHash('md5').update(Buffer.alloc(300_000, 'bike')).digest('hex')}"`);
  expect(answer.ChecksumCRC32).toMatch(/^.{8}$/);
  expect((await get('streamed')).ContentEncoding).toBeUndefined();
});

test.each(['CRC32', 'CRC32C', 'SHA1', 'SHA256'] as const)(
  'a body with a %s is accepted when it holds',
  async (ChecksumAlgorithm) => {
    await put('checked', 'hello', { ChecksumAlgorithm });
    expect(await textOf('checked')).toBe('hello');
  },
);

test.each([
  ['CRC32', { ChecksumCRC32: 'AAAAAA==' }],
  ['CRC32C', { ChecksumCRC32C: 'AAAAAA==' }],
  ['SHA256', { ChecksumSHA256: createHash('sha256').update('other').digest('base64') }],
  ['Content-MD5', { ContentMD5: createHash('md5').update('other').digest('base64') }],
])('a body with a wrong %s is refused, and nothing is stored', async (_, wrong) => {
  await expect(put('k', 'hello', wrong)).rejects.toMatchObject({ name: 'BadDigest' });
  expect(await store.get(Bucket, 'k')).toBeUndefined();
});

test('put-if-absent over an object is 412 PreconditionFailed, and the object stays', async () => {
  await put('k', 'first', { IfNoneMatch: '*' });
  await expect(put('k', 'second', { IfNoneMatch: '*' })).rejects.toMatchObject({
    name: 'PreconditionFailed',
    $metadata: { httpStatusCode: 412 },
  });
  expect(await textOf('k')).toBe('first');
});

test('of twenty writers at once exactly one creates, and its bytes stay', async () => {
  const clients = Array.from({ length: 4 }, () => new S3Client({ endpoint: endpoint.url, region, credentials }));
  const puts = await Promise.allSettled(
    Array.from({ length: 20 }, (_, i) =>
      (clients[i % 4] ?? client).send(
        new PutObjectCommand({ Bucket, Key: 'race', Body: `writer ${i}`, IfNoneMatch: '*' }),
      ),
    ),
  );
  for (const c of clients) c.destroy();
  const winners = puts.flatMap((p, i) => (p.status === 'fulfilled' ? [i] : []));
  const losers = puts.flatMap((p) => (p.status === 'rejected' ? [p.reason.name] : []));
  expect([winners.length, losers]).toEqual([1, Array(19).fill('PreconditionFailed')]);
  expect(await textOf('race')).toBe(`writer ${winners[0]}`);
});

test('put over an ETag replaces that object only', async () => {
  const { ETag } = await put('k', 'first');
  await put('k', 'second', { IfMatch: ETag });
  await expect(put('k', 'third', { IfMatch: ETag })).rejects.toMatchObject({ name: 'PreconditionFailed' });
  await expect(put('none', 'x', { IfMatch: ETag })).rejects.toThrow(NoSuchKey);
  expect(await textOf('k')).toBe('second');
});

test('a range is a part, and one beyond the end is refused', async () => {
  await put('k', '0123456789');
  expect(await textOf('k', { Range: 'bytes=2-4' })).toBe('234');
  expect(await textOf('k', { Range: 'bytes=7-' })).toBe('789');
  expect(await textOf('k', { Range: 'bytes=-3' })).toBe('789');
  expect(await get('k', { Range: 'bytes=8-99' })).toMatchObject({ ContentRange: 'bytes 8-9/10', ContentLength: 2 });
  await expect(get('k', { Range: 'bytes=10-' })).rejects.toMatchObject({ name: 'InvalidRange' });
});

test('a get for what one has is 304', async () => {
  const { ETag } = await put('k', 'same');
  await expect(get('k', { IfNoneMatch: ETag })).rejects.toMatchObject({ $metadata: { httpStatusCode: 304 } });
  expect(await textOf('k', { IfNoneMatch: '"other"' })).toBe('same');
});

test('what does not exist has the exception of its kind', async () => {
  await expect(get('none')).rejects.toThrow(NoSuchKey);
  await expect(client.send(new HeadObjectCommand({ Bucket, Key: 'none' }))).rejects.toThrow(NotFound);
  await expect(client.send(new HeadBucketCommand({ Bucket: 'none-such' }))).rejects.toThrow(NotFound);
  await expect(client.send(new ListObjectsV2Command({ Bucket: 'none-such' }))).rejects.toThrow(NoSuchBucket);
});

test('metadata and tags come back', async () => {
  await put('k', 'x', {
    ContentType: 'text/csv',
    ContentEncoding: 'gzip',
    Metadata: { slot: '12' },
    Tagging: 'a=1&b=%C3%A9',
  });
  expect(await client.send(new HeadObjectCommand({ Bucket, Key: 'k' }))).toMatchObject({
    ContentType: 'text/csv',
    ContentEncoding: 'gzip',
    Metadata: { slot: '12' },
  });
  const tags = async () => (await client.send(new GetObjectTaggingCommand({ Bucket, Key: 'k' }))).TagSet;
  expect(await tags()).toEqual([
    { Key: 'a', Value: '1' },
    { Key: 'b', Value: 'é' },
  ]);
  await client.send(
    new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet: [{ Key: 'se<t', Value: 't & "r"' }] } }),
  );
  expect(await tags()).toEqual([{ Key: 'se<t', Value: 't & "r"' }]);
  await put('k', 'x');
  expect(await tags()).toEqual([]);
});

test('more than ten tags are refused', async () => {
  await put('k');
  const TagSet = Array.from({ length: 11 }, (_, i) => ({ Key: `k${i}`, Value: 'v' }));
  await expect(
    client.send(new PutObjectTaggingCommand({ Bucket, Key: 'k', Tagging: { TagSet } })),
  ).rejects.toMatchObject({ name: 'BadRequest' });
});

test('a listing is by pages, in order', async () => {
  for (const key of ['c', 'a/2', 'a/1', 'b']) await put(key);
  const pages = [];
  for await (const page of paginateListObjectsV2({ client, pageSize: 2 }, { Bucket }))
    pages.push([page.Contents?.map((o) => o.Key), page.IsTruncated, page.KeyCount]);
  expect(pages).toEqual([
    [['a/1', 'a/2'], true, 2],
    [['b', 'c'], false, 2],
  ]);
  expect((await list({ Prefix: 'a/' })).Contents).toMatchObject([
    { Key: 'a/1', Size: 3, LastModified: new Date(NOON_MS) },
    { Key: 'a/2' },
  ]);
  expect((await list({ StartAfter: 'a/2' })).Contents?.map((o) => o.Key)).toEqual(['b', 'c']);
  expect((await list({ MaxKeys: 0 })).KeyCount).toBe(0);
});

test('a page without MaxKeys has at most a thousand keys', async () => {
  for (let i = 0; i < 1001; i++) await store.put(Bucket, `k/${String(i).padStart(4, '0')}`, Buffer.from('x'));
  const first = await list();
  expect([first.KeyCount, first.IsTruncated, first.Contents?.at(-1)?.Key]).toEqual([1000, true, 'k/0999']);
  expect((await list({ ContinuationToken: first.NextContinuationToken })).Contents?.map((o) => o.Key)).toEqual([
    'k/1000',
  ]);
});

test('a delimiter rolls keys up to common prefixes, also over pages', async () => {
  for (const key of [
    'log/lane=a/event_date=1/1',
    'log/lane=a/event_date=1/2',
    'log/lane=a/event_date=2/1',
    'log/lane=a/z',
    'log/lane=b/1',
  ])
    await put(key);
  const days = await list({ Prefix: 'log/lane=a/', Delimiter: '/' });
  expect(days.CommonPrefixes?.map((p) => p.Prefix)).toEqual(['log/lane=a/event_date=1/', 'log/lane=a/event_date=2/']);
  expect(days.Contents?.map((o) => o.Key)).toEqual(['log/lane=a/z']);
  expect((await list({ Prefix: 'log/lane', Delimiter: '/' })).CommonPrefixes).toEqual([
    { Prefix: 'log/lane=a/' },
    { Prefix: 'log/lane=b/' },
  ]);
  expect((await list({ Delimiter: '=' })).CommonPrefixes).toEqual([{ Prefix: 'log/lane=' }]);

  const names: (string | undefined)[] = [];
  for await (const page of paginateListObjectsV2(
    { client, pageSize: 1 },
    { Bucket, Prefix: 'log/lane=a/', Delimiter: '/' },
  ))
    names.push(...(page.CommonPrefixes ?? []).map((p) => p.Prefix), ...(page.Contents ?? []).map((o) => o.Key));
  expect(names).toEqual(['log/lane=a/event_date=1/', 'log/lane=a/event_date=2/', 'log/lane=a/z']);
});

test('keys with characters of XML and URLs are listed as they are', async () => {
  const key = 'a&b<c>"d"\'e + %20=é';
  await put(key);
  expect((await list()).Contents?.map((o) => o.Key)).toEqual([key]);
  const encoded = await fetch(`${endpoint.url}/${Bucket}?list-type=2&encoding-type=url`);
  expect(await encoded.text()).toContain("<Key>a%26b%3Cc%3E%22d%22'e%20%2B%20%2520%3D%C3%A9</Key>");
});

test('deletes are idempotent, one by one and many at once', async () => {
  for (const key of ['a', 'b', 'c&d']) await put(key);
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
  await client.send(new DeleteObjectCommand({ Bucket, Key: 'a' }));
  const answer = await client.send(
    new DeleteObjectsCommand({
      Bucket,
      Delete: { Objects: [{ Key: 'b' }, { Key: 'c&d' }, { Key: 'none' }, { Key: '../x' }] },
    }),
  );
  expect(answer.Deleted).toEqual([{ Key: 'b' }, { Key: 'c&d' }, { Key: 'none' }]);
  expect(answer.Errors).toMatchObject([{ Key: '../x', Code: 'InvalidArgument' }]);
  expect((await list()).KeyCount).toBe(0);
});

test('buckets are made and listed', async () => {
  await client.send(new CreateBucketCommand({ Bucket: 'another-bucket' }));
  await client.send(new HeadBucketCommand({ Bucket: 'another-bucket' }));
  const { Buckets } = await client.send(new ListBucketsCommand({}));
  expect(Buckets?.map((b) => b.Name)).toEqual(['another-bucket', Bucket]);
});

test('an operation that is missing says so', async () => {
  const answer = await fetch(`${endpoint.url}/${Bucket}/k?uploads`, { method: 'POST' });
  expect([answer.status, await answer.text()]).toEqual([501, expect.stringContaining('<Code>NotImplemented</Code>')]);
});

test.each(['/..%2f..%2fetc%2fpasswd', '/%2e%2e/x', '/../x', '/a/../../../x'])(
  'the path %s in a bucket is refused',
  async (path) => {
    const { hostname, port } = new URL(endpoint.url);
    const [answer] = await once(request({ hostname, port, path: `/${Bucket}${path}` }).end(), 'response'); // fetch would resolve the dots itself
    expect([answer.statusCode, await text(answer)]).toEqual([
      400,
      expect.stringContaining('<Code>InvalidArgument</Code>'),
    ]);
  },
);
