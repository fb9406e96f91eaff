import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { FatalError } from '../../lib/errors.ts';
import type { Group } from '../../lib/poll/plan.ts';
import { VirtualClock } from '../clock.ts';
import { startFeedServer } from '../sources/feed-server.ts';
import { type FeedBeside, feedsBeside, timeZoneOf } from '../sources/feeds-beside.ts';
import { openRecording, type RecordingSystem, recordingSystem } from '../sources/recording.ts';
import { type RunOptions, UsageError } from './options.ts';
import type { Invoke, Source } from './source.ts';

/** A recording, and how many of its lines were polled; remembered so that a run that was ended half-way goes on there. */
class Replay {
  readonly system: RecordingSystem;
  readonly file: string;
  readonly beside: readonly FeedBeside[];
  /** Polls that the recording holds. */
  readonly polls: number;
  /** The last line that an earlier run polled; 0: none, or it came to the end. */
  readonly from: number;
  done: number;
  readonly #mark: string;
  #torn = false;

  constructor(file: string, system: RecordingSystem, beside: readonly FeedBeside[], polls: number, dir: string) {
    this.file = file;
    this.system = system;
    this.beside = beside;
    this.polls = polls;
    this.#mark = join(dir, 'replay', `${system.system_id}-${system.fingerprint.slice(0, 16)}.lines`);
    this.from = lastNumber(this.#mark);
    this.done = this.from;
    mkdirSync(dirname(this.#mark), { recursive: true });
  }

  /** Appended, because a file that is replaced at each poll costs more than the poll. */
  polled(line: number): void {
    this.done += 1;
    try {
      appendFileSync(this.#mark, `${this.#torn ? '\n' : ''}${line}\n`);
      this.#torn = false;
    } catch {
      this.#torn = true; // a full disk: a run that starts again polls a line or two again
    }
  }

  through(): void {
    rmSync(this.#mark, { force: true });
  }
}

/** The number in the last whole line of a file; 0 where there is none. */
function lastNumber(file: string): number {
  if (!existsSync(file)) return 0;
  return Number(readFileSync(file, 'utf8').split('\n').at(-2) ?? 0);
}

/** How many polls a recording holds. It is read once to its end before anything starts, so that an unreadable line is told at once. */
async function countPolls(file: string): Promise<number> {
  let polls = 0;
  for await (const _ of openRecording(file)) polls += 1;
  return polls;
}

/**
 * Recordings, polled one line after the other on their own clock, as fast as the machine goes: the slot is the line's fetched_at,
 * and the real poll function fetches the line's body over HTTP. Several recordings run in the order of their times.
 */
export async function replaySource(options: RunOptions): Promise<Source> {
  const replays: Replay[] = [];
  for (const file of options.replay) {
    const beside = feedsBeside(file);
    const system = await recordingSystem(file, timeZoneOf(beside));
    replays.push(new Replay(file, system, beside, await countPolls(file), options.dir));
  }
  refuseTwice(replays);
  const server = await startFeedServer();
  for (const { system, beside } of replays) {
    for (const { feed, body } of beside) server.add(system.system_id, feed, body);
  }
  const clock = new VirtualClock(Math.min(...replays.map((r) => r.system.first_fetched_at_ms)), 0);
  const polls = replays.reduce((sum, replay) => sum + replay.polls, 0);
  return {
    title: `${replays.length === 1 ? 'the recording' : `${replays.length} recordings:`} ${options.replay.join(', ')}`,
    systems: replays.map(({ system }) => ({
      system_id: system.system_id,
      kind: 'gbfs',
      url: server.url(system.system_id),
      interval_s: options.interval_s ?? system.interval_s,
      time_zone: system.time_zone,
      stations: system.stations,
    })),
    clock,
    allowed_hosts: [new URL(server.url('any')).host],
    seoul_key: null,
    drive: async (plan, invoke, ready, signal) => {
      const groups = groupsBySystem(plan.groups);
      for await (const { replay, line, fetched_at_ms, body, is_raw } of merged(replays)) {
        if (signal.aborted) return;
        await ready();
        clock.advanceTo(fetched_at_ms);
        server.show(replay.system.system_id, body, is_raw);
        const scheduled_time = new Date(fetched_at_ms).toISOString();
        await pollUntilDone(invoke, { scheduled_time, group: groups.get(replay.system.system_id) });
        replay.polled(line);
      }
      for (const replay of replays) replay.through();
    },
    done: () => replays.reduce((sum, replay) => sum + replay.done, 0) / polls,
    close: () => server.close(),
  };
}

const POLL_ATTEMPTS = 20;
/** Real time. */
const POLL_AGAIN_MS = 10;

/**
 * A replay stands for the schedules, and no line may be missing at its end: a poll that died is invoked again with the same slot, while
 * the same body is shown.
 */
async function pollUntilDone(
  invoke: Invoke,
  input: { scheduled_time: string; group: Group | undefined },
): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      await invoke('poll', input);
      return;
    } catch (cause) {
      if (attempt < POLL_ATTEMPTS) {
        await new Promise((resolve) => setTimeout(resolve, POLL_AGAIN_MS));
        continue;
      }
      const problem = `the poll of ${input.group?.group_id} at ${input.scheduled_time} failed ${POLL_ATTEMPTS} times: ${(cause as Error).message}`;
      throw new FatalError('local', 'poll_failed', `${problem}; logs/poll.log in the state folder has the rest`, {
        cause,
      });
    }
  }
}

/** A recording is a system of its file's name; two of one system would mix their slots. */
function refuseTwice(replays: readonly Replay[]): void {
  for (const [system_id, same] of Map.groupBy(replays, (replay) => replay.system.system_id)) {
    if (same.length === 1) continue;
    const files = same.map((replay) => replay.file).join(' and ');
    throw new UsageError(
      `--replay ${files}: both are recordings of ${system_id}; replay them one after the other, or rename one`,
    );
  }
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
      const lines = openRecording(replay.file)[Symbol.asyncIterator]();
      let next = await lines.next();
      while (!next.done && next.value.line <= replay.from) next = await lines.next();
      return { replay, lines, next };
    }),
  );
  for (;;) {
    const open = heads.filter((head) => !head.next.done);
    const first = open.sort((a, b) => (a.next.value?.fetched_at_ms ?? 0) - (b.next.value?.fetched_at_ms ?? 0))[0];
    if (first === undefined) return;
    const following = first.lines.next(); // is read while this one is polled
    following.catch(() => undefined); // told when it is awaited
    yield { replay: first.replay, ...first.next.value };
    first.next = await following;
  }
}
