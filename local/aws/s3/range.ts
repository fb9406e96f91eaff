import { AwsError } from '../error.ts';

/** Both inclusive. */
export interface Range {
  readonly start: number;
  readonly end: number;
}

/** One range of bytes (RFC 9110, 14.1.2). Undefined, so the whole, where there is none or it is of another form. */
export function parseRange(header: string | undefined, size_bytes: number): Range | undefined {
  const [, first, last] = /^bytes=(\d*)-(\d*)$/.exec(header ?? '') ?? [];
  if ((first === undefined && last === undefined) || (first === '' && last === '')) return undefined;
  const start = first ? Number(first) : Math.max(0, size_bytes - Number(last));
  const end = first && last ? Math.min(Number(last), size_bytes - 1) : size_bytes - 1;
  if (start <= end) return { start, end };
  if (first && last && Number(first) > Number(last)) return undefined;
  throw new AwsError('InvalidRange', 'The requested range is not satisfiable', 416);
}
