import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { packageService } from '../../local/package.ts';
import { folderOf, temporaryFolder, until } from './workbench.ts';

/** A project whose `sls` packages one function, and notes each time that it ran. */
function project(sls: string): string {
  const root = folderOf({
    'serverless.yml': 'service: bikelake\n',
    'functions/poll.ts': 'export const handler = 1;\n',
    'node_modules/.bin/sls': sls,
    '.esbuild/stale.js': '',
  });
  writeFileSync(join(root, 'poll.zip'), zipSync({ 'functions/poll.cjs': Buffer.from('exports.handler = () => 1;\n') }));
  chmodSync(join(root, 'node_modules/.bin/sls'), 0o755);
  return root;
}

const WORKS = `
const { appendFileSync, copyFileSync, existsSync, mkdirSync, writeFileSync } = require('node:fs');
const folder = process.argv[process.argv.indexOf('--package') + 1];
mkdirSync(folder, { recursive: true });
copyFileSync('poll.zip', folder + '/poll.zip');
writeFileSync(folder + '/cloudformation-template-update-stack.json', '{"Resources":{}}');
appendFileSync('ran', process.argv.slice(2, 5).join(' ') + (existsSync('.esbuild') ? ' stale' : '') + '\\n');
`;

describe('packaging the service', () => {
  it('gives the template and the unpacked code of each function, and removes stale files first', async () => {
    const root = project(WORKS);
    const { template, code } = await packageService({ dir: join(root, '.bikelake'), stage: 'dev', root });
    expect(JSON.parse(readFileSync(template, 'utf8'))).toEqual({ Resources: {} });
    expect(readFileSync(join(code('poll'), 'functions/poll.cjs'), 'utf8')).toBe('exports.handler = () => 1;\n');
    expect(readFileSync(join(root, 'ran'), 'utf8')).toBe('package --stage dev\n');
  });
  it('packages again when the contents or the stage change, and only then', async () => {
    const root = project(WORKS);
    const run = (stage: string) => packageService({ dir: join(root, '.bikelake'), stage, root });
    await run('dev');
    await run('dev');
    await run('prod');
    writeFileSync(join(root, 'functions/poll.ts'), 'export const handler = 2;\n');
    await run('dev');
    await run('dev');
    expect(readFileSync(join(root, 'ran'), 'utf8')).toBe(
      'package --stage dev\npackage --stage prod\npackage --stage dev\n',
    );
  });
  it('runs once where two ask at the same time', async () => {
    const root = project(WORKS);
    const dir = temporaryFolder();
    await Promise.all([1, 2].map(() => packageService({ dir, stage: 'dev', root })));
    expect(readFileSync(join(root, 'ran'), 'utf8')).toBe('package --stage dev\n');
  });
  it('goes on at once where a run was killed while it packaged', async () => {
    const root = project("require('node:fs').writeFileSync('started', ''); setInterval(() => {}, 1000);");
    const options = { dir: join(root, '.bikelake'), stage: 'dev', root };
    const module = new URL('../../local/package.ts', import.meta.url).href;
    const text = `const { packageService } = await import(${JSON.stringify(module)}); await packageService(${JSON.stringify(options)});`;
    const killed = spawn(process.execPath, ['--input-type=module', '-e', text], { detached: true, stdio: 'ignore' });
    await until(() => existsSync(join(root, 'started')));
    process.kill(-(killed.pid ?? 0), 'SIGKILL');
    await once(killed, 'close');
    writeFileSync(join(root, 'node_modules/.bin/sls'), WORKS);
    const before = performance.now();
    await packageService(options);
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(readFileSync(join(root, 'ran'), 'utf8')).toBe('package --stage dev\n');
  });
  it('that fails says so with the end of the output, and leaves nothing half made', async () => {
    const root = project(
      "console.log('compiling'); console.error('functions/poll.ts: no such export'); process.exit(1);",
    );
    const dir = temporaryFolder();
    await expect(packageService({ dir, stage: 'dev', root })).rejects.toThrow(
      /sls package ended with code 1:\n[\s\S]*functions\/poll\.ts: no such export/,
    );
    writeFileSync(join(root, 'node_modules/.bin/sls'), WORKS);
    const { template } = await packageService({ dir, stage: 'dev', root });
    expect(existsSync(template)).toBe(true);
  });
  it('without its tools names the remedy', async () => {
    const root = folderOf({ 'serverless.yml': '' });
    await expect(packageService({ dir: join(root, 'd'), stage: 'dev', root })).rejects.toThrow('run npm ci first');
  });
});
