import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';

interface Cell {
  readonly cell_type: 'code' | 'markdown';
  readonly source: string | readonly string[];
  readonly outputs?: readonly unknown[];
  readonly execution_count?: number | null;
}

const room = new URL('../../notebooks/', import.meta.url);
const notebooks = readdirSync(room).filter((name) => name.endsWith('.ipynb'));
const textOf = ({ source }: Cell): string => (typeof source === 'string' ? source : source.join(''));
/** A path from the root of a machine, of a home, or of a drive. */
const ABSOLUTE = /(?<![\w./:<])(?:\/(?:home|Users|root|tmp|work|mnt|var|opt)\b|~\/|[A-Za-z]:\\)/;

test('there is a notebook', () => expect(notebooks).toEqual(['explore.ipynb']));

describe.each(notebooks)('%s as it is committed', (name) => {
  const text = readFileSync(new URL(name, room), 'utf8');
  const { cells, metadata } = JSON.parse(text) as { cells: readonly Cell[]; metadata: object };

  test('has no results: they are of one machine and one lake', () => {
    const code = cells.filter(({ cell_type }) => cell_type === 'code');
    expect(code.length).toBeGreaterThan(5);
    expect(code.filter(({ outputs, execution_count }) => outputs?.length !== 0 || execution_count !== null)).toEqual(
      [],
    );
  });

  test('has no absolute path, and nothing of the kernel that wrote it', () => {
    expect(cells.map(textOf).filter((source) => ABSOLUTE.test(source))).toEqual([]);
    expect(ABSOLUTE.test("open('/home/ann/lake')")).toBe(true);
    expect(metadata).toEqual({
      kernelspec: { display_name: 'Python 3', language: 'python', name: 'python3' },
      language_info: { name: 'python' },
    });
  });

  test('begins each query with what it is: the comparison with Spark names them', () => {
    const queries = cells.flatMap((cell) =>
      [...textOf(cell).matchAll(/lake\.ask\(f?"""(.*)$/gm)].map((match) => match[1]),
    );
    expect(queries.length).toBeGreaterThan(5);
    expect(queries.filter((first) => !first?.startsWith('-- '))).toEqual([]);
    expect(new Set(queries).size).toBe(queries.length);
  });
});
