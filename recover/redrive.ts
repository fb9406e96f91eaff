/**
 * `npm run redrive`: batches that the event source mapping gave up go into the stream again (docs/runbooks/redrive.md).
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { KinesisStream } from '../lib/stream/kinesis-stream.ts';
import { type Command, runCommand } from './command.ts';
import { dateOption } from './dates.ts';
import { redriveDocuments } from './redrive-documents.ts';
import { KinesisReader } from './stream-reader.ts';

/** Tries of a call that the stream refuses: a minute and a half in all. */
const ATTEMPTS = 10;
const LONGEST_PAUSE_MS = 15_000;

async function pause(failures: number): Promise<boolean> {
  if (failures >= ATTEMPTS) return false;
  await sleep(Math.min(100 * 2 ** failures, LONGEST_PAUSE_MS));
  return true;
}

export const redrive: Command = {
  name: 'redrive',
  purpose: 'Puts the records of batches that were given up (aws/lambda/ in the lake) into the stream again.',
  options: {
    from: { takes: 'DATE', means: 'given up on this UTC date or later' },
    to: { takes: 'DATE', means: 'given up on this UTC date or earlier' },
    shard: { takes: 'SHARD', means: 'of this shard only, such as shardId-000000000000' },
  },
  run: ({ lake, kinesis, names, now_ms }, given) => {
    const put = new KinesisStream(kinesis, names.stream);
    const reader = new KinesisReader(kinesis, names.stream);
    const stream = {
      put: put.put.bind(put),
      shards: reader.shards.bind(reader),
      read: reader.read.bind(reader),
    };
    const range = { from: dateOption(given, 'from'), to: dateOption(given, 'to'), shard: given.one('shard') };
    return redriveDocuments({ objects: lake, stream, pause, now_ms }, range, given);
  },
};

if (import.meta.main) await runCommand(redrive);
