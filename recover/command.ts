import { parseArgs } from 'node:util';
import type { SettleReport } from '../jobs/duckdb/settle.ts';
import { FatalError, TransientError } from '../lib/errors.ts';
import { DIRTY_PREFIX } from '../lib/gold/dirty.ts';
import { openPipeline, type Pipeline } from './pipeline.ts';

/** What a command did, or would do: counts by name, in the order in which they are printed. */
export interface Outcome {
  readonly counts: Readonly<Record<string, number>>;
  /** What a person should know or do, a line each: what is left and why. */
  readonly notes: readonly string[];
  /** What was found and done beside the counts, a line each. */
  readonly told?: readonly string[];
  /** Dates that are to be settled again. */
  readonly dirty: readonly string[];
  /** Whether something was done, or would be. Where it isn't said: whether a date is dirty. */
  readonly changed?: boolean;
}

export interface Command {
  readonly name: string;
  /** One sentence: what it brings back, from where to where. */
  readonly purpose: string;
  /** Options of its own, beside --dir, --stage, --dry-run and --json: name → placeholder (null: a flag, without a value) and meaning. */
  readonly options: Readonly<
    Record<string, { readonly takes: string | null; readonly means: string; readonly multiple?: true }>
  >;
  /** Whether what is under way in a state folder must come to its end first: no run may have it open. A dry run doesn't wait for it. */
  readonly drains?: (given: Pick<Given, 'flag'>) => boolean;
  readonly run: (pipeline: Pipeline, given: Given) => Promise<Outcome>;
}

export interface Given {
  /** Values of an option; empty where it isn't given. */
  all(name: string): readonly string[];
  one(name: string): string | null;
  flag(name: string): boolean;
  /** Look, count, tell; change nothing. */
  readonly dry_run: boolean;
  /** Told as the work goes on; draws a bar on a terminal. `total` null: not known yet. */
  readonly progress: (done: number, total: number | null, what: string) => void;
}

/** A mistake of the person who runs it. */
export class Misuse extends Error {}

/**
 * Runs a command as a program: its arguments, its bar, its summary. Exit code 0 done, 1 something is left that a person must look at (the notes
 * say what) or that trying again may mend, 2 misuse or an error that trying again doesn't mend.
 */
export async function runCommand(command: Command, argv = process.argv.slice(2)): Promise<void> {
  try {
    process.exitCode = await main(command, argv);
  } catch (error) {
    const { name, message, $metadata } = error as Error & { $metadata?: object };
    if (error instanceof TransientError) {
      console.error(`${message}\nWhat was done stays done: run the command again.`);
      process.exitCode = 1;
      return;
    }
    const isTold = error instanceof Misuse || error instanceof FatalError;
    if (!isTold && $metadata === undefined) throw error;
    console.error(isTold ? message : `AWS refuses or can't be reached: ${name}: ${message}`);
    process.exitCode = 2;
  }
}

async function main(command: Command, argv: readonly string[]): Promise<number> {
  const values = parse(command, argv);
  if (values.help === true) {
    console.log(usage(command));
    return 0;
  }
  const [dir, stage] = [values.dir as string | undefined, values.stage as string | undefined];
  if (dir !== undefined && stage !== undefined)
    throw new Misuse('--dir and --stage: a state folder or a stage on AWS; give one of them');
  const bar = new Bar();
  const given: Given = {
    all: (name) => [values[name] ?? []].flat() as string[],
    one: (name) => ([values[name] ?? []].flat() as string[])[0] ?? null,
    flag: (name) => values[name] === true,
    dry_run: values['dry-run'] === true,
    progress: (done, total, what) => bar.show(done, total, what),
  };
  const alone = command.drains?.(given) ?? false;
  const drained = alone && !given.dry_run;
  bar.show(0, null, 'opening');
  const pipeline = await openPipeline(stage === undefined ? { dir: dir ?? '.bikelake', alone, drained } : { stage });
  try {
    const { outcome, settled } = await perform(command, pipeline, given);
    bar.clear();
    if (given.flag('json')) console.log(JSON.stringify({ ...outcome, dry_run: given.dry_run, settled }));
    else console.log(summary(command, pipeline, outcome, given.dry_run, settled));
    return outcome.notes.length > 0 ? 1 : 0;
  } finally {
    bar.clear();
    await pipeline.close();
  }
}

