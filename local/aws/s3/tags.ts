/** Object tags: at most 10, keys up to 128 and values up to 256 characters (S3 user guide, object tagging). */
import { AwsError } from '../error.ts';
import { innerOf, parseRoot, textOf } from './xml.ts';

export type Tags = Readonly<Record<string, string>>;

const MOST = 10;
const KEY_LENGTH = 128;
const VALUE_LENGTH = 256;

/** The document of PutObjectTagging. */
export function parseTagging(body: Buffer): Tags {
  const tags = innerOf(parseRoot(body, 'Tagging'), 'Tag');
  return checked(tags.map((tag) => [textOf(tag, 'Key') ?? '', textOf(tag, 'Value') ?? '']));
}

/** The header of PutObject: a query string. */
export function parseTags(header: string | undefined): Tags | undefined {
  return header ? checked([...new URLSearchParams(header)]) : undefined;
}

function checked(pairs: readonly (readonly [string, string])[]): Tags {
  if (pairs.length > MOST) throw new AwsError('BadRequest', `Object tags cannot be greater than ${MOST}`);
  for (const [key, value] of pairs)
    if (key.length === 0 || key.length > KEY_LENGTH || value.length > VALUE_LENGTH)
      throw new AwsError(
        'InvalidTag',
        `The tag ${JSON.stringify(key)} has a key or value of a length that is not allowed`,
      );
  if (new Set(pairs.map(([key]) => key)).size < pairs.length)
    throw new AwsError('InvalidTag', 'Cannot provide multiple Tags with the same key');
  return Object.fromEntries(pairs);
}
