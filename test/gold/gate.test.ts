import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { Database } from '../../jobs/duckdb/connection.ts';
import { askGate, type GateAnswer } from '../../jobs/duckdb/gate.ts';
import { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import type { Row } from '../../lib/parquet.ts';
import { quarantineLines } from '../../lib/poll/quarantine.ts';
import { bronzePaths } from '../../recover/bronze-window.ts';
import { readPlanOf } from '../../recover/lake-plan.ts';
import { requeueLake } from '../../recover/requeue-lake.ts';
import { LakeObjects } from '../recover/lake-objects.ts';
import { hasSharedData, sharedData } from '../shared.ts';
import { writeRecordingLake } from './recording-lake.ts';
import { at, chunk, MINUTE, receipt, SmallLake } from './small-lake.ts';

const DATE = '2026-11-21';
const day = (time: string): number => at(`${DATE}T${time}:00Z`);
const nextDay = (time: string): number => at(`2026-11-22T${time}:00Z`);
const NOW = nextDay('00:20');

const spill_dir = mkdtempSync(join(tmpdir(), 'bikelake-gate-'));
let db: Database;
beforeAll(async () => {
  db = await Database.open({ threads: 1, memory_mb: 256, spill_dir });
});
afterAll(async () => {
  await db[Symbol.asyncDispose]();
  rmSync(spill_dir, { recursive: true });
});

let lake: SmallLake;
beforeEach(() => {
  lake = new SmallLake();
});
afterEach(() => lake.remove());

const ask = (now_ms = NOW, date = DATE): Promise<GateAnswer> => askGate(db, new LakeFolder(lake.root), date, now_ms);

const S = { a: { bikes: 1 }, b: { bikes: 2 }, c: { bikes: 3 } };
/** The first receipt of the next day, which says that nothing of the group is under way any more. */
const NEXT = receipt({ slot_ms: nextDay('00:00'), sequence: 90 }, 0);
const POLL = [...chunk({ slot_ms: day('10:00'), sequence: 1 }, S), receipt({ slot_ms: day('10:00'), sequence: 2 }, 3)];
const closed = { verdict: 'closed', groups_planned: 1, groups_after: 1, polls_open: 0 };

describe('a day is closed', () => {
  test('when a receipt of its group came after it, and each of its receipts has its events', async () => {
    lake.bronze(POLL);
    lake.bronze([NEXT]);
    expect(await ask()).toEqual(closed);
  });

  test('rows that Firehose delivered twice count once', async () => {
    lake.bronze(POLL);
    lake.bronze([...POLL, NEXT]);
    expect(await ask()).toEqual(closed);
  });

  test('a 304 and a poll that failed have no events to wait for', async () => {
    const unmodified = { status: 'not_modified', http_code: 304, fetched: 0, basis_slot_ms: day('10:00') };
    lake.bronze([
      ...POLL,
      receipt({ slot_ms: day('10:01'), sequence: 3 }, 0, unmodified),
      receipt({ slot_ms: day('10:02'), sequence: 4 }, 0, { status: 'failed', http_code: null, reason: 'timeout' }),
      NEXT,
    ]);
    expect(await ask()).toEqual(closed);
  });

  test('events that never got a receipt, and more events than were accepted, are for the ledger', async () => {
    lake.bronze([
      ...POLL,
      ...chunk({ slot_ms: day('10:01'), sequence: 3 }, S),
      ...chunk({ slot_ms: day('10:02'), sequence: 4 }, S),
      receipt({ slot_ms: day('10:02'), sequence: 5 }, 2, { status: 'failed', reason: 'not_sent', rejected: 1 }),
      NEXT,
    ]);
    expect(await ask()).toEqual(closed);
  });

  test('also by rows in a file that is named by the hour before the day, and by receipts until two hours after', async () => {
    const early = { slot_ms: day('00:00'), arrived_at_ms: day('00:00') + 2_000 };
    const file = [
      receipt({ slot_ms: day('00:00') - MINUTE, sequence: 1 }, 0), // the oldest record names the file: dt=2026-11-20/hh=23
      ...chunk({ ...early, sequence: 2 }, S),
    ];
    lake.bronze(file);
    lake.bronze([receipt({ ...early, sequence: 3 }, 3)]);
    lake.bronze([receipt({ slot_ms: nextDay('01:59'), sequence: 90 }, 0)]);
    expect(await ask(nextDay('02:05'))).toEqual(closed);
  });

  test('whatever is missing of other days', async () => {
    lake.bronze([
      receipt({ slot_ms: day('00:00') - MINUTE, sequence: 1 }, 500, { arrived_at_ms: day('00:00') + 1_000 }),
      ...POLL,
      receipt({ slot_ms: nextDay('00:00'), sequence: 90 }, 500),
    ]);
    expect(await ask()).toEqual(closed);
  });
});

describe('a day is open', () => {
  test('as long as no receipt came after it', async () => {
    lake.bronze(POLL);
    expect(await ask()).toEqual({ ...closed, verdict: 'open', groups_after: 0 });
  });

  test('as long as a group of the plan has none, whatever the others have', async () => {
    lake.plan([{ group_id: 'g' }, { group_id: 'h' }]);
    lake.bronze([...POLL, NEXT, receipt({ slot_ms: nextDay('00:01'), sequence: 91 }, 0, { group_id: 'not-planned' })]);
    expect(await ask()).toEqual({ verdict: 'open', groups_planned: 2, groups_after: 1, polls_open: 0 });
    lake.bronze([receipt({ slot_ms: nextDay('00:05'), sequence: 92 }, 0, { group_id: 'h' })]);
    expect(await ask()).toEqual({ ...closed, groups_planned: 2, groups_after: 2 });
  });

  test('before there is anything', async () => {
    expect(await ask()).toEqual({ ...closed, verdict: 'open', groups_after: 0 });
  });

  test('while a chunk of a receipt has not arrived, or a row of it', async () => {
    const other = chunk(
      { slot_ms: day('10:00'), sequence: 3, part: 1 },
      { d: { bikes: 4 }, e: { bikes: 5 }, f: { bikes: 6 } },
    );
    lake.bronze([...POLL.slice(0, 3), receipt({ slot_ms: day('10:00'), sequence: 4 }, 6), NEXT]);
    expect(await ask()).toEqual({ ...closed, verdict: 'open', polls_open: 1 });
    lake.bronze(other.filter(({ station_id }) => station_id !== 'e')); // not the first line, not the last
    expect(await ask()).toEqual({ ...closed, verdict: 'open', polls_open: 1 });
    lake.bronze(other);
    expect(await ask()).toEqual(closed);
  });

  test('by information as by status', async () => {
    const slot_ms = day('11:00');
    const rows = chunk({ slot_ms, sequence: 5 }, S).map((row) => ({ ...row, kind: 'information' }));
    lake.bronze([...POLL, receipt({ slot_ms, sequence: 6 }, 3, { feed: 'station_information' }), NEXT]);
    expect(await ask()).toEqual({ ...closed, verdict: 'open', polls_open: 1 });
    lake.bronze(rows);
    expect(await ask()).toEqual(closed);
  });

  test('by each fetch of a poll that a schedule fired twice', async () => {
    const again = { slot_ms: day('10:00'), fetched_at_ms: day('10:00') + 9_000 };
    lake.bronze([...POLL, receipt({ ...again, sequence: 12 }, 2), NEXT]);
    expect(await ask()).toEqual({ ...closed, verdict: 'open', polls_open: 1 });
    lake.bronze(chunk({ ...again, sequence: 11 }, { a: { bikes: 1 }, b: { bikes: 9 } }));
    expect(await ask()).toEqual(closed);
  });
});

test('overdue from ten past two on, if it is open; closed stays closed', async () => {
  const time = (name: string) => ask(nextDay(name)).then((answer) => answer.verdict);
  lake.bronze(POLL);
  expect([await time('02:09'), await time('02:10'), await time('23:00')]).toEqual(['open', 'overdue', 'overdue']);
  lake.bronze([NEXT]);
  expect([await time('00:01'), await time('02:10')]).toEqual(['closed', 'closed']);
});

test('rejects that requeue brought back: the receipt that takes the place of the poll’s has its events too', async () => {
  const raw = '{"station_id":"d","num_bikes_available":4,"num_docks_available":1,"is_renting":1}';
  const slot_ms = day('10:00');
  lake.bronze([
    ...chunk({ slot_ms, sequence: 1 }, S),
    receipt({ slot_ms, sequence: 2 }, 3, { fetched: 4, rejected: 1, rejected_reasons: '{"negative_count":1}' }),
    NEXT,
  ]);
  const reject = { system_id: 'sys', slot_ms, feed: 'station_status', reason: 'negative_count', place: 'stations[3]' };
  const lines = quarantineLines({ ...reject, raw: Buffer.from(raw) }).join('\n');
  const objects = new LakeObjects(lake.root);
  await objects.put('quarantine/dt=2026-11-21/hh=10/1.gz', gzipSync(`${lines}\n`));
  const bronze = bronzePaths({ lake_folder: lake.root, lake: objects });
  const plan = await readPlanOf({ where: 'folder', lake: objects });
  const all = { system_ids: [], reasons: [], from_ms: 0, until_ms: Number.MAX_SAFE_INTEGER };
  const { counts } = await requeueLake(
    { objects, bronze, plan },
    { ...all, dry_run: false, progress: () => undefined },
  );
  bronze.end();
  expect(counts).toMatchObject({ events_brought_back: 1 });
  expect(await ask()).toEqual(closed);
});

/** A fetch as it is drawn: how many were accepted in each chunk, and what of it reached Bronze. */
interface Fetch {
  readonly minute: number;
  readonly feed: 'status' | 'information';
  readonly chunks: readonly { readonly lines: number; readonly delivered: number; readonly lost: boolean }[];
  readonly hasReceipt: boolean;
}

test('says what counting by hand says, of any lake', async () => {
  const drawn = fc.record({
    fetches: fc.uniqueArray(
      fc.record({
        minute: fc.integer({ min: -3, max: 1442 }),
        feed: fc.constantFrom('status' as const, 'information' as const),
        chunks: fc.array(
          fc.record({
            lines: fc.integer({ min: 1, max: 4 }),
            delivered: fc.integer({ min: 0, max: 2 }),
            lost: fc.boolean(),
          }),
          { maxLength: 3 },
        ),
        hasReceipt: fc.boolean(),
      }),
      { maxLength: 6, selector: (f: Fetch) => `${f.minute} ${f.feed}` },
    ),
    isLast: fc.boolean(),
  });
  await fc.assert(
    fc.asyncProperty(drawn, async ({ fetches, isLast }) => {
      const own = new SmallLake();
      try {
        let sequence = 1;
        let open = 0;
        let later = isLast;
        const rows: Row[] = isLast ? [NEXT] : [];
        for (const { minute, feed, chunks, hasReceipt } of fetches) {
          const slot_ms = day('00:00') + minute * MINUTE;
          let arrived = 0;
          for (const [part, { lines, delivered, lost }] of chunks.entries()) {
            const stations = Object.fromEntries(
              Array.from({ length: lines }, (_, n) => [`${part}-${n}`, { bikes: n }]),
            );
            const all = chunk({ slot_ms, sequence: sequence++, part }, stations).map((row) => ({ ...row, kind: feed }));
            // A single row is lost only where nothing is delivered twice: Firehose loses rows to a failed conversion, duplicates whole records.
            const kept = lost && delivered === 1 ? all.slice(1) : all;
            for (let n = 0; n < delivered; n++) rows.push(...kept);
            arrived += delivered === 0 ? 0 : kept.length;
          }
          if (!hasReceipt) continue;
          const accepted = chunks.reduce((sum, { lines }) => sum + lines, 0);
          rows.push(receipt({ slot_ms, sequence: sequence++ }, accepted, { feed: `station_${feed}` }));
          if (minute >= 1440) later = true;
          else if (minute >= 0 && arrived < accepted) open += 1;
        }
        if (rows.length > 0) own.bronze(rows);
        const answer = await askGate(db, new LakeFolder(own.root), DATE, NOW);
        expect(answer).toEqual({
          verdict: later && open === 0 ? 'closed' : 'open',
          groups_planned: 1,
          groups_after: later ? 1 : 0,
          polls_open: open,
        });
      } finally {
        own.remove();
      }
    }),
    { seed: 20_261_121, numRuns: 60, endOnFailure: true, interruptAfterTimeLimit: 30_000 },
  );
}, 60_000);

describe.skipIf(!hasSharedData)('on a recording of Boulder', () => {
  const dir = mkdtempSync(join(tmpdir(), 'bikelake-gate-'));
  const root = join(dir, 's3', 'bikelake-dev-lake');
  const gate = (date: string): Promise<GateAnswer> => askGate(db, new LakeFolder(root), date, at(`${date}T23:00:00Z`));
  beforeAll(async () => {
    await writeRecordingLake(root, {
      file: sharedData('series/boulder_2022-04.ndjson.gz'),
      system_id: 'boulder',
      interval_s: 60,
      time_zone: 'America/Denver',
    });
  }, 60_000);
  afterAll(() => rmSync(dir, { recursive: true }));

  test('each day is closed by the next, but the last; and open again where the events of one poll are missing', async () => {
    const folder = new LakeFolder(root);
    const dates = folder.folders('bronze/events').map((name) => name.slice('dt='.length));
    const answers = await Promise.all(dates.map(async (date) => [date, (await gate(date)).verdict] as const));
    const last = dates.at(-1);
    expect(answers).toEqual(dates.map((date) => [date, date === last ? 'open' : 'closed']));
    const file = folder.path(folder.parquetKeys(`bronze/events/dt=${dates[0]}`)[2] ?? '');
    const one = `(SELECT min(slot_ms) FROM '${file}' WHERE kind = 'status')`;
    await db.run(
      `COPY (SELECT * FROM '${file}' WHERE kind = 'receipt' OR slot_ms > ${one}) TO '${file}.new' (FORMAT parquet)`,
    );
    renameSync(`${file}.new`, file);
    expect(await gate(dates[0] ?? '')).toEqual({ ...closed, verdict: 'open', polls_open: 1 });
  });
});
