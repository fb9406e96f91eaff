import { DIFFERENCES, type LeftOut } from './differences.ts';
import type { KnownDifference } from './judge.ts';
import { SERVERS, type ServerName } from './servers.ts';

/** The sections of docs/rehearsal.md that are made of the list of differences, by name. */
export function sections(): Readonly<Record<string, string>> {
  return { ...Object.fromEntries(SERVERS.map((server) => [server, serverText(server)])), unproven: unprovenText() };
}

/** What a server does otherwise. */
function serverText(server: ServerName): string {
  const { left_out, properties, not_updated, left_behind } = DIFFERENCES[server];
  const rows = [
    ...left_out.map((l) => row(typeText(l), 'the type', `left out: ${l.why}`)),
    ...properties.map(({ type, property, shows, why }) => row(type, `\`${property}\``, `${showsText(shows)}: ${why}`)),
    ...not_updated.map(({ type, why }) => row(type, 'after an update', `not updated: ${why}`)),
    ...left_behind.map(({ what, why }) => row(`\`${what.source}\``, 'after a removal', why)),
  ];
  return table(['type', 'property', 'what it does'], rows);
}

/** What no server shows: types that each leaves out, properties that each leaves out or shows otherwise. */
function unprovenText(): string {
  const [first, ...others] = SERVERS.map((server) => DIFFERENCES[server]);
  const isLeftOut = (of: typeof first, type: string): boolean => of?.left_out.some((l) => l.type === type) ?? false;
  const types = (first?.left_out ?? []).filter(({ type }) => others.every((other) => isLeftOut(other, type)));
  const properties = SERVERS.flatMap((server) =>
    DIFFERENCES[server].properties.filter((p) =>
      SERVERS.every(
        (s) => s === server || isLeftOut(DIFFERENCES[s], p.type) || DIFFERENCES[s].properties.some((q) => isSame(p, q)),
      ),
    ),
  );
  const unique = [...new Map(properties.map((p) => [nameOf(p), p] as const)).values()];
  return table(
    ['type', 'property', 'documentation that the definition follows'],
    [
      ...types.map((l) => row(typeText(l), 'all', documentation(l.type))),
      ...unique.map(({ type, property }) => row(type, `\`${property}\``, documentation(type))),
    ],
  );
}

/** Of one property of the resource, however deep. */
const isSame = (a: KnownDifference, b: KnownDifference): boolean => nameOf(a) === nameOf(b);
const nameOf = ({ type, property }: KnownDifference): string => `${type} ${property.split('.')[0]}`;
const typeText = ({ type, only }: LeftOut): string => (only === undefined ? type : `${type} (some)`);
const showsText = (shows: KnownDifference['shows']): string => {
  if (shows === null) return 'not shown';
  return `shown as \`${shows instanceof RegExp ? shows.source : shows}\``;
};

/** `AWS::S3::Bucket` → its page of the template reference. */
function documentation(type: string): string {
  const [, service = '', name = ''] = type.toLowerCase().split('::');
  const url = `https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-${service}-${name}.html`;
  return `[template reference](${url})`;
}

const row = (...cells: string[]): string => `| ${cells.join(' | ')} |`;
const table = (head: readonly string[], rows: readonly string[]): string =>
  [row(...head), row(...head.map(() => '---')), ...rows].join('\n');
