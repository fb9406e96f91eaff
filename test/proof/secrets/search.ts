import { unwrapped } from './unwrapped.ts';

/** Something that a run left, and what it is called. */
export interface Trace {
  readonly name: string;
  readonly bytes: Buffer;
}

/** Names of the traces in which the secret stands: in any case, in any of the spellings below, forwards or backwards, however it is packed. */
export async function tracesWith(secret: string, traces: readonly Trace[]): Promise<string[]> {
  const found: string[] = [];
  for (const { name, bytes } of traces) if (await holds(secret, bytes)) found.push(name);
  return found;
}

async function holds(secret: string, bytes: Buffer): Promise<boolean> {
  const plain = Buffer.from(secret).toString('latin1').toLowerCase();
  const backwards = Array.from(plain).reverse().join('');
  const hex = Buffer.from(secret).toString('hex');
  for (const layer of await unwrapped(bytes)) {
    const text = layer.toString('latin1');
    const found = spellings(text).some((t) => [plain, backwards, hex].some((form) => t.includes(form)));
    if (found) return true;
  }
  return false;
}

/** The text as it is; its escapes of URLs, JSON, HTML and quoted-printable undone, one after the other and twice, because they nest. */
function spellings(text: string): string[] {
  const undone = plainOf(plainOf(text));
  return undone === text ? [text.toLowerCase()] : [text.toLowerCase(), undone.toLowerCase()];
}

const NAMED: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };
const code = (digits: string, radix: number): string => {
  const point = Number.parseInt(digits, radix);
  return point <= 0x10ffff ? Buffer.from(String.fromCodePoint(point)).toString('latin1') : '';
};

function plainOf(text: string): string {
  return text
    .replace(/\\+u([0-9a-f]{4})/gi, (_, digits: string) => code(digits, 16))
    .replace(/\\x([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replace(/\\([/"'\\])/g, '$1')
    .replace(/[%=]([0-9a-f]{2})/gi, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 16)))
    .replace(/&#x([0-9a-f]{1,6});/gi, (_, digits: string) => code(digits, 16))
    .replace(/&#(\d{1,7});/g, (_, digits: string) => code(digits, 10))
    .replace(/&(amp|lt|gt|quot|apos);/gi, (_, name: string) => NAMED[name.toLowerCase()] ?? '');
}
