import { TransientError } from '../../lib/errors.ts';
import type { PlannedSystem } from '../../lib/poll/plan.ts';
import { type PollPorts, pollGroup } from '../../lib/poll/poll-group.ts';
import type { GroupState } from '../../lib/poll/state.ts';
import type { StreamRecord } from '../../lib/stream/put-records.ts';
import { at, MINUTE } from '../gold/small-lake.ts';
import { FakeTimer } from '../poll/fakes.ts';
import type { DrawnFeed, DrawnPoll, Lane, PutDraw, Season } from './draw.ts';
import { type Answer, Hosts } from './host.ts';

/** A record as the stream holds it. */
export interface Stored {
  readonly run: number;
  /** null: receipts. */
  readonly lane: Lane | null;
  readonly shard: 0 | 1;
  readonly sequence_number: string;
  readonly arrived_at_ms: number;
  readonly bytes: Uint8Array;
}

/** A poll of the group that ran, and what the hosts answered to it. */
export interface Run {
  readonly run: number;
  readonly slot_ms: number;
  readonly refused: Lane | null;
  readonly answers: ReadonlyMap<string, Answer>;
}

export function systemsOf({ systems, parts, interval_s }: Season): PlannedSystem[] {
  const a = parts === 1 ? ['lane-001'] : ['lane-001', 'lane-002'];
  return [a, ['lane-002']].slice(0, systems).map((lanes, n) => {
    const system_id = n === 0 ? 'one' : 'two';
    return {
      system_id,
      kind: 'gbfs',
      url: `https://${system_id}.example/gbfs.json`,
      interval_s,
      time_zone: 'UTC',
      lanes,
    };
  });
}

interface Firing extends Pick<DrawnPoll, 'refused' | 'state'> {
  readonly slot_ms: number;
  readonly feeds: readonly DrawnFeed[];
}

/** The polls as they run: late ones after later ones, some twice, some never. */
function firingsOf({ start, polls }: Season): Firing[] {
  let slot_ms = at('2026-11-21T00:00:00Z') + start * MINUTE;
  const placed = polls.map((poll, n) => {
    if (n > 0) slot_ms += poll.minutes * MINUTE;
    return { poll, slot_ms, place: n + poll.late };
  });
  return placed
    .filter(({ poll }) => !poll.is_missing)
    .sort((a, b) => a.place - b.place)
    .flatMap(({ poll: { feeds, again, refused, state }, slot_ms }) => {
      const first = { slot_ms, feeds, refused, state };
      return again === null ? [first] : [first, { ...first, feeds: again }];
    });
}

/** Polls the season through the real poll stage, into a stream of two shards that fails as it is drawn. */
export async function pollSeason(season: Season): Promise<{ readonly runs: Run[]; readonly stored: Stored[] }> {
  const stream = new Stream(season.puts);
  const states = new States();
  const hosts = new Hosts();
  const systems = systemsOf(season);
  const runs: Run[] = [];
  for (const [run, { slot_ms, feeds, refused, state }] of firingsOf(season).entries()) {
    hosts.begin(run, slot_ms, new Map(systems.map(({ system_id }, n) => [system_id, feeds[n] ?? { is: 'as before' }])));
    stream.begin(run, slot_ms, refused);
    const input = {
      scheduled_time: new Date(slot_ms).toISOString(),
      group: { group_id: 'g', interval_s: 60, systems },
    };
    await pollGroup(input, portsOf(hosts, stream, states.port(state), slot_ms + 1000 + run));
    runs.push({ run, slot_ms, refused, answers: new Map(hosts.answers) });
  }
  return { runs, stored: stream.stored };
}

function portsOf(hosts: Hosts, stream: Stream, states: PollPorts['states'], begun_ms: number): PollPorts {
  const timer = new FakeTimer();
  return {
    get: hosts.get,
    timer,
    random: () => 0.5,
    clock_ms: () => begun_ms + timer.now_ms() * 1000, // no two runs fetch at the same time
    remaining_ms: () => 55_000 - timer.now_ms(),
    warn: () => undefined,
    key: { read: async () => '', forget: () => undefined },
    states,
    stream: { put: (records) => stream.put(records) },
    quarantine: { put: async (records) => records.map(() => null) },
  };
}

const FAR_MS = 3_600_000;

/** The state of the group: text, as in its table; what the same or a later slot left stays, unless it lies more than an hour ahead. */
class States {
  #item: { text: string; slot_ms: number } | null = null;

  port(fate: DrawnPoll['state']): PollPorts['states'] {
    return {
      read: async () => {
        if (fate === 'not read') throw new Error('the table is down');
        return JSON.parse(this.#item?.text ?? '{}') as GroupState;
      },
      write: async (_, state, slot_ms) => {
        if (fate === 'not written') throw new Error('the table is down');
        const there_ms = this.#item?.slot_ms ?? -1;
        if (there_ms < slot_ms || there_ms > slot_ms + FAR_MS) this.#item = { text: JSON.stringify(state), slot_ms };
      },
    };
  }
}

class Stream {
  readonly stored: Stored[] = [];
  readonly #puts: PutDraw[];
  #sequence = 95; // so that their lengths differ
  #run = 0;
  #now_ms = 0;
  #refused: Lane | null = null;

  constructor(puts: readonly PutDraw[]) {
    this.#puts = [...puts];
  }

  begin(run: number, slot_ms: number, refused: Lane | null): void {
    this.#run = run;
    this.#now_ms = Math.max(this.#now_ms + 1000, slot_ms + 5000);
    this.#refused = refused;
  }

  async put(records: readonly StreamRecord[]): Promise<(string | null)[]> {
    const put = this.#puts.shift() ?? 'none';
    if (put === 'throttled') throw new TransientError('stream', 'LimitExceededException', 'throttled');
    const codes = records.map(({ partition_key }, n) =>
      partition_key === this.#refused || (put === 'partial' && n === records.length - 1) ? 'InternalFailure' : null,
    );
    records.forEach((record, n) => {
      if (codes[n] === null) this.#store(record);
    });
    if (put === 'reply lost') throw new TransientError('stream', 'TimeoutError', 'no answer');
    return codes;
  }

  #store({ partition_key, bytes }: StreamRecord): void {
    this.#sequence += 1;
    const lane = partition_key.startsWith('lane-') ? (partition_key as Lane) : null;
    const shard = lane === 'lane-002' ? 1 : 0;
    const sequence_number = String(this.#sequence);
    this.stored.push({ run: this.#run, lane, shard, sequence_number, arrived_at_ms: this.#now_ms, bytes });
  }
}
