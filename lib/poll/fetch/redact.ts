/** What stands where a secret was. */
export const HIDDEN = '***';

/** A secret as it may stand in a text: plain, or percent-encoded. Short ones would hide half the text. */
const MIN_SECRET_CHARACTERS = 4;
const formsOf = (secrets: readonly string[]): string[] => [
  ...new Set(secrets.filter((s) => s.length >= MIN_SECRET_CHARACTERS).flatMap((s) => [s, encodeURIComponent(s)])),
];

/** The text without the secrets. */
export function redacted(text: string, secrets: readonly string[]): string {
  return formsOf(secrets).reduce((left, secret) => left.replaceAll(secret, HIDDEN), text);
}

/** The bytes without the secrets: a gateway's error page may hold the URL, and the URL the key. The same buffer where there are none. */
export function redactedBytes(bytes: Buffer, secrets: readonly string[]): Buffer {
  const found = formsOf(secrets).some((secret) => bytes.includes(secret));
  return found ? Buffer.from(redacted(bytes.toString('latin1'), formsOf(secrets)), 'latin1') : bytes;
}

/** A URL as a log may show it: no user, no password, no secret in its path, names but no values in its query. */
export function redactedUrl(url: string, secrets: readonly string[] = []): string {
  if (!URL.canParse(url)) return 'a text that is no URL';
  const { protocol, host, pathname, searchParams } = new URL(url);
  const query = [...new Set(searchParams.keys())].map((name) => `${name}=${HIDDEN}`).join('&');
  return redacted(`${protocol}//${host}${pathname}${query === '' ? '' : `?${query}`}`, secrets);
}
