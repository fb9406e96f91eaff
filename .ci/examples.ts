/**
 * `node .ci/examples.ts DIR`: starts the simulated city, and invokes every function with its example event by `sls invoke local`, as docs
 * show. `sls invoke local` prints the function's own output before its result, and ends with 0 also when nothing was done, so the result is
 * looked at. In the end the run's ledger must balance.
 */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** It is ended when all was invoked; this ends it where nobody does. */
const RUN_SECONDS = 600;
/** For packaging, on a slow machine. */
const READY_SECONDS = 120;
/** What the result of each function must hold. */
const EXPECTED: Readonly<Record<string, RegExp>> = {
  poll: /"status": ?"ok"/,
  bronze: /("result": ?"Ok"[\s\S]*){2}/,
  silver: /"batchItemFailures": ?\[\]/,
};

const dir = process.argv[2] ?? '';
const city = spawn(process.execPath, ['local/start.ts', '--dir', dir, '--for', String(RUN_SECONDS)], {
  stdio: ['ignore', 'inherit', 'inherit'],
});
const ended = once(city, 'exit');

await ready(join(dir, 'endpoints.json'));
let failed = false;
for (const [name, expected] of Object.entries(EXPECTED)) {
  const { status, stdout, stderr } = spawnSync(
    'npx',
    ['sls', 'invoke', 'local', '-f', name, '-p', `events/${name}.json`],
    { encoding: 'utf8', env: { ...process.env, BIKELAKE_DIR: dir } },
  );
  const ok = status === 0 && expected.test(stdout);
  if (!ok) failed = true;
  console.log(ok ? `ok  ${name}` : `NOT ${name}: ended with ${status}\n${stdout}\n${stderr}`);
}
city.kill('SIGINT');
const [code] = await ended;
console.log(`the run ended with ${code}`);
process.exitCode = failed || code !== 0 ? 1 : 0;

async function ready(file: string): Promise<void> {
  for (let waited_s = 0; !existsSync(file); waited_s++) {
    if (waited_s > READY_SECONDS || city.exitCode !== null)
      throw new Error(`${file} did not appear: npm start didn't come up`);
    await new Promise((resolve) => setTimeout(resolve, 1000));
  }
}
