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

  /** `first_open`: days from this date on wait; null: none. */
  constructor(
    lake: LakeFolder,
    manifest: Manifest,
    { sound }: FileCheck,
    quick: boolean,
    first_open: string | null = null,
  ) {
    this.#dir = mkdtempSync(join(dirname(lake.settle_dir), 'ledger-'));
    this.lake = new LakeFolder(join(this.#dir, 's3', basename(lake.root)));
    const others = keysBelow(lake, '.').filter((key) => !OWN_PREFIXES.some((prefix) => key.startsWith(`${prefix}/`)));
    const isDue = (key: string): boolean =>
      first_open === null || !((/\/event_date=([^/]+)\//.exec(key)?.[1] ?? '') >= first_open);
    const made = quick ? [...sound.silver, ...sound.gold].filter(isDue) : [];
    for (const key of [...sound['bronze/events'], ...sound.log, ...made, ...others])
      this.#link(lake.path(key), this.lake.path(key));
    mkdirSync(this.lake.settle_dir, { recursive: true });
    writeFileSync(
      join(this.lake.settle_dir, 'manifest.json'),
      JSON.stringify(remembered(manifest, new Set(sound['bronze/events']), quick, first_open)),
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
function remembered(
  { content }: Manifest,
  sound: ReadonlySet<string>,
  quick: boolean,
  first_open: string | null,
): Manifest['content'] {
  if (!quick) return { ...content, bronze: {}, systems: {}, made: {} };
  const bronze = Object.fromEntries(Object.entries(content.bronze).filter(([key]) => sound.has(key)));
  const made = Object.fromEntries(
    Object.entries(content.made).filter(
      ([name]) => !/^(audit|lanes) /.test(name) && (first_open === null || isOfDaysBefore(name, first_open)),
    ),
  );
  return { ...content, bronze, made };
}

/** Whether what has this name is made of days before a date alone: totals, quality and profile look ahead. */
export function isOfDaysBefore(name: string, first_open: string): boolean {
  const [kind = '', date = first_open] = name.split(' ');
  return ['settle', 'hours', 'audit', 'lanes'].includes(kind) && date < first_open;
}
