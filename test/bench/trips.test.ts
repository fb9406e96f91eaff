import { afterAll, expect, test } from 'vitest';
import { plainCount } from '../../bench/trips/plain-count.ts';
import { HVFHV_INT, HVFHV_LONG, hvfhv, TripRoom } from '../trips/files.ts';

const room = new TripRoom();
afterAll(() => room.remove());

test('the plain loop of bench:trips: zones of three types, what is no zone, what ends before it starts', async () => {
  const double = hvfhv('DOUBLE', [
    ['2024-11-02T23:59:59', '2024-11-03T00:10:00', 132],
    ['2024-11-02T05:00:00', null, null],
    ['2024-11-03T05:00:00', '2024-11-03T03:00:00', 132],
    ['2024-11-03T05:00:00', '2024-11-03T06:00:00', 132.5],
    ['2024-11-03T05:00:00', '2024-11-03T06:00:00', 266],
    ['2024-11-03T05:00:00', '2024-11-03T06:00:00', 0],
  ]);
  const files = [HVFHV_INT, HVFHV_LONG, double].map((content, i) => room.file(`${i}.parquet`, content));
  const { trips, rejected, places } = await plainCount([...files, files[0] ?? '']);
  expect([trips, rejected]).toEqual([5, 4]);
  expect(Object.fromEntries(places)).toEqual({
    '2019-02-01 245': 2,
    '2022-06-01 234': 1,
    '2024-11-02 132': 1,
    '2024-11-02 none': 1,
  });
});

test('and of CSV: an instant counts on its day in Edinburgh, a local time on its own; commas inside quotes', async () => {
  const edinburgh = [
    'started_at,ended_at,duration,start_station_id,start_station_name',
    '2021-06-01 23:30:00.5+00:00,2021-06-01 23:40:00+00:00,600,1,A',
    '2021-12-01 23:30:00+00:00,2021-12-01 23:40:00+00:00,600,1,"A, B"',
    '2021-12-01 23:30:00+00:00,2021-12-01 23:20:00+00:00,600,1,A',
  ];
  const ford = [
    '"duration_sec","start_time","end_time","start_station_id","start_station_name"',
    '75284,"2018-01-31 22:52:35.2390","2018-02-01 19:47:19.8240",,"Mission, Dolores Park"',
  ];
  const { rejected, places } = await plainCount([
    room.file('edinburgh.csv', edinburgh.join('\n')),
    room.file('fordgobike.csv', ford.join('\r\n')),
  ]);
  expect(rejected).toBe(1);
  expect(Object.fromEntries(places)).toEqual({ '2021-06-02 1': 1, '2021-12-01 1': 1, '2018-01-31 none': 1 });
});
