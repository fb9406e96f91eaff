import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, onTestFinished, test } from 'vitest';
import { sizesOf } from '../../bench/spark/city-day.ts';
import { sparkEvents } from '../../bench/spark/events.ts';
import { shapeOf } from '../../bench/spark/lake.ts';
import { growthTable } from '../../bench/spark/report.ts';
import type { EngineAnswer } from '../../bench/spark/steps.ts';

test('a lake of so many observations: full lanes, as many as it takes', () => {
  expect(shapeOf(1_000_000)).toEqual({ observations: 999_360, copies: 1, stations: 694 });
  expect(shapeOf(10_000_000)).toEqual({ observations: 10_000_800, copies: 3, stations: 2_315 });
  expect(shapeOf(100_000_000)).toEqual({ observations: 100_016_640, copies: 24, stations: 2_894 });
});

test('the systems of a lane: one large, many small, all its stations', () => {
  const sizes = sizesOf(2_894);
  expect(sizes).toHaveLength(20);
  expect(sizes.reduce((sum, n) => sum + n, 0)).toBe(2_894);
  expect([sizes[1], sizes[19]]).toEqual([402, 40]);
  expect(sizesOf(60)).toEqual([34, 16, 10]);
});

const node = (nodeName: string, ...children: object[]) => ({ nodeName, simpleString: nodeName, children });
const MIB = 1024 * 1024;

test('an event log: costs by step, and the plan as it was carried out', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'bikelake-events-'));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const task = (stage: number, n: number) => ({
    Event: 'SparkListenerTaskEnd',
    'Stage ID': stage,
    'Task Metrics': {
      'Memory Bytes Spilled': n,
      'Disk Bytes Spilled': 2 * n,
      'Shuffle Write Metrics': { 'Shuffle Bytes Written': 3 * n },
      'Input Metrics': { 'Bytes Read': 4 * n },
      'Output Metrics': { 'Bytes Written': 5 * n, 'Records Written': 6 * n },
    },
  });
  const peaks = (heap: number) => ({
    Event: 'SparkListenerStageExecutorMetrics',
    'Stage ID': 1,
    'Executor Metrics': { JVMHeapMemory: heap * MIB, OnHeapExecutionMemory: MIB, OnHeapStorageMemory: 2 * MIB },
  });
  const sql = 'org.apache.spark.sql.execution.ui.SparkListenerSQL';
  const kept = node('InMemoryTableScan', node('Sort'));
  const written = (...children: object[]) => ({
    nodeName: 'OverwriteByExpression',
    simpleString: 'OverwriteByExpression org.apache.iceberg.spark.source.SparkWrite, lake.silver.polls',
    children,
  });
  const lines = [
    { Event: 'SparkListenerJobStart', 'Stage IDs': [1, 2], Properties: { 'bikelake.step': 'settle' } },
    { Event: 'SparkListenerJobStart', 'Stage IDs': [3], Properties: { 'bikelake.step': 'gold' } },
    task(1, 10), task(2, 1), task(3, 100), peaks(7), peaks(5),
    { Event: `${sql}ExecutionStart`, executionId: 4, sparkPlanInfo: written(node('SortMergeJoin')) },
    { Event: `${sql}AdaptiveExecutionUpdate`, executionId: 4, sparkPlanInfo: written(node('BroadcastHashJoin', kept, kept)) },
  ]; // biome-ignore format: a table
  writeFileSync(join(folder, 'local-1'), lines.map((line) => JSON.stringify(line)).join('\n'));
  const { costs, plans } = await sparkEvents(folder);
  expect(costs.settle).toEqual({
    spill_memory_bytes: 11, spill_disk_bytes: 22, shuffle_bytes: 33, read_bytes: 44, output_bytes: 55, output_rows: 66, tasks: 2,
    heap_mb: 7, execution_mb: 1, kept_mb: 2,
  }); // biome-ignore format: a table
  expect(costs.gold).toMatchObject({ shuffle_bytes: 300, tasks: 1, heap_mb: 0 });
  expect(plans).toEqual({
    'silver.polls': { BroadcastHashJoin: 1, InMemoryTableScan: 2, OverwriteByExpression: 1, Sort: 1 },
  });
});

test('growth: each size beside the one before', () => {
  const answer = (n: number): EngineAnswer => {
    const step = { seconds: 2 * n, cpu_s: 3 * n, peak_mb: 100 };
    return { steps: [{ step: 'settle', ...step }, { step: 'gold', ...step, peak_mb: 50 }], report: {} as EngineAnswer['report'] }; // biome-ignore format: one line
  };
  const sizes = [1, 3].map((n) => ({
    observations: n * 10_000_000,
    spark: { ...answer(n), costs: {}, plans: {} },
    duckdb: null,
  }));
  expect(growthTable(sizes).split('\n').slice(2)).toEqual([
    '| 10,000,000 | 4.0 | 6.0 | 100 |  |  |  |',
    '| 30,000,000 (× 3.0) | 12.0 (× 3.0) | 18.0 (× 3.0) | 100 |  |  |  |',
  ]);
});
