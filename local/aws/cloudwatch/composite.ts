/** The rule of a composite alarm: ALARM("name"), OK(…), INSUFFICIENT_DATA(…), TRUE, FALSE, AND, OR, NOT, brackets. */
import type { AlarmState } from './evaluation.ts';

export interface Rule {
  /** Names of the alarms that it looks at. */
  readonly alarms: readonly string[];
  readonly holds: (stateOf: (name: string) => AlarmState) => boolean;
}

type Node = Rule['holds'];

const TOKEN = /\s*(?:("[^"]*")|([()])|([^\s()"]+))/y;
const STATES: readonly string[] = ['ALARM', 'OK', 'INSUFFICIENT_DATA'];

/** Throws an Error that names the rule and what it doesn't understand of it. */
export function parseRule(text: string): Rule {
  const tokens = [...text.trim().matchAll(new RegExp(TOKEN, 'g'))].map(
    ([, quoted, bracket, word]) => quoted ?? bracket ?? word ?? '',
  );
  const alarms: string[] = [];
  let at = 0;
  const take = (wanted?: string): string => {
    const token = tokens[at++];
    if (token === undefined || (wanted !== undefined && token !== wanted))
      throw new Error(`alarm rule ${text}: ${token ?? 'its end'} stands where ${wanted ?? 'more'} should`);
    return token;
  };
  const any = (): Node => chain('OR', all, (nodes) => (states) => nodes.some((node) => node(states)));
  const all = (): Node => chain('AND', one, (nodes) => (states) => nodes.every((node) => node(states)));
  const chain = (operator: string, next: () => Node, join: (nodes: readonly Node[]) => Node): Node => {
    const nodes = [next()];
    while (tokens[at]?.toUpperCase() === operator) {
      at += 1;
      nodes.push(next());
    }
    return nodes.length === 1 ? (nodes[0] as Node) : join(nodes);
  };
  const one = (): Node => {
    const token = take();
    const word = token.toUpperCase();
    if (token === '(') {
      const inner = any();
      take(')');
      return inner;
    }
    if (word === 'NOT') {
      const inner = one();
      return (states) => !inner(states);
    }
    if (word === 'TRUE' || word === 'FALSE') return () => word === 'TRUE';
    if (!STATES.includes(word)) throw new Error(`alarm rule ${text}: ${token} is not known`);
    take('(');
    const name = nameOf(take());
    take(')');
    alarms.push(name);
    return (states) => states(name) === word;
  };
  const holds = any();
  if (at < tokens.length) throw new Error(`alarm rule ${text}: ${tokens[at]} is too much`);
  return { alarms, holds };
}

/** A name, or an ARN that ends in it. */
const nameOf = (token: string): string => token.replaceAll('"', '').replace(/^arn:[^"]*:alarm:/, '');
