/** The properties of an object as headers of a request and of an answer. */
import type { Headers } from './body.ts';
import type { Metadata } from './metadata.ts';
import type { Range } from './range.ts';
import type { ObjectFacts } from './store.ts';
import { parseTags } from './tags.ts';

/** System metadata: the header, and its name in the store. */
const SYSTEM_METADATA = {
  'content-type': 'content_type',
  'content-encoding': 'content_encoding',
  'content-disposition': 'content_disposition',
  'content-language': 'content_language',
  'cache-control': 'cache_control',
} as const;
const USER_METADATA = 'x-amz-meta-';
/** What clients send where nobody chose a type, and what S3 answers where none was sent. */
const DEFAULT_TYPE = 'binary/octet-stream';
const CLIENT_TYPE = 'application/octet-stream';

export type Found = ObjectFacts & { readonly metadata: Metadata };

export function toMetadata(headers: Headers): Metadata {
  const metadata: Record<string, unknown> = {};
  for (const [header, name] of Object.entries(SYSTEM_METADATA)) {
    const value = header === 'content-encoding' ? withoutChunked(headers[header]) : headers[header];
    if (value !== undefined && !(header === 'content-type' && (value === CLIENT_TYPE || value === DEFAULT_TYPE)))
      metadata[name] = value;
  }
  const user = Object.entries(headers).filter(([name]) => name.startsWith(USER_METADATA));
  if (user.length > 0)
    metadata.user = Object.fromEntries(user.map(([name, v]) => [name.slice(USER_METADATA.length), v]));
  const tags = parseTags(headers['x-amz-tagging']);
  if (tags) metadata.tags = tags;
  return metadata;
}

/** `aws-chunked` is how the body came, and no property of the object. */
function withoutChunked(encoding: string | undefined): string | undefined {
  const rest = (encoding ?? '')
    .split(',')
    .map((s) => s.trim())
    .filter((s) => s !== '' && s !== 'aws-chunked');
  return rest.length === 0 ? undefined : rest.join(',');
}

export function objectHeaders({ size_bytes, modified_ms, etag, metadata }: Found, range: Range | undefined) {
  const headers: Record<string, string | number> = {
    'content-type': metadata.content_type ?? DEFAULT_TYPE,
    'content-length': range ? range.end - range.start + 1 : size_bytes,
    'last-modified': new Date(modified_ms).toUTCString(),
    'accept-ranges': 'bytes',
    etag: `"${etag}"`,
  };
  if (range) headers['content-range'] = `bytes ${range.start}-${range.end}/${size_bytes}`;
  for (const [header, name] of Object.entries(SYSTEM_METADATA)) {
    const value = metadata[name];
    if (value !== undefined) headers[header] = value;
  }
  for (const [name, value] of Object.entries(metadata.user ?? {})) headers[USER_METADATA + name] = value;
  const tag_count = Object.keys(metadata.tags ?? {}).length;
  if (tag_count > 0) headers['x-amz-tagging-count'] = tag_count;
  return headers;
}
