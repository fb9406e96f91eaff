import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { TAGGED_KEY } from '../../lib/gold/expiry.ts';
import { foldNewestFolder } from '../../lib/silver/log.ts';
import { processBatch } from '../../lib/silver/process-batch.ts';
import { toLaneRecord } from '../../lib/stream/record.ts';
import { expireObjects, expiresAt } from '../../local/aws/s3/lifecycle.ts';
import { S3Store } from '../../local/aws/s3/store.ts';
import { VirtualClock } from '../../local/clock.ts';
import { EXPIRE_TAG, expirableFolders, expireLog, parseRemembered, settledBefore } from '../../recover/expire-log.ts';
import { REDRIVE_DAYS } from '../../recover/redrive-documents.ts';
import { MemoryCheckpoints, MemoryLog } from '../silver/memory-log.ts';
import { chunkOf, SHARD, START_MS } from './chunks.ts';
import { dry, Effects, Killed, MemoryObjects, quiet } from './memory.ts';

const DAY = 24 * 60;
const DAY_MS = DAY * 60_000;
const dateOf = (day: number): string => new Date(START_MS + day * DAY_MS).toISOString().slice(0, 10);
/** What settle remembers when these days (from START) have Bronze, and these of them are settled. */
const remembering = (days: readonly number[], settled = days) => ({
  format: 1 as const,
  bronze: Object.fromEntries(days.map((n) => [`bronze/${n}`, [{ date: dateOf(n) }]])),
  made: Object.fromEntries(settled.flatMap((n) => [[`settle ${dateOf(n)}`, {}], [`audit ${dateOf(n)}`, {}]])),
}); // biome-ignore format: a table

class TaggedObjects extends MemoryObjects {
  readonly tags = new Map<string, string>();

  async tag(key: string, { Key, Value }: { Key?: string | undefined; Value?: string | undefined }): Promise<void> {
    this.effects.do(`tag ${key}`, () => this.tags.set(key, `${Key}=${Value}`));
  }
}

const key = (lane: string, date: string, version: number): string =>
  `log/lane=${lane}/event_date=${date}/${String(version).padStart(12, '0')}.parquet`;
const chain = (lane: string, days: readonly number[]): string[] => [
  key(lane, '1970-01-01', 1),
  ...days.map((n, i) => key(lane, dateOf(n), i + 2)),
];

function lake(keys: readonly string[]): TaggedObjects {
  const objects = new TaggedObjects(new Effects());
  for (const name of keys) objects.map.set(name, Buffer.from(''));
  return objects;
}

describe('what may expire', () => {
  test('ends at the first day that is not settled, not audited, or dirty, and before the newest day', () => {
    expect(settledBefore(remembering([0, 1, 2]), [])).toBe(dateOf(2));
    expect(settledBefore(remembering([0, 1, 2], [0, 2]), [])).toBe(dateOf(1));
    expect(settledBefore(remembering([0, 1, 2]), [dateOf(0)])).toBe(dateOf(0));
    const unaudited = remembering([0, 1, 2]);
    const { [`audit ${dateOf(1)}`]: _, ...made } = unaudited.made;
    expect(settledBefore({ ...unaudited, made }, [])).toBe(dateOf(1));
    expect(settledBefore(remembering([]), [])).toBe(null);
  });

  test('is never the newest folder of a lane, however old', () => {
    const lanes = expirableFolders([...chain('a', [0, 1, 2]), ...chain('silent', [0]), 'log/else'], dateOf(2));
    expect(lanes.map(({ folders, stays }) => [stays.lane, folders.map(({ date }) => date), stays.date])).toEqual([
      ['a', ['1970-01-01', dateOf(0), dateOf(1)], dateOf(2)],
      ['silent', ['1970-01-01'], dateOf(0)],
    ]);
  });

  test('a manifest that is none is refused by name', () => {
    expect(() => parseRemembered('{}', 'runs/manifest.json')).toThrow(/runs\/manifest.json is no manifest of format 1/);
  });
});

