import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { settleLake } from '../../jobs/duckdb/settle.ts';
import { type RunReport, writeReport } from '../../jobs/report.ts';
import { keptText, TAGGED_KEY } from '../../lib/gold/expiry.ts';
import { toParquet } from '../../lib/parquet.ts';
import { FORMAT_KEY } from '../../lib/silver/object.ts';
import { chainLake, minutePolls } from '../gold/chain-lake.ts';
import { at, chunk, MINUTE, receipt, SmallLake } from '../gold/small-lake.ts';
import { compareTables, type TableComparison } from './compare.ts';
import { isAsked, type SparkAnswer, sparkRuns } from './spark-runs.ts';

const LIMIT_MS = 1_800_000;
const UNTIL = '2026-11-22T00:45:00Z';
const LANES = ['a', 'b'];

/** Nearly an hour over a midnight; one poll of the first day came late, after newer ones, and explains what the log lacks. */
function overMidnight(): Promise<SmallLake> {
  const polls = minutePolls(at('2026-11-21T23:40:00Z'), at('2026-11-22T00:30:00Z'));
  const [late] = polls.splice(7, 1);
  if (late !== undefined) polls.splice(10, 0, { ...late, at_ms: late.slot_ms + 3.5 * MINUTE });
  return chainLake(polls);
}

/** The lake of another one whose log has lost the folders of its first day to the life cycle. */
function expiredCopy(lake: SmallLake): SmallLake {
  const copy = new SmallLake();
  cpSync(lake.dir, copy.dir, { recursive: true });
  const tagged = join(copy.root, TAGGED_KEY);
  mkdirSync(dirname(tagged), { recursive: true });
  writeFileSync(tagged, keptText(Object.fromEntries(LANES.map((lane) => [lane, '2026-11-22']))));
  for (const lane of LANES) {
    for (const date of ['1970-01-01', '2026-11-21'])
      rmSync(join(copy.root, `log/lane=${lane}/event_date=${date}`), { recursive: true });
  }
  return copy;
}

const poll = (iso: string, sequence: number, more = {}) => [
  ...chunk({ slot_ms: at(iso), sequence }, { s: { bikes: sequence } }),
  receipt({ slot_ms: at(iso), sequence: sequence + 50 }, 1, more),
];
const firstPoll = () => poll('2026-11-20T10:00:00Z', 1);

/** Two days. Of the plan's groups the second polls from the second noon on; a poll of the first day has no receipt. */
function twoGroups(): SmallLake {
  const lake = new SmallLake();
  lake.plan([{ group_id: 'g' }, { group_id: 'h' }]);
  lake.bronze([...firstPoll(), ...poll('2026-11-20T10:01:00Z', 2).slice(0, 1)]);
  lake.bronze([...poll('2026-11-21T00:00:00Z', 3), ...poll('2026-11-21T12:00:00Z', 4, { group_id: 'h' })]);
  return lake;
}

/** A log whose first object is of a later format than its second: a version was deployed, and rolled back. */
function rolledBack(): SmallLake {
  const lake = new SmallLake();
  for (const [version, format] of [
    [1, '2'],
    [2, '1'],
  ] as const) {
    const file = join(lake.root, logKey(version));
    mkdirSync(dirname(file), { recursive: true });
    const columns = { row_kind: 'STRING', lane: 'STRING', version: 'INT64' } as const;
    writeFileSync(file, toParquet(columns, [{ row_kind: 'turn', lane: 'a', version }], { [FORMAT_KEY]: format }));
  }
  return lake;
}
const logKey = (version: number): string =>
  `log/lane=a/event_date=2026-11-20/${String(version).padStart(12, '0')}.parquet`;

const told = (report: RunReport): RunReport => ({ ...report, run: '', seconds: {} });

