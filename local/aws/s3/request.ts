/** An HTTP request as an S3 operation: path style, `/<bucket>/<key>`. */
import { AwsError } from '../error.ts';
import type { Headers } from './body.ts';

export interface S3Request {
  readonly operation: string;
  readonly bucket: string;
  readonly key: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  readonly body: Buffer;
}

export interface S3Answer {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string | number>>;
  readonly body?: string | NodeJS.ReadableStream;
}

/** Sub-resources of the query that name an operation. */
const SUBRESOURCES = [
  'delete',
  'tagging',
  'location',
  'uploads',
  'uploadId',
  'versions',
  'acl',
  'policy',
  'lifecycle',
  'versioning',
];

/** The operations, by method, place and sub-resource. */
const OPERATIONS: Readonly<Record<string, string>> = {
  'GET service': 'ListBuckets',
  'PUT bucket': 'CreateBucket',
  'HEAD bucket': 'HeadBucket',
  'GET bucket': 'ListObjectsV2',
  'GET bucket location': 'GetBucketLocation',
  'POST bucket delete': 'DeleteObjects',
  'PUT key': 'PutObject',
  'GET key': 'GetObject',
  'HEAD key': 'HeadObject',
  'DELETE key': 'DeleteObject',
  'PUT key tagging': 'PutObjectTagging',
  'GET key tagging': 'GetObjectTagging',
  'DELETE key tagging': 'DeleteObjectTagging',
};

export function parseRequest(method: string, url: string, headers: Headers, body: Buffer): S3Request {
  const question = url.indexOf('?');
  const path = question < 0 ? url : url.slice(0, question);
  const query = new URLSearchParams(question < 0 ? '' : url.slice(question + 1));
  const slash = path.indexOf('/', 1);
  const bucket = decode(slash < 0 ? path.slice(1) : path.slice(1, slash));
  const key = slash < 0 ? '' : decode(path.slice(slash + 1));
  const place = bucket === '' ? 'service' : key === '' ? 'bucket' : 'key';
  const subresource = SUBRESOURCES.find((name) => query.has(name));
  const operation = OPERATIONS[[method, place, subresource].filter(Boolean).join(' ')];
  const is_copy = headers['x-amz-copy-source'] !== undefined;
  const is_first_version = operation === 'ListObjectsV2' && query.get('list-type') !== '2';
  if (!operation || is_copy || is_first_version)
    throw new AwsError(
      'NotImplemented',
      `The embedded S3 has no ${method} ${place} ${subresource ?? (is_copy ? 'copy' : '')}`,
      501,
    );
  return { operation, bucket, key, query, headers, body };
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    throw new AwsError('InvalidURI', "Couldn't parse the specified URI.");
  }
}
