import { expect, test } from 'vitest';
import { processBatch, type SilverPorts } from '../../lib/silver/process-batch.ts';
import type { BatchObject } from '../../lib/silver/state.ts';
import { MemoryCheckpoints, MemoryLog, type PutFault } from './memory-log.ts';
import { laneRecord, START_MS } from './records.ts';

function ports(log = new MemoryLog(), checkpoints = new MemoryCheckpoints()) {
  const warnings: string[] = [];
  const silver: SilverPorts = {
    log,
    checkpoints,
    memory: new Map(),
    checkpoint_every: 16,
    pause: async () => undefined,
    warn: (message, details) => warnings.push(`${message}: ${String(details.error)}`),
  };
  return { ...silver, log, checkpoints, warnings };
}

const D21 = 'log/lane=a/event_date=2026-11-21';
const D22 = 'log/lane=a/event_date=2026-11-22';
const batches = async (log: MemoryLog, lane = 'a') =>
  (await log.chain(lane)).map((o) => o.object).filter((o): o is BatchObject => o.type === 'batch');
const changes = async (log: MemoryLog) =>
  (await batches(log)).flatMap((o) =>
    o.changes.map((c) => `${c.station_id}@${(c.slot_ms - START_MS) / 60_000}=${c.content_hash[0]}`),
  );

test('the first batch of a lane: list, a turn to its date in the folder of 1970, then its object', async () => {
  const p = ports();
  expect(await processBatch([laneRecord(1, 0, { 0: { s: 'x' } })], p)).toBeNull();
  expect(p.log.actions).toEqual([
    'folders log/lane=a/',
    'put log/lane=a/event_date=1970-01-01/000000000001.parquet',
    `put ${D21}/000000000002.parquet`,
  ]);
});

test('A → B → A is three rows; a batch without a change puts an object all the same', async () => {
  const p = ports();
  await processBatch([laneRecord(1, -3, { 0: { s: 'A' } }), laneRecord(2, -2, { 0: { s: 'B' } })], p);
  await processBatch([laneRecord(3, -1, { 0: { s: 'B' } })], p);
  await processBatch([laneRecord(4, 0, { 0: { s: 'A' } })], p);
  expect(await changes(p.log)).toEqual(['s@-3=A', 's@-2=B', 's@0=A']);
  expect((await batches(p.log)).map((b) => [b.first_sequence, b.last_sequence, b.counts])).toEqual([
    ['1', '2', { fresh: 2, unchanged: 0, duplicate: 0, late: 0 }],
    ['3', '3', { fresh: 0, unchanged: 1, duplicate: 0, late: 0 }],
    ['4', '4', { fresh: 1, unchanged: 0, duplicate: 0, late: 0 }],
  ]);
});

test('a batch over midnight is cut: object, turn, object whose folder begins with the state before it', async () => {
  const p = ports();
  await processBatch([laneRecord(1, 0, { 0: { s: 'A' } }), laneRecord(2, 2, { 0: { s: 'B' } })], p);
  const chain = await p.log.chain('a');
  expect(
    chain.map((o) => [o.key, o.object.type, o.before?.stations.get('sys/status')?.get('s')?.content_hash[0]]),
  ).toEqual([
    ['log/lane=a/event_date=1970-01-01/000000000001.parquet', 'turn', undefined],
    [`${D21}/000000000002.parquet`, 'batch', undefined],
    [`${D21}/000000000003.parquet`, 'turn', undefined],
    [`${D22}/000000000004.parquet`, 'batch', 'A'],
  ]);
  expect(chain[1]?.before?.version).toBe(1);
});

test('slots that are not newer than the newest of their part are late or duplicate, as a whole, whatever they hold', async () => {
  const p = ports();
  await processBatch(
    [
      laneRecord(1, -1, { 0: { s: 'A', t: 'A' } }),
      laneRecord(2, -2, { 0: { s: 'Z', t: 'Z' } }),
      laneRecord(3, -1, { 0: { s: 'Y', u: 'Y' } }),
      laneRecord(4, -1, { 1: { v: 'A' } }),
    ],
    p,
  );
  expect((await batches(p.log)).map((b) => b.counts)).toEqual([{ fresh: 3, unchanged: 0, duplicate: 2, late: 2 }]);
  expect(await changes(p.log)).toEqual(['s@-1=A', 't@-1=A', 'v@-1=A']);
});

test('the same batch again, by an environment that knows nothing, adds nothing', async () => {
  const first = ports();
  const batch = [laneRecord(1, -1, { 0: { s: 'A' } }), laneRecord(2, 0, { 0: { s: 'B' } })];
  await processBatch(batch, first);
  const before = [...first.log.objects.keys()];
  expect(await processBatch(batch, ports(first.log))).toBeNull();
  expect([...first.log.objects.keys()]).toEqual(before);
});

