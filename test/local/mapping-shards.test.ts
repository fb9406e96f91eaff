/** The event source mapping over reshards, and under the faults that it can be told to have. */
import { copyFileSync, existsSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { FaultKind, Faults } from '../../local/aws/faults.ts';
import { KinesisStore } from '../../local/aws/kinesis/store.ts';
import type { Invocation } from '../../local/aws/lambda/lambda.ts';
import { EventSourceMapping, type MappingPorts } from '../../local/aws/mapping/mapping.ts';
import type { MappingSettings } from '../../local/aws/mapping/settings.ts';
import { VirtualClock } from '../../local/clock.ts';
import { always, DrawnFaults } from './drawn-faults.ts';
import { temporaryFolder, until } from './workbench.ts';

const SETTINGS: MappingSettings = {
  uuid: '11111111-2222-4333-8444-555555555555',
  stream: 'events',
  stream_arn: 'arn:aws:kinesis:us-east-1:000000000000:stream/events',
  function_name: 'silver',
  starting_position: 'TRIM_HORIZON',
  enabled: true,
  batch_size: 4,
  window_ms: 60_000,
  bisect: true,
  maximum_retry_attempts: 2,
  maximum_record_age_ms: null,
  partial_answers: true,
  failure_bucket: 'lake',
};
const KEYS = ['a', 'b', 'c', 'd'];
const [S0, S1, S2] = [0, 1, 2].map((n) => `shardId-00000000000${n}`) as [string, string, string];
const HALF = 1n << 127n;

type Answer = 'done' | 'failed' | 'partial';
interface Event {
  readonly Records: readonly { readonly kinesis: { readonly data: string; readonly sequenceNumber: string } }[];
}
const textsOf = ({ Records }: Event): string[] =>
  Records.map(({ kinesis }) => Buffer.from(kinesis.data, 'base64').toString());

/** A stream, and one mapping after the other that reads it. */
class Bench {
  readonly dir = temporaryFolder();
  readonly clock = new VirtualClock(Date.UTC(2026, 10, 21, 12), 0);
  kinesis!: KinesisStore;
  mapping: EventSourceMapping | undefined;
  readonly put: Record<string, string[]> = Object.fromEntries(KEYS.map((key) => [key, []]));
  /** The texts of each invocation and of each failure document, in the order in which they came. */
  readonly seen: string[][] = [];
  readonly given_up: string[] = [];
  readonly answers: Answer[] = [];
  faults: Faults = always('slow');
  #count = 0;

  async open(shards = 1): Promise<void> {
    this.kinesis = await KinesisStore.open(this.dir, this.clock);
    if (!this.kinesis.has('events')) await this.kinesis.createStream({ name: 'events', shards, retention_hours: 48 });
  }

  start(settings: Partial<MappingSettings> = {}, more: Partial<MappingPorts> = {}): EventSourceMapping {
    this.mapping = new EventSourceMapping(
      { ...SETTINGS, ...settings },
      {
        kinesis: this.kinesis,
        invoke: async (_, payload) => this.#invoke(JSON.parse(Buffer.from(payload).toString()) as Event),
        putObject: async (_, __, body) => {
          const { payload } = JSON.parse(body.toString()) as { payload: string };
          const texts = textsOf(JSON.parse(payload) as Event);
          this.seen.push(texts);
          this.given_up.push(...texts);
        },
        clock: this.clock,
        dir: this.dir,
        warn: (message) => {
          throw new Error(message);
        },
        faults: this.faults,
        ...more,
      },
    );
    return this.mapping;
  }

  async putKeys(...keys: string[]): Promise<void> {
    const entries = keys.map((partition_key) => {
      this.#count += 1;
      const text = `${partition_key}${this.#count}`;
      this.put[partition_key]?.push(text);
      return { partition_key, data: Buffer.from(text) };
    });
    await this.kinesis.put('events', entries);
  }

  open_shards(): { id: string; start: bigint; end: bigint }[] {
    return this.kinesis
      .facts('events')
      .shards.filter(({ ending }) => ending === null)
      .map(({ id, range }) => ({ id, ...range }))
      .toSorted((a, b) => (a.start < b.start ? -1 : 1));
  }

  /** Of each key, the texts in the order in which they were first seen. */
  first(): Record<string, string[]> {
    const texts = [...new Set(this.seen.flat())];
    return Object.fromEntries(KEYS.map((key) => [key, texts.filter((text) => text.startsWith(key))]));
  }

  async close(): Promise<void> {
    await this.mapping?.close();
    await this.kinesis.close();
  }

  async #invoke(event: Event): Promise<Invocation> {
    this.seen.push(textsOf(event));
    const answer = this.answers.shift() ?? 'done';
    const itemIdentifier = event.Records[event.Records.length >> 1]?.kinesis.sequenceNumber;
    const payload = answer === 'partial' ? { batchItemFailures: [{ itemIdentifier }] } : null;
    return {
      request_id: 'r',
      function_error: answer === 'failed' ? 'Unhandled' : null,
      payload: Buffer.from(JSON.stringify(payload)),
    };
  }
}

