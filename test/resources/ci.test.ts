import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { runnableBlocks } from '../../.ci/docs.ts';
import { missingPackages } from '../../.ci/fill-lock.ts';

describe('the lock file', () => {
  it('lacks what no entry stands for, and gets its platform from its name', () => {
    const missing = missingPackages({
      '': {},
      'node_modules/tool': {
        version: '1.2.3',
        dev: true,
        optionalDependencies: {
          '@tool/cli-linux-x64': '1.2.3',
          '@tool/cli-darwin-arm64': '1.2.3',
          '@tool/binding-linux-x64-musl': '1.2.3',
          '@tool/binding-linux-arm-gnueabihf': '1.2.3',
          fsevents: '^2.0.0',
        },
      },
      'node_modules/@tool/cli-linux-x64': { version: '1.2.3' },
    });
    expect(missing).toEqual({
      'node_modules/@tool/cli-darwin-arm64': {
        version: '1.2.3',
        cpu: ['arm64'],
        os: ['darwin'],
        dev: true,
        optional: true,
      },
      'node_modules/@tool/binding-linux-x64-musl': {
        version: '1.2.3',
        cpu: ['x64'],
        libc: ['musl'],
        os: ['linux'],
        dev: true,
        optional: true,
      },
      'node_modules/@tool/binding-linux-arm-gnueabihf': {
        version: '1.2.3',
        cpu: ['arm'],
        libc: ['glibc'],
        os: ['linux'],
        dev: true,
        optional: true,
      },
    });
  });

  it('lists the linters and the database for Linux and macOS, on x64 and arm64', () => {
    const lock = JSON.parse(readFileSync(new URL('../../package-lock.json', import.meta.url), 'utf8'));
    const packages = Object.keys(lock.packages);
    const platforms = ['linux-x64', 'linux-arm64', 'darwin-x64', 'darwin-arm64'];
    const families = ['@biomejs/cli', '@oxlint/binding', '@oxlint-tsgolint', '@duckdb/node-bindings', '@esbuild'];
    const lacking = families.flatMap((family) =>
      platforms
        .filter((platform) => !packages.some((p) => p.includes(family) && p.includes(platform)))
        .map((platform) => `${family} ${platform}`),
    );
    expect(lacking, 'run `node .ci/fill-lock.ts`').toEqual([]);
  });
});

describe('the commands that docs show', () => {
  it('are the blocks fenced as `sh run`; the packages are there already', () => {
    const markdown = [
      '# A',
      '```sh',
      'rm -rf /',
      '```',
      '```sh run',
      'npm ci && npm start',
      'npm run query',
      '```',
      '',
    ];
    expect(runnableBlocks('A.md', markdown.join('\n'))).toEqual([
      { file: 'A.md', line: 5, script: 'npm start\nnpm run query' },
    ]);
  });

  it('end somewhere', () => {
    expect(() => runnableBlocks('A.md', '```sh run\nnpm start')).toThrow('A.md:1: the block has no end');
  });
});
