/**
 * The ledger: `npm run --silent ledger -- [--dir DIR] [--system ID] [--date D] [--until INSTANT] [--json] [--quick]`. Counts both sides of every hop from what is
 * stored now, and names what was tampered with. Exit code 0: balanced; 1: a difference or a finding; 2: misuse.
 */
import { parseArgs } from 'node:util';
import type { Answer } from './duckdb/connection.ts';
import { ledgerOf } from './duckdb/ledger.ts';
import { ledgerText } from './duckdb/ledger-show.ts';
import { findLake } from './duckdb/query-lake.ts';

const USAGE = `npm run --silent ledger -- [--dir DIR] [--system ID] [--date YYYY-MM-DD] [--until INSTANT] [--json] [--quick]
  --dir DIR    state folder of the run (default .bikelake)
  --system ID  counts of this system only; files and chains are checked all the same
  --date D     counts of this UTC day only
  --until T    days that end after T (such as 2026-11-22T00:20:00Z) are not judged, and what the log has of them is no difference
  --json       one JSON object
  --quick      files by their ends and sums, and days as settle remembers them, instead of reading and counting all anew
  Ends with 0 if everything balances, with 1 if something is found, with 2 if it is called wrongly.`;

class Misuse extends Error {}

function options() {
  try {
    const { values } = parseArgs({
      options: {
        dir: { type: 'string', default: '.bikelake' },
        system: { type: 'string' },
        date: { type: 'string' },
        until: { type: 'string' },
        json: { type: 'boolean', default: false },
        quick: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    const { date, until } = values;
    if (until !== undefined && Number.isNaN(Date.parse(until))) {
      throw new Misuse(`--until ${until}: it takes an instant, such as 2026-11-22T00:20:00Z`);
    }
    if (date !== undefined && (!/^\d{4}-\d\d-\d\d$/.test(date) || Number.isNaN(Date.parse(date)))) {
      throw new Misuse(`--date ${date}: it takes a UTC day, such as 2026-11-21`);
    }
    return { ...values, lake: values.help ? '' : findLake(values.dir) };
  } catch (error) {
    throw new Misuse((error as Error).message);
  }
}

async function main(): Promise<number> {
  const { lake, system, date, until, json, quick, help } = options();
  if (help) {
    console.log(USAGE);
    return 0;
  }
  const progress = (step: string): void => {
    if (process.stderr.isTTY) process.stderr.write(`\r\x1b[2K${step} …`);
  };
  const ledger = await ledgerOf(lake, {
    system_id: system ?? null,
    date: date ?? null,
    until: until ?? null,
    quick,
    progress,
  });
  if (process.stderr.isTTY) process.stderr.write('\r\x1b[2K');
  const is_balanced = ledger.findings.every(({ level }) => level === 'note');
  if (json) {
    const { polls, bronze, lanes, settled, ...rest } = ledger;
    const tables = { polls: objects(polls), bronze: objects(bronze), lanes: objects(lanes), settled: objects(settled) };
    console.log(JSON.stringify({ is_balanced, ...tables, ...rest }));
  } else console.log(ledgerText(ledger));
  return is_balanced ? 0 : 1;
}

const objects = ({ columns, rows }: Answer): object[] =>
  rows.map((row) => Object.fromEntries(columns.map(({ name }, i) => [name, row[i]])));

// A reader that needs no more (`| head`) closes the pipe.
process.stdout.on('error', (error: NodeJS.ErrnoException) => process.exit(error.code === 'EPIPE' ? 0 : 1));
try {
  process.exitCode = await main();
} catch (error) {
  console.error((error as Error).message);
  if (error instanceof Misuse) console.error(USAGE);
  process.exitCode = error instanceof Misuse ? 2 : 1;
}
