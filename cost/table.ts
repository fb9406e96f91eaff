import type { Bill, BillLine } from './bill/bill.ts';
import type { Bills } from './bill/bills.ts';
import type { Finding } from './measure/check.ts';

const DAYS = 730 / 24;
const usd = (value: number): string =>
  value.toLocaleString('en', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
const figure = (value: number): string =>
  value >= 1000 ? Math.round(value).toLocaleString('en') : String(Number(value.toPrecision(3)));

/** Rows as columns of one width; the columns from `right` on are numbers. */
function columns(rows: readonly (readonly string[])[], right: number): string {
  const widths = (rows[0] ?? []).map((_, n) => Math.max(...rows.map((row) => row[n]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, n) => (n >= right ? cell.padStart(widths[n] ?? 0) : cell.padEnd(widths[n] ?? 0)))
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

/** The bills of a scenario as text: a line for each item, then the totals. */
export function costText(bills: Bills): string {
  const { measured, prices_date } = bills;
  const all = [
    bills.bikelake['us-east-1'][1],
    bills.bikelake['us-east-1'][12],
    bills.bikelake['ap-northeast-2'][1],
    bills.bikelake['ap-northeast-2'][12],
  ];
  const keys = new Map<string, BillLine>();
  for (const { lines } of all.toReversed()) for (const line of lines) keys.set(keyOf(line), line); // quantities of month 1, where it has them
  const rows = [...keys.values()]
    .sort((a, b) => STAGE_ORDER.indexOf(a.stage) - STAGE_ORDER.indexOf(b.stage))
    .map((line) => [
      line.stage,
      line.service,
      line.what,
      figure(line.quantity),
      line.unit,
      ...all.map((bill) => usd(amountOf(bill, line))),
    ]);
  const head = ['stage', 'service', 'what', 'quantity', 'unit', 'us-east-1', 'month 12', 'Seoul', 'month 12'];
  return [
    `${titleOf(bills)}: $ a month, list price, without queries and QuickSight; month 1, then month 12`,
    '',
    columns([head, ...rows], 5),
    '',
    totalsText(bills),
    '',
    `units measured on ${measured.date} (${measured.command}; ${measured.machine}); prices of ${prices_date}`,
  ].join('\n');
}

const titleOf = ({ scenario, stage, volume }: Bills): string =>
  `${scenario.title}, every ${scenario.interval_s} s, stage ${stage} (${counted(scenario.groups, 'poll group')}, ${counted(scenario.lanes, 'lane')}, ${counted(volume.shards, 'shard')})`;

const counted = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;

const STAGE_ORDER = ['poll', 'stream', 'bronze', 'silver', 'gold', 'watch'];

/** Totals by stage and altogether, of both regions, months and designs. */
export function totalsText(bills: Bills): string {
  const row = (name: string, by: Bills['bikelake'], of: (bill: Bill) => number): string[] => [
    name,
    ...(['us-east-1', 'ap-northeast-2'] as const).flatMap((region) =>
      ([1, 12] as const).map((month) => usd(of(by[region][month]))),
    ),
  ];
  const { bikelake, naive } = bills;
  const used = new Set(bikelake['us-east-1'][12].lines.map(({ stage }) => stage as string));
  const ofStage = (name: string) => (bill: Bill) =>
    bill.lines.filter((line) => line.stage === name).reduce((sum, line) => sum + line.usd, 0);
  return columns(
    [
      ['$ a month', 'us-east-1', 'month 12', 'Seoul', 'month 12'],
      ...STAGE_ORDER.filter((name) => used.has(name)).map((name) => row(name, bikelake, ofStage(name))),
      row('bikelake, list price', bikelake, (bill) => bill.list_usd),
      row('  with the always-free tier', bikelake, (bill) => bill.free_tier_usd),
      row('  a day, list price', bikelake, (bill) => bill.list_usd / DAYS),
      row('  of the list price, priced from memory', bikelake, (bill) => bill.from_memory_usd),
      row('naive design, list price', naive, (bill) => bill.list_usd),
      row('  with the always-free tier', naive, (bill) => bill.free_tier_usd),
    ],
    1,
  );
}

/** Bills of month 1 beside what they were to be at most: as deployed, with 24 hours of retention, and with the free tier too. */
export function barsText(
  bars: readonly (readonly [string, number, { readonly deployed: Bill; readonly long: Bill }])[],
): string {
  return columns(
    [
      ['$ a month', 'at most', 'as deployed', 'and the free tier', 'kept 48 hours'],
      ...bars.map(([name, at_most, { deployed, long }]) => [
        name,
        usd(at_most),
        ...[deployed.list_usd, deployed.free_tier_usd, long.list_usd].map(usd),
      ]),
    ],
    1,
  );
}

const keyOf = ({ stage, item, what }: BillLine): string => `${stage} ${item} ${what}`;

const amountOf = ({ lines }: Bill, line: BillLine): number =>
  lines.filter((other) => keyOf(other) === keyOf(line)).reduce((sum, other) => sum + other.usd, 0);

/** Measured units beside their budgets. */
export function budgetTable(findings: readonly Finding[]): string {
  return columns(
    [
      ['workload', 'unit', 'measured', 'budget', 'margin', ''],
      ...findings.map(({ workload, unit, measured, budget, margin, is_over }) => [
        workload,
        unit,
        figure(measured),
        figure(budget),
        `${Math.round(margin * 100)} %`,
        is_over ? 'OVER' : 'ok',
      ]),
    ],
    2,
  );
}
