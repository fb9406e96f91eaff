import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import { beforeEach, expect, test } from 'vitest';
import { byUtf8 } from '../../../local/aws/s3/key.ts';
import { S3Store } from '../../../local/aws/s3/store.ts';
import { VirtualClock } from '../../../local/clock.ts';
import { runAndKill, stateFolder } from './state.ts';

const NOON_MS = Date.UTC(2026, 4, 14, 12);
const LAKE = 'bikelake-dev-lake';
const project = fileURLToPath(new URL('../../../', import.meta.url));

let dir: string;
let store: S3Store;

beforeEach(async () => {
  dir = stateFolder();
  store = await S3Store.open(dir, new VirtualClock(NOON_MS, 0));
  await store.createBucket(LAKE);
});

const keysOf = async (prefix = '') => (await store.list(LAKE, prefix)).map((o) => o.key);

test('an object is a plain file at its key, and nothing else is in the folder', async () => {
  await store.put(LAKE, 'log/lane=seoul-1/a.parquet', Buffer.from('abc'));
  expect(store.pathOf(LAKE, 'log/lane=seoul-1/a.parquet')).toBe(
    join(dir, 's3', LAKE, 'log', 'lane=seoul-1', 'a.parquet'),
  );
  expect(readdirSync(join(dir, 's3', LAKE, 'log', 'lane=seoul-1'))).toEqual(['a.parquet']);
  expect(await store.get(LAKE, 'log/lane=seoul-1/a.parquet')).toEqual(Buffer.from('abc'));
  expect(await store.list(LAKE, 'log/')).toEqual([
    { key: 'log/lane=seoul-1/a.parquet', size_bytes: 3, modified_ms: NOON_MS },
  ]);
});

test('the first put-if-absent creates, and the second changes nothing', async () => {
  const first = await store.put(LAKE, 'k', Buffer.from('first'), { if_none_match: true });
  const second = await store.put(LAKE, 'k', Buffer.from('second'), { if_none_match: true });
  expect([first.created, second.created]).toEqual([true, false]);
  expect(second.etag).toBe('8b04d5e3775d298e78455efc5ca404d5'); // MD5 of "first"
  expect(await store.get(LAKE, 'k')).toEqual(Buffer.from('first'));
});

test('of twenty writers of a name exactly one creates', async () => {
  const puts = await Promise.all(
    Array.from({ length: 20 }, (_, i) => store.put(LAKE, 'k', Buffer.from(String(i)), { if_none_match: true })),
  );
  expect(puts.filter((p) => p.created)).toHaveLength(1);
});

test('a finished file moves in whole, in place of what was there', async () => {
  await store.put(LAKE, 'gold/a.parquet', Buffer.from('old'), { metadata: { content_type: 'text/plain' } });
  const path = store.temporaryPath();
  writeFileSync(path, 'new');
  await store.putFile(LAKE, 'gold/a.parquet', path);
  expect(existsSync(path)).toBe(false);
  expect(await store.head(LAKE, 'gold/a.parquet')).toEqual({
    size_bytes: 3,
    modified_ms: NOON_MS,
    etag: '22af645d1859cb5ca6da0c484f1f37ea', // MD5 of "new"
    metadata: {},
  });
});

test('a file that another program changed has the ETag of its bytes', async () => {
  await store.put(LAKE, 'k', Buffer.from('old'));
  writeFileSync(store.pathOf(LAKE, 'k'), 'longer');
  expect((await store.head(LAKE, 'k'))?.etag).toBe('67c35b0654107413e3a1dcbafa96a45c'); // MD5 of "longer"
});

test('deleting the last object of a folder removes the folder, never the bucket', async () => {
  await store.put(LAKE, 'a/b/c', Buffer.from('1'));
  await store.put(LAKE, 'a/d', Buffer.from('2'));
  await store.delete(LAKE, 'a/b/c');
  expect(readdirSync(join(dir, 's3', LAKE, 'a'))).toEqual(['d']);
  await store.delete(LAKE, 'a/d');
  expect(readdirSync(join(dir, 's3'))).toEqual([LAKE]);
  expect(readdirSync(join(dir, 's3', LAKE))).toEqual([]);
  await store.delete(LAKE, 'a/d');
});

test.each([
  ['../escape'],
  ['a/../../escape'],
  ['/absolute'],
  ['a//b'],
  ['a/./b'],
  ['folder/'],
  [''],
  ['nul\0'],
  [`a/${'x'.repeat(256)}`],
  ['é'.repeat(600)],
])('the key %j is refused, and no file is made', async (key) => {
  await expect(store.put(LAKE, key, Buffer.from('x'))).rejects.toThrow(/[Kk]ey/);
  expect(readdirSync(dir).sort()).toEqual(['s3', 's3-tmp']);
  expect(readdirSync(join(dir, 's3', LAKE))).toEqual([]);
});