describe('expire', () => {
  test('says what it is going to tag, tags it, and leaves it alone the next time', async () => {
    const objects = lake([...chain('a', [0, 1, 2]), ...chain('b', [0])]);
    const remembered = remembering([0, 1, 2]);
    const would = await expireLog(objects, remembered, dry);
    expect(objects.effects.list).toEqual([]);
    expect(await expireLog(objects, remembered, quiet)).toEqual(would);
    expect(would.counts).toEqual({ folders_tagged: 4, objects_tagged: 4 });
    const [a1, a2, a3] = chain('a', [0, 1, 2]);
    const tagged = [a1, a2, a3, key('b', '1970-01-01', 1)];
    expect(objects.effects.list).toEqual([
      `put ${TAGGED_KEY}`,
      ...tagged.map((name) => `tag ${name}`),
      'put recovered/expire/done.json',
    ]);
    expect([...new Set(objects.tags.values())]).toEqual(['expire=settled']);
    objects.effects.list.length = 0;
    expect((await expireLog(objects, remembered, quiet)).changed).toBe(false);
    expect(objects.effects.list).toEqual([]);
    objects.map.set(key('a', dateOf(3), 5), Buffer.from(''));
    await expireLog(objects, remembering([0, 1, 2, 3]), quiet);
    expect(objects.effects.list.filter((effect) => effect.startsWith('tag'))).toEqual([
      `tag ${key('a', dateOf(2), 4)}`,
    ]);
  });

  test('killed before or after any effect and run again: the same is tagged', async () => {
    for (let n = 0; n < 6; n++) {
      for (const when of ['before', 'after'] as const) {
        const objects = lake([...chain('a', [0, 1, 2]), ...chain('b', [0])]);
        objects.effects.killAt(n, when);
        await expect(expireLog(objects, remembering([0, 1, 2]), quiet)).rejects.toThrow(Killed);
        await expireLog(objects, remembering([0, 1, 2]), quiet);
        expect(objects.tags.size, `${when} effect ${n}`).toBe(4);
      }
    }
  });
});

