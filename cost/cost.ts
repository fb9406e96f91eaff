/**
 * `npm run cost`: what a month of bikelake costs, by stage and service, beside a naive design, from measured units and list prices.
 *
 *   npm run cost                                     Seoul, and the world's 1,500 systems
 *   npm run cost -- --systems 40 [--stations 6000] [--interval 120] [--stage dev] [--retention 24] [--json]
 *   npm run cost -- --check                          measures some minutes, and fails where a unit is over cost/budget.json
 *   npm run cost -- --measure                        measures everything anew into cost/units.json (some minutes)
 *   npm run cost -- --settings                       reads the templates' settings anew into cost/units.json
 *   npm run cost -- --docs                           puts its tables into docs/costs.md
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { billsOf } from './bill/bills.ts';
import { gbfs, type Scenario, seoul, world } from './bill/scenario.ts';
import { DOCS_FILE, withTables } from './docs.ts';
import { measureAll, readSettings } from './measure/all.ts';
import { compare, measureBudget, readBudget } from './measure/check.ts';
import { STAGE } from './measure/run.ts';
import { budgetTable, costText } from './table.ts';
import { readUnits, STAGES, type Stage, UNITS_FILE, type Units, withRetention } from './units.ts';

/** As many batches as a lane's checkpoint waits for (functions/silver.ts): with fewer none would be measured. */
const CHECK_SLOTS = 32;

class UsageError extends Error {}

async function main(): Promise<number> {
  const options = optionsOf(process.argv.slice(2));
  if (options.measure) return write(await measureAll(say));
  if (options.settings) return write({ ...readUnits(), settings: await readSettings() });
  if (options.check) return check(options.json);
  if (options.docs) return writeDocs();
  const units = withRetention(readUnits(), options.retention_hours);
  const all = options.scenarios.map((scenario) => billsOf(units, scenario, options.stage));
  console.log(options.json ? JSON.stringify(all, null, 2) : all.map(costText).join('\n\n'));
  return 0;
}

const say = (step: string): void => void process.stderr.write(`${step}\n`);

function write(units: Units): number {
  writeFileSync(UNITS_FILE, `${JSON.stringify(units, null, 2)}\n`);
  return 0;
}

function writeDocs(): number {
  writeFileSync(DOCS_FILE, withTables(readFileSync(DOCS_FILE, 'utf8'), readUnits()));
  return 0;
}

async function check(json: boolean): Promise<number> {
  const budget = readBudget();
  const { measured, settings } = await measureBudget(budget, CHECK_SLOTS, say);
  const findings = compare(budget, measured);
  console.log(json ? JSON.stringify(findings, null, 2) : budgetTable(findings));
  const isStale = JSON.stringify(settings) !== JSON.stringify(readUnits().settings[STAGE]);
  if (isStale) say('the template has other settings than cost/units.json: npm run cost -- --settings, then -- --docs');
  return isStale || findings.some(({ is_over }) => is_over) ? 1 : 0;
}

function optionsOf(args: string[]) {
  const { values } = parseArgs({
    args,
    options: {
      systems: { type: 'string' },
      stations: { type: 'string' },
      interval: { type: 'string' },
      stage: { type: 'string', default: 'prod' },
      json: { type: 'boolean', default: false },
      check: { type: 'boolean', default: false },
      measure: { type: 'boolean', default: false },
      settings: { type: 'boolean', default: false },
      docs: { type: 'boolean', default: false },
      retention: { type: 'string' },
    },
  });
  const stage = STAGES.find((name) => name === values.stage);
  if (stage === undefined) throw new UsageError(`--stage ${values.stage}: it takes ${STAGES.join(' or ')}`);
  const retention_hours = numberOf('retention', values.retention);
  return { ...values, stage: stage satisfies Stage, retention_hours, scenarios: scenariosOf(values) };
}

function scenariosOf(values: { systems?: string; stations?: string; interval?: string }): Scenario[] {
  const interval_s = numberOf('interval', values.interval) ?? 60;
  if (interval_s % 60 !== 0) throw new UsageError(`--interval ${interval_s}: whole minutes in seconds, 60, 120, 300 …`);
  const stations = numberOf('stations', values.stations);
  if (values.systems === 'seoul') return [seoul(stations, interval_s)];
  const systems = numberOf('systems', values.systems);
  if (systems !== undefined) return [gbfs(systems, interval_s, stations)];
  return [seoul(stations, interval_s), world(interval_s)];
}

function numberOf(name: string, text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw new UsageError(`--${name} ${text}: it takes a whole number above 0`);
  return value;
}

try {
  process.exitCode = await main();
} catch (error) {
  const isUsage = error instanceof UsageError || (error as { code?: string }).code?.startsWith('ERR_PARSE_ARGS');
  if (!isUsage) throw error;
  console.error((error as Error).message);
  process.exitCode = 2;
}
