/**
 * `node test/spark/kill.ts [--kills N] [--seed S]`: `npm run spark` on a small lake, ended by SIGKILL at random moments (driver and Java at once), then run to
 * its end. The tables must be those of DuckDB. Prints each moment, and the data files that no snapshot names. Ends with 1 where a row differs.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import fc from 'fast-check';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { compareTables } from './compare.ts';
import { lateLakes } from './lakes.ts';
import { sparkRuns } from './spark-runs.ts';

const { values } = parseArgs({
  options: {
    kills: { type: 'string', default: '3' },
    seed: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '90' },
  },
});
const COMMAND = fileURLToPath(new URL('../../jobs/spark.ts', import.meta.url));
const [moments] = fc.sample(fc.array(fc.double({ min: 0.1, max: 1, noNaN: true }), { minLength: Number(values.kills), maxLength: Number(values.kills) }), { numRuns: 1, seed: Number(values.seed) }); // biome-ignore format: one line

const { whole, early } = lateLakes();
early.remove();
const room = mkdtempSync(join(tmpdir(), 'bikelake-spark-room-'));
try {
  await settleLake(whole.root);
  for (const moment of moments ?? []) {
    const ms = Math.round(moment * Number(values.seconds) * 1000);
    const child = spawn(process.execPath, [COMMAND, '--dir', whole.dir], { detached: true, stdio: 'ignore' });
    const exit = once(child, 'exit');
    await Promise.race([pause(ms), exit]);
    const isEarly = child.exitCode === null;
    // The group: npm's child, Python and Java.
    if (isEarly && child.pid !== undefined) process.kill(-child.pid, 'SIGKILL');
    await exit;
    console.log(`${isEarly ? 'killed' : 'ended by itself'} after ${ms} ms: ${dataFiles().length} data files`);
  }
  const [answer] = await sparkRuns(room, [whole]);
  if (answer === undefined) throw new Error('the last run gave no answer');
  const compared = await compareTables(whole.root, answer);
  const differing = Object.entries(compared).filter(([, c]) => c.only_duckdb + c.only_spark + c.apart > 0);
  const named = new Set(Object.values(answer.files).flat().map((url) => fileURLToPath(url))); // biome-ignore format: one line
  const orphans = dataFiles().filter((file) => !named.has(file)).length;
  const rows = Object.values(compared).reduce((sum, c) => sum + c.rows, 0);
  console.log(
    `${rows} rows of ${Object.keys(compared).length} tables, ${differing.length} tables differ; exit code ${answer.code}; ${orphans} data files that the newest snapshots don't name`,
  );
  for (const [name, counts] of differing) console.log(name, counts);
  process.exitCode = differing.length > 0 ? 1 : 0;
} finally {
  whole.remove();
  rmSync(room, { recursive: true });
}

function dataFiles(): string[] {
  const folder = join(whole.dir, 'iceberg');
  if (!existsSync(folder)) return [];
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((file) => file.includes('/data/') && file.endsWith('.parquet'))
    .map((file) => join(folder, file));
}
