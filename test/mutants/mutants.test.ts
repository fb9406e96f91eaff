import { mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MUTANTS } from '../../mutants/catalogue.ts';
import { edited, type Mutant, mistakes } from '../../mutants/mutant.ts';
import { runTests } from '../../mutants/vitest-run.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

describe('the catalogue of mutants', () => {
  it('fits the program: each text stands once in its file', () => {
    expect(mistakes(MUTANTS, (file) => readFileSync(join(ROOT, file), 'utf8'))).toEqual([]);
  });

  const mutant: Mutant = {
    name: 'm',
    breaks: '',
    edits: [{ file: 'f', find: 'a > b', replace: 'a >= b' }],
    tests: ['t'],
  };
  it('takes a text that stands once, and no other', () => {
    expect(edited('if (a > b)', { file: 'f', find: 'a > b', replace: 'a >= b' })).toBe('if (a >= b)');
    expect(mistakes([mutant], () => 'a > b')).toEqual([]);
    expect(mistakes([mutant], () => 'a < b')[0]).toMatch(/^m: f holds the text of a mutant 0 times/);
    expect(mistakes([mutant], () => 'a > b && a > b')[0]).toMatch(/^m: f holds the text of a mutant 2 times/);
    expect(mistakes([mutant, mutant, { ...mutant, name: 'n', tests: [] }], () => 'a > b')).toEqual([
      'm: the name stands twice in the catalogue',
      'n: no edit, or no test',
    ]);
  });
});

describe('what a run of tests tells', () => {
  let dir: string;
  const files = {
    passes: `test('one', () => {});`,
    fails: `test('one', () => {}); test('two', () => expect(1).toBe(2));`,
    breaks: `const x: = 1;`,
    imports: `import './absent.ts'; test('one', () => {});`,
    empty: `test.skip('one', () => {});`,
    hangs: `test('one', () => { for (;;); });`,
  };
  beforeAll(() => {
    dir = mkdtempSync(join(tmpdir(), 'bikelake-mutants-test-'));
    symlinkSync(join(ROOT, 'node_modules'), join(dir, 'node_modules'));
    writeFileSync(join(dir, 'package.json'), '{"type":"module"}');
    mkdirSync(join(dir, 'test'));
    for (const [name, text] of Object.entries(files)) {
      writeFileSync(
        join(dir, `test/${name}.test.ts`),
        `import { expect, test } from 'vitest';\nvoid expect;\n${text}\n`,
      );
    }
  });
  afterAll(() => rmSync(dir, { recursive: true, force: true }));

  it.each([
    ['passes', 60_000, { type: 'passed', tests: 1 }],
    [
      'fails',
      60_000,
      { type: 'failed', test: 'test/fails.test.ts: two', message: expect.stringContaining('expected 1 to be 2') },
    ],
    ['breaks', 60_000, { type: 'mistake', why: expect.stringContaining('test/breaks.test.ts could not be loaded') }],
    ['imports', 60_000, { type: 'mistake', why: expect.stringContaining('test/imports.test.ts could not be loaded') }],
    ['empty', 60_000, { type: 'mistake', why: 'test/empty.test.ts: no test ran' }],
    ['absent', 60_000, { type: 'mistake', why: expect.stringMatching(/no test ran|left no report/) }],
    ['hangs', 4_000, { type: 'mistake', why: 'test/hangs.test.ts did not end in 4 s' }],
  ])(
    '%s',
    async (name, limit_ms, outcome) => {
      expect(await runTests(dir, `test/${name}.test.ts`, limit_ms)).toEqual(outcome);
    },
    90_000,
  );
});
