import { fileURLToPath } from 'node:url';
import { billsOf } from './bill/bills.ts';
import { seoul, world } from './bill/scenario.ts';
import { costText, totalsText } from './table.ts';
import { type Units, withRetention } from './units.ts';

export const DOCS_FILE = fileURLToPath(new URL('../docs/costs.md', import.meta.url));

/** The tables of docs/costs.md, by the name that stands after the fence's `text`. */
const TABLES: Readonly<Record<string, (units: Units) => string>> = {
  seoul: (units) => costText(billsOf(units, seoul(), 'prod')),
  'seoul-24': (units) => totalsText(billsOf(withRetention(units, 24), seoul(), 'prod')),
  'seoul-dev': (units) => totalsText(billsOf(units, seoul(), 'dev')),
  world: (units) => costText(billsOf(units, world(), 'prod')),
  'world-24': (units) => totalsText(billsOf(withRetention(units, 24), world(), 'prod')),
};

/** The document with its tables as they come out now. Throws for a table that nobody knows, and for one that is not there. */
export function withTables(document: string, units: Units): string {
  const left = new Set(Object.keys(TABLES));
  const text = document.replaceAll(/```text (\S+)\n[\s\S]*?```/g, (_, name: string) => {
    const table = TABLES[name];
    if (table === undefined)
      throw new Error(`docs/costs.md: there is no table ${name}; there are ${Object.keys(TABLES).join(', ')}`);
    left.delete(name);
    return `\`\`\`text ${name}\n${table(units)}\n\`\`\``;
  });
  if (left.size > 0) throw new Error(`docs/costs.md lacks the tables ${[...left].join(', ')}`);
  return text;
}
