import { expect, test } from 'vitest';
import { tripsChart } from '../../jobs/trips/chart.ts';

const bar = (event_date: string, place_rank: number, place_label: string, trips: number, source = 'edinburgh') => ({
  source,
  event_date,
  place_rank,
  place_label,
  trips,
});

test('a panel for each source, with title, axes and legend; bars stand on each other to the height of the day', () => {
  const svg = tripsChart([
    bar('2021-06-01', 1, 'A & B <1>', 300),
    bar('2021-06-01', 5, 'all others', 100),
    bar('2021-06-03', 1, 'A & B <1>', 200),
    bar('2024-01-01', 1, 'zone 132', 7, 'nyc_hvfhv'),
  ]);
  expect(svg).toContain('>Trips by day of their start (local date) and place<');
  expect(svg).toContain('>edinburgh: 600 trips<');
  expect(svg).toContain('>nyc_hvfhv: 7 trips<');
  expect(svg).toContain('>trips a day<');
  expect(svg.match(/>2021-06-0\d</g)).toEqual(['>2021-06-01<', '>2021-06-02<', '>2021-06-03<']);
  expect(svg).toContain('A &amp; B &lt;1&gt;</text>');
  const heights = [...svg.matchAll(/height="([\d.]+)" fill="#\w+"><title>2021/g)].map((match) => Number(match[1]));
  // The axis ends at 400, which is 112 pixels high.
  expect(heights).toEqual([84, 28, 56]);
  expect(svg).toContain('>400</text>');
  expect(svg).not.toMatch(/NaN|undefined|Infinity/);
});

test('without trips it says so', () => {
  expect(tripsChart([])).toContain('No trip was counted.');
});
