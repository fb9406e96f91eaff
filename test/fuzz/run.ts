/** `npm run fuzz -- --minutes N`: the fuzz tests on new cases for about N minutes. A failure prints the seed; FUZZ_SEED=… repeats it. */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const { values, positionals } = parseArgs({
  options: { minutes: { type: 'string', default: '5' } },
  allowPositionals: true,
});
const minutes = Number(values.minutes);
if (!(minutes > 0)) {
  console.error(`--minutes ${values.minutes}: give a number above 0, such as --minutes 10`);
  process.exit(2);
}
const root = fileURLToPath(new URL('../..', import.meta.url));
const program = `${root}node_modules/vitest/vitest.mjs`;
const { status } = spawnSync(process.execPath, [program, 'run', 'test/fuzz', ...positionals], {
  cwd: root,
  env: { ...process.env, FUZZ_MINUTES: String(minutes) },
  stdio: 'inherit',
});
process.exitCode = status ?? 1;
