import { cpSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { ledgerOf } from '../../jobs/duckdb/ledger.ts';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { expiredUntil, keptText, parseKept, TAGGED_KEY } from '../../lib/gold/expiry.ts';
import { chainLake, minutePolls } from './chain-lake.ts';
import { at, SmallLake } from './small-lake.ts';

const LANES = ['a', 'b'];

let model: SmallLake;
let lake: SmallLake;
beforeAll(async () => {
  model = await chainLake(minutePolls(at('2026-11-21T23:40:00Z'), at('2026-11-22T00:30:00Z')));
  await settleLake(model.root);
});
afterAll(() => model.remove());
beforeEach(() => {
  lake = new SmallLake();
  cpSync(model.dir, lake.dir, { recursive: true });
});
afterEach(() => lake.remove());

const path = (key: string): string => join(lake.root, key);

function tag(): void {
  mkdirSync(dirname(path(TAGGED_KEY)), { recursive: true });
  writeFileSync(path(TAGGED_KEY), keptText({ a: '2026-11-22', b: '2026-11-22' }));
}

/** The folders of each lane that may go are gone, but for the last object of the second, which a day's end made after midnight. */
function expire(rest: 'no' | 'last' = 'no'): void {
  for (const lane of LANES) {
    const folder = path(`log/lane=${lane}/event_date=2026-11-21`);
    const last = readdirSync(folder).sort().at(-1);
    rmSync(path(`log/lane=${lane}/event_date=1970-01-01`), { recursive: true });
    for (const file of readdirSync(folder)) if (rest === 'no' || file !== last) rmSync(join(folder, file));
    if (rest === 'no') rmSync(folder, { recursive: true });
  }
}

/** As when the SQL changed, or the manifest was lost: every audit is made again. */
function forgetAudits(): void {
  const file = new LakeFolder(lake.root).manifest_file;
  const content = JSON.parse(readFileSync(file, 'utf8')) as { made: Record<string, unknown> };
  content.made = Object.fromEntries(Object.entries(content.made).filter(([name]) => !name.startsWith('audit ')));
  writeFileSync(file, JSON.stringify(content));
}

const reasons = async (level: string): Promise<string[]> =>
  (await ledgerOf(lake.root)).findings.filter((f) => f.level === level).map((f) => f.reason);

describe('a log whose settled folders have expired', { timeout: 60_000 }, () => {
  test('is not audited again for days of which some of it is gone; their audits stay', async () => {
    const audits = lake.files();
    tag();
    expire();
    forgetAudits();
    expect(await settleLake(lake.root)).toMatchObject({ audit_missing: 0, audit_extra: 0, made: [] });
    expect(lake.files()).toEqual(audits);
  });

  test('without the mark of what was tagged, what is gone looks given up', async () => {
    const audits = lake.files();
    expire();
    forgetAudits();
    expect((await settleLake(lake.root)).made).toContain('audit 2026-11-21');
    expect(lake.files()).not.toEqual(audits);
  });

  test.each(['no', 'last'] as const)(
    'balances in the ledger, and is noted (left of the last folder: %s)',
    async (rest) => {
      tag();
      expire(rest);
      expect(await reasons('finding')).toEqual([]);
      expect(await reasons('note')).toContain('log_expired');
    },
  );

  test('a folder that was not to expire is missed all the same', async () => {
    tag();
    expire();
    const [first = '', second = ''] = readdirSync(path('log/lane=a/event_date=2026-11-22')).sort();
    rmSync(path(`log/lane=a/event_date=2026-11-22/${second}`));
    rmSync(path(`log/lane=b/event_date=2026-11-22/${first}`));
    const { findings } = await ledgerOf(lake.root, { quick: true });
    const keys = findings.filter(({ reason }) => reason === 'deleted_log_object').map(({ key }) => key?.slice(0, 10));
    expect(new Set(keys)).toEqual(new Set(['log/lane=a', 'log/lane=b']));
  });
});

describe('the last date of which some of the log may have expired', () => {
  const kept = { a: '2026-11-24', b: '2026-11-24' };

  test('is the day after the oldest folder of a tagged lane that has no beginning any more', () => {
    const folders = { a: ['2026-11-23', '2026-11-24'], b: ['1970-01-01', '2026-11-20'], c: ['2026-12-30'] };
    expect(expiredUntil(kept, folders)).toBe('2026-11-24');
    expect(expiredUntil(kept, { ...folders, a: [...folders.a, '1970-01-01'] })).toBe(null);
    expect(expiredUntil({}, folders)).toBe(null);
  });

  test('the mark can be lost or broken', () => {
    expect([null, '{', '{"format":2}', keptText(kept)].map(parseKept)).toEqual([{}, {}, {}, kept]);
  });
});
