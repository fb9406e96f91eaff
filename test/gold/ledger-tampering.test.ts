import { cpSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { type LedgerOptions, ledgerOf, sumOf } from '../../jobs/duckdb/ledger.ts';
import { ledgerText } from '../../jobs/duckdb/ledger-show.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { decodeObject, encodeObject } from '../../lib/silver/object.ts';
import type { BatchObject } from '../../lib/silver/state.ts';
import { chainLake, minutePolls } from './chain-lake.ts';
import { at, SmallLake } from './small-lake.ts';

const FROM = at('2026-11-21T23:00:00Z');
const UNTIL = at('2026-11-22T01:00:00Z');
const BRONZE = 'bronze/events/dt=2026-11-21/hh=23/0003.parquet';
const LOG_21 = 'log/lane=a/event_date=2026-11-21';
const LOG_22 = 'log/lane=a/event_date=2026-11-22';
const version = (n: number): string => `${String(n).padStart(12, '0')}.parquet`;

const QUICK = { quick: true };

let model: SmallLake;
let lake: SmallLake;
beforeAll(async () => {
  model = await chainLake(minutePolls(FROM, UNTIL));
  await settleLake(model.root);
});
afterAll(() => model.remove());
beforeEach(() => {
  lake = new SmallLake();
  cpSync(model.dir, lake.dir, { recursive: true });
});
afterEach(() => lake.remove());

const path = (key: string): string => join(lake.root, key);
const remove = (key: string): void => rmSync(path(key));

/** What is found, as [reason, key]. */
async function found(options: LedgerOptions = {}): Promise<[string, string | null][]> {
  const { findings } = await ledgerOf(lake.root, options);
  return findings.filter(({ level }) => level === 'finding').map(({ reason, key }) => [reason, key]);
}

/** Every file of the state folder, by path. */
const files = (): string[] => readdirSync(lake.dir, { recursive: true, encoding: 'utf8' }).sort();

async function rewrite(key: string, change: (object: BatchObject) => BatchObject): Promise<void> {
  const { object, before } = await decodeObject(readFileSync(path(key)));
  if (object.type !== 'batch') throw new Error(`${key} is no batch`);
  const [, lane = '', number = ''] = /lane=([^/]+)\/.*\/(\d+)\./.exec(key) ?? [];
  writeFileSync(path(key), encodeObject(lane, Number(number), change(object), before));
}

describe('an untouched lake', { timeout: 120_000 }, () => {
  test('balances at every hop, nothing is found, and nothing of it is changed', async () => {
    const before = files();
    const contents = lake.files();
    const ledger = await ledgerOf(lake.root);
    expect(ledger.findings).toEqual([]);
    expect(ledger.polls.rows.map((row) => row.slice(0, 6))).toEqual([
      ['sys', '2026-11-21', 'status', 60, 60, 60],
      ['sys', '2026-11-22', 'status', 60, 60, 60],
    ]);
    expect([sumOf(ledger.bronze, 'accepted'), sumOf(ledger.bronze, 'events'), sumOf(ledger.lanes, 'lines')]).toEqual([
      600, 600, 600,
    ]);
    const judged = ['fresh', 'unchanged', 'duplicate', 'late'].map((name) => sumOf(ledger.lanes, name));
    expect(judged.reduce((a, b) => a + b)).toBe(600);
    expect(sumOf(ledger.settled, 'changes')).toBe(judged[0]);
    expect(sumOf(ledger.settled, 'in_log')).toBe(judged[0]);
    expect(files()).toEqual(before);
    expect(lake.files()).toEqual(contents);
    expect(ledgerText(ledger)).toContain('balanced: every count agrees');
    expect(
      Math.max(
        ...ledgerText(ledger)
          .split('\n')
          .map((line) => line.length),
      ),
    ).toBeLessThanOrEqual(120);
  });

  test('--system and --date choose what is counted', async () => {
    const ledger = await ledgerOf(lake.root, { system_id: 'sys', date: '2026-11-22', quick: true });
    expect([ledger.polls.rows.length, ledger.bronze.rows.length, ledger.settled.rows.length]).toEqual([1, 1, 1]);
    expect((await ledgerOf(lake.root, { system_id: 'other', quick: true })).bronze.rows).toEqual([]);
  });

  test('what the last settle has not seen is counted, and said', async () => {
    rmSync(join(lake.dir, 'settle'), { recursive: true });
    for (const folder of ['silver', 'gold']) rmSync(path(folder), { recursive: true });
    const ledger = await ledgerOf(lake.root);
    expect(ledger.findings.map(({ level, reason }) => [level, reason])).toEqual([['note', 'not_settled']]);
    expect(sumOf(ledger.bronze, 'events')).toBe(600);
  });
});

describe('tampering with the log is named', { timeout: 120_000 }, () => {
  test('a deleted object in the middle', async () => {
    remove(`${LOG_21}/${version(4)}`);
    const ledger = await ledgerOf(lake.root, QUICK);
    expect(ledger.findings[0]).toMatchObject({ reason: 'deleted_log_object', key: `${LOG_21}/${version(4)}` });
    // What it consumed looks given up, and explains what the audit misses: the hole is what tells.
    expect(ledger.findings.filter(({ level }) => level === 'finding')).toHaveLength(1);
  });

  test('the newest object: settle has seen it, and its records are pending', async () => {
    const newest = readdirSync(path(LOG_22)).sort().at(-1) ?? '';
    remove(`${LOG_22}/${newest}`);
    expect((await found(QUICK)).slice(0, 2)).toEqual([
      ['deleted_log_object', `${LOG_22}/${newest}`],
      ['pending', null],
    ]);
  });

  test('a lane that is gone, and the beginning of a chain', async () => {
    rmSync(path('log/lane=b'), { recursive: true });
    for (const folder of ['1970-01-01', '2026-11-21'])
      rmSync(path(`log/lane=a/event_date=${folder}`), { recursive: true });
    const first = readdirSync(path(LOG_22)).sort()[0] ?? '';
    const reasons = await found(QUICK);
    expect(reasons).toContainEqual(['log_beginning_gone', `${LOG_22}/${first}`]);
    expect(reasons).toContainEqual(['deleted_log_object', 'log/lane=b/']);
  });

  test('a change that was taken out: the counts of its object, and the audit with its station', async () => {
    const key = `${LOG_21}/${version(5)}`;
    await rewrite(key, (object) => ({ ...object, changes: object.changes.slice(1) }));
    const ledger = await ledgerOf(lake.root, QUICK);
    const reasons = ledger.findings.map(({ reason, key: k }) => [reason, k]);
    expect(reasons).toContainEqual(['altered_log_object', key]);
    expect(reasons).toContainEqual(['audit_differs', null]);
    expect(ledger.odd_changes).toHaveLength(1);
    expect(ledger.odd_changes[0]).toMatchObject({ side: 'missing', kind: 'status', system_id: 'sys', object: null });
  });

  test('a change with other content: the object that holds it', async () => {
    const key = `${LOG_21}/${version(5)}`;
    await rewrite(key, (object) => ({
      ...object,
      changes: object.changes.map((row, i) => (i === 0 ? { ...row, content_hash: 'f'.repeat(16) } : row)),
    }));
    const { findings, odd_changes } = await ledgerOf(lake.root, QUICK);
    expect(findings.map(({ reason }) => reason)).toContain('audit_differs');
    expect(odd_changes.map(({ side, object }) => [side, object])).toContainEqual(['extra', key]);
  });

  test('counts, range and rows that do not fit the chain', async () => {
    const keys = [5, 6].map((n) => `${LOG_21}/${version(n)}`) as [string, string];
    const earlier = (await decodeObject(readFileSync(path(`${LOG_21}/${version(3)}`)))).object as BatchObject;
    await rewrite(keys[0], (object) => ({
      ...object,
      counts: { ...object.counts, unchanged: object.counts.unchanged + 2 },
    }));
    await rewrite(keys[1], (object) => ({ ...object, first_sequence: earlier.first_sequence }));
    const reasons = await found(QUICK);
    expect(reasons).toContainEqual(['lanes_differ', null]); // 5 consumed two lines that Bronze has not
    expect(reasons).toContainEqual(['altered_log_object', keys[1]]);
  });

  test('the state at the head of a folder', async () => {
    const first = `${LOG_22}/${readdirSync(path(LOG_22)).sort()[0] ?? ''}`;
    const { object, before } = await decodeObject(readFileSync(path(first)));
    if (before === null) throw new Error('the first object of a folder has a state');
    const [system = '', stations = new Map()] = [...before.stations][0] ?? [];
    const [id = '', row] = [...stations][0] ?? [];
    before.stations.set(system, new Map([...stations, [id, { ...row, slot_ms: row.slot_ms - 60_000 }]]));
    writeFileSync(path(first), encodeObject('a', Number(first.slice(-20, -8)), object, before));
    expect(await found(QUICK)).toEqual([['altered_log_object', first]]);
  });

  test('an object under another name', async () => {
    renameSync(path(`${LOG_21}/${version(5)}`), path(`${LOG_22}/${version(5)}`));
    const reasons = await found(QUICK);
    expect(reasons).toContainEqual(['altered_log_object', `${LOG_22}/${version(5)}`]);
  });
});

describe('tampering with Bronze is named', { timeout: 120_000 }, () => {
  test('a deleted file, and the polls that it held', async () => {
    remove(BRONZE);
    const ledger = await ledgerOf(lake.root);
    expect(ledger.findings[0]).toMatchObject({ reason: 'deleted_file', key: BRONZE });
    expect(ledger.findings.map(({ reason }) => reason)).toContain('lanes_differ');
  });

  test('events that are gone although settle never saw them: the polls, with the files that hold their receipts', async () => {
    for (const folder of ['silver', 'gold', '../../settle']) rmSync(path(folder), { recursive: true });
    const names = await lake.rows(`SELECT column_name FROM (DESCRIBE bronze.events)`);
    const all = await lake.rows(
      `SELECT * FROM bronze.events WHERE slot_ms >= ${FROM + 20 * 60_000} AND slot_ms < ${FROM + 30 * 60_000}`,
    );
    const rows = all.map((row) => Object.fromEntries(names.map(([name], i) => [String(name), row[i]])));
    const slot_ms = FROM + 25 * 60_000;
    const other = new SmallLake();
    other.bronze(rows.filter((row) => row.slot_ms !== slot_ms || row.kind === 'receipt'));
    cpSync(join(other.root, BRONZE.replace('0003', '0001')), path(BRONZE));
    other.remove();
    const { findings, odd_polls } = await ledgerOf(lake.root);
    const reasons = findings.filter(({ level }) => level === 'finding').map(({ reason }) => reason);
    expect(reasons).toEqual(expect.arrayContaining(['counts_differ', 'lanes_differ']));
    expect(odd_polls).toEqual([
      {
        system_id: 'sys', feed: 'station_status', slot: '2026-11-21T23:25:00Z', status: 'ok', fetched: 5, accepted: 5, rejected: 0,
        repeated: 0, bronze_events: 0, objects: [BRONZE],
      },
    ]); // biome-ignore format: a row
  });

  test('a copied file', async () => {
    const copy = 'bronze/events/dt=2026-11-22/hh=00/copy.parquet';
    cpSync(path(BRONZE), path(copy));
    const ledger = await ledgerOf(lake.root);
    const reasons = ledger.findings.filter(({ level }) => level === 'finding').map(({ reason, key }) => [reason, key]);
    expect(reasons).toEqual([
      ['copied_file', BRONZE],
      ['copied_file', copy],
    ]);
    expect([
      sumOf(ledger.bronze, 'events'),
      sumOf(ledger.bronze, 'doubles'),
      sumOf(ledger.bronze, 'difference'),
    ]).toEqual([600, 50, 0]);
  });

  test('what Firehose delivers twice is named and is no finding; a file that was changed is found', async () => {
    const first = 'bronze/events/dt=2026-11-21/hh=23/0001.parquet';
    const rows = await lake.rows(`SELECT * FROM bronze.events WHERE slot_ms < ${FROM + 3 * 60_000}`);
    const names = await lake.rows(`SELECT column_name FROM (DESCRIBE bronze.events)`);
    const copies = rows.map((row) => Object.fromEntries(names.map(([name], i) => [String(name), row[i]])));
    cpSync(path(first), path('kept'));
    lake.bronze(copies); // its name is that of the first file
    cpSync(path(first), path('bronze/events/dt=2026-11-21/hh=23/again.parquet'));
    cpSync(path('kept'), path(first));
    rmSync(path('kept'));
    expect((await ledgerOf(lake.root, QUICK)).findings.map(({ level, reason }) => [level, reason])).toEqual([
      ['note', 'delivered_again'],
      ['note', 'not_settled'],
    ]);
    rmSync(path('bronze/events/dt=2026-11-21/hh=23/again.parquet'));
    const all = await lake.rows(`SELECT * FROM bronze.events WHERE slot_ms < ${FROM + 10 * 60_000}`);
    const changed = all.map((row) => Object.fromEntries(names.map(([name], i) => [String(name), row[i]])));
    const other = new SmallLake();
    other.bronze(changed.map((row) => (row.station_id === 's5' ? { ...row, num_bikes_available: 9 } : row)));
    cpSync(join(other.root, first), path(first));
    other.remove();
    expect(await found()).toContainEqual(['unlike_bronze', 'silver/station_status/event_date=2026-11-21/part.parquet']);
  });

  test('truncated and corrupt files, wherever they lie; the others are read', async () => {
    const corrupt = 'bronze/events/dt=2026-11-22/hh=00/0010.parquet';
    const bytes = readFileSync(path(corrupt));
    bytes.fill(0xff, 40, Math.floor(bytes.length / 2));
    writeFileSync(path(corrupt), bytes);
    const cut = [
      BRONZE,
      `${LOG_21}/${version(4)}`,
      'silver/polls/event_date=2026-11-21/part.parquet',
      'gold/audit_daily/event_date=2026-11-22/part.parquet',
    ];
    for (const key of cut) truncateSync(path(key), readFileSync(path(key)).length - 20);
    const reasons = await found();
    for (const key of cut) expect(reasons).toContainEqual(['truncated_file', key]);
    expect(reasons).toContainEqual(['unreadable_file', corrupt]);
  });

  test('settle names the truncated file, and what to do', async () => {
    const key = 'bronze/events/dt=2026-11-22/hh=01/new.parquet';
    mkdirSync(dirname(path(key)), { recursive: true });
    writeFileSync(path(key), readFileSync(path(BRONZE)).subarray(0, 1000));
    await expect(settleLake(lake.root)).rejects.toThrow(`${key} is no whole Parquet file`);
    rmSync(path(key));
    await settleLake(lake.root);
  });

  test('foreign files in every prefix', async () => {
    const foreign = [
      'bronze/events/dt=2026-11-21/notes.txt',
      'log/lane=a/event_date=2026-11-21/x.parquet',
      'silver/polls/event_date=2026-11-25/part.parquet',
      'gold/trash.parquet',
    ];
    for (const key of foreign) {
      mkdirSync(dirname(path(key)), { recursive: true });
      cpSync(path('gold/audit_daily/event_date=2026-11-22/part.parquet'), path(key));
    }
    const table = 'bronze/events/dt=2026-11-21/hh=23/table.parquet';
    cpSync(path('silver/polls/event_date=2026-11-21/part.parquet'), path(table));
    const reasons = await found();
    for (const key of [...foreign, table]) expect(reasons).toContainEqual(['foreign_file', key]);
  });
});

describe('tampering with what settle made is named', { timeout: 120_000 }, () => {
  test('a changed, an exchanged and a deleted file; the figures are those of Bronze all the same', async () => {
    const [changed, deleted] = [
      'silver/station_status/event_date=2026-11-21/part.parquet',
      'gold/station_hourly/event_date=2026-11-22/part.parquet',
    ] as const;
    cpSync(path('silver/station_status/event_date=2026-11-22/part.parquet'), path(changed));
    remove(deleted);
    const ledger = await ledgerOf(lake.root);
    expect(ledger.findings.map(({ reason, key }) => [reason, key])).toEqual([
      ['changed_file', changed],
      ['deleted_file', deleted],
    ]);
    expect(sumOf(ledger.settled, 'changes')).toBe(sumOf(ledger.settled, 'in_log'));
    // The remedy that it names.
    remove(changed);
    await settleLake(lake.root);
    expect(lake.files()).toEqual(model.files());
  });
});
