/**
 * Why no document came. `again` says whether another try can help; whoever tries decides whether there is time for it.
 * Its message and reason never hold more of a URL than `redactedUrl` shows.
 */
export class FetchFailure extends Error {
  /** A short snake_case reason for the receipt, such as `http_503` or `timed_out`. */
  readonly reason: string;
  readonly http_code: number | null;
  readonly again: boolean;
  /** What Retry-After asks for; null where the host doesn't say. */
  readonly after_ms: number | null;

  constructor(reason: string, message: string, about: FailureAbout = {}) {
    super(message);
    this.name = 'FetchFailure';
    this.reason = reason;
    this.http_code = about.http_code ?? null;
    this.again = about.again ?? false;
    this.after_ms = about.after_ms ?? null;
  }
}

export interface FailureAbout {
  readonly http_code?: number | null;
  readonly again?: boolean;
  readonly after_ms?: number | null;
}

/** The time was over before the request began: nothing is known about the feed. */
export const NOT_STARTED = 'out_of_time';
