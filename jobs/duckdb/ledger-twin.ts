import { copyFileSync, existsSync, linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { LakeFolder } from './lake-folder.ts';
import { type FileCheck, keysBelow } from './ledger-files.ts';
import type { Manifest } from './manifest.ts';

/** What settle and the ledger read besides Bronze, the log and what settle made. */
const OWN_PREFIXES = ['bronze/events', 'log', 'silver', 'gold'];

/**
 * A twin of the lake beside it, of hard links: what can be read, and nothing that was deleted, damaged or changed. Settled there,
 * it says what the lake holds now, and the lake itself is not touched. A name is replaced in it, never a file's content, so that the links are safe.
 */
export class LakeTwin implements Disposable {
  readonly lake: LakeFolder;
  readonly #dir: string;

  constructor(lake: LakeFolder, manifest: Manifest, { sound }: FileCheck, quick: boolean) {
    this.#dir = mkdtempSync(join(dirname(lake.settle_dir), 'ledger-'));
    this.lake = new LakeFolder(join(this.#dir, 's3', basename(lake.root)));
    const others = keysBelow(lake, '.').filter((key) => !OWN_PREFIXES.some((prefix) => key.startsWith(`${prefix}/`)));
    const made = quick ? [...sound.silver, ...sound.gold] : [];
    for (const key of [...sound['bronze/events'], ...sound.log, ...made, ...others])
      this.#link(lake.path(key), this.lake.path(key));
    mkdirSync(this.lake.settle_dir, { recursive: true });
    writeFileSync(
      join(this.lake.settle_dir, 'manifest.json'),
      JSON.stringify(remembered(manifest, new Set(sound['bronze/events']), quick)),
    );
  }

  [Symbol.dispose](): void {
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }

  #link(from: string, to: string): void {
    mkdirSync(dirname(to), { recursive: true });
    try {
      linkSync(from, to);
    } catch (error) {
      if (!existsSync(from)) return; // replaced or removed by a run meanwhile
      if ((error as NodeJS.ErrnoException).code === 'EEXIST') return;
      copyFileSync(from, to); // a file system without links
    }
  }
}

/**
 * What the twin's settle may take over. Never an audit: an object that was altered after it was audited has to be read again. And days
 * only where it is asked to be quick, and then not those of Bronze files that are gone or damaged: they are made again without them.
 */
function remembered({ content }: Manifest, sound: ReadonlySet<string>, quick: boolean): Manifest['content'] {
  if (!quick) return { ...content, bronze: {}, systems: {}, made: {} };
  const bronze = Object.fromEntries(Object.entries(content.bronze).filter(([key]) => sound.has(key)));
  const made = Object.fromEntries(Object.entries(content.made).filter(([name]) => !name.startsWith('audit ')));
  return { ...content, bronze, made };
}
