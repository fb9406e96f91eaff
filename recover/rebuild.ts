/**
 * `npm run rebuild`: checkpoints of lanes from the log, or settled days from Bronze (docs/runbooks/rebuild.md).
 */
import { S3Log } from '../lib/silver/s3-log.ts';
import { DynamoTable } from './checkpoint-item.ts';
import { type Command, type Given, Misuse, runCommand } from './command.ts';
import { dateOf, dateOption, datesBetween } from './dates.ts';
import type { ObjectStore } from './objects.ts';
import { rebuildCheckpoints } from './rebuild-checkpoints.ts';
import { datesOfLake, rebuildDays } from './rebuild-days.ts';

export const rebuild: Command = {
  name: 'rebuild',
  purpose: 'Makes the checkpoints of lanes again from the Silver log, or settled days again from Bronze.',
  options: {
    checkpoint: { takes: null, means: 'the checkpoints of all lanes, or of --lane' },
    lane: { takes: 'LANE', means: 'with --checkpoint: this lane only' },
    date: { takes: 'DATE', means: 'settle this UTC day again (repeat for several)', multiple: true },
    from: { takes: 'DATE', means: 'settle the days from this one to --to again' },
    to: { takes: 'DATE', means: 'the last day' },
    'all-days': { takes: null, means: 'settle every day of the lake again' },
  },
  run: async ({ lake, s3, dynamodb, names }, given) => {
    if (!given.flag('checkpoint')) return rebuildDays(lake, await datesGiven(given, lake), given);
    if (given.all('date').length > 0 || given.one('from') !== null || given.flag('all-days'))
      throw new Misuse('--checkpoint makes checkpoints, --date, --from and --all-days make days: give one of them');
    const ports = { log: new S3Log(s3, names.bucket), table: new DynamoTable(dynamodb, names.checkpoints) };
    return rebuildCheckpoints(ports, given.one('lane'), given);
  },
};

async function datesGiven(given: Given, lake: ObjectStore): Promise<string[]> {
  if (given.one('lane') !== null) throw new Misuse('--lane says whose checkpoint: give --checkpoint with it');
  if (given.flag('all-days')) return datesOfLake(lake);
  const [from, to] = [dateOption(given, 'from'), dateOption(given, 'to')];
  if ((from === null) !== (to === null)) throw new Misuse('--from and --to: a range of days has both');
  const range = from === null || to === null ? [] : datesBetween(from, to);
  const dates = new Set([...given.all('date').map((text) => dateOf(text, 'date')), ...range]);
  if (dates.size === 0) throw new Misuse('rebuild what? Give --checkpoint, --date, --from with --to, or --all-days');
  return [...dates].sort();
}

if (import.meta.main) await runCommand(rebuild);
