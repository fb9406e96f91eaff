/**
 * `npm run rehearse [-- --server ministack|moto] [--keep]`: packages the service, deploys it to API servers that stand in for AWS, reads everything
 * back, sends a poll through, changes it, removes it, and deploys it again over the lake that it left. docs/rehearsal.md has what that shows.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { pythonEnvironment } from '../contract/environment.ts';
import { FatalError } from '../lib/errors.ts';
import { startFeeds } from './feeds.ts';
import { makePackages } from './packages.ts';
import { rehearse } from './rehearse.ts';
import { SERVERS, type ServerName } from './servers.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

function options(): { readonly server?: string[] | undefined; readonly keep?: boolean | undefined } {
  try {
    return parseArgs({ options: { server: { type: 'string', multiple: true }, keep: { type: 'boolean' } } }).values;
  } catch (error) {
    throw new FatalError('local', 'unknown_option', `${(error as Error).message}: there are --server NAME and --keep`);
  }
}

async function main(): Promise<number> {
  const values = options();
  const servers = (values.server ?? SERVERS).map((name): ServerName => {
    if ((SERVERS as readonly string[]).includes(name)) return name as ServerName;
    throw new FatalError('local', 'unknown_server', `--server ${name}: it takes ${SERVERS.join(' or ')}`);
  });
  const ended = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.once(signal, () => ended.abort(new FatalError('local', 'ended', `ended by ${signal}`)));
  }
  const environment = pythonEnvironment(join(ROOT, '.venv/contract'), join(ROOT, 'contract/requirements.txt'));
  const dir = mkdtempSync(join(tmpdir(), 'bikelake-rehearsal-'));
  const started_ms = Date.now();
  const say = (who: string, what: string): void => {
    console.log(`${String(Math.round((Date.now() - started_ms) / 1000)).padStart(4)} s  ${who.padEnd(9)}  ${what}`);
  };
  const feeds = await startFeeds(dir);
  try {
    say('both', 'packaging');
    const packages = await makePackages(ROOT, dir, feeds, ended.signal);
    const rehearsals = servers.map((server) =>
      rehearse({ server, root: ROOT, dir: join(dir, server), environment, feeds, packages, signal: ended.signal, say }),
    );
    const results = await Promise.allSettled(rehearsals);
    const problems = results.flatMap((result) =>
      result.status === 'fulfilled' ? result.value : textOf(result.reason),
    );
    for (const problem of problems) console.error(problem);
    if (problems.length > 0) console.error(`${problems.length} problems; what was said is in ${dir}`);
    else say('both', 'every step done, every difference known');
    if (problems.length === 0 && !values.keep) rmSync(dir, { recursive: true, force: true });
    return problems.length > 0 ? 1 : 0;
  } finally {
    await feeds.city.close();
  }
}

function textOf(reason: unknown): string {
  if (reason instanceof FatalError) return reason.message;
  throw reason;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof FatalError)) throw error;
  console.error(error.message);
  process.exitCode = 2;
}
