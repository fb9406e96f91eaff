import { mkdirSync, mkdtempSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { type Looked, unnamed } from '../../soak/spark-kill/check.ts';
import { filesOf, newest, strayChecksums } from '../../soak/spark-kill/folder.ts';
import { KilledLake } from '../../soak/spark-kill/lakes.ts';
import { otherEffects, Verdict } from '../../soak/spark-kill/verdict.ts';

const TABLE: Looked = { snapshots: [], committed_ms: [], effects: {}, files: [], named: [], rows: {} };

/** What `npm run soak:spark-kill` judges by must be able to fail; this needs no Spark. */
describe('the checks of killed Spark runs', () => {
  let room = '';
  let lake: KilledLake;

  beforeEach(() => {
    vi.spyOn(console, 'log').mockReturnValue();
    room = mkdtempSync(join(tmpdir(), 'bikelake-kill-checks-'));
    lake = new KilledLake(room);
  });
  afterEach(() => {
    vi.restoreAllMocks();
    rmSync(room, { recursive: true });
  });

  function put(path: string, at_s = 1000): string {
    const file = join(lake.iceberg, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, '');
    utimesSync(file, at_s, at_s);
    return `file:${file}`;
  }

  test('a file that no snapshot names, and one that is named and gone', () => {
    const named = put('silver/polls/data/event_date=2026-11-20/a.parquet');
    put('silver/polls/data/event_date=2026-11-20/left.parquet');
    put('silver/polls/metadata/version-hint.text');
    put('silver/polls/metadata/left-m0.avro');
    put('runs/manifest.json');
    const tables = { 'silver.polls': { ...TABLE, named: [named, named.replace('a.parquet', 'gone.parquet')] } };
    const { orphans, missing } = unnamed(lake, tables);
    expect(orphans.sort()).toEqual([
      'silver/polls/data/event_date=2026-11-20/left.parquet',
      'silver/polls/metadata/left-m0.avro',
    ]);
    expect(missing).toEqual(['silver/polls/data/event_date=2026-11-20/gone.parquet']);
  });

  test('checksums of files that are gone', () => {
    put('silver/polls/data/a.parquet');
    put('silver/polls/data/.a.parquet.crc');
    put('silver/polls/data/.b.parquet.crc');
    expect(strayChecksums(lake.iceberg)).toEqual(['silver/polls/data/.b.parquet.crc']);
    expect(filesOf(lake.iceberg).map(({ path }) => path)).toEqual(['silver/polls/data/a.parquet']);
  });

  test('the file that was written last says where a run was', () => {
    put('gold/audit_daily/metadata/v2.metadata.json', 2001);
    put('gold/audit_daily/metadata/v1.metadata.json', 2000);
    put('gold/audit_daily/metadata/version-hint.text', 2002);
    expect(newest(lake.iceberg, 1_999_000)).toMatchObject({ kind: 'commit', table: 'gold.audit_daily' });
    expect(newest(lake.iceberg, 2_001_500)).toBeNull();
  });

  test('a day that a second snapshot changed, one that none did, and a snapshot that reads otherwise', () => {
    const of = (effects: Record<string, number>, rows: Record<string, string> = {}) => ({
      'silver.polls': { ...TABLE, snapshots: ['1', '2'], committed_ms: [10, 20], effects, rows },
    });
    expect(otherEffects(of({ d1: 1, d2: 1 }), of({ d1: 2 }))).toEqual([
      'silver.polls, d1: changed by 2 snapshots, without a kill by 1',
      'silver.polls, d2: changed by 0 snapshots, without a kill by 1',
    ]);
    const verdict = new Verdict();
    const [before, after] = [of({ d1: 2 }, { 1: '5:a', 2: '6:b' }), of({}, { 2: '6:c' })];
    verdict.oneEffect(before);
    verdict.sameSnapshots(before, after, (committed_ms) => committed_ms > 10);
    verdict.sameSnapshots(before, after, () => false);
    verdict.expired(after, 20);
    expect(verdict.wrong).toEqual([
      'silver.polls, d1: changed by 2 snapshots',
      'silver.polls, snapshot 2: 6:b, after maintain 6:c',
      'no snapshot was compared',
      'silver.polls: 1 old snapshots did not expire',
    ]);
  });
});