describe('the life cycle of the embedded S3', () => {
  const RULE = { prefix: 'log/', tags: { [EXPIRE_TAG.Key]: EXPIRE_TAG.Value }, days: 40 };

  async function bucket(run: (store: S3Store, clock: VirtualClock) => Promise<void>): Promise<void> {
    const dir = mkdtempSync(join(tmpdir(), 'bikelake-expiry-'));
    try {
      const clock = new VirtualClock(START_MS, 0);
      const store = await S3Store.open(dir, clock);
      await store.createBucket('lake');
      await run(store, clock);
    } finally {
      rmSync(dir, { recursive: true });
    }
  }

  test('removes what is tagged at the midnight after its days are over, and nothing else', async () => {
    await bucket(async (store, clock) => {
      for (const name of ['log/tagged', 'log/other', 'log/untagged', 'bronze/tagged'])
        await store.put('lake', name, Buffer.from(''));
      for (const name of ['log/tagged', 'bronze/tagged']) await store.tag('lake', name, RULE.tags);
      await store.tag('lake', 'log/other', { expire: 'later' });
      const due_ms = expiresAt(clock.now(), 40);
      expect(new Date(due_ms).toISOString()).toBe('2027-01-01T00:00:00.000Z');
      const rules = { name: 'lake', expiry: [RULE] };
      expect(await expireObjects(store, rules, due_ms - 1)).toEqual([]);
      expect(await expireObjects(store, rules, due_ms)).toEqual(['log/tagged']);
      expect((await store.list('lake')).map((object) => object.key)).toEqual([
        'bronze/tagged',
        'log/other',
        'log/untagged',
      ]);
    });
  });

  /** The log in a bucket, so that what expires there is gone for the writers. */
  function writer(store: S3Store, checkpoints: MemoryCheckpoints, memory = new Map()) {
    const log = new MemoryLog(() => 'none', 100_000);
    const wrapped = {
      put: async (name: string, bytes: Uint8Array) =>
        (await store.put('lake', name, bytes, { if_none_match: true })).created
          ? ('created' as const)
          : ('exists' as const),
      get: async (name: string) => (await store.get('lake', name)) ?? log.get(name),
      folders: async (prefix: string) => {
        const names = (await store.list('lake', prefix)).map(
          ({ key: name }) => `${name.slice(0, name.lastIndexOf('/'))}/`,
        );
        return [...new Set(names)];
      },
      keys: async (prefix: string) => (await store.list('lake', prefix)).map(({ key: name }) => name),
    };
    const ports = {
      log: wrapped,
      checkpoints,
      memory,
      checkpoint_every: 1,
      pause: async () => undefined,
      warn: () => undefined,
    };
    return {
      log: wrapped,
      batch: async (records: readonly (readonly [number, Buffer])[]) =>
        processBatch(
          records.flatMap(([sequence, data]) => toLaneRecord(data, SHARD, String(sequence)) ?? []),
          ports,
        ),
    };
  }

  const step = (days: number, environment: 'same' | 'new' | 'first' = 'same', redriven: number | null = null) => ({
    days,
    checkpoint: 'kept' as const,
    environment,
    redriven,
  });

  test('property: tagged and expired at any time, with lost and old checkpoints, other environments and redriven records, no chain forks', async () => {
    let expired_objects = 0;
    await fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            days: fc.oneof(fc.constant(1), fc.integer({ min: 1, max: 45 })),
            checkpoint: fc.constantFrom<'kept' | 'lost' | 'old'>('kept', 'lost', 'old'),
            environment: fc.constantFrom<'same' | 'new' | 'first'>('same', 'new', 'first'),
            // Records of the day of an earlier step, or of the oldest that redrive puts.
            redriven: fc.option(fc.nat({ max: 7 })),
          }),
          { minLength: 2, maxLength: 8 },
        ),
        async (steps) => {
          await bucket(async (store, clock) => {
            const checkpoints = new MemoryCheckpoints();
            const [first, second] = [writer(store, checkpoints), writer(store, checkpoints)];
            let old: typeof checkpoints.items | null = null;
            const versions = new Map<number, string>();
            const gone = new Set<string>();
            let current = first;
            let day = 0;
            let sequence = 1;
            const days: number[] = [];
            for (const { days: passed, checkpoint, environment, redriven } of steps) {
              day += passed;
              clock.advanceTo(START_MS + day * DAY_MS);
              days.push(day);
              for (const name of await expireObjects(store, { name: 'lake', expiry: [RULE] }, clock.now()))
                gone.add(name);
              if (checkpoint === 'lost') checkpoints.items.clear();
              if (checkpoint === 'old') for (const [lane, item] of old ?? []) checkpoints.items.set(lane, item);
              current = environment === 'same' ? current : environment === 'first' ? first : writer(store, checkpoints);
              const from = redriven === null ? [] : [Math.max(days[redriven % days.length] ?? 0, day - REDRIVE_DAYS)];
              const slots = [...from, day];
              // A batch of its own for what is redriven: the newest slot of the batch is then an old one.
              for (const slot of slots) {
                expect(await current.batch([[sequence++, chunkOf(slot * DAY, { s: sequence % 7, t: 1 })]])).toBe(null);
              }
              if (old === null && checkpoints.items.size > 0) old = new Map(checkpoints.items);
              const there = (await store.list('lake', 'log/')).map((object) => object.key);
              expect(
                there.filter((name) => gone.has(name)),
                'made again under a name that expired',
              ).toEqual([]);
              for (const name of there) {
                const version = Number(name.slice(-20, -8));
                const known = versions.get(version);
                if (known === undefined) {
                  expect(version, `${name} after ${[...versions.values()].at(-1)}`).toBe(versions.size + 1);
                  versions.set(version, name);
                } else expect(name).toBe(known);
              }
              const objects = new TaggedObjects(new Effects());
              for (const name of there) objects.map.set(name, Buffer.from(''));
              await expireLog(objects, remembering(days), quiet);
              for (const name of objects.tags.keys()) await store.tag('lake', name, RULE.tags);
            }
            expired_objects += gone.size;
            // The newest folder alone gives the state: every record was consumed, by one object.
            const state = await foldNewestFolder(second.log, 'a');
            expect(state?.version).toBe(versions.size);
            expect(state?.positions.get(SHARD)).toBe(String(sequence - 1));
          });
        },
      ),
      {
        numRuns: 20,
        seed: 1,
        endOnFailure: true,
        // An environment that slept from day 1 on, when that day has expired; and one whose memory is just a week older than the oldest redriven record.
        examples: [
          [[step(1), step(1, 'new'), step(44, 'first', 0)]],
          [[step(1), step(1, 'new'), step(36, 'first', 0)]],
        ],
      },
    );
    expect(expired_objects).toBeGreaterThan(0);
  }, 60_000);
});
