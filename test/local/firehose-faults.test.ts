/** A delivery stream over reshards, and under the faults that it can be told to have. */
import { copyFileSync, existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import type { FaultKind, Faults } from '../../local/aws/faults.ts';
import type { DeliveryStreamSettings } from '../../local/aws/firehose/settings.ts';
import { StreamDelivery } from '../../local/aws/firehose/stream-delivery.ts';
import { KinesisStore } from '../../local/aws/kinesis/store.ts';
import { S3Store } from '../../local/aws/s3/store.ts';
import { VirtualClock } from '../../local/clock.ts';
import { always, DrawnFaults } from './drawn-faults.ts';
import { temporaryFolder, until } from './workbench.ts';

const SETTINGS: DeliveryStreamSettings = {
  name: 'bronze',
  source: 'events',
  bucket: 'lake',
  prefix: 'bronze/',
  error_prefix: 'errors/!{firehose:error-output-type}/',
  buffer_bytes: 30,
  buffer_ms: 300_000,
  compression: 'UNCOMPRESSED',
  transform: { function_name: 'unpack', buffer_bytes: 10, buffer_ms: 60_000, retries: 0 },
  conversion: null,
  delimiter: '\n',
};
const KEYS = ['a', 'b', 'c'];
const HALF = 1n << 127n;
const [S0] = ['shardId-000000000000'];

class Bench {
  readonly dir = temporaryFolder();
  readonly clock = new VirtualClock(Date.UTC(2026, 10, 21, 12), 0);
  kinesis!: KinesisStore;
  s3!: S3Store;
  delivery!: StreamDelivery;
  faults: Faults = always('slow');
  /** Invocations of the transform that fail, and puts that find the disk full. */
  transform_fails: boolean[] = [];
  put_fails: boolean[] = [];
  readonly put: string[] = [];
  readonly warnings: string[] = [];

  async open(shards = 1): Promise<void> {
    this.kinesis = await KinesisStore.open(this.dir, this.clock);
    if (!this.kinesis.has('events')) await this.kinesis.createStream({ name: 'events', shards, retention_hours: 48 });
    this.s3 = await S3Store.open(this.dir, this.clock);
    await this.s3.createBucket('lake');
  }

  start(settings: Partial<DeliveryStreamSettings> = {}): StreamDelivery {
    const { s3 } = this;
    this.delivery = new StreamDelivery({ ...SETTINGS, ...settings }, null, {
      kinesis: this.kinesis,
      s3: {
        temporaryPath: () => s3.temporaryPath(),
        put: (...parts) => s3.put(...parts),
        putFile: async (...parts) => {
          if (this.put_fails.shift()) throw new Error('ENOSPC: no space left on device');
          await s3.putFile(...parts);
        },
      },
      clock: this.clock,
      dir: this.dir,
      warn: (message) => this.warnings.push(message),
      invoke: async (_, payload) => {
        const { records } = JSON.parse(Buffer.from(payload).toString()) as {
          records: { recordId: string; data: string }[];
        };
        const answer = { records: records.map(({ recordId, data }) => ({ recordId, result: 'Ok', data })) };
        const function_error = this.transform_fails.shift() ? 'Unhandled' : null;
        return { request_id: 'r', function_error, payload: Buffer.from(JSON.stringify(answer)) };
      },
      faults: this.faults,
    });
    return this.delivery;
  }

  async putKeys(...keys: string[]): Promise<void> {
    const texts = keys.map((key) => {
      const text = `${key}${this.put.length + 1000}`;
      this.put.push(text);
      return text;
    });
    await this.kinesis.put(
      'events',
      texts.map((text) => ({ partition_key: text.slice(0, 1), data: Buffer.from(text) })),
    );
  }

  async delivered(): Promise<string[]> {
    const texts: string[] = [];
    for (const { key } of await this.s3.list('lake', 'bronze/'))
      texts.push(
        ...String(await this.s3.get('lake', key))
          .trimEnd()
          .split('\n'),
      );
    return texts;
  }

  async failed(): Promise<string[]> {
    const texts: string[] = [];
    for (const { key } of await this.s3.list('lake', 'errors/'))
      for (const line of String(await this.s3.get('lake', key))
        .trimEnd()
        .split('\n'))
        texts.push(Buffer.from((JSON.parse(line) as { rawData: string }).rawData, 'base64').toString());
    return texts;
  }

  async close(): Promise<void> {
    await this.delivery.close();
    await this.kinesis.close();
  }
}

let bench: Bench | undefined;
afterEach(async () => {
  await bench?.close();
  bench = undefined;
});

async function started(faults: Faults = always('slow')): Promise<Bench> {
  bench = new Bench();
  bench.faults = faults;
  await bench.open();
  bench.start();
  return bench;
}

describe('a delivery stream', () => {
  it('follows the shards: children from their beginning, after their parent', async () => {
    const b = await started();
    await b.putKeys('a', 'b');
    b.kinesis.splitShard('events', S0 ?? '', HALF);
    await b.putKeys('a', 'b');
    await b.delivery.drain();
    expect(await b.delivered()).toEqual(['a1000', 'b1001', 'a1002', 'b1003']);
    expect(b.delivery.backlog()).toBe(0);
  });
  it('duplicate: what was delivered is delivered again, and no file is left behind', async () => {
    const b = await started(always('duplicate'));
    await b.putKeys('a', 'b');
    await b.delivery.drain();
    expect((await b.delivered()).toSorted()).toEqual(['a1000', 'a1000', 'b1001', 'b1001']);
    expect(b.delivery.counters()).toMatchObject({ records: 2, files: 2, rows: 4 });
    expect(readdirSync(join(b.dir, 's3-tmp'))).toEqual([]);
  });
  it('rebatch: what is buffered is delivered at once', async () => {
    const b = await started(new DrawnFaults(['rebatch']));
    await b.putKeys('a', 'a');
    await until(async () => (await b.delivered()).length === 2); // the clock stands still, and the buffer is not full
    expect(b.delivery.backlog()).toBe(0);
  });
  it('replaced: what was not delivered is passed over, and the next record is delivered, also after a restart', async () => {
    const b = await started(new DrawnFaults([null, 'replaced']));
    await b.putKeys('a', 'b');
    await b.delivery.drain();
    expect(await b.delivered()).toEqual([]);
    await b.delivery.close();
    await b.putKeys('c');
    b.start();
    await b.delivery.drain();
    expect(await b.delivered()).toEqual(['c1002']);
    const state = JSON.parse(readFileSync(join(b.dir, 'firehose', 'bronze.json'), 'utf8')) as Record<string, string>;
    expect(state).toEqual({ [S0 ?? '']: b.kinesis.last('events', S0 ?? '') });
  });
  it('a delivery that failed leaves no file behind', async () => {
    const b = await started();
    b.put_fails = [true, true];
    await b.putKeys('a');
    await b.delivery.drain();
    expect(await b.delivered()).toEqual(['a1000']);
    expect(b.warnings).toHaveLength(2);
    expect(readdirSync(join(b.dir, 's3-tmp'))).toEqual([]);
  });
});

type Step =
  | { readonly do: 'put'; readonly keys: readonly string[] }
  | { readonly do: 'split'; readonly nth: number }
  | { readonly do: 'scale'; readonly to: number }
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
  { weight: 1, arbitrary: fc.record({ do: fc.constant('scale' as const), to: fc.integer({ min: 1, max: 3 }) }) },
  { weight: 3, arbitrary: fc.record({ do: fc.constant('wait' as const), ms: fc.constantFrom(0, 60_000, 300_000) }) },
  { weight: 1, arbitrary: fc.record({ do: fc.constant('restart' as const), forgets: fc.boolean() }) },
);

