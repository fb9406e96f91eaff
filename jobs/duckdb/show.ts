import type { Answer } from './connection.ts';

/** Rows as an array of objects, one a line. */
export function toJson({ columns, rows }: Answer): string {
  const objects = rows.map((row) => JSON.stringify(Object.fromEntries(columns.map(({ name }, i) => [name, row[i]]))));
  return objects.length === 0 ? '[]\n' : `[\n${objects.map((text) => `  ${text}`).join(',\n')}\n]\n`;
}

/** RFC 4180, with a header; null is an empty field. */
export function toCsv({ columns, rows }: Answer): string {
  const lines = [columns.map(({ name }) => name), ...rows.map((row) => row.map(textOf))];
  return lines.map((line) => `${line.map(csvField).join(',')}\r\n`).join('');
}

const csvField = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);

/** Aligned columns, numbers to the right, and how many rows there are. */
export function toTable({ columns, rows }: Answer): string {
  const cells = rows.map((row) => row.map((value, i) => shown(value, columns[i]?.type ?? '')));
  const widths = columns.map(({ name }, i) => Math.max(name.length, ...cells.map((row) => widthOf(row[i] ?? ''))));
  const line = (row: readonly string[]): string =>
    row
      .map((text, i) => pad(text, widths[i] ?? 0, isNumber(columns[i]?.type ?? '')))
      .join('  ')
      .trimEnd();
  const head = [line(columns.map(({ name }) => name)), widths.map((width) => '─'.repeat(width)).join('  ')];
  const count = rows.length === 1 ? '1 row' : `${rows.length} rows`;
  return `${[...head, ...cells.map(line), `(${count})`].join('\n')}\n`;
}

const isNumber = (type: string): boolean => /INT|DOUBLE|FLOAT|DECIMAL/.test(type);

function shown(value: unknown, type: string): string {
  if (typeof value === 'number' && /DOUBLE|FLOAT/.test(type)) return String(Math.round(value * 1e6) / 1e6);
  return textOf(value);
}

function textOf(value: unknown): string {
  if (value === null || value === undefined) return '';
  return typeof value === 'string' ? value : JSON.stringify(value);
}

/** Columns that a text takes: Korean and Japanese letters take two. */
const widthOf = (text: string): number =>
  text.length +
  (text.match(/[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60]/g)?.length ?? 0);

function pad(text: string, width: number, right: boolean): string {
  const space = ' '.repeat(Math.max(0, width - widthOf(text)));
  return right ? space + text : text + space;
}
