/** The operations of the S3 API that the embedded service answers. */
import { AwsError } from '../error.ts';
import { REGION } from '../names.ts';
import { checkBody, parseBody } from './body.ts';
import { type Found, objectHeaders, toMetadata } from './headers.ts';
import { listObjects, parseMost } from './list.ts';
import { parseRange } from './range.ts';
import type { S3Answer, S3Request } from './request.ts';
import { preconditionFailed, type S3Store } from './store.ts';
import { parseTagging } from './tags.ts';
import { innerOf, type Nodes, parseRoot, textOf, toXml } from './xml.ts';

export type S3Handle = (request: S3Request) => Promise<S3Answer>;

const DELETE_KEYS = 1000;
const OWNER = { ID: 'bikelake', DisplayName: 'bikelake' };

export function s3Operations(store: S3Store): S3Handle {
  const operations: Readonly<Record<string, S3Handle>> = {
    ListBuckets: async () =>
      xml('ListAllMyBucketsResult', {
        Owner: OWNER,
        Buckets: { Bucket: store.buckets().map((b) => ({ Name: b.name, CreationDate: iso(b.created_ms) })) },
      }),

    CreateBucket: async ({ bucket }) => {
      await store.createBucket(bucket);
      return { headers: { location: `/${bucket}` } };
    },

    HeadBucket: async ({ bucket }) => {
      if (store.hasBucket(bucket)) return { headers: { 'x-amz-bucket-region': REGION } };
      throw new AwsError('NoSuchBucket', 'The specified bucket does not exist', 404);
    },

    GetBucketLocation: async ({ bucket }) => {
      store.folderOf(bucket);
      return xml('LocationConstraint', {}); // empty means us-east-1
    },

    ListObjectsV2: async ({ bucket, query }) => {
      const prefix = query.get('prefix') ?? '';
      const delimiter = query.get('delimiter') ?? '';
      const token = query.get('continuation-token');
      const start_after = query.get('start-after');
      const after = token === null ? (start_after ?? undefined) : Buffer.from(token, 'base64').toString();
      const most = parseMost(query.get('max-keys'));
      const { keys, common_prefixes, last } = listObjects(store, bucket, { prefix, delimiter, after, most });
      const url = query.get('encoding-type') === 'url';
      const encode = (text: string): string => (url ? encodeURIComponent(text).replaceAll('%2F', '/') : text);
      const contents = [];
      for (const key of keys) {
        const facts = store.facts(bucket, key);
        if (facts)
          contents.push({
            Key: encode(key),
            LastModified: iso(facts.modified_ms),
            ETag: `"${facts.etag}"`,
            Size: facts.size_bytes,
            StorageClass: 'STANDARD',
          });
      }
      return xml('ListBucketResult', {
        Name: bucket,
        Prefix: encode(prefix),
        Delimiter: delimiter === '' ? undefined : encode(delimiter),
        MaxKeys: most,
        KeyCount: contents.length + common_prefixes.length,
        IsTruncated: last !== undefined,
        ContinuationToken: token ?? undefined,
        NextContinuationToken: last === undefined ? undefined : Buffer.from(last).toString('base64'),
        StartAfter: start_after === null ? undefined : encode(start_after),
        EncodingType: url ? 'url' : undefined,
        Contents: contents,
        CommonPrefixes: common_prefixes.map((name) => ({ Prefix: encode(name) })),
      });
    },

    PutObject: async (request) => {
      const { bucket, key } = request;
      const { bytes, headers } = parseBody(request.body, request.headers);
      const checksums = checkBody(bytes, headers);
      const absent = headers['if-none-match'];
      if (absent !== undefined && absent !== '*')
        throw new AwsError('NotImplemented', 'If-None-Match of a put takes * only', 501);
      const match = headers['if-match'];
      const { created, etag } = await store.put(bucket, key, bytes, {
        if_none_match: absent === '*',
        ...(match !== undefined && { if_match: unquoted(match) }),
        metadata: toMetadata(headers),
      });
      if (!created) throw preconditionFailed();
      return { headers: { etag: `"${etag}"`, ...checksums } };
    },

    GetObject: async (request) => {
      const { bucket, key, headers } = request;
      const found = await headOf(store, request);
      const not_modified = headers['if-none-match'];
      if (not_modified !== undefined && matches(not_modified, found.etag))
        return { status: 304, headers: { etag: `"${found.etag}"` } };
      if (headers['if-match'] !== undefined && !matches(headers['if-match'], found.etag)) throw preconditionFailed();
      const range = parseRange(headers.range, found.size_bytes);
      const { start, end } = range ?? { start: 0, end: found.size_bytes - 1 };
      const answer = { status: range ? 206 : 200, headers: objectHeaders(found, range) };
      return end < start ? answer : { ...answer, body: store.stream(bucket, key, start, end) };
    },

    HeadObject: async (request) => ({ headers: objectHeaders(await headOf(store, request), undefined) }),

    DeleteObject: async ({ bucket, key }) => {
      await store.delete(bucket, key);
      return { status: 204 };
    },

    DeleteObjects: async ({ bucket, body, headers }) => {
      checkBody(body, headers);
      const root = parseRoot(body, 'Delete');
      const keys = innerOf(root, 'Object').map((object) => textOf(object, 'Key') ?? '');
      if (keys.length === 0 || keys.length > DELETE_KEYS)
        throw new AwsError('MalformedXML', `A delete names 1 to ${DELETE_KEYS} keys, and not ${keys.length}`);
      const errors: Nodes[] = [];
      const deleted: Nodes[] = [];
      for (const key of keys) {
        try {
          await store.delete(bucket, key);
          deleted.push({ Key: key });
        } catch (error) {
          if (!(error instanceof AwsError) || error.code === 'NoSuchBucket') throw error;
          errors.push({ Key: key, Code: error.code, Message: error.message });
        }
      }
      const is_quiet = textOf(root, 'Quiet') === 'true';
      return xml('DeleteResult', { Deleted: is_quiet ? [] : deleted, Error: errors });
    },

    PutObjectTagging: async ({ bucket, key, body }) => {
      if (!(await store.tag(bucket, key, parseTagging(body)))) throw noSuchKey();
      return {};
    },

    GetObjectTagging: async (request) => {
      const { tags } = (await headOf(store, request)).metadata;
      return xml('Tagging', {
        TagSet: { Tag: Object.entries(tags ?? {}).map(([Key, Value]) => ({ Key, Value })) },
      });
    },

    DeleteObjectTagging: async ({ bucket, key }) => {
      if (!(await store.tag(bucket, key, {}))) throw noSuchKey();
      return { status: 204 };
    },
  };

  return async (request) => {
    const run = operations[request.operation];
    if (!run) throw new AwsError('NotImplemented', `The embedded S3 has no ${request.operation}`, 501);
    return run(request);
  };
}

async function headOf(store: S3Store, { bucket, key }: S3Request): Promise<Found> {
  const found = await store.head(bucket, key);
  if (!found) throw noSuchKey();
  return found;
}

const noSuchKey = (): AwsError => new AwsError('NoSuchKey', 'The specified key does not exist.', 404);
const iso = (ms: number): string => new Date(ms).toISOString();
const unquoted = (etag: string): string => etag.trim().replace(/^"|"$/g, '');
const matches = (condition: string, etag: string): boolean =>
  condition.split(',').some((one) => one.trim() === '*' || unquoted(one) === etag);

const NAMESPACE = 'http://s3.amazonaws.com/doc/2006-03-01/';

const xml = (root: string, nodes: Nodes): S3Answer => ({
  headers: { 'content-type': 'application/xml' },
  body: toXml(root, nodes).replace(`<${root}>`, `<${root} xmlns="${NAMESPACE}">`),
});
