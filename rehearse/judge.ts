import type { Value } from '../local/template/resolve.ts';
import type { Found } from './compare.ts';

/** Something that a server is known to do otherwise than AWS documents it. */
export interface KnownDifference {
  readonly type: string;
  /** Way to the property in the template; `*` stands for any one step of it, `**` at the end for all that lies below. */
  readonly property: string;
  /** What the server shows instead: null for nothing. */
  readonly shows: string | RegExp | null;
  readonly why: string;
}

export interface Verdict {
  /** Differences that nobody knew. */
  readonly unknown: readonly Found[];
  /** Known ones that did not occur. */
  readonly unseen: readonly KnownDifference[];
}

/** Judges what was found, in all deploys to a server together, by the list of what is known of it. */
export function judge(found: readonly Found[], known: readonly KnownDifference[]): Verdict {
  return {
    unknown: found.filter((difference) => !known.some((k) => isKnown(k, difference))),
    unseen: known.filter((k) => !found.some((difference) => isKnown(k, difference))),
  };
}

export function isKnown(known: KnownDifference, { type, property, actual }: Found): boolean {
  if (known.type !== type || !pathPattern(known.property).test(property)) return false;
  const { shows } = known;
  if (shows === null) return actual === undefined || actual === null;
  if (actual === undefined || actual === null) return false;
  return shows instanceof RegExp ? shows.test(textOf(actual)) : shows === textOf(actual);
}

const textOf = (value: Value): string => (typeof value === 'string' ? value : JSON.stringify(value));

function pathPattern(property: string): RegExp {
  const steps = property.split('.').map((step) => {
    if (step === '**') return '.+';
    return step === '*' ? '[^.]+' : step.replace(/[\\^$+?()[\]{}|]/g, '\\$&');
  });
  return new RegExp(`^${steps.join('\\.')}$`);
}

/** A difference in one line, for a person. */
export function foundText({ type, id, property, expected, actual }: Found): string {
  const shown = actual === undefined || actual === null ? 'nothing' : shortened(JSON.stringify(actual));
  return `${type} ${id}: ${property} is ${shortened(JSON.stringify(expected))} in the template, and the server shows ${shown}`;
}

const LONGEST = 160;
const shortened = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
