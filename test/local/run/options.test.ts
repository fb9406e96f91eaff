import { expect, test } from 'vitest';
import { parseOptions, USAGE } from '../../../local/run/options.ts';

test('without options: the simulated city, 60 times as fast, in .bikelake', () => {
  expect(parseOptions([])).toEqual({
    dir: '.bikelake',
    replay: [],
    system: null,
    url: null,
    interval_s: null,
    for_s: null,
    record: null,
    json: false,
    speed: 60,
    faults: null,
  });
});

test('several recordings are one source', () => {
  expect(parseOptions(['--replay', 'a.ndjson', '--replay', 'b.ndjson', '--json'])).toMatchObject({
    replay: ['a.ndjson', 'b.ndjson'],
    json: true,
  });
});

test.each([
  [['--replay', 'a', '--system', 'b'], '--replay and --system: a run has one source; give one of them'],
  [
    ['--replay', 'a', '--record', 'b'],
    '--record with --replay: a replay is a recording already; leave one of them out',
  ],
  [['--interval', '90'], '--interval 90: schedules fire on whole minutes; give 60, 120, 300 …'],
  [['--interval', 'x'], '--interval x: it takes whole minutes in seconds: 60, 120, 300 …'],
  [['--for', '0'], '--for 0: it takes a number of seconds above 0'],
  [['--faults', 's4=0.2'], '--faults: rule s4=0.2: there is no service or kind s4'],
  [['--url', 'ftp://x'], "--url ftp://x: give the http(s) URL of a system's gbfs.json"],
])('%j is refused with the option, what it got and the remedy', (argv, message) => {
  expect(() => parseOptions(argv)).toThrow(message);
});

test('an unknown option is named, and the usage follows', () => {
  expect(() => parseOptions(['--reply', 'x'])).toThrow(/Unknown option '--reply'/);
  expect(() => parseOptions(['--reply', 'x'])).toThrow(USAGE);
});
