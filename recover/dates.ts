import { type Given, Misuse } from './command.ts';

const DAY_MS = 86_400_000;
/** More days than any lake has; a range beyond it is a mistake in a year. */
const MOST_DAYS = 36_525;

/** A UTC date `YYYY-MM-DD` of an option; null where it isn't given. Throws Misuse. */
export function dateOption(given: Pick<Given, 'one'>, name: string): string | null {
  const text = given.one(name);
  return text === null ? null : dateOf(text, name);
}

/** Checks that a text is a UTC date. Throws Misuse that names the option. */
export function dateOf(text: string, option: string): string {
  const time_ms = Date.parse(`${text}T00:00:00Z`);
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text) && !Number.isNaN(time_ms);
  if (isDate && new Date(time_ms).toISOString().startsWith(text)) return text;
  throw new Misuse(`--${option} ${text}: it takes a UTC date, such as 2026-11-21`);
}

/** The dates from one to another, both included. Throws Misuse where they are the wrong way round. */
export function datesBetween(from: string, to: string): string[] {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
  if (days < 0 || days > MOST_DAYS) throw new Misuse(`--from ${from} --to ${to}: that is no range of days`);
  return Array.from({ length: days + 1 }, (_, n) => dateAfter(from, n));
}

/** The date n days after (below 0: before) another. */
export const dateAfter = (date: string, n: number): string =>
  new Date(Date.parse(`${date}T00:00:00Z`) + n * DAY_MS).toISOString().slice(0, 10);
