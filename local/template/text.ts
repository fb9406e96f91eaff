import type { Value } from './resolve.ts';

/** A value of a template as text: CloudFormation takes numbers and booleans written either way. Nothing is the empty text. */
export function textOf(value: Value | undefined): string {
  if (typeof value === 'string') return value;
  return value === undefined || value === null ? '' : JSON.stringify(value);
}
