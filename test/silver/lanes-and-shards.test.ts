/** What one lane of one shard can't show. */
import { expect, test } from 'vitest';
import { processBatch, type SilverPorts } from '../../lib/silver/process-batch.ts';
import { MemoryCheckpoints, MemoryLog } from './memory-log.ts';
import { laneRecord } from './records.ts';

const ports = (log: MemoryLog, checkpoints = new MemoryCheckpoints()): SilverPorts => ({
  log,
  checkpoints,
  memory: new Map(),
  checkpoint_every: 16,
  pause: async () => undefined,
  warn: () => undefined,
});
const consumed = async (log: MemoryLog) =>
  (await log.chain('a')).flatMap(({ object: o }) =>
    o.type === 'batch' ? [`${o.shard_id.at(-1)}: ${o.first_sequence} to ${o.last_sequence}`] : [],
  );

test('each shard has its own position: after a split the records of the new shards count, whatever their numbers', async () => {
  const log = new MemoryLog();
  const p = ports(log);
  await processBatch([laneRecord(50, -3, { 0: { s: 'A' } })], p);
  await processBatch([laneRecord(7, -2, { 0: { s: 'B' } }, 'a', 'shardId-000000000001')], p);
  await processBatch([laneRecord(50, -3, { 0: { s: 'A' } }), laneRecord(51, -1, { 0: { s: 'C' } })], p);
  await processBatch([laneRecord(7, -2, { 0: { s: 'B' } }, 'a', 'shardId-000000000001')], ports(log));
  expect(await consumed(log)).toEqual(['0: 50 to 50', '1: 7 to 7', '0: 51 to 51']);
});

test('of two lanes that failed the lowest record is answered', async () => {
  const log = new MemoryLog();
  log.put = async () => Promise.reject(new Error('AccessDenied'));
  const batch = [
    laneRecord(1, -2, {}, 'c'),
    laneRecord(2, -2, { 0: { s: 'A' } }, 'b'),
    laneRecord(10, -1, { 0: { s: 'A' } }, 'a'),
  ].slice(1);
  expect(await processBatch(batch, ports(log))).toBe('2');
  expect(await processBatch(batch.toReversed(), ports(log))).toBe('2');
});

test('the newest folder alone gives the state: a lane goes on where the older ones have expired, in whole or in part', async () => {
  const log = new MemoryLog();
  const p = ports(log);
  for (const [n, minute] of [0, 3, 4, 24 * 60 + 3].entries()) {
    await processBatch([laneRecord(n + 1, minute, { 0: { s: 'A' } })], p);
  }
  const chain = await log.chain('a');
  const folders = chain.map(({ key }) => key.slice(-31, -21));
  const days = ['1970-01-01', '2026-11-21', '2026-11-21', '2026-11-22', '2026-11-22', '2026-11-22', '2026-11-23'];
  expect(folders).toEqual(days);
  for (const { key } of chain.slice(0, 4)) log.objects.delete(key);
  await processBatch([laneRecord(5, 24 * 60 + 4, { 0: { s: 'A', t: 'A' } })], ports(log));
  const [, , last, next] = await log.chain('a');
  expect([last?.version, next?.version, next?.key.slice(-31, -21)]).toEqual([7, 8, '2026-11-23']);
  expect(next?.object).toMatchObject({ counts: { fresh: 1, unchanged: 1, duplicate: 0, late: 0 } });
});
