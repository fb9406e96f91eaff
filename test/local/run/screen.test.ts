import { expect, test } from 'vitest';
import { progressLine } from '../../../local/run/screen.ts';

const progress = {
  clock_ms: Date.UTC(2022, 5, 29, 2, 20),
  polls: 681,
  stream_records: 1360,
  bronze_rows: 729653,
  silver_records: 1356,
  gold_hours: 0,
  done: 0.45,
  doing: null,
};

test('the live line has the stages in the order of the data, and fits into 100 columns', () => {
  const line = progressLine(progress);
  expect(line).toBe('06-29 02:20  █████░░░░░░░ 45 %  poll 681 → stream 1,360 → bronze 729,653 → silver 1,356 → gold 0');
  expect(line.length).toBeLessThan(100);
});

test('a source without an end has no bar; what the run does now stands last', () => {
  expect(progressLine({ ...progress, done: null, doing: 'settling' })).toBe(
    '06-29 02:20  poll 681 → stream 1,360 → bronze 729,653 → silver 1,356 → gold 0  settling',
  );
});
