/**
 * `npm run contract`: the contract suites on the memory implementations, the embedded AWS, moto and ministack. The two Python servers
 * live in a virtual environment under .venv/, which the first run makes (about 400 MB); they listen on loopback and end with the run.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FatalError } from '../lib/errors.ts';
import { pythonEnvironment } from './environment.ts';
import { type PythonServer, startMinistack, startMoto } from './servers.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

async function main(): Promise<number> {
  const environment = pythonEnvironment(join(ROOT, '.venv/contract'), join(ROOT, 'contract/requirements.txt'));
  const logs = mkdtempSync(join(tmpdir(), 'bikelake-contract-'));
  const servers: PythonServer[] = [];
  try {
    const started = await Promise.allSettled([startMoto(environment, logs), startMinistack(environment, logs)]);
    for (const result of started) if (result.status === 'fulfilled') servers.push(result.value);
    for (const result of started) if (result.status === 'rejected') throw result.reason;
    const [moto, ministack] = servers;
    const code = await vitest({ CONTRACT_MOTO: moto?.url ?? '', CONTRACT_MINISTACK: ministack?.url ?? '' });
    if (code === 0) rmSync(logs, { recursive: true, force: true });
    else console.error(`what the servers said is in ${logs}`);
    return code;
  } finally {
    await Promise.all(servers.map((server) => server.close()));
  }
}

/** Runs the suites; an end that is asked for goes to them, and the servers end after them. */
function vitest(urls: Readonly<Record<string, string>>): Promise<number> {
  const program = join(ROOT, 'node_modules/vitest/vitest.mjs');
  const args = [program, 'run', 'test/contract', '--test-timeout=120000', ...process.argv.slice(2)];
  const child = spawn(process.execPath, args, { cwd: ROOT, env: { ...process.env, ...urls }, stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('exit', (code) => resolve(code ?? 1));
  });
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof FatalError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
