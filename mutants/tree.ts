import { execFileSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { edited, type Mutant } from './mutant.ts';

/** A copy of the project's files in a temporary folder, where mutants are applied; the project itself is never touched. */
export class Tree {
  readonly dir: string;
  readonly #root: string;

  /** `root`: the project. What git tracks, or would, is copied; the packages are linked. */
  constructor(root: string) {
    this.#root = root;
    this.dir = mkdtempSync(join(tmpdir(), 'bikelake-mutants-'));
    const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], { cwd: root });
    for (const file of files.toString().split('\0')) {
      if (file !== '' && existsSync(join(root, file))) cpSync(join(root, file), join(this.dir, file));
    }
    // Link by link, so that what tools keep in node_modules stays in the copy.
    mkdirSync(join(this.dir, 'node_modules'));
    for (const name of readdirSync(join(root, 'node_modules')).filter((entry) => !/^\.vite/.test(entry))) {
      symlinkSync(join(root, 'node_modules', name), join(this.dir, 'node_modules', name));
    }
  }

  apply({ edits }: Mutant): void {
    for (const edit of edits) {
      const file = join(this.dir, edit.file);
      writeFileSync(file, edited(readFileSync(file, 'utf8'), edit));
    }
  }

  restore({ edits }: Mutant): void {
    for (const { file } of edits) cpSync(join(this.#root, file), join(this.dir, file));
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true });
  }
}
