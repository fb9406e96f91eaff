import type { Value } from './resolve.ts';
import { textOf } from './text.ts';

/**
 * What of a property this machine honours: `true` all of it, or nothing is to be done for it here; an object its members, one by one; a
 * function looks at the value and says what isn't honoured of it.
 */
export type Honoured = true | { readonly [name: string]: Honoured } | ((value: Value) => string | null);

/** A line for each property, and each value, that the embedded run can't honour. */
export function unhonoured(value: Value, honoured: Honoured, place: string): string[] {
  if (honoured === true) return [];
  if (typeof honoured === 'function') {
    const reason = honoured(value);
    return reason === null ? [] : [`${place}: ${reason}`];
  }
  if (value === null || typeof value !== 'object' || Array.isArray(value)) return [];
  return Object.entries(value).flatMap(([name, member]) => {
    const rule = honoured[name];
    return rule === undefined
      ? [`${place}.${name} is not honoured on this machine`]
      : unhonoured(member, rule, `${place}.${name}`);
  });
}

/** Honoured if it is this value; else the value is named. */
export const only =
  (...values: Value[]) =>
  (value: Value): string | null =>
    values.some((v) => textOf(v) === textOf(value))
      ? null
      : `${JSON.stringify(value)} is not honoured on this machine (only ${values.map(textOf).join(', ')})`;
