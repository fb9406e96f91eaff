/** `node bench/spark/duckdb-run.ts LAKE MEMORY_MB OUT`: settles a lake with DuckDB in this process, and writes what each step took, as JSON. */
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DAY_MS } from '../../jobs/duckdb/days.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { writeReport } from '../../jobs/report.ts';
import { DATE, START_MS } from './city-day.ts';
import type { EngineAnswer, StepCost } from './steps.ts';

const SAMPLE_MS = 250;
const [root = '', memory_mb = '', out = ''] = process.argv.slice(2);
const spill = join(dirname(dirname(root)), 'settle', 'spill');
const steps: StepCost[] = [];
let open: { readonly step: string; readonly since: number; readonly cpu: NodeJS.CpuUsage } | null = null;
let spilled = 0;

/** The highest resident set of this process since the last call: Linux counts anew after a 5 into clear_refs. */
function peakMb(): number {
  const peak = /VmHWM:\s+(\d+) kB/.exec(readFileSync('/proc/self/status', 'utf8'))?.[1];
  writeFileSync('/proc/self/clear_refs', '5');
  return Math.round(Number(peak) / 1024);
}

function sampleSpill(): void {
  const files = existsSync(spill) ? readdirSync(spill) : [];
  spilled = Math.max(
    spilled,
    files.reduce((sum, file) => sum + (statSync(join(spill, file), { throwIfNoEntry: false })?.size ?? 0), 0),
  );
}

function begin(step: string | null): void {
  const peak_mb = peakMb();
  if (open !== null) {
    const { user, system } = process.cpuUsage(open.cpu);
    const seconds = (performance.now() - open.since) / 1000;
    steps.push({ step: open.step, seconds, cpu_s: (user + system) / 1e6, peak_mb, spill_disk_bytes: spilled });
  }
  spilled = 0;
  open = step === null ? null : { step, since: performance.now(), cpu: process.cpuUsage() };
}

function stepOf(progress: string): string {
  if (progress.startsWith('settling')) return progress.endsWith(DATE) ? 'settle' : 'next day';
  if (progress.startsWith('making')) return 'gold';
  return progress.startsWith('comparing') ? 'audit' : 'inventory';
}

const sampler = setInterval(sampleSpill, SAMPLE_MS);
const progress = (text: string) => {
  begin(stepOf(text));
  console.error(`bench: ${stepOf(text)}`);
};
const settled = await settleLake(root, { threads: 2, memory_mb: Number(memory_mb), progress });
begin('report');
const until = new Date(START_MS + DAY_MS + 20 * 60_000).toISOString();
const report = await writeReport(root, { run: 'bench', until, settled, seconds: {} });
begin(null);
clearInterval(sampler);
writeFileSync(out, JSON.stringify({ steps, report } satisfies EngineAnswer));