describe.skipIf(!isAsked)('what a report says, on DuckDB and Spark', () => {
  const room = mkdtempSync(join(tmpdir(), 'bikelake-spark-room-'));
  const lakes: SmallLake[] = [];
  const duckdb = new Map<string, RunReport>();
  const compared = new Map<string, Record<string, TableComparison>>();
  let answers: readonly SparkAnswer[] = [];
  const sparkOf = (name: string): SparkAnswer => {
    const answer = answers.find((a) => a.name === name);
    if (answer === undefined) throw new Error(`${name} was not run`);
    return answer;
  };
  const settle = async (name: string, { root }: SmallLake, until: string | null): Promise<void> => {
    const settled = await settleLake(root, { until });
    duckdb.set(name, await writeReport(root, { run: 'ours', until, settled, seconds: {} }));
  };

  beforeAll(async () => {
    const whole = await overMidnight();
    const groups = twoGroups();
    lakes.push(whole, groups);
    await settle('begun', whole, UNTIL);
    await settle('whole', whole, null);
    await settle('groups', groups, null);
    const expired = expiredCopy(whole);
    lakes.push(expired);
    rmSync(join(expired.dir, 'settle', 'manifest.json'));
    await settle('expired', expired, null);
    const of = ({ dir, root }: SmallLake) => ({ dir, root });
    const less = new SmallLake();
    // Of the first day a record is there, its receipt and the other record are not; of the second nothing is.
    less.bronze(firstPoll().slice(0, 1));
    const older = rolledBack();
    lakes.push(less, older);
    answers = await sparkRuns(room, [
      { ...of(older), name: 'rolled back', steps: ['settle'] },
      { ...of(whole), name: 'begun', until: UNTIL },
      { ...of(whole), name: 'whole' },
      // The same tables, over the lake whose log has expired.
      { dir: whole.dir, root: expired.root, name: 'expired', forget: true, steps: ['settle', 'audit'] },
      { ...of(groups), name: 'groups', steps: ['settle', 'audit'] },
      { dir: groups.dir, root: less.root, name: 'less', forget: true, steps: ['settle'] },
      { ...of(groups), name: 'put back', steps: ['settle'] },
    ]);
    compared.set('whole', await compareTables(whole.root, sparkOf('whole')));
    compared.set('expired', await compareTables(whole.root, sparkOf('expired')));
    compared.set('expired, of DuckDB', await compareTables(expired.root, sparkOf('expired')));
  }, LIMIT_MS);
  afterAll(() => {
    for (const lake of lakes) lake.remove();
    rmSync(room, { recursive: true });
  });

  test.each(['begun', 'whole', 'expired', 'groups'])('%s: both say the same', (name) => {
    const spark = sparkOf(name).report as RunReport;
    expect(told(spark)).toEqual(told(duckdb.get(name) as RunReport));
  });

  test('with less of Bronze and no manifest, what is settled stays, and the error says what to do', () => {
    const { code, error } = sparkOf('less');
    expect(code).toBe(1);
    expect(error).toMatch(
      /^bronze_is_less: 2026-11-20 can't be settled again: Bronze has no more 2 records and receipts .* Put the files of Bronze back/,
    );
    // Made again of the same rows: nothing is replaced. (A partition without rows is, by none.)
    for (const table of ['silver.records', 'silver.polls', 'silver.station_status'])
      expect(sparkOf('put back').snapshots[table], table).toBe(sparkOf('groups').snapshots[table]);
  });

  test('an object of a later format is refused by name, also where older ones follow it', async () => {
    const refused = `${logKey(1)}: the log object is of format 2, this version reads 0 and 1`;
    expect(sparkOf('rolled back')).toMatchObject({
      code: 1,
      error: `unknown_log_format: ${refused}: settle with the version that wrote it`,
    });
    await expect(settleLake(lakes.at(-1)?.root ?? '')).rejects.toThrow(refused);
  });

  test('a day that has begun waits on both, and what the log has of it is no difference', () => {
    expect(duckdb.get('begun')).toMatchObject({ dates: ['2026-11-21'], incomplete: [], ledger_difference: 0 });
  });

  test('a day is closed by receipts of every planned group, however late they come; events without one keep nothing open', () => {
    expect(sparkOf('groups').report).toMatchObject({
      dates: ['2026-11-20', '2026-11-21'],
      incomplete: ['2026-11-21'],
    });
  });

  test('when the log of a day has expired and the manifest is lost: audits and ledger as they were, on both', () => {
    const figures = { ledger_difference: 0, audit_missing: 0, audit_extra: 0, audit_explained: 1 };
    expect(sparkOf('whole').report).toMatchObject(figures);
    expect(sparkOf('expired').report).toMatchObject(figures);
    for (const [name, tables] of compared) {
      const differing = Object.entries(tables).filter(([, c]) => c.only_duckdb + c.only_spark + c.apart > 0);
      expect(differing, name).toEqual([]);
    }
    expect(compared.get('expired')?.['gold.ledger_lanes_daily']?.rows).toBeGreaterThan(2);
    expect(sparkOf('expired').snapshots['gold.audit_daily']).toBe(sparkOf('whole').snapshots['gold.audit_daily']);
  });
});
