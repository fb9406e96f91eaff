/**
 * `node .ci/replay.ts RECORDING DIR`: replays the Boulder recording, and compares what came out with figures that were computed
 * by independent arithmetic. The run itself ends with 0 only if its ledger balances and its audit finds nothing.
 */
import { spawnSync } from 'node:child_process';

const EXPECTED = {
  polls: 2765,
  polls_failed: 18,
  bronze_distinct: 120_868,
  silver_rows: 5528,
  settled_changes: 5528,
  settled_spans: 5609,
  audit_missing: 0,
  audit_extra: 0,
  ledger_difference: 0,
};

const [recording = '', dir = ''] = process.argv.slice(2);
const { status, stdout } = spawnSync(
  process.execPath,
  ['local/start.ts', '--replay', recording, '--dir', dir, '--json'],
  { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'], maxBuffer: 64 * 1024 * 1024 },
);
if (status !== 0) {
  console.error(`the replay ended with ${status}:\n${stdout}`);
  process.exit(1);
}
const figures = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as Record<string, number>;
for (const [name, expected] of Object.entries(EXPECTED)) {
  const ok = figures[name] === expected;
  if (!ok) process.exitCode = 1;
  console.log(`${ok ? 'ok ' : 'NOT'} ${name} ${figures[name]}${ok ? '' : `, expected ${expected}`}`);
}
console.log(`${figures.seconds} s, ${Math.round((figures.peak_rss_bytes ?? 0) / 2 ** 20)} MiB at most`);
