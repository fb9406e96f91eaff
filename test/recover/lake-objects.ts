import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path';
import type { ObjectStore } from '../../recover/objects.ts';

/** The objects of a lake folder, with the ordered list of effects; it can end before or after its n-th effect, as a killed command does. */
export class LakeObjects implements ObjectStore {
  readonly effects: string[] = [];
  readonly #root: string;
  readonly #end: { readonly at: number; readonly when: 'before' | 'after' } | null;

  constructor(root: string, end: { readonly at: number; readonly when: 'before' | 'after' } | null = null) {
    this.#root = root;
    this.#end = end;
  }

  async keys(prefix: string): Promise<string[]> {
    const folder = join(this.#root, dirname(`${prefix}x`));
    if (!existsSync(folder)) return [];
    return readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => relative(this.#root, join(entry.parentPath, entry.name)))
      .filter((key) => key.startsWith(prefix))
      .sort();
  }

  async get(key: string): Promise<Buffer | null> {
    const file = join(this.#root, key);
    return existsSync(file) ? readFileSync(file) : null;
  }

  async put(key: string, bytes: Uint8Array): Promise<void> {
    this.#effect(`put ${key}`, () => {
      mkdirSync(dirname(join(this.#root, key)), { recursive: true });
      writeFileSync(join(this.#root, key), bytes);
    });
  }

  async remove(key: string): Promise<void> {
    this.#effect(`remove ${key}`, () => rmSync(join(this.#root, key), { force: true }));
  }

  #effect(name: string, act: () => void): void {
    const isEnd = this.#end?.at === this.effects.length;
    if (isEnd && this.#end?.when === 'before') throw new Error('killed');
    act();
    this.effects.push(name);
    if (isEnd) throw new Error('killed');
  }
}
