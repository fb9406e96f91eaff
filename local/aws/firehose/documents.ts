/** A document of a record's data, or text that is none. */
export type Document =
  | { readonly text: string; readonly value: unknown }
  | { readonly text: string; readonly error: string };

/** The JSON documents in a record's data: separated by line ends, or by nothing (`{"a":1}{"b":1}`). */
export function* documentsOf(data: string): Generator<Document> {
  let from = 0;
  while (from < data.length) {
    const end = data.indexOf('\n', from);
    const line = data.slice(from, end < 0 ? undefined : end);
    from = end < 0 ? data.length : end + 1;
    if (line.trim() === '') continue;
    const document = parse(line);
    if ('error' in document && line.includes('}{')) yield* splitObjects(line).map(parse);
    else yield document;
  }
}

function parse(text: string): Document {
  try {
    return { text, value: JSON.parse(text) as unknown };
  } catch (error) {
    return { text, error: (error as Error).message };
  }
}

/** Cuts after each object that ends at depth 0; what remains is the last piece. */
function splitObjects(line: string): string[] {
  const pieces: string[] = [];
  let [depth, from, quoted] = [0, 0, false];
  for (let i = 0; i < line.length; i++) {
    const c = line[i];
    if (quoted) {
      if (c === '\\') i += 1;
      else if (c === '"') quoted = false;
    } else if (c === '"') quoted = true;
    else if (c === '{') depth += 1;
    else if (c === '}') {
      depth -= 1;
      if (depth === 0) {
        pieces.push(line.slice(from, i + 1));
        from = i + 1;
      }
    }
  }
  if (from < line.length) pieces.push(line.slice(from));
  return pieces;
}
