import type { Remembered } from '../../lib/silver/process-batch.ts';

const ids = new Map<string, number>();
const idOf = (text: string): string => {
  const id = ids.get(text) ?? ids.size;
  ids.set(text, id);
  return `#${id}`;
};

/** A short name for an answer or for bytes: equal ones have equal names. */
export function textOf(value: unknown): string {
  if (value instanceof Uint8Array) return idOf(Buffer.from(value).toString('latin1'));
  return JSON.stringify(value, (_, inner: unknown) => (inner instanceof Uint8Array ? textOf(inner) : inner));
}

/** What an environment remembers, as text. */
export function memoryText(memory: ReadonlyMap<string, Remembered>): string {
  if (memory.size === 0) return '';
  const maps = (_: string, value: unknown) => (value instanceof Map ? entries(value) : value);
  return idOf(JSON.stringify(entries(memory), maps));
}

/** In the order of their keys. */
const entries = <V>(map: ReadonlyMap<string, V>): [string, V][] => [...map].sort(([a], [b]) => (a < b ? -1 : 1));
