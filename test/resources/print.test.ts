import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from './package-service.ts';

it.each(['dev', 'prod'])(
  'sls print shows the definition of %s without credentials',
  (stage) => {
    const { status, stdout, stderr } = spawnSync(
      join(ROOT, 'node_modules/.bin/sls'),
      ['print', '--stage', stage, '--format', 'json'],
      { cwd: ROOT, env: { PATH: process.env.PATH, HOME: '/nowhere' }, encoding: 'utf8' },
    );
    expect(status, stderr).toBe(0);
    const { custom, params } = JSON.parse(stdout);
    expect(custom.names).toMatchObject({
      lake: `bikelake-${stage}-lake`,
      databases: { silver: `bikelake_${stage}_silver` },
      metrics: `bikelake/${stage}`,
      jobs: expect.stringMatching(/^jobs\/[0-9a-f]{12}$/),
    });
    expect(params.default.lake).toBe('create');
  },
  60_000,
);
