import type { RunReport } from '../../jobs/report.ts';

/** What one step of a run took of its process. */
export interface StepCost {
  readonly step: string;
  readonly seconds: number;
  readonly cpu_s: number;
  /** The highest resident set of the process during the step. */
  readonly peak_mb: number;
  /** DuckDB: the most that its folder for spilled data held. Spark's is among its tasks' costs. */
  readonly spill_disk_bytes?: number;
}

/**
 * What the tasks of a step read and wrote; `shuffle_bytes`: what they wrote for each other. `heap_mb` is the highest of the Java heap; of it
 * `execution_mb` are sorts and hash tables, `kept_mb` kept rows and broadcasts.
 */
export interface SparkCost {
  readonly read_bytes: number;
  readonly shuffle_bytes: number;
  readonly spill_memory_bytes: number;
  readonly spill_disk_bytes: number;
  readonly output_bytes: number;
  readonly output_rows: number;
  readonly tasks: number;
  readonly heap_mb: number;
  readonly execution_mb: number;
  readonly kept_mb: number;
}

export interface EngineAnswer {
  readonly steps: readonly StepCost[];
  readonly report: RunReport;
}

export interface SparkAnswer extends EngineAnswer {
  /** By step. */
  readonly costs: Readonly<Record<string, SparkCost>>;
  /** Operators of the plan that wrote each table, as it was in the end: name and how many. */
  readonly plans: Readonly<Record<string, Readonly<Record<string, number>>>>;
}
