import { FetchFailure } from './failure.ts';
import { holdsSecret, redactedUrl } from './redact.ts';

export const MAX_REDIRECTS = 3;
const REDIRECTS = new Set([301, 302, 303, 307, 308]);
/** The operator says that the document has moved for good. */
const PERMANENT = new Set([301, 308]);

export const isRedirect = (status: number): boolean => REDIRECTS.has(status);
export const isPermanent = (status: number): boolean => PERMANENT.has(status);

/**
 * Where a redirect leads. To another host no credential goes along: what our query carries is taken out of the target's, and a target that holds
 * a secret elsewhere is refused. Throws FetchFailure `bad_redirect` (no usable target), `downgrade_refused` (https to http)
 * or `credentials_refused`.
 */
export function redirectTarget(from: URL, location: string | undefined, secrets: readonly string[]): URL {
  if (location === undefined || !URL.canParse(location, from.href)) {
    throw new FetchFailure('bad_redirect', `${redactedUrl(from.href, secrets)} redirects, but not to a URL`);
  }
  const target = new URL(location, from);
  const shown = `${redactedUrl(from.href, secrets)} redirects to ${redactedUrl(target.href, secrets)}`;
  if (!/^https?:$/.test(target.protocol))
    throw new FetchFailure('bad_redirect', `${shown}, which is not http or https`);
  if (from.protocol === 'https:' && target.protocol === 'http:') {
    throw new FetchFailure('downgrade_refused', `${shown}: from https to http is refused`);
  }
  target.username = '';
  target.password = '';
  target.hash = '';
  if (target.host === from.host) return target;
  const own = new Set(from.searchParams.values());
  for (const [name, value] of [...target.searchParams]) if (own.has(value)) target.searchParams.delete(name, value);
  if (holdsSecret(target.href, secrets)) {
    throw new FetchFailure('credentials_refused', `${shown}: the key is not given to another host`);
  }
  return target;
}
