/** A plan as Spark's events have it. */
export interface PlanNode {
  readonly nodeName: string;
  readonly simpleString: string;
  readonly children: readonly PlanNode[];
}

/** Operators that cost something, or say how two sides were joined. */
const TOLD =
  /^(Scan parquet|BatchScan|BroadcastHashJoin|SortMergeJoin|ShuffledHashJoin|BroadcastNestedLoopJoin|Exchange|BroadcastExchange|ReusedExchange|Sort|SortAggregate|HashAggregate|Window|AQEShuffleRead|InMemoryTableScan|AppendData|OverwriteByExpression)\b/;

/** How many of each operator a plan has, in that order of names. What is kept in memory counts once, with the plan that made it. */
export function operatorsOf(plan: PlanNode): Record<string, number> {
  const counts = new Map<string, number>();
  const kept = new Set<string>();
  const walk = (node: PlanNode): void => {
    const [name] = TOLD.exec(node.nodeName) ?? [];
    if (name !== undefined) counts.set(name, (counts.get(name) ?? 0) + 1);
    if (node.nodeName === 'ReusedExchange') return;
    if (node.nodeName === 'InMemoryTableScan') {
      const made = JSON.stringify(node.children);
      if (kept.has(made)) return;
      kept.add(made);
    }
    node.children.forEach(walk);
  };
  walk(plan);
  return Object.fromEntries([...counts].sort(([a], [b]) => (a < b ? -1 : 1)));
}
