import { MB } from './body.ts';
import { FetchFailure } from './failure.ts';
import type { Get } from './http.ts';

/**
 * What the bodies of one poll may have together, decoded. They are held until everything is sent, with what is made of them: measured, 16 MB
 * of 100,000 stations took 530 MB, among 60 systems that all tried (the function has 640). A group of 24 for the world has about
 * 9,500 stations, 9 MB in its largest poll of an hour.
 */
const HELD_BYTES = 16 * MB;

/** The same GET for one poll. Throws FetchFailure `body_too_large` for a body with which it would hold more than `limit_bytes`; the others go on. */
export function heldWithin(get: Get, limit_bytes = HELD_BYTES): Get {
  let held_bytes = 0;
  return async (request) => {
    const fetched = await get(request);
    if (held_bytes + fetched.body.length > limit_bytes) {
      const message = `with ${fetched.body.length} bytes more this poll would hold more than ${limit_bytes}: give large systems a group of their own`;
      throw new FetchFailure('body_too_large', message, { http_code: fetched.status });
    }
    held_bytes += fetched.body.length;
    return fetched;
  };
}
