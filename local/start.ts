import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { FatalError } from '../lib/errors.ts';
import { citySource } from './run/city-source.ts';
import { liveSource } from './run/live-source.ts';
import { parseOptions, type RunOptions, USAGE, UsageError } from './run/options.ts';
import { recordedSource } from './run/recorded-source.ts';
import { replaySource } from './run/replay-source.ts';
import { findings, reportText } from './run/report.ts';
import { Run } from './run/run.ts';
import { Screen } from './run/screen.ts';
import type { Source } from './run/source.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));

/** `npm start`: the packaged service on this machine, from a feed to Gold. Exit code 0 only if every ledger balances and the audit finds nothing. */
async function main(): Promise<number> {
  const options = parseOptions(process.argv.slice(2));
  if (options === 'help') {
    console.log(USAGE);
    return 0;
  }
  const screen = new Screen();
  const source = await sourceOf(options);
  const run = new Run(options.dir, source, screen, options.faults);
  endOn(run, screen, options);
  const result = await run.run(ROOT);
  screen.say(reportText(result));
  if (options.json) {
    const { figures, seconds, peak_rss_bytes } = result;
    console.log(JSON.stringify({ ...figures, seconds, peak_rss_bytes }));
  }
  return findings(result).length === 0 ? 0 : 1;
}

async function sourceOf(options: RunOptions): Promise<Source> {
  if (options.replay.length > 0) return replaySource(options);
  const live = options.system !== null || options.url !== null;
  const source = live ? await liveSource(options) : await citySource(options, lastClock(options.dir));
  return options.record === null ? source : recordedSource(source, options.record);
}

/** Where the clock of the last run in this folder ended. */
function lastClock(dir: string): number | null {
  try {
    return (JSON.parse(readFileSync(join(dir, 'clock.json'), 'utf8')) as { now_ms: number }).now_ms;
  } catch {
    return null;
  }
}

/** Ctrl-C, a termination and --for end the run cleanly; a second Ctrl-C at once. */
function endOn(run: Run, screen: Screen, options: RunOptions): void {
  let asked = false;
  const end = (): void => {
    if (asked) process.exit(130);
    asked = true;
    screen.say('ending: what was polled goes all the way; press Ctrl-C again to leave at once');
    run.stop();
  };
  process.on('SIGINT', end);
  process.on('SIGTERM', end);
  if (options.for_s !== null) setTimeout(() => run.stop(), options.for_s * 1000).unref();
}

try {
  process.exitCode = await main();
} catch (error) {
  if (!(error instanceof UsageError) && !(error instanceof FatalError)) throw error;
  console.error(`\n${error.message}`);
  process.exitCode = 2;
}
