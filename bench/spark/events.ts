import { createReadStream, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { operatorsOf, type PlanNode } from './plans.ts';
import type { SparkAnswer, SparkCost } from './steps.ts';

const NONE: SparkCost = {
  read_bytes: 0,
  shuffle_bytes: 0,
  spill_memory_bytes: 0,
  spill_disk_bytes: 0,
  output_bytes: 0,
  output_rows: 0,
  tasks: 0,
  heap_mb: 0,
  execution_mb: 0,
  kept_mb: 0,
};
const MIB = 1024 * 1024;

interface TaskMetrics {
  readonly 'Memory Bytes Spilled': number;
  readonly 'Disk Bytes Spilled': number;
  readonly 'Shuffle Write Metrics': { readonly 'Shuffle Bytes Written': number };
  readonly 'Input Metrics': { readonly 'Bytes Read': number };
  readonly 'Output Metrics': { readonly 'Bytes Written': number; readonly 'Records Written': number };
}

/** The lines of an event log that are read here, by `Event`. */
interface Line {
  readonly Event: string;
  readonly 'Stage IDs'?: readonly number[];
  readonly 'Stage ID'?: number;
  readonly Properties?: Readonly<Record<string, string>>;
  readonly 'Task Metrics'?: TaskMetrics;
  readonly 'Executor Metrics'?: Readonly<Record<string, number>>;
  readonly executionId?: number;
  readonly sparkPlanInfo?: PlanNode;
}

const TASKS = /^\{"Event":"SparkListener(JobStart|TaskEnd|StageExecutorMetrics)"/;
const PLANS =
  /^\{"Event":"org\.apache\.spark\.sql\.execution\.ui\.SparkListenerSQL(ExecutionStart|AdaptiveExecutionUpdate)"/;

/** What the tasks of each step cost, and the plans of what was written, by the event log that a session left in the folder. */
export async function sparkEvents(folder: string): Promise<Pick<SparkAnswer, 'costs' | 'plans'>> {
  const [log] = readdirSync(folder);
  if (log === undefined) throw new Error(`${folder}: the session left no event log`);
  const stepOfStage = new Map<number, string>();
  const costs: Record<string, SparkCost> = {};
  const plans = new Map<number, PlanNode>();
  for await (const text of createInterface({ input: createReadStream(join(folder, log)) })) {
    if (PLANS.test(text)) {
      // The last one is the plan as it was carried out.
      const { executionId = -1, sparkPlanInfo } = JSON.parse(text) as Line;
      if (sparkPlanInfo?.nodeName === 'OverwriteByExpression') plans.set(executionId, sparkPlanInfo);
    }
    if (!TASKS.test(text)) continue;
    const line = JSON.parse(text) as Line;
    for (const stage of line['Stage IDs'] ?? []) stepOfStage.set(stage, line.Properties?.['bikelake.step'] ?? '');
    const step = stepOfStage.get(line['Stage ID'] ?? -1) ?? '';
    const { 'Task Metrics': task, 'Executor Metrics': peaks } = line;
    if (task) costs[step] = withTask(costs[step] ?? NONE, task);
    if (peaks) costs[step] = withPeaks(costs[step] ?? NONE, peaks);
  }
  return { costs, plans: Object.fromEntries([...plans].map(([id, plan]) => [tableOf(plan) ?? id, operatorsOf(plan)])) };
}

/** `lake.silver.polls` stands in the text of the statement that replaces it. */
const tableOf = (plan: PlanNode): string | undefined => /\b(silver|gold)\.\w+/.exec(plan.simpleString)?.[0];

const withTask = (cost: SparkCost, task: TaskMetrics): SparkCost => ({
  ...cost,
  read_bytes: cost.read_bytes + task['Input Metrics']['Bytes Read'],
  shuffle_bytes: cost.shuffle_bytes + task['Shuffle Write Metrics']['Shuffle Bytes Written'],
  spill_memory_bytes: cost.spill_memory_bytes + task['Memory Bytes Spilled'],
  spill_disk_bytes: cost.spill_disk_bytes + task['Disk Bytes Spilled'],
  output_bytes: cost.output_bytes + task['Output Metrics']['Bytes Written'],
  output_rows: cost.output_rows + task['Output Metrics']['Records Written'],
  tasks: cost.tasks + 1,
});

const withPeaks = (cost: SparkCost, peaks: Readonly<Record<string, number>>): SparkCost => {
  const mb = (name: string): number => Math.round((peaks[name] ?? 0) / MIB);
  return {
    ...cost,
    heap_mb: Math.max(cost.heap_mb, mb('JVMHeapMemory')),
    execution_mb: Math.max(cost.execution_mb, mb('OnHeapExecutionMemory')),
    kept_mb: Math.max(cost.kept_mb, mb('OnHeapStorageMemory')),
  };
};
