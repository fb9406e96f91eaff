import { FetchFailure } from './failure.ts';

const TOO_MANY_REQUESTS = 429;
const SECOND_MS = 1_000;

/** An answer that is no document: `http_<code>`. Again helps with 429, 408 and what the server says of itself (5xx), never with 4xx. */
export function statusFailure(code: number, retry_after: string | undefined, date: string | undefined): FetchFailure {
  const again = code === TOO_MANY_REQUESTS || code === 408 || code >= 500;
  return new FetchFailure(`http_${code}`, `the host answered ${code}`, {
    http_code: code,
    again,
    after_ms: again ? retryAfter(retry_after, date) : null,
  });
}

/** Milliseconds that Retry-After asks for: seconds, or a date, which is taken from the response's own Date, so that no clock is compared with another. */
export function retryAfter(value: string | undefined, date: string | undefined): number | null {
  if (value === undefined) return null;
  if (/^\s*\d{1,9}\s*$/.test(value)) return Number(value) * SECOND_MS;
  const [until_ms, from_ms] = [Date.parse(value), Date.parse(date ?? '')];
  return Number.isNaN(until_ms) || Number.isNaN(from_ms) ? null : Math.max(0, until_ms - from_ms);
}
