import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { METRICS } from '../../lib/watch/metrics.ts';
import { watchOf } from './definition.ts';

const text = readFileSync(new URL('../../docs/watch.md', import.meta.url), 'utf8');
/** Rows of the tables whose first cell is code, cell by cell. */
const rows = [...text.matchAll(/^\| `([\w-]+)` \| (.*) \|$/gm)].map(([, name, rest = '']) => [
  name,
  ...rest.split(' | '),
]);

it('docs/watch.md has every metric as the table has it', () => {
  const expected = METRICS.map((m) => [m.name, m.stage, m.sent, m.statistic, m.meaning]);
  expect(rows.filter(([name]) => /^[A-Z]/.test(name ?? ''))).toEqual(expected);
});

it('docs/watch.md has every alarm, in order, with its runbook', async () => {
  const alarms = Object.values(await watchOf([60])).filter(({ Type }) => Type === 'AWS::CloudWatch::Alarm');
  const names = alarms.map(({ Properties }) => Properties.AlarmName.replace('bikelake-dev-', ''));
  const told = rows.filter(([name]) => name?.includes('-'));
  expect(told.map(([name, , , runbook]) => [name, runbook])).toEqual(
    names.map((name) => [name, `[alarm-${name}](runbooks/alarm-${name}.md)`]),
  );
  const read = alarms.reduce(
    (sum, { Properties: { Metrics } }) => sum + (Metrics === undefined ? 1 : Metrics.length - 1),
    0,
  );
  expect(text).toContain(`${read} metrics in ${alarms.length} alarms`);
});
