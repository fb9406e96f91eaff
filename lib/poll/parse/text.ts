import { isObject } from './json.ts';

/**
 * A text of any GBFS version: a string, or (3.0) `[{text, language}]`, of which English is taken, else the first that is not empty, as discovery
 * does with languages. Trimmed (Seoul's names have leading spaces); null where there is none.
 */
export function toText(value: unknown): string | null {
  if (typeof value === 'string') return value.trim() || null;
  if (!Array.isArray(value)) return null;
  let first: string | null = null;
  for (const entry of value) {
    if (!isObject(entry) || typeof entry.text !== 'string') continue;
    const text = entry.text.trim();
    if (text === '') continue;
    if (isEnglish(entry.language)) return text;
    first ??= text;
  }
  return first;
}

/** Whether a language tag is English, of whatever country. */
export const isEnglish = (language: unknown): boolean => typeof language === 'string' && /^en(-|_|$)/i.test(language);

/** A key that feeds send as text or as a number; null where there is none. */
export const toKey = (value: unknown): string | null =>
  typeof value === 'number' ? String(value) : typeof value === 'string' ? value.trim() || null : null;