test('an environment with stale memory collides, reads what stands there and goes on from it', async () => {
  const one = ports();
  const two = ports(one.log, one.checkpoints);
  await processBatch([laneRecord(1, -3, { 0: { s: 'A' } })], one);
  await processBatch([laneRecord(2, -2, { 0: { s: 'B' } })], two);
  one.log.actions.length = 0;
  await processBatch([laneRecord(3, -1, { 0: { s: 'B' } })], one);
  expect(one.log.actions).toEqual([
    `put ${D21}/000000000003.parquet`,
    `get ${D21}/000000000003.parquet`,
    `put ${D21}/000000000004.parquet`,
  ]);
  expect(await changes(one.log)).toEqual(['s@-3=A', 's@-2=B']);
});

test.each<[PutFault, string[]]>([
  ['reply_lost', ['put 2', 'put 2', 'get 2']],
  ['request_lost', ['put 2', 'put 2']],
])('a put whose outcome is unknown (%s) is put again under the same name', async (fault, expected) => {
  const faults: PutFault[] = ['none', fault];
  const log = new MemoryLog(() => faults.shift() ?? 'none');
  await processBatch([laneRecord(1, 0, { 0: { s: 'A' } })], ports(log));
  expect(log.actions.slice(2).map((a) => a.replace(/ .*0+(\d)\.parquet/, ' $1'))).toEqual(expected);
  expect(await changes(log)).toEqual(['s@0=A']);
});

test('a lane that fails leaves the others be, and the answer is the lowest sequence number that is not done', async () => {
  const log = new MemoryLog();
  const put = log.put.bind(log);
  log.put = async (key, bytes) => {
    if (key.startsWith('log/lane=b/event_date=2026')) throw new Error('AccessDenied');
    return put(key, bytes);
  };
  const p = ports(log);
  const batch = [
    laneRecord(1, -2, { 0: { s: 'A' } }, 'a'),
    laneRecord(2, -2, { 0: { s: 'A' } }, 'b'),
    laneRecord(3, -1, { 0: { s: 'B' } }, 'a'),
    laneRecord(4, -1, { 0: { s: 'B' } }, 'b'),
  ];
  expect(await processBatch(batch, p)).toBe('2');
  expect(p.warnings).toEqual(['a lane failed: Error: AccessDenied']);
  expect(await changes(log)).toEqual(['s@-2=A', 's@-1=B']);
});

test('a checkpoint is written every 16 versions, and a cold environment starts from it', async () => {
  const p = ports();
  for (let i = 1; i <= 20; i++) await processBatch([laneRecord(i, i - 60, { 0: { s: i % 2 ? 'A' : 'B' } })], p);
  expect(p.checkpoints.items.get('a')?.version).toBe(16);
  p.log.actions.length = 0;
  await processBatch([laneRecord(21, -30, { 0: { s: 'A' } })], ports(p.log, p.checkpoints));
  expect(p.log.actions.filter((a) => a.startsWith('folders'))).toEqual([]);
  expect(p.log.actions.filter((a) => a.startsWith('get'))).toHaveLength(5); // versions 17 to 21
  expect((await changes(p.log)).length).toBe(21);
});

test('an environment that others left far behind goes on from the checkpoint instead of reading every object', async () => {
  const slow = ports();
  const busy = ports(slow.log, slow.checkpoints);
  await processBatch([laneRecord(1, -60, { 0: { s: 'A' } })], slow);
  for (let i = 2; i <= 40; i++) await processBatch([laneRecord(i, i - 60, { 0: { s: i % 2 ? 'A' : 'B' } })], busy);
  slow.log.actions.length = 0;
  await processBatch([laneRecord(41, -10, { 0: { s: 'A' } })], slow);
  const read = slow.log.actions.filter((a) => a.startsWith('get'));
  expect(slow.checkpoints.items.get('a')?.version).toBe(32); // of 41
  expect(read.map((a) => Number(a.slice(-20, -8)))).toEqual([33, 34, 35, 36, 37, 38, 39, 40, 41]);
  expect((await changes(slow.log)).length).toBe(41);
});

test('a state more than a week older than the batch is not used: the newest folder is', async () => {
  const p = ports();
  await processBatch([laneRecord(1, 0, { 0: { s: 'A' } })], p);
  p.log.actions.length = 0;
  await processBatch([laneRecord(2, 8 * 24 * 60, { 0: { s: 'B' } })], p);
  expect(p.log.actions[0]).toBe('folders log/lane=a/');
});