async function act(b: Bench, what: Step): Promise<void> {
  if (what.do === 'put') await b.putKeys(...what.keys);
  else if (what.do === 'split') {
    const open = b.kinesis.facts('events').shards.filter(({ ending }) => ending === null);
    const { id, range } = open[what.nth % open.length] as (typeof open)[number];
    b.kinesis.splitShard('events', id, range.start + (range.end - range.start) / 3n + 2n);
  } else if (what.do === 'scale')
    await b.kinesis.createStream({ name: 'events', shards: what.to, retention_hours: 48 });
  else if (what.do === 'wait') {
    b.clock.advanceTo(b.clock.now() + what.ms);
    await new Promise((resolve) => setTimeout(resolve, 2));
  } else {
    const state = join(b.dir, 'firehose', 'bronze.json');
    await b.close();
    if (what.forgets && existsSync(`${state}.before`)) copyFileSync(`${state}.before`, state);
    copyFileSync(state, `${state}.before`);
    await b.open();
    b.start();
  }
}

it('whatever fails, every record is delivered or under the error prefix, unless the delivery stream was replaced', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(step, { minLength: 3, maxLength: 15 }),
      fc.array(fc.option(fc.constantFrom<FaultKind>('rebatch', 'duplicate'), { freq: 2 }), { maxLength: 30 }),
      fc.array(fc.boolean(), { maxLength: 5 }),
      fc.array(fc.boolean(), { maxLength: 5 }),
      async (steps, faults, transform_fails, put_fails) => {
        const b = new Bench();
        b.faults = new DrawnFaults(faults);
        b.transform_fails = [...transform_fails];
        b.put_fails = [...put_fails];
        await b.open();
        b.start();
        try {
          for (const what of steps) await act(b, what);
          await b.delivery.drain();
          const kept = new Set([...(await b.delivered()), ...(await b.failed())]);
          expect([...kept].toSorted()).toEqual(b.put.toSorted());
          expect(readdirSync(join(b.dir, 's3-tmp'))).toEqual([]);
        } finally {
          await b.close();
        }
      },
    ),
    { numRuns: 8, interruptAfterTimeLimit: 20_000 },
  );
}, 120_000);