/** Runs a command on an open pipeline, lets what it put go all the way, and settles the days that it, or a run of it that was killed, marked. */
export async function perform(
  command: Command,
  pipeline: Pipeline,
  given: Given,
): Promise<{ readonly outcome: Required<Outcome>; readonly settled: SettleReport | null }> {
  const found = await command.run(pipeline, given);
  const outcome = { ...found, told: found.told ?? [], changed: found.changed ?? found.dirty.length > 0 };
  if (given.dry_run) return { outcome, settled: null };
  const isOpen = outcome.changed || (await pipeline.lake.keys(DIRTY_PREFIX)).length > 0;
  if (isOpen) given.progress(0, null, 'letting it go all the way, and settling');
  return { outcome, settled: isOpen ? await pipeline.finish() : null };
}

function parse(command: Command, argv: readonly string[]) {
  const own = Object.entries(command.options).map(([name, { takes, multiple }]) => [
    name,
    { type: takes === null ? ('boolean' as const) : ('string' as const), multiple: multiple ?? false },
  ]);
  try {
    return parseArgs({
      args: [...argv],
      options: {
        dir: { type: 'string' as const },
        stage: { type: 'string' as const },
        'dry-run': { type: 'boolean' as const },
        json: { type: 'boolean' as const },
        help: { type: 'boolean' as const, short: 'h' },
        ...Object.fromEntries(own),
      },
    }).values as Record<string, string | boolean | (string | boolean)[] | undefined>;
  } catch (error) {
    throw new Misuse(`${(error as Error).message.split('. ')[0]}\n\n${usage(command)}`);
  }
}

function usage({ name, purpose, options }: Command): string {
  const lines = [
    ...Object.entries(options).map(([option, { takes, means }]) => [`--${option} ${takes ?? ''}`.trimEnd(), means]),
    ['--dir DIR', 'state folder of a run on this machine (default .bikelake)'],
    ['--stage STAGE', 'a stage on AWS instead, with the credentials of the environment'],
    ['--dry-run', 'look and tell, change nothing'],
    ['--json', 'the summary as one JSON object'],
  ];
  const width = Math.max(...lines.map(([option]) => option?.length ?? 0));
  return [
    `npm run ${name} -- [options]`,
    purpose,
    '',
    ...lines.map(([option, means]) => `  ${option?.padEnd(width)}  ${means}`),
  ].join('\n');
}

function summary(
  { name }: Command,
  { title }: Pipeline,
  { counts, told, notes, dirty, changed }: Required<Outcome>,
  dry_run: boolean,
  settled: SettleReport | null,
): string {
  const width = Math.max(0, ...Object.keys(counts).map((count) => count.length));
  const what = `${changed ? '' : ': nothing to do'}${dry_run ? ' (dry run: nothing was changed)' : ''}`;
  return [
    `${name} of ${title}${what}`,
    ...Object.entries(counts).map(
      ([count, n]) => `  ${count.replaceAll('_', ' ').padEnd(width)}  ${n.toLocaleString('en-US')}`,
    ),
    ...told.map((line) => `  ${line}`),
    ...(dirty.length === 0 ? [] : [`  ${dry_run ? 'would be marked dirty' : 'marked dirty'}: ${dirty.join(', ')}`]),
    ...(settled === null ? [] : [settledLine(settled)]),
    ...(!dry_run && dirty.length > 0 && settled === null ? ['  the pipeline settles it in its next run'] : []),
    ...notes.map((note) => `  LEFT ${note}`),
  ].join('\n');
}

function settledLine({ made, audit_missing, audit_extra }: SettleReport): string {
  const days = made.filter((name) => name.startsWith('settle ')).map((name) => name.slice('settle '.length));
  const what = days.length === 0 ? 'settled: no day differs' : `settled again: ${days.join(', ')}`;
  return `  ${what}; audit: ${audit_missing} missing, ${audit_extra} extra`;
}

const WIDTH = 24;

/** A bar on a terminal's stderr; nothing where there is none. */
class Bar {
  #shown = false;

  show(done: number, total: number | null, what: string): void {
    if (!process.stderr.isTTY) return;
    const full = total === null || total === 0 ? 0 : Math.round((done / total) * WIDTH);
    const bar = total === null ? '' : `${'█'.repeat(full)}${'░'.repeat(WIDTH - full)} ${done}/${total}  `;
    process.stderr.write(`\r\x1b[2K${bar}${what}`.slice(0, (process.stderr.columns || 120) - 1));
    this.#shown = true;
  }

  clear(): void {
    if (this.#shown) process.stderr.write('\r\x1b[2K');
    this.#shown = false;
  }
}
