import type { Bill, BillLine } from './bill/bill.ts';
import type { Bills } from './bill/bills.ts';
import type { Finding } from './measure/check.ts';

const DAYS = 730 / 24;
const usd = (value: number): string => value.toFixed(2);
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
  const { scenario, stage, measured, prices_date, volume } = bills;
  const all = [
    bills.bikelake['us-east-1'][1],
    bills.bikelake['us-east-1'][12],
    bills.bikelake['ap-northeast-2'][1],
    bills.bikelake['ap-northeast-2'][12],
  ];
  const keys = new Map<string, BillLine>();
  for (const { lines } of all) for (const line of lines) keys.set(keyOf(line), line);
  const order = ['poll', 'stream', 'bronze', 'silver', 'gold', 'watch'];
  const rows = [...keys.values()]
    .sort((a, b) => order.indexOf(a.stage) - order.indexOf(b.stage))
    .map((line) => [
      line.stage,
      line.service,
      line.what,
      figure(line.quantity),
      line.unit,
      ...all.map((bill) => usd(amountOf(bill, line))),
    ]);
  const total = (name: string, of: (bill: Bill) => number, bill: Bills['bikelake']): string[] => [
    name,
    '',
    '',
    '',
    '',
    ...(['us-east-1', 'ap-northeast-2'] as const).flatMap((region) =>
      ([1, 12] as const).map((month) => usd(of(bill[region][month]))),
    ),
  ];
  const stages = order
    .filter((stage_name) => rows.some(([name]) => name === stage_name))
    .map((name) =>
      total(
        `${name} in all`,
        ({ lines }) => lines.filter((line) => line.stage === name).reduce((sum, line) => sum + line.usd, 0),
        bills.bikelake,
      ),
    );
  const head = [
    'stage',
    'service',
    'what',
    'quantity',
    'unit',
    'us-east-1, month 1',
    'month 12',
    'Seoul, month 1',
    'month 12',
  ];
  return [
    `${scenario.title}, every ${scenario.interval_s} s, stage ${stage}: $ a month (${scenario.groups} groups, ${scenario.lanes} lanes, ${volume.shards} shards); without queries and QuickSight`,
    '',
    columns(
      [
        head,
        ...rows,
        head.map(() => ''),
        ...stages,
        total('bikelake, list price', (bill) => bill.list_usd, bills.bikelake),
        total('  with the always-free tier', (bill) => bill.free_tier_usd, bills.bikelake),
        total('  a day, list price', (bill) => bill.list_usd / DAYS, bills.bikelake),
        total('  of it priced from memory', (bill) => bill.from_memory_usd, bills.bikelake),
        total('naive design, list price', (bill) => bill.list_usd, bills.naive),
        total('  with the always-free tier', (bill) => bill.free_tier_usd, bills.naive),
      ],
      3,
    ),
    '',
    `units measured on ${measured.date} (${measured.command}; ${measured.machine}); prices of ${prices_date}`,
  ].join('\n');
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
