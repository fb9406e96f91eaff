export const DAY_MS = 86_400_000;

/** The first instant of a UTC date `YYYY-MM-DD`, epoch ms. */
export const startOf = (date: string): number => Date.parse(`${date}T00:00:00Z`);

/** The date n days after (or, below 0, before) another. */
export const daysAfter = (date: string, n: number): string =>
  new Date(startOf(date) + n * DAY_MS).toISOString().slice(0, 10);

/** The first UTC date that waits, where days that end after an instant do: the date that it lies in. Throws a RangeError for what is no instant. */
export const firstOpen = (until: string): string => new Date(until).toISOString().slice(0, 10);

/** The view `day(event_date, start_ms, end_ms)`: the UTC day that is made. */
export function dayQuery(date: string): string {
  const start_ms = startOf(date);
  return `SELECT DATE '${date}' AS event_date, CAST(${start_ms} AS BIGINT) AS start_ms, CAST(${start_ms + DAY_MS} AS BIGINT) AS end_ms`;
}
