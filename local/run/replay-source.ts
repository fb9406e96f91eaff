import { mkdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { type Group, planOf } from '../../lib/poll/plan.ts';
import { VirtualClock } from '../clock.ts';
import { startFeedServer } from '../sources/feed-server.ts';
import { openRecording, type RecordingSystem, recordingSystem } from '../sources/recording.ts';
import type { RunOptions } from './options.ts';
import type { Source } from './source.ts';

/** A recording, and how many of its lines were polled; remembered so that a run that was ended half-way goes on there. */
class Replay {
  readonly system: RecordingSystem;
  readonly file: string;
  lines = 0;
  readonly #mark: string;

  constructor(file: string, system: RecordingSystem, dir: string) {
    this.file = file;
    this.system = system;
    this.#mark = join(dir, 'replay', `${system.system_id}-${system.fingerprint.slice(0, 16)}.json`);
    try {
      this.lines = (JSON.parse(readFileSync(this.#mark, 'utf8')) as { lines: number }).lines;
    } catch {
      this.lines = 0; // not begun, or through: from the first line
    }
  }

  polled(line: number): void {
    this.lines = line;
    mkdirSync(join(this.#mark, '..'), { recursive: true });
    writeFileSync(`${this.#mark}.new`, JSON.stringify({ file: this.file, lines: line }));
    renameSync(`${this.#mark}.new`, this.#mark);
  }

  through(): void {
    rmSync(this.#mark, { force: true });
  }
}

/**
 * Recordings, polled one line after the other on their own clock, as fast as the machine goes: the slot is the line's fetched_at,
 * and the real poll function fetches the line's body over HTTP. Several recordings run in the order of their times.
 */
export async function replaySource(options: RunOptions): Promise<Source> {
  const replays: Replay[] = [];
  for (const file of options.replay) replays.push(new Replay(file, await recordingSystem(file), options.dir));
  const server = await startFeedServer();
  const plan = planOf(
    replays.map(({ system }) => ({
      ...system,
      kind: 'gbfs' as const,
      url: server.url(system.system_id),
      interval_s: options.interval_s ?? system.interval_s,
    })),
  );
  const clock = new VirtualClock(Math.min(...replays.map((r) => r.system.first_fetched_at_ms)), 0);
  let share = 0;
  return {
    title: `${replays.length === 1 ? 'the recording' : `${replays.length} recordings:`} ${options.replay.join(', ')}`,
    plan,
    clock,
    allowed_hosts: [new URL(server.url('any')).host],
    seoul_key: null,
    drive: async (invoke, ready, signal) => {
      const groups = groupsBySystem(plan.groups);
      for await (const { replay, line, fetched_at_ms, body, is_raw, read } of merged(replays)) {
        if (signal.aborted) return;
        await ready();
        clock.advanceTo(fetched_at_ms);
        server.show(replay.system.system_id, body, is_raw);
        const scheduled_time = new Date(fetched_at_ms).toISOString();
        await invoke('poll', { scheduled_time, group: groups.get(replay.system.system_id) });
        replay.polled(line);
        share = read();
      }
      for (const replay of replays) replay.through();
      share = 1;
    },
    done: () => share,
    close: () => server.close(),
  };
}

/** Each recorded system is polled alone, at its own times. */
function groupsBySystem(groups: readonly Group[]): Map<string, Group> {
  return new Map(
    groups.flatMap((g) =>
      g.systems.map((s) => [s.system_id, { ...g, group_id: `replay-${s.system_id}`, systems: [s] }]),
    ),
  );
}

/** The lines of all recordings that were not polled yet, in the order of their times. */
async function* merged(replays: readonly Replay[]) {
  const heads = await Promise.all(
    replays.map(async (replay) => {
      const recording = openRecording(replay.file);
      const lines = recording[Symbol.asyncIterator]();
      let next = await lines.next();
      while (!next.done && next.value.line <= replay.lines) next = await lines.next();
      return { replay, recording, lines, next };
    }),
  );
  const read = () => heads.reduce((sum, h) => sum + (h.next.done ? 1 : h.recording.share()), 0) / heads.length;
  for (;;) {
    const open = heads.filter((head) => !head.next.done);
    const first = open.sort((a, b) => (a.next.value?.fetched_at_ms ?? 0) - (b.next.value?.fetched_at_ms ?? 0))[0];
    if (first === undefined) return;
    yield { replay: first.replay, read, ...first.next.value };
    first.next = await first.lines.next();
  }
}
