import { fileURLToPath } from 'node:url';
import type { Bill } from './bill/bill.ts';
import { billsOf } from './bill/bills.ts';
import { type Scenario, seoul, world } from './bill/scenario.ts';
import { barsText, costText, totalsText } from './table.ts';
import { type Units, withRetention } from './units.ts';

export const DOCS_FILE = fileURLToPath(new URL('../docs/costs.md', import.meta.url));

/** List price in us-east-1, month 1. */
const BARS = [
  ['Seoul, 2,800 stations', 17, seoul],
  ['the world, 227,000 stations', 170, world],
] as const;

const barBills = (units: Units, scenario: Scenario): { deployed: Bill; long: Bill } => ({
  deployed: billsOf(units, scenario, 'prod').bikelake['us-east-1'][1],
  long: billsOf(withRetention(units, 48), scenario, 'prod').bikelake['us-east-1'][1],
});

/** The tables of docs/costs.md, by the name that stands after the fence's `text`. */
const TABLES: Readonly<Record<string, (units: Units) => string>> = {
  seoul: (units) => costText(billsOf(units, seoul(), 'prod')),
  'seoul-48': (units) => totalsText(billsOf(withRetention(units, 48), seoul(), 'prod')),
  'seoul-dev': (units) => totalsText(billsOf(units, seoul(), 'dev')),
  world: (units) => costText(billsOf(units, world(), 'prod')),
  bars: (units) => barsText(BARS.map(([name, usd, scenario]) => [name, usd, barBills(units, scenario())])),
  'world-48': (units) => totalsText(billsOf(withRetention(units, 48), world(), 'prod')),
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
