import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach } from 'vitest';
import type { KinesisStore } from '../../local/aws/kinesis/store.ts';

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});

/** A folder of its own for the test; it is gone afterwards. */
export function temporaryFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'bikelake-test-'));
  folders.push(folder);
  return folder;
}

/** A folder with these files. */
export function folderOf(files: Readonly<Record<string, string>>): string {
  const folder = temporaryFolder();
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, path)), { recursive: true });
    writeFileSync(join(folder, path), text);
  }
  return folder;
}

/** Waits, in real time, until something is true. */
export async function until(isTrue: () => boolean | Promise<boolean>, limit_ms = 10_000): Promise<void> {
  for (const end = Date.now() + limit_ms; !(await isTrue()); ) {
    if (Date.now() > end) throw new Error(`it did not become true in ${limit_ms} ms`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

/** Puts texts into a stream, one record each, all under one key. */
export async function putTexts(kinesis: KinesisStore, stream: string, ...texts: string[]): Promise<string[]> {
  const answers = await kinesis.put(
    stream,
    texts.map((text) => ({ partition_key: 'k', data: Buffer.from(text) })),
  );
  return answers.map((answer) => ('sequence_number' in answer ? answer.sequence_number : ''));
}
