import type { Value } from '../local/template/resolve.ts';

/** A property that a server shows otherwise than the template has it. */
export interface Found {
  readonly type: string;
  /** Logical id. */
  readonly id: string;
  /** Where the property is in the template, such as `VersioningConfiguration.Status`; elements of lists by number. */
  readonly property: string;
  readonly expected: Value;
  /** undefined: the server shows nothing. */
  readonly actual: Value | undefined;
}

/** A text, number or truth value of a template, or an empty list or map, and the way to it. */
export interface Leaf {
  readonly path: readonly string[];
  readonly value: Value;
}

export function leavesOf(value: Value, path: readonly string[] = []): Leaf[] {
  if (value === null || typeof value !== 'object') return [{ path, value }];
  const members = Object.entries(value); // of a list: by number
  return members.length === 0 ? [{ path, value }] : members.flatMap(([name, v]) => leavesOf(v, [...path, name]));
}

/**
 * Every property of the template against what the server shows of it. What the server shows beyond the template are defaults, and not
 * compared. CloudFormation takes a number or a truth value written either way, so values are compared as texts.
 */
export function compare(type: string, id: string, expected: Value, actual: Value | undefined): Found[] {
  return leavesOf(expected).flatMap(({ path, value }) => {
    const shown = at(actual, path);
    return isSame(value, shown) ? [] : [{ type, id, property: path.join('.'), expected: value, actual: shown }];
  });
}

function at(value: Value | undefined, path: readonly string[]): Value | undefined {
  let here: Value | undefined = value;
  for (const step of path) {
    if (here === null || here === undefined || typeof here !== 'object') return undefined;
    here = (here as Record<string, Value>)[step];
  }
  return here;
}

function isSame(expected: Value, shown: Value | undefined): boolean {
  if (expected === null || shown === null || shown === undefined) return expected === shown;
  const isEnd = typeof expected !== 'object' && typeof shown !== 'object';
  return isEnd ? String(expected) === String(shown) : JSON.stringify(expected) === JSON.stringify(shown);
}
