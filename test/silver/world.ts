import { DynamoCheckpoints } from '../../lib/silver/dynamo-checkpoint.ts';
import { processBatch, type Remembered } from '../../lib/silver/process-batch.ts';
import { S3Log } from '../../lib/silver/s3-log.ts';
import type { LaneRecord } from '../../lib/stream/record.ts';
import { attempt, CALL_FAULTS } from './call-faults.ts';
import { Cloud, type Effect } from './cloud.ts';
import { memoryText, textOf } from './fingerprint.ts';
import { type Sent, toLaneRecords } from './streams.ts';

/** One shard of the stream, as its event source mapping sees it. */
export interface Shard {
  readonly sent: readonly Sent[];
  readonly records: readonly LaneRecord[];
  /** Shards that are read to their end before this one is begun. */
  readonly parents: readonly number[];
  /** How many records are done, by what the function answered. */
  acked: number;
  /** The end of the last batch that failed, while it is tried again; else 0. */
  tried: number;
  current: Invocation | null;
}

interface Env {
  memory: Map<string, Remembered>;
  invocation: Invocation | null;
}

interface Invocation {
  readonly env: Env;
  readonly shard: Shard;
  readonly from: number;
  readonly to: number;
  readonly name: string;
  /** What the memory was when it began, and each effect with its answer since: what the invocation knows. */
  readonly memory: string;
  readonly seen: string[];
  readonly pending: Set<Effect>;
  isCurrent: boolean;
}

/** Something that may happen next. */
export interface Move {
  readonly label: () => string;
  readonly act: () => void;
}

export interface WorldOptions {
  readonly shards: ReadonlyArray<{ readonly sent: readonly Sent[]; readonly parents: readonly number[] }>;
  readonly envs: number;
  readonly max_batch: number;
  readonly checkpoint_every: number;
  readonly page_size?: number;
  /** Whether `fingerprint` will be asked for: it takes a record of what every invocation learns. */
  readonly is_searched?: boolean;
}

const EXPIRY_MS = 40 * 24 * 3_600_000;

/**
 * The platform around `processBatch`, one step at a time: event source mappings that hand batches to execution environments, the calls of
 * the function, and all that may go wrong. Nothing happens by itself: who drives it chooses among the moves, and calls `settle` after each.
 */
export class World {
  readonly cloud: Cloud;
  readonly shards: Shard[];
  readonly envs: Env[];
  readonly trace: string[] = [];
  /** `<shard>/<n>` of the records that the platform gave up. */
  readonly given_up = new Set<string>();
  readonly #options: WorldOptions;

  constructor(options: WorldOptions, records?: ReadonlyArray<readonly LaneRecord[]>) {
    this.#options = options;
    this.cloud = new Cloud(options.page_size);
    this.shards = options.shards.map(({ sent, parents }, n) => {
      const own = records?.[n] ?? toLaneRecords(sent);
      return { sent, parents, records: own, acked: 0, tried: 0, current: null };
    });
    this.envs = Array.from({ length: options.envs }, () => ({ memory: new Map(), invocation: null }));
  }

  get lanes(): string[] {
    return [...new Set(this.shards.flatMap((shard) => shard.sent.map((s) => s.lane)))].sort();
  }

  /** Everything that was begun has ended, and every record is answered or given up. */
  isDone(): boolean {
    return this.isIdle() && this.shards.every((shard) => shard.acked >= shard.records.length);
  }

  isIdle(): boolean {
    return this.cloud.flying.length === 0 && this.envs.every((env) => env.invocation === null);
  }

  do(move: Move): void {
    this.trace.push(move.label());
    move.act();
  }

