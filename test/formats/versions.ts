import { mkdirSync, readFileSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { build, type Plugin } from 'esbuild';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/**
 * `previous`: as 0.1.0 wrote, log objects and rows that name no format. `newer`: one that does not exist yet; its chunks, checkpoints and
 * states of poll groups are of format 2, and it reads 1 too.
 */
export type Version = 'previous' | 'current' | 'newer';

type Edits = Readonly<Record<string, readonly (readonly [find: string, replace: string])[]>>;
const EDITS: Readonly<Record<Version, Edits>> = {
  previous: {
    'lib/silver/object.ts': [['{ [FORMAT_KEY]: String(LOG_FORMAT) },', '{},']],
    // biome-ignore lint/suspicious/noTemplateCurlyInString: it is the program's text
    'lib/bronze/unpack.ts': [['{"V":${BRONZE_FORMAT},', '{']],
  },
  current: {},
  newer: {
    'lib/stream/chunk.ts': [
      ['export const CHUNK_FORMAT = 1;', 'export const CHUNK_FORMAT = 2;'],
      // The list of its entries has another name.
      [
        'const lines = entries.flatMap((entry) => entry.lines);',
        'const lines = entries.flatMap((entry) => entry.lines); const { entries: parts, ...others } = header;',
      ],
      ['[JSON.stringify(header), ...lines', '[JSON.stringify({ ...others, parts }), ...lines'],
      [
        'const format: unknown = header?.format;',
        'const format: unknown = header?.format; if (format === 2) header = { ...header, entries: (header as any).parts };',
      ],
      ['if (format !== CHUNK_FORMAT || !isHeader(header))', 'if ((format !== 1 && format !== 2) || !isHeader(header))'],
    ],
    'lib/silver/checkpoint.ts': [
      ['const CHECKPOINT_FORMAT = 1;', 'const CHECKPOINT_FORMAT = 2;'],
      ['if (format !== CHECKPOINT_FORMAT) return null;', 'if (format !== 1 && format !== 2) return null;'],
    ],
    'lib/poll/state.ts': [
      ['const STATE_FORMAT = 1;', 'const STATE_FORMAT = 2;'],
      ['if (format !== STATE_FORMAT ||', 'if ((format !== 1 && format !== 2) ||'],
    ],
  },
};

/** Of each version: a checkpoint after every batch, so that each version meets those of the others. */
const ALWAYS: Edits = { 'functions/silver.ts': [['checkpoint_every: 32,', 'checkpoint_every: 1,']] };

/** Applies a version's edits to what is bundled. A text that doesn't stand once in its file is a mistake here: the program has changed. */
const edited = (version: Version): Plugin => ({
  name: version,
  setup: (bundle) => {
    for (const [file, edits] of Object.entries({ ...ALWAYS, ...EDITS[version] })) {
      bundle.onLoad({ filter: new RegExp(`${file.replaceAll('.', '\\.')}$`) }, ({ path }) => {
        let contents = readFileSync(path, 'utf8');
        for (const [find, replace] of edits) {
          if (contents.split(find).length !== 2) throw new Error(`${file}: "${find}" does not stand there once`);
          contents = contents.replace(find, () => replace);
        }
        return { contents, loader: 'ts' };
      });
    }
  },
});

/** Bundles the functions as they were, or will be, in a version. Answers with the folder of each. */
export async function functionsOf(version: Version, dir: string): Promise<(name: string) => string> {
  await build({
    absWorkingDir: ROOT,
    entryPoints: ['functions/poll.ts', 'functions/bronze.ts', 'functions/silver.ts'],
    outdir: join(dir, version, 'functions'),
    outExtension: { '.js': '.cjs' },
    bundle: true,
    format: 'cjs',
    platform: 'node',
    target: 'node24',
    mainFields: ['module', 'main'],
    logLevel: 'error',
    plugins: [edited(version)],
  });
  return () => join(dir, version);
}

/** A module of the project as it is in a version. */
export async function moduleOf(version: Version, file: string, dir: string): Promise<Record<string, unknown>> {
  const outfile = join(dir, version, file.replace(/\.ts$/, '.mjs'));
  await build({
    absWorkingDir: ROOT,
    entryPoints: [file],
    outfile,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
    plugins: [edited(version)],
  });
  mkdirSync(dir, { recursive: true });
  symlinkSync(join(ROOT, 'node_modules'), join(dir, version, 'node_modules'));
  return import(/* @vite-ignore */ pathToFileURL(outfile).href);
}
