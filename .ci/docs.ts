/**
 * `node .ci/docs.ts`: runs the commands that README.md and docs/ show: each block fenced as `sh run`, in order, in a copy of the
 * project, so that what they leave behind is thrown away. `npm ci` is passed over: the packages are those of this checkout.
 * Ends with 1 at the first block that fails, and says where it stands.
 */
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

export interface Block {
  readonly file: string;
  /** Line of the fence, from 1. */
  readonly line: number;
  readonly script: string;
}

const LIMIT_MS = 300_000;

/** The blocks of a Markdown text that are fenced as `sh run`. */
export function runnableBlocks(file: string, markdown: string): Block[] {
  const blocks: Block[] = [];
  const lines = markdown.split('\n');
  for (let i = 0; i < lines.length; i++) {
    if (lines[i]?.trim() !== '```sh run') continue;
    const end = lines.findIndex((line, j) => j > i && line.trim() === '```');
    if (end < 0) throw new Error(`${file}:${i + 1}: the block has no end`);
    const script = lines.slice(i + 1, end).join('\n');
    blocks.push({ file, line: i + 1, script: script.replaceAll(/^npm ci && /gm, '') });
    i = end;
  }
  return blocks;
}

function main(root: string): number {
  const docs = readdirSync(join(root, 'docs'), { recursive: true, encoding: 'utf8' }).filter((f) => f.endsWith('.md'));
  const blocks = ['README.md', ...docs.sort().map((f) => `docs/${f}`)].flatMap((file) =>
    runnableBlocks(file, readFileSync(join(root, file), 'utf8')),
  );
  if (blocks.length === 0) {
    console.error('no block of README.md or docs/ is fenced as `sh run`: nothing that the docs show was run');
    return 1;
  }
  const room = mkdtempSync(join(tmpdir(), 'bikelake-docs-'));
  try {
    const left = new Set(['node_modules', '.git', '.bikelake', '.serverless', '.esbuild', '.venv']);
    cpSync(root, room, { recursive: true, filter: (path) => !left.has(path.slice(root.length)) });
    symlinkSync(join(root, 'node_modules'), join(room, 'node_modules'));
    return blocks.every((block) => run(block, room)) ? 0 : 1;
  } finally {
    rmSync(room, { recursive: true });
  }
}

function run({ file, line, script }: Block, cwd: string): boolean {
  const started = Date.now();
  const { status, signal } = spawnSync('bash', ['-euo', 'pipefail', '-c', script], {
    cwd,
    stdio: ['ignore', 'inherit', 'inherit'],
    timeout: LIMIT_MS,
  });
  console.log(`${file}:${line} ended with ${signal ?? status} after ${Math.round((Date.now() - started) / 1000)} s`);
  return status === 0;
}

if (import.meta.main) process.exitCode = main(fileURLToPath(new URL('..', import.meta.url)));
