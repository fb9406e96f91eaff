/** The whole program under faults: a replay ends with the figures that it has without them. */
import { cpSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { parseFaults } from '../../../local/aws/faults/spec.ts';
import { parseOptions, type RunOptions } from '../../../local/run/options.ts';
import { replaySource } from '../../../local/run/replay-source.ts';
import { findings, reportText } from '../../../local/run/report.ts';
import { Run, type RunResult } from '../../../local/run/run.ts';
import { Screen } from '../../../local/run/screen.ts';
import { temporaryFolder } from '../workbench.ts';

const ROOT = fileURLToPath(new URL('../../../', import.meta.url));
const POLLS = 40;
const STATIONS = 30;

/** Polls over a midnight; stations that move at different paces, one that comes late, and one poll without JSON. */
function writeRecording(file: string): void {
  const lines = Array.from({ length: POLLS }, (_, n) => {
    const fetched_at = new Date(Date.parse('2022-06-28T23:40:23Z') + n * 60_000).toISOString();
    if (n === 25) return JSON.stringify({ fetched_at, raw: '<html>busy</html>' });
    const stations = Array.from({ length: n < 10 ? STATIONS - 1 : STATIONS }, (__, i) => ({
      station_id: `s${i}`,
      num_bikes_available: Math.floor(n / (i + 1)) % 7,
      num_docks_available: 9,
      is_installed: true,
      is_renting: true,
      is_returning: true,
      last_reported: 1_656_459_600 + n * 60,
    }));
    return JSON.stringify({ fetched_at, body: { last_updated: 1_656_459_600 + n * 60, ttl: 60, data: { stations } } });
  });
  writeFileSync(file, `${lines.join('\n')}\n`);
}

async function replay(file: string, dir: string, faults: string | null): Promise<RunResult> {
  const options = parseOptions(['--replay', file, '--dir', dir]) as RunOptions;
  const screen = new Screen();
  screen.say = () => undefined;
  screen.show = () => undefined;
  return new Run(dir, await replaySource(options), screen, faults === null ? null : parseFaults(faults)).run(ROOT);
}

test('a replay with faults at a fifth of all calls ends with the figures of the one without', async () => {
  const [plain_dir, faulty_dir] = [temporaryFolder(), temporaryFolder()];
  const file = join(temporaryFolder(), 'town_2022-06-28.ndjson');
  writeRecording(file);
  const plain = await replay(file, plain_dir, null);
  expect(plain.faults).toBeNull();
  expect(reportText(plain)).not.toContain('faults');
  cpSync(join(plain_dir, 'package'), join(faulty_dir, 'package'), { recursive: true }); // the same code need not be packaged again
  const faulty = await replay(file, faulty_dir, '0.2,disk_full=0.02,seed=1');

  // Counted from the recording: 10 polls of 29 stations, 29 of 30; one poll that failed.
  expect(plain.figures).toMatchObject({ polls: 40, polls_failed: 1, bronze_rows: 1160, bronze_distinct: 1160 });
  const { bronze_rows, duplicate, ...same } = plain.figures;
  expect(faulty.figures).toMatchObject(same);
  expect(findings(faulty)).toEqual([]);
  expect(faulty.undelivered).toBe(0);
  expect(faulty.figures.bronze_rows).toBeGreaterThan(bronze_rows);
  expect(faulty.figures.duplicate).toBeGreaterThan(duplicate);

  const met = faulty.faults?.injected ?? [];
  const count = met.reduce((sum, one) => sum + one.count, 0);
  expect(count).toBeGreaterThan(40);
  for (const service of ['kinesis', 'dynamodb', 's3', 'lambda'])
    expect(met.some(({ place }) => place.startsWith(`${service}.`))).toBe(true);
  expect(reportText(faulty)).toContain(`faults  ${count} in `);
  expect(reportText(faulty)).toContain('(seed 1)\n');
}, 300_000);
