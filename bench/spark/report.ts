import type { EngineAnswer, SparkAnswer, StepCost } from './steps.ts';

/** What a size came to; null: that engine was left out. */
export interface Measured {
  readonly observations: number;
  readonly spark: SparkAnswer | null;
  readonly duckdb: EngineAnswer | null;
}

const STEPS = ['inventory', 'settle', 'audit', 'gold', 'report'];
const mb = (bytes: number): string => (bytes / 1e6).toFixed(bytes < 1e7 ? 1 : 0);
const s = (seconds: number): string => seconds.toFixed(1);

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(head), line(head.map((_, i) => (i === 0 ? '---' : '---:'))), ...rows.map(line)].join('\n');
}

/** Each step of one size. */
export function stepsTable({ spark, duckdb }: Measured): string {
  const rows = STEPS.map((step) => {
    const java = totalOf(spark, step);
    const cost = spark?.costs[step];
    const duck = totalOf(duckdb, step);
    return [
      step,
      ...(java === null ? ['', '', ''] : [s(java.seconds), s(java.cpu_s), String(java.peak_mb)]),
      ...(cost === undefined
        ? ['', '', '', '', '']
        : [
            mb(cost.read_bytes),
            mb(cost.shuffle_bytes),
            mb(cost.spill_disk_bytes),
            mb(cost.output_bytes),
            String(cost.output_rows),
          ]),
      ...(duck === null
        ? ['', '', '', '']
        : [s(duck.seconds), s(duck.cpu_s), String(duck.peak_mb), mb(duck.spill_disk_bytes ?? 0)]),
    ];
  });
  const head = [
    'step',
    'Spark s',
    'CPU s',
    'peak MB',
    'read MB',
    'shuffled MB',
    'spilled MB',
    'written MB',
    'rows',
    'DuckDB s',
    'CPU s',
    'peak MB',
    'spilled MB',
  ];
  return table(head, rows);
}

/** The sizes beside each other; in brackets how many times as much as the size before. */
export function growthTable(sizes: readonly Measured[]): string {
  const figures = sizes.map(({ observations, spark, duckdb }) => ({
    observations,
    spark: figuresOf(spark),
    duckdb: figuresOf(duckdb),
  }));
  const rows = figures.map((own, i) => {
    const before = figures[i - 1];
    const grown = (now: number | undefined, then: number | undefined, text: string): string =>
      now === undefined ? '' : then === undefined ? text : `${text} (× ${(now / then).toFixed(1)})`;
    return [
      grown(own.observations, before?.observations, own.observations.toLocaleString('en')),
      ...(['spark', 'duckdb'] as const).flatMap((engine) => {
        const [now, then] = [own[engine], before?.[engine]];
        return now === null
          ? ['', '', '']
          : [
              grown(now.seconds, then?.seconds, s(now.seconds)),
              grown(now.cpu_s, then?.cpu_s, s(now.cpu_s)),
              String(now.peak_mb),
            ];
      }),
    ];
  });
  return table(['observations', 'Spark s', 'CPU s', 'peak MB', 'DuckDB s', 'CPU s', 'peak MB'], rows);
}

function figuresOf(answer: EngineAnswer | null): { seconds: number; cpu_s: number; peak_mb: number } | null {
  if (answer === null) return null;
  const sum = (pick: (step: StepCost) => number): number => answer.steps.reduce((all, step) => all + pick(step), 0);
  return {
    seconds: sum((step) => step.seconds),
    cpu_s: sum((step) => step.cpu_s),
    peak_mb: Math.max(...answer.steps.map((step) => step.peak_mb)),
  };
}

/** DuckDB's next day belongs to its settle. */
function totalOf(answer: EngineAnswer | null, name: string): StepCost | null {
  const own = answer?.steps.filter(({ step }) => step === name || (name === 'settle' && step === 'next day')) ?? [];
  if (own.length === 0) return null;
  return {
    step: name,
    seconds: own.reduce((sum, step) => sum + step.seconds, 0),
    cpu_s: own.reduce((sum, step) => sum + step.cpu_s, 0),
    peak_mb: Math.max(...own.map((step) => step.peak_mb)),
    spill_disk_bytes: Math.max(...own.map((step) => step.spill_disk_bytes ?? 0)),
  };
}