test('no key leads out of its bucket', () => {
  const inside = join(dir, 's3', LAKE);
  fc.assert(
    fc.property(
      fc.oneof(
        fc.string(),
        fc.array(fc.constantFrom('..', '.', '', 'a', '/', '\\'), { maxLength: 6 }).map((s) => s.join('/')),
      ),
      (key) => {
        try {
          expect(store.pathOf(LAKE, key).startsWith(`${inside}/`)).toBe(true);
        } catch (error) {
          expect(error).toMatchObject({ name: expect.stringMatching(/^(InvalidArgument|KeyTooLongError)$/) });
        }
      },
    ),
  );
});

test('a key below another key, or above others, is refused by name', async () => {
  await store.put(LAKE, 'a/b', Buffer.from('1'));
  await expect(store.put(LAKE, 'a/b/c', Buffer.from('2'))).rejects.toThrow('"a/b/c" lies below another key');
  await expect(store.put(LAKE, 'a', Buffer.from('2'))).rejects.toThrow('"a" is the folder of other keys');
  await expect(store.put(LAKE, 'a', Buffer.from('2'), { if_none_match: true })).rejects.toThrow(
    'is the folder of other keys',
  );
  expect(await keysOf()).toEqual(['a/b']);
  expect(readdirSync(join(dir, 's3-tmp'))).toEqual([]);
  expect(await store.get(LAKE, 'a/b/c')).toBeUndefined();
});

test('a bucket that does not exist, or can not, is named', async () => {
  await expect(store.get('another-bucket', 'k')).rejects.toThrow('does not exist: another-bucket');
  await expect(store.createBucket('../x')).rejects.toThrow('not valid: ../x');
});

test('keys are listed in the order of their UTF-8 bytes, over folders too', async () => {
  const keys = ['a', 'b.txt', 'b/c', 'b/c.d', 'b/é', 'b0', 'é', '\uffff', '\u{1f600}'];
  for (const key of [...keys].reverse()) await store.put(LAKE, key, Buffer.from(key));
  expect(await keysOf()).toEqual(keys);
  expect(await keysOf('b/c')).toEqual(['b/c', 'b/c.d']);
  expect(await keysOf('b')).toEqual(['b.txt', 'b/c', 'b/c.d', 'b/é', 'b0']);
  expect(await keysOf('c')).toEqual([]);
  expect(await keysOf('b/c/none')).toEqual([]);
});

test('a restart finds objects, metadata and tags, and clears what was not finished', async () => {
  await store.put(LAKE, 'k', Buffer.from('x'), { metadata: { user: { slot: '12' } } });
  await store.tag(LAKE, 'k', { settled: 'true' });
  writeFileSync(store.temporaryPath(), 'half');
  const again = await S3Store.open(dir, new VirtualClock(NOON_MS, 0));
  expect((await again.head(LAKE, 'k'))?.metadata).toMatchObject({ user: { slot: '12' }, tags: { settled: 'true' } });
  expect(readdirSync(join(dir, 's3-tmp'))).toEqual([]);
});

test('a killed process leaves whole objects only', async () => {
  await runAndKill(
    `import { S3Store } from './local/aws/s3/store.ts';
     import { VirtualClock } from './local/clock.ts';
     const store = await S3Store.open(${JSON.stringify(dir)}, new VirtualClock(${NOON_MS}, 0));
     const body = Buffer.alloc(3_000_000, 1);
     for (let i = 0; ; i++) {
       await store.put('${LAKE}', 'log/' + String(i).padStart(5, '0'), body, { if_none_match: true });
       if (i === 5) console.log('ready');
       await new Promise((r) => setImmediate(r));
     }`,
    project,
  );
  const listed = await store.list(LAKE, 'log/');
  expect(listed.length).toBeGreaterThan(5);
  expect(new Set(listed.map((o) => o.size_bytes))).toEqual(new Set([3_000_000]));
});

test('names are compared as their UTF-8 bytes are', () => {
  const names = fc.string({
    unit: fc.constantFrom('a', 'b', '/', 'é', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '\u{1f600}'),
  });
  fc.assert(
    fc.property(names, names, (a, b) => {
      expect(Math.sign(byUtf8(a, b))).toBe(Buffer.compare(Buffer.from(a), Buffer.from(b)));
    }),
  );
});
