/**
 * `npm run redeliver`: what the delivery stream of Bronze left under its error prefix goes into Bronze; with `--stream`, what it never
 * delivered (docs/runbooks/redeliver.md).
 */
import { type Command, runCommand } from './command.ts';
import { dateOption } from './dates.ts';
import { COMMAND, redeliverErrors } from './redeliver-errors.ts';
import { redeliverStream } from './redeliver-stream.ts';
import { KinesisReader } from './stream-reader.ts';

export const redeliver: Command = {
  name: COMMAND,
  purpose: 'Brings into Bronze what Firehose could not deliver (errors/bronze/ in the lake), in the same partition.',
  options: {
    stream: { takes: null, means: 'back-fill from the stream what no delivery stream delivered instead' },
    from: { takes: 'DATE', means: 'arrived on this UTC date or later' },
    to: { takes: 'DATE', means: 'arrived on this UTC date or earlier' },
  },
  drains: (given) => given.flag('stream'),
  run: ({ lake, kinesis, names, now_ms, is_drained }, given) => {
    const range = { from: dateOption(given, 'from'), to: dateOption(given, 'to') };
    if (!given.flag('stream')) return redeliverErrors({ objects: lake, now_ms }, range, given);
    const stream = new KinesisReader(kinesis, names.stream);
    return redeliverStream({ objects: lake, stream, now_ms, is_drained }, range, given);
  },
};

if (import.meta.main) await runCommand(redeliver);
