import { readdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Database } from '../../jobs/duckdb/connection.ts';
import { LakeFolder } from '../../jobs/duckdb/lake-folder.ts';
import { createViews } from '../../jobs/duckdb/views.ts';
import { temporaryFolder } from '../local/workbench.ts';
import { ROOT } from '../resources/package-service.ts';

const FOLDER = join(ROOT, 'docs/runbooks');
const SECTIONS = ['What you see', 'What it means', 'Look', 'Do', 'Verify'];
const files = readdirSync(FOLDER).filter((file) => file.startsWith('alarm-'));
const textOf = (file: string): string => readFileSync(join(FOLDER, file), 'utf8');
const blocksOf = (file: string, language: string): string[] =>
  [...textOf(file).matchAll(new RegExp(`\`\`\`${language}\\n([^]*?)\`\`\``, 'g'))].map(([, block = '']) =>
    block.trim(),
  );

interface Alarm {
  readonly Properties: { readonly AlarmName: string; readonly AlarmDescription: string };
}
const { alarmResources } = createRequire(import.meta.url)('../../resources/watch/alarms.cjs') as {
  alarmResources: (settings: object) => Record<string, Alarm>;
};
const NAMES = { stream: 's', bronze: 'b', quarantine: 'q', gold: 'g', metrics: 'bikelake/prod' };
const SETTINGS = { service: 'bikelake', stage: 'prod', names: NAMES, shortest_s: 60, bronzeIntervalSeconds: 300, pollsFailedPercent: 10, gold: true }; // biome-ignore format: one line

describe('the runbooks of alarms', () => {
  const alarms = Object.values(alarmResources(SETTINGS)).map(({ Properties }) => Properties);
  it('each description of an alarm names a file that is there, and each file has its alarm', () => {
    const named = alarms.map(
      ({ AlarmDescription }) => /Runbook: (docs\/runbooks\/[\w-]+\.md)$/.exec(AlarmDescription)?.[1],
    );
    expect(named).toHaveLength(alarms.length);
    for (const path of named) expect(() => readFileSync(join(ROOT, path ?? 'none'))).not.toThrow();
    const wanted = alarms
      .map(({ AlarmName }) => AlarmName.replace('bikelake-prod-', 'alarm-'))
      .filter((n) => n !== 'alarm-unwell');
    expect(files.map((file) => file.replace('.md', '')).sort()).toEqual(wanted.sort());
    for (const name of wanted) expect(named).toContain(`docs/runbooks/${name}.md`);
  });
  it('the list of runbooks has them in data order', () => {
    const listed = [...textOf('README.md').matchAll(/\(alarm-([\w-]+)\.md\)/g)].map(
      ([, name]) => `bikelake-prod-${name}`,
    );
    expect([...listed, 'bikelake-prod-unwell']).toEqual(alarms.map(({ AlarmName }) => AlarmName));
  });
  it.each(files)('%s says what is seen, what it means, where to look, what to do, and how to verify it', (file) => {
    const headings = [...textOf(file).matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
    expect(headings).toEqual(SECTIONS);
    const [, look = '', act = '', verify = ''] = textOf(file).split(/^## (?:Look|Do|Verify)$/m);
    expect(look).toContain('```');
    for (const section of [act, verify]) expect(section.trim().length).toBeGreaterThan(40);
  });
  it('links lead to files that are there', () => {
    const links = files.flatMap((file) =>
      [...textOf(file).matchAll(/\]\(([^)#]+)(?:#[^)]*)?\)/g)].map(([, link = '']) => link),
    );
    for (const link of links) expect(() => readFileSync(join(FOLDER, link))).not.toThrow();
  });
});

describe('the queries of the runbooks', () => {
  let db: Database;
  beforeAll(async () => {
    const root = temporaryFolder();
    db = await Database.open({ threads: 1, memory_mb: 256, spill_dir: join(root, 'spill') });
    await createViews(db, new LakeFolder(root));
  });
  afterAll(() => db[Symbol.asyncDispose]());

  // In Athena databases have the stage in their names, and Bronze and the log have their partitions as columns.
  const here = (sql: string): string =>
    sql.replaceAll(/bikelake_prod_(\w+)\./g, '$1.').replaceAll(/(dt|hh|event_date) (=|>=) '[^']*' AND /g, '');
  const queries = files.flatMap((file) => [
    ...blocksOf(file, 'sql'),
    ...blocksOf(file, 'sh').flatMap((block) =>
      [...block.matchAll(/npm run --silent query -- "([^"]*)"/g)].map(([, sql = '']) => sql),
    ),
  ]);
  it.each(queries)('%s', async (sql) => {
    expect(await db.rows(here(sql))).toEqual([]);
  });
  it('are some', () => expect(queries.length).toBeGreaterThan(5));
});
