/** The little XML that the S3 API needs: documents of elements and text. */
import { AwsError } from '../error.ts';

export type Node = string | number | boolean | Nodes | readonly Nodes[] | undefined;
/** Elements by name, in order; a list is a repeated element; undefined is left out. */
export interface Nodes {
  readonly [element: string]: Node;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  '\r': '&#13;',
};
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

export function toXml(root: string, nodes: Nodes): string {
  return `<?xml version="1.0" encoding="UTF-8"?>\n${element(root, nodes)}`;
}

function element(name: string, node: Node): string {
  if (node === undefined) return '';
  if (Array.isArray(node)) return node.map((one) => element(name, one)).join('');
  const inner =
    typeof node === 'object'
      ? Object.entries(node as Nodes)
          .map(([child, value]) => element(child, value))
          .join('')
      : String(node).replace(/[&<>"\r]/g, (c) => ESCAPES[c] ?? c);
  return `<${name}>${inner}</${name}>`;
}

const toText = (text: string): string =>
  text.replace(/&(?:#x([0-9a-fA-F]+)|#(\d+)|(\w+));/g, (whole, hex, decimal, name) => {
    if (hex || decimal) return String.fromCodePoint(hex ? Number.parseInt(hex, 16) : Number(decimal));
    return ENTITIES[name] ?? whole;
  });

/** The inner XML of each element of this name. Elements of one name don't nest in the documents that come in. */
export function innerOf(xml: string, name: string): string[] {
  return [...xml.matchAll(new RegExp(`<${name}(?:\\s[^>]*)?(?:/>|>([\\s\\S]*?)</${name}>)`, 'g'))].map(
    (m) => m[1] ?? '',
  );
}

export const textOf = (xml: string, name: string): string | undefined => {
  const [first] = innerOf(xml, name);
  return first === undefined ? undefined : toText(first);
};

/** The document's root element, or the error that S3 answers with. */
export function parseRoot(body: Buffer, root: string): string {
  const [inner] = innerOf(body.toString('utf8'), root);
  if (inner !== undefined) return inner;
  throw new AwsError('MalformedXML', `The XML you provided was not well-formed or did not have the element ${root}`);
}