  /** Until every invocation waits for an answer, or has ended. */
  settle(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  /** What happens where nothing goes wrong: calls are answered, batches handed out, slow puts land. `envs`: who may take a batch. */
  plainMoves(envs: readonly Env[] = this.envs): Move[] {
    return [...this.#answers(), ...this.#landings(), ...this.#batches(envs)];
  }

  #calls(): { invocation: Invocation; effect: Effect }[] {
    return this.envs.flatMap(({ invocation }) =>
      invocation === null ? [] : [...invocation.pending].map((effect) => ({ invocation, effect })),
    );
  }

  #answers(): Move[] {
    return this.#calls().map(({ invocation, effect }) => ({
      label: () => `${invocation.name}: ${effect.kind} ${effect.target}`,
      act: () => this.#answer(invocation, effect),
    }));
  }

  #landings(): Move[] {
    return this.cloud.flying.map((effect) => ({
      label: () => `the slow put of ${effect.target} lands`,
      act: () => {
        this.cloud.flying.splice(this.cloud.flying.indexOf(effect), 1);
        attempt(effect);
      },
    }));
  }

  #batches(envs: readonly Env[]): Move[] {
    return this.shards.flatMap((shard) => {
      const left = shard.records.length - shard.acked;
      const isWaiting = shard.parents.some((p) => (this.shards[p]?.acked ?? 0) < (this.shards[p]?.records.length ?? 0));
      if (shard.current !== null || left === 0 || isWaiting) return [];
      const sizes = Array.from({ length: Math.min(left, this.#options.max_batch) }, (_, n) => n + 1);
      return envs
        .filter((env) => env.invocation === null)
        .flatMap((env) =>
          sizes.map((size) => ({
            label: () => `shard ${this.shards.indexOf(shard)} gives ${size} to environment ${this.envs.indexOf(env)}`,
            act: () => this.#invoke(env, shard, size),
          })),
        );
    });
  }

  #invoke(env: Env, shard: Shard, size: number): void {
    const from = shard.acked;
    const to = from + size;
    const name = `env ${this.envs.indexOf(env)} [${this.shards.indexOf(shard)}: ${from}-${to - 1}]`;
    const pending = new Set<Effect>();
    const memory = this.#options.is_searched ? memoryText(env.memory) : '';
    const invocation: Invocation = { env, shard, from, to, name, memory, seen: [], pending, isCurrent: true };
    env.invocation = invocation;
    shard.current = invocation;
    const { s3, dynamodb } = this.cloud.clients((effect) => void pending.add(effect));
    const ports = {
      log: new S3Log(s3, 'lake'),
      checkpoints: new DynamoCheckpoints(dynamodb, 'checkpoints'),
      memory: env.memory,
      checkpoint_every: this.#options.checkpoint_every,
      pause: async () => undefined,
      warn: () => undefined,
    };
    void processBatch(shard.records.slice(from, to), ports).then(
      (open) => this.#end(invocation, open),
      () => this.#end(invocation, shard.records[from]?.sequence_number ?? null),
    );
  }

  /** Nobody waits any more for what a killed or timed out invocation answers. */
  #end(invocation: Invocation, open: string | null): void {
    const { env, shard, from, to } = invocation;
    if (env.invocation !== invocation) return;
    env.invocation = null;
    if (!invocation.isCurrent) return;
    shard.current = null;
    const next = open === null ? to : shard.records.findIndex((r) => r.sequence_number === open);
    if (next < from) this.cloud.violations.push(`${invocation.name} answers ${open}, which is not of its batch`);
    else shard.acked = next;
    shard.tried = open === null ? 0 : to;
  }

  #answer(invocation: Invocation, effect: Effect): void {
    invocation.pending.delete(effect);
    const { value, error } = attempt(effect);
    if (this.#options.is_searched)
      invocation.seen.push(`${effect.kind} ${effect.target} ${error?.name ?? textOf(value)}`);
    if (error === undefined) effect.answer(value);
    else effect.refuse(error);
  }

  #fail(invocation: Invocation, effect: Effect, error: Error): void {
    invocation.pending.delete(effect);
    if (this.#options.is_searched) invocation.seen.push(`${effect.kind} ${effect.target} ${error.name}`);
    effect.refuse(error);
  }

  /** What may go wrong with a call that is under way. */
  callFaults(): Move[] {
    return this.#calls().flatMap(({ invocation, effect }) =>
      CALL_FAULTS[effect.kind].map(({ name, error, happens }) => ({
        label: () => `${invocation.name}: ${effect.kind} ${effect.target}: ${name}`,
        act: () => {
          if (happens === 'before') attempt(effect);
          if (happens === 'later') this.cloud.flying.push(effect);
          this.#fail(invocation, effect, error());
        },
      })),
    );
  }

  /** Environments that end in the middle of a call, before or after its effect; and functions that go on after their time-out. */
  kills(): Move[] {
    return this.envs.flatMap((env) => {
      const { invocation } = env;
      if (invocation === null) return [];
      const kill = (after: Effect | null): Move => ({
        label: () => `${invocation.name} is killed${after ? ` after ${after.kind} ${after.target}` : ''}`,
        act: () => {
          if (after) attempt(after);
          env.memory = new Map();
          env.invocation = null;
          this.#abandon(invocation);
        },
      });
      const twin: Move = {
        label: () => `${invocation.name} is timed out, and goes on`,
        act: () => this.#abandon(invocation),
      };
      const effects = [...invocation.pending].filter((e) => e.kind === 'put' || e.kind === 'write checkpoint');
      return [kill(null), ...effects.map(kill), ...(invocation.isCurrent ? [twin] : [])];
    });
  }

  #abandon(invocation: Invocation): void {
    if (!invocation.isCurrent) return;
    invocation.isCurrent = false;
    invocation.shard.current = null;
    invocation.shard.tried = invocation.to;
  }

  /** The platform drops what it has tried before; an idle environment is replaced by a new one. */
  giveUps(): Move[] {
    return this.shards.flatMap((shard, s) =>
      shard.current !== null || shard.tried <= shard.acked
        ? []
        : [
            {
              label: () => `shard ${s}: ${shard.acked}-${shard.tried - 1} are given up`,
              act: () => {
                for (let n = shard.acked; n < shard.tried; n++) this.given_up.add(`${s}/${n}`);
                shard.acked = shard.tried;
              },
            },
          ],
    );
  }

  replacements(): Move[] {
    return this.envs
      .filter((env) => env.invocation === null && env.memory.size > 0)
      .map((env) => ({
        label: () => `environment ${this.envs.indexOf(env)} is replaced`,
        act: () => {
          env.memory = new Map();
        },
      }));
  }

  /** A lane's checkpoint is lost, or is again what it was. */
  checkpointFaults(): Move[] {
    const { items, written } = this.cloud;
    return [...items.values()].flatMap((item) => [
      {
        label: () => `the checkpoint of ${item.lane} is lost`,
        act: () => void items.delete(item.lane),
      },
      ...written
        .filter((old) => old.lane === item.lane && old.version < item.version)
        .slice(-2)
        .map((old) => ({
          label: () => `the checkpoint of ${item.lane} is restored to version ${old.version}`,
          act: () => void items.set(item.lane, old),
        })),
    ]);
  }

  /** Objects of a folder that isn't the newest of its lane expire 40 days after their date, while nobody is under way with older records. */
  expiries(): Move[] {
    if (!this.isIdle()) return [];
    const next_ms = this.shards.flatMap((shard) => shard.records[shard.acked]?.slot_ms ?? []);
    const day_ms = Math.min(...next_ms) - EXPIRY_MS;
    return this.lanes.flatMap((lane) => {
      const key = this.cloud.expirable(lane)[0];
      const date = key === undefined ? undefined : /event_date=(.{10})/.exec(key)?.[1];
      if (key === undefined || date === undefined || Date.parse(date) > day_ms) return [];
      return [{ label: () => `${key} expires`, act: () => void this.cloud.objects.delete(key) }];
    });
  }

  /** All that can make a difference to what happens from here on, as text. Environments and flying puts have no order. */
  fingerprint(): string {
    const { objects, items, flying } = this.cloud;
    const envs = this.envs.map((env) => {
      const { invocation: i } = env;
      if (i === null) return memoryText(env.memory);
      const pending = [...i.pending].map((e) => `${e.kind} ${e.target}`).sort();
      return [i.memory, this.shards.indexOf(i.shard), i.from, i.to, i.isCurrent, ...[...i.seen].sort(), pending].join();
    });
    return [
      ...[...objects].map(([key, bytes]) => key + textOf(bytes)),
      ...[...items.values()].map((item) => item.lane + textOf(item.bytes)),
      ...flying.map((e) => `flies ${e.target}`).sort(),
      ...this.shards.map((s) => `${s.acked} ${s.tried}`),
      ...this.given_up,
      ...envs.sort(),
    ].join('\n');
  }

  /** Idle environments without two that remember the same. */
  distinctEnvs(): Env[] {
    const seen = new Set<string>();
    return this.envs.filter((env) => {
      const text = env.invocation === null ? memoryText(env.memory) : null;
      return text === null || (!seen.has(text) && seen.add(text));
    });
  }
}
