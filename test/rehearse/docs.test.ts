import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { sections } from '../../rehearse/differences-text.ts';

const text = readFileSync(new URL('../../docs/rehearsal.md', import.meta.url), 'utf8');

test.each(Object.entries(sections()))(
  'docs/rehearsal.md has the differences of %s as the list has them',
  (name, section) => {
    const [, shown] = new RegExp(`<!-- ${name} -->\n([^]*?)\n<!-- end -->`).exec(text) ?? [];
    expect(shown).toBe(section);
  },
);
