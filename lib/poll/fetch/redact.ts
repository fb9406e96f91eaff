/** What stands where a secret was. */
export const HIDDEN = '***';

/** Short ones would hide half the text. */
const MIN_SECRET_CHARACTERS = 4;

/** The text without the secrets, however they are spelled. */
export function redacted(text: string, secrets: readonly string[]): string {
  return patternsOf(secrets).reduce((left, pattern) => left.replace(pattern, HIDDEN), text);
}

/** Whether a secret stands in the text, in whatever spelling. */
export const holdsSecret = (text: string, secrets: readonly string[]): boolean => redacted(text, secrets) !== text;

/** The bytes without the secrets: a gateway's page may hold the URL, and the URL the key. The same buffer where there are none. */
export function redactedBytes(bytes: Buffer, secrets: readonly string[]): Buffer {
  if (secrets.length === 0) return bytes;
  const text = bytes.toString('latin1');
  const left = redacted(
    text,
    secrets.map((secret) => Buffer.from(secret).toString('latin1')),
  );
  return left === text ? bytes : Buffer.from(left, 'latin1');
}

/** A URL as a log may show it: no user, no password, no secret in its path, names but no values in its query. */
export function redactedUrl(url: string, secrets: readonly string[] = []): string {
  if (!URL.canParse(url)) return 'a text that is no URL';
  const { protocol, host, pathname, searchParams } = new URL(url);
  const query = [...new Set(searchParams.keys())].map((name) => `${name}=${HIDDEN}`).join('&');
  return redacted(`${protocol}//${host}${pathname}${query === '' ? '' : `?${query}`}`, secrets);
}

/** A secret as it may stand in a text: each character plain or escaped as URLs, JSON and HTML do; or all of it inside base64. */
const patternsOf = (secrets: readonly string[]): RegExp[] =>
  secrets
    .filter((secret) => secret.length >= MIN_SECRET_CHARACTERS)
    .map((secret) => new RegExp([Array.from(secret).map(spelled).join(''), ...inBase64(secret)].join('|'), 'gi'));

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
};
const literally = (text: string): string => text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');

function spelled(character: string): string {
  const point = character.codePointAt(0) ?? 0;
  const hex = point.toString(16);
  const in_url = point < 128 ? `%${hex.padStart(2, '0')}` : encodeURIComponent(character);
  const entity = ENTITIES[character];
  const forms = [
    in_url.replaceAll('%', '%(?:25)*'), // encoded once or more
    `\\\\+u${hex.padStart(4, '0')}`,
    `&#(?:0*${point}|x0*${hex});`,
    ...(entity === undefined ? [] : [entity]),
    `\\\\*${literally(character)}`, // the last, because a backslash begins other forms
  ];
  return `(?:${forms.join('|')})`;
}

/** What base64 makes of the secret's bytes behind none, one or two others; the characters that it shares with its neighbours are left. */
function inBase64(secret: string): string[] {
  const bytes = Buffer.from(secret);
  return [0, 1, 2].map((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString('base64');
    const own = text.slice(Math.ceil((before * 8) / 6), Math.floor(((before + bytes.length) * 8) / 6));
    return own.replace(/[+/]/g, (c) => (c === '+' ? '[+-]' : '[/_]'));
  });
}