let bench: Bench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function started(settings: Partial<MappingSettings> = {}, more: Partial<MappingPorts> = {}): Promise<Bench> {
  bench = new Bench();
  await bench.open();
  bench.start(settings, more);
  return bench;
}

describe('an event source mapping over a reshard', () => {
  it('reads children after their parent, from their beginning', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const b = await started();
    const batches: string[][] = [];
    await b.mapping?.close();
    b.start(
      { window_ms: 0 },
      {
        invoke: async (_, payload) => {
          batches.push(textsOf(JSON.parse(Buffer.from(payload).toString()) as Event));
          if (batches.length === 1) await held;
          return { request_id: 'r', function_error: null, payload: Buffer.from('null') };
        },
      },
    );
    await b.putKeys('a');
    await until(() => batches.length === 1);
    await b.putKeys('b'); // into the parent too
    b.kinesis.splitShard('events', S0, HALF);
    await b.putKeys('a', 'b');
    await new Promise((resolve) => setTimeout(resolve, 30));
    expect(batches).toEqual([['a1']]);
    release();
    await b.mapping?.drain();
    expect(batches.slice(0, 2)).toEqual([['a1'], ['b2']]);
    expect(batches.slice(2)).toEqual(expect.arrayContaining([['a3'], ['b4']]));
    expect(b.mapping?.backlog()).toBe(0);
    expect(b.mapping?.counters()).toEqual({ done: 4, given_up: 0 });
  });

  it('reads the child of a merge after both parents', async () => {
    const b = await started({ window_ms: 0, enabled: false });
    b.kinesis.splitShard('events', S0, HALF);
    await b.putKeys('a', 'b');
    b.kinesis.mergeShards('events', S1, S2);
    await b.putKeys('a', 'b');
    await b.mapping?.close();
    b.start({ window_ms: 0 });
    await b.mapping?.drain();
    expect(b.seen.slice(0, 2)).toEqual(expect.arrayContaining([['a1'], ['b2']]));
    expect(b.seen.slice(2)).toEqual([['a3', 'b4']]);
  });

  it('waits for all ancestors, also beyond a shard that never got a record', async () => {
    const b = await started({ enabled: false });
    await b.putKeys('a');
    b.kinesis.splitShard('events', S0, HALF);
    await b.putKeys('a');
    b.kinesis.mergeShards('events', S1, S2);
    b.kinesis.splitShard('events', 'shardId-000000000003', HALF);
    await b.putKeys('a');
    await b.mapping?.close();
    b.answers.push('failed', 'failed');
    b.start();
    await b.mapping?.drain();
    expect(b.seen).toEqual([['a1'], ['a1'], ['a1'], ['a2'], ['a3']]);
  });

  it('can be told to read a child early', async () => {
    let release = (): void => undefined;
    const held = new Promise<void>((resolve) => (release = resolve));
    const batches: string[][] = [];
    bench = new Bench();
    await bench.open();
    bench.start(
      { window_ms: 0 },
      {
        early_children: true,
        invoke: async (_, payload) => {
          batches.push(textsOf(JSON.parse(Buffer.from(payload).toString()) as Event));
          if (batches.length === 1) await held;
          return { request_id: 'r', function_error: null, payload: Buffer.from('null') };
        },
      },
    );
    await bench.putKeys('a');
    await until(() => batches.length === 1);
    await bench.putKeys('a');
    bench.kinesis.splitShard('events', S0, HALF);
    await bench.putKeys('a');
    await until(() => batches.length === 2);
    expect(batches).toEqual([['a1'], ['a3']]);
    release();
    await bench.mapping?.drain();
    expect(batches).toEqual([['a1'], ['a3'], ['a2']]);
  });

  it('that starts at the newest record reads a child that is made later from its beginning, also after a restart', async () => {
    bench = new Bench();
    await bench.open();
    await bench.putKeys('a');
    bench.start({ starting_position: 'LATEST' });
    await bench.mapping?.close();
    bench.kinesis.splitShard('events', S0, HALF);
    await bench.putKeys('a', 'b');
    bench.start({ starting_position: 'LATEST' });
    await bench.mapping?.drain();
    expect(bench.seen.flat().toSorted()).toEqual(['a2', 'b3']);
  });

  it('does not wait for its window in a shard that is closed, and comes to an end over many empty shards', async () => {
    const b = await started();
    await b.putKeys('a');
    for (let i = 0; i < 5; i++) {
      await b.kinesis.createStream({ name: 'events', shards: 4, retention_hours: 48 });
      await b.kinesis.createStream({ name: 'events', shards: 1, retention_hours: 48 });
    }
    await until(() => b.seen.length === 1); // the clock stands still
    await b.putKeys('a', 'b');
    await b.mapping?.drain();
    expect(b.seen).toEqual([['a1'], ['a2', 'b3']]);
  });

  it('goes on with the children when a parent has expired before it was read', async () => {
    const b = await started({ enabled: false });
    await b.putKeys('a');
    b.kinesis.splitShard('events', S0, HALF);
    b.clock.advanceTo(b.clock.now() + 47 * 3_600_000);
    await b.putKeys('a', 'b');
    b.clock.advanceTo(b.clock.now() + 2 * 3_600_000);
    await b.mapping?.close();
    b.start();
    await b.mapping?.drain();
    expect(b.seen).toHaveLength(2);
    expect(b.seen).toEqual(expect.arrayContaining([['a2'], ['b3']]));
  });
});

