import { RejectedInput } from '../../errors.ts';

const TEXT: Readonly<Record<string, boolean>> = { true: true, false: false, '1': true, '0': false };

/**
 * A yes or no of any GBFS version: true and false, or 1 and 0 (1.x), also as text; null where the feed does not say.
 * Throws RejectedInput `not_a_boolean`: guessing would open or close a station.
 */
export function parseBoolean(value: unknown, field: string): boolean | null {
  if (value === true || value === 1) return true;
  if (value === false || value === 0) return false;
  if (value === undefined || value === null || value === '') return null;
  const known =
    typeof value === 'string' && Object.hasOwn(TEXT, value.toLowerCase()) ? TEXT[value.toLowerCase()] : undefined;
  if (known !== undefined) return known;
  throw new RejectedInput('poll', 'not_a_boolean', `${field} is neither true nor false, 1 nor 0`);
}
