/** A state folder of its own for each test, and a second process that can be killed. */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach } from 'vitest';

const folders: string[] = [];

export function stateFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bikelake-'));
  folders.push(folder);
  return folder;
}

afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

export const credentials = { accessKeyId: 'embedded', secretAccessKey: 'embedded' };
export const region = 'us-east-1';

/** Runs a module (text) in a process of its own, and kills it by SIGKILL when it has printed `ready`. */
export function runAndKill(source: string, cwd: string): Promise<void> {
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', source], {
    cwd,
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  return new Promise((resolve, reject) => {
    let was_ready = false;
    child.stdout.on('data', (text: Buffer) => {
      if (!text.toString().includes('ready')) return;
      was_ready = true;
      child.kill('SIGKILL');
    });
    child.on('exit', (code) =>
      was_ready ? resolve() : reject(new Error(`the process ended with ${code} before it was ready`)),
    );
  });
}