describe('faults of a mapping', () => {
  const run = async (fault: FaultKind, count = 6): Promise<Bench> => {
    bench = new Bench();
    bench.faults = always(fault);
    await bench.open();
    await bench.putKeys(...Array.from({ length: count }, () => 'a'));
    bench.start();
    await bench.mapping?.drain();
    return bench;
  };

  it('duplicate: a batch that was done is delivered again', async () => {
    expect((await run('duplicate')).seen).toEqual([
      ['a1', 'a2', 'a3', 'a4'],
      ['a1', 'a2', 'a3', 'a4'],
      ['a5', 'a6'],
      ['a5', 'a6'],
    ]);
  });
  it('bisect: a batch that was done counts as failed, and is divided', async () => {
    expect((await run('bisect', 3)).seen).toEqual([['a1', 'a2', 'a3'], ['a1', 'a2'], ['a1'], ['a2'], ['a3']]);
  });
  it('give_up: a batch goes to the failure destination, whether the function ran or not', async () => {
    const b = await run('give_up');
    expect(b.given_up).toEqual(['a1', 'a2', 'a3', 'a4', 'a5', 'a6']);
    expect(b.seen).toEqual([
      ['a1', 'a2', 'a3', 'a4'],
      ['a5', 'a6'],
    ]);
    expect(b.mapping?.counters()).toEqual({ done: 0, given_up: 6 });
    await b.mapping?.close();
    b.faults = new DrawnFaults([null, null, 'give_up']); // not at the gathering, not before the invocation, but after it
    await b.putKeys('a');
    b.start();
    await b.mapping?.drain();
    expect(b.seen.slice(2)).toEqual([['a7'], ['a7']]);
    expect(b.given_up.at(-1)).toBe('a7');
  });
  it('give_up is not done where there is no failure destination: nothing may be lost without a trace', async () => {
    bench = new Bench();
    bench.faults = always('give_up');
    await bench.open();
    await bench.putKeys('a');
    bench.start({ failure_bucket: null });
    await bench.mapping?.drain();
    expect(bench.mapping?.counters()).toEqual({ done: 1, given_up: 0 });
  });
  it('rebatch: batches end anywhere, and hold every record once', async () => {
    const b = await run('rebatch', 40);
    expect(b.seen.flat()).toEqual(b.put.a);
    expect(new Set(b.seen.map((batch) => batch.length)).size).toBeGreaterThan(2);
  });
});

