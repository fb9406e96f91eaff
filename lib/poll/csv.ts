/** A row of a CSV file: its values, and the line that it begins on (from 1), for messages. */
export interface CsvRow {
  readonly line: number;
  readonly values: readonly string[];
}

/** What a CSV file is, beyond doubt, not: the line and the reason stand in the message. */
export class CsvFault extends Error {}

/**
 * Strict RFC 4180: fields divided by commas, rows by LF or CRLF, quotes doubled inside quotes. Blank lines are passed over.
 * Throws CsvFault for a quote inside a bare field, text after a closing quote, and a quote that is not closed.
 */
export function parseCsv(text: string): CsvRow[] {
  const source = text.startsWith('\uFEFF') ? text.slice(1) : text;
  const rows: CsvRow[] = [];
  let [at, line] = [0, 1];
  while (at < source.length) {
    const values: string[] = [];
    const first = line;
    let more = true;
    while (more) {
      const field = source[at] === '"' ? quoted(source, at, line) : bare(source, at, line);
      values.push(field.value);
      line += field.value.split('\n').length - 1;
      at = field.end;
      more = source[at] === ',';
      if (more) at++;
    }
    if (source[at] === '\r') at++;
    at++; // the line feed
    line++;
    if (values.length > 1 || values[0] !== '') rows.push({ line: first, values });
  }
  return rows;
}

interface Field {
  readonly value: string;
  /** Where the comma, the line end or the end of the text is. */
  readonly end: number;
}

const atEnd = (text: string, at: number): boolean =>
  at >= text.length || text[at] === ',' || text[at] === '\n' || (text[at] === '\r' && text[at + 1] === '\n');

function bare(text: string, from: number, line: number): Field {
  let end = from;
  while (!atEnd(text, end)) end++;
  const value = text.slice(from, end);
  if (value.includes('"'))
    throw new CsvFault(`line ${line}: a field with a quote in it stands in quotes, the quote twice`);
  return { value, end };
}

function quoted(text: string, from: number, line: number): Field {
  let close = text.indexOf('"', from + 1);
  while (close >= 0 && text[close + 1] === '"') close = text.indexOf('"', close + 2);
  if (close < 0) throw new CsvFault(`line ${line}: a quote is opened and not closed`);
  if (!atEnd(text, close + 1))
    throw new CsvFault(`line ${line}: after a closing quote comes a comma or the line's end`);
  return { value: text.slice(from + 1, close).replaceAll('""', '"'), end: close + 1 };
}