type Step =
  | { readonly do: 'put'; readonly keys: readonly string[] }
  | { readonly do: 'split'; readonly nth: number }
  | { readonly do: 'merge'; readonly nth: number }
  | { readonly do: 'wait'; readonly ms: number }
  | { readonly do: 'restart'; readonly forgets: boolean };

const step: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      do: fc.constant('put' as const),
      keys: fc.array(fc.constantFrom(...KEYS), { minLength: 1, maxLength: 6 }),
    }),
  },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('split' as const), nth: fc.nat(5) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('merge' as const), nth: fc.nat(5) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 1_000, 60_000) }) },
  { weight: 2, arbitrary: fc.record({ do: fc.constant('restart' as const), forgets: fc.boolean() }) },
);

/** `forgets`: the positions are those from before the last restart, as if no newer ones had been written. */
async function act(b: Bench, what: Step): Promise<void> {
  const open = b.open_shards();
  if (what.do === 'put') await b.putKeys(...what.keys);
  else if (what.do === 'split') {
    const { id, start, end } = open[what.nth % open.length] as (typeof open)[number];
    b.kinesis.splitShard('events', id, start + (end - start) / 3n + 2n);
  } else if (what.do === 'merge') {
    const [left, right] = open.slice(what.nth % open.length);
    if (left && right) b.kinesis.mergeShards('events', left.id, right.id);
  } else if (what.do === 'wait') {
    b.clock.advanceTo(b.clock.now() + what.ms);
    await new Promise((resolve) => setTimeout(resolve, 1));
  } else {
    const state = join(b.dir, 'mapping', `${SETTINGS.uuid}.json`);
    await b.close();
    if (what.forgets && existsSync(`${state}.before`)) copyFileSync(`${state}.before`, state);
    copyFileSync(state, `${state}.before`);
    await b.open();
    b.start();
  }
}

const scenario = fc.record({
  shards: fc.integer({ min: 1, max: 2 }),
  steps: fc.array(step, { minLength: 3, maxLength: 20 }),
  faults: fc.array(fc.option(fc.constantFrom<FaultKind>('rebatch', 'duplicate', 'bisect', 'give_up'), { freq: 2 }), {
    maxLength: 60,
  }),
  answers: fc.array(fc.constantFrom<Answer>('done', 'done', 'failed', 'partial'), { maxLength: 12 }),
});

it('whatever fails, every record is delivered or given up, and first in the order of its key, over reshards and restarts', async () => {
  await fc.assert(
    fc.asyncProperty(scenario, async ({ shards, steps, faults, answers }) => {
      const b = new Bench();
      b.faults = new DrawnFaults(faults);
      b.answers.push(...answers);
      await b.open(shards);
      b.start();
      try {
        for (const what of steps) await act(b, what);
        await b.mapping?.drain();
        expect(b.first()).toEqual(b.put);
        expect(b.mapping?.backlog()).toBe(0);
      } finally {
        await b.close();
      }
    }),
    { numRuns: 40, interruptAfterTimeLimit: 20_000 },
  );
}, 120_000);
