/** Good documents of each kind, for machines to spoil: small, with a bit of everything in them. */
const NOW_S = 1_795_222_800;
const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));
const root = (data: unknown, version = '2.3') => ({ last_updated: NOW_S, ttl: 60, version, data });

export const STATUS: readonly Buffer[] = [
  json(
    root({
      stations: [
        {
          station_id: 'harbour',
          num_bikes_available: 3,
          num_bikes_disabled: 1,
          num_docks_available: 7,
          is_installed: true,
          is_renting: 1,
          is_returning: 'true',
          last_reported: NOW_S - 60,
          vehicle_types_available: [
            { vehicle_type_id: 'ebike', count: 2 },
            { vehicle_type_id: 'bike', count: 1 },
          ],
        },
        { station_id: 17, num_bikes_available: '4', num_bikes_available_types: { electric: 1, mechanical: 3 } },
        { station_id: 'harbour', num_bikes_available: 3 },
      ],
    }),
  ),
  Buffer.from(
    `\uFEFF{ "last_updated": "2026-11-21T01:00:00Z",\r\n "version": "3.0", "data": { "stations": [ { "station_id": "a\\u00e9", "num_vehicles_available": 0,\n "num_docks_available": 999999, "is_installed": true, "last_reported": "2026-11-21T00:59:00+00:00" } ] } }`,
  ),
];

export const INFORMATION: readonly Buffer[] = [
  json(
    root({
      stations: [
        { station_id: 'harbour', name: 'Harbour', lat: 47.5, lon: 8.25, capacity: 20, region_id: 4 },
        { station_id: 'mill', name: [{ text: 'Mühle', language: 'de' }], lat: '47.6', lon: '8.2', capacity: '12' },
      ],
    }),
  ),
];

export const DISCOVERY: readonly Buffer[] = [
  json(
    root({
      en: {
        feeds: [
          { name: 'station_status', url: 'https://bikes.test/status.json' },
          { name: 'station_information.json', url: '/information.json?a=b#c' },
          { name: 'system_information', url: 'http://other.test/system' },
        ],
      },
      de: { feeds: [{ name: 'station_status', url: 'https://bikes.test/de' }] },
    }),
  ),
  json(root({ feeds: [{ name: 'station_status', url: 'https://bikes.test/3' }] }, '3.0')),
];

export const SYSTEM: readonly Buffer[] = [
  json(
    root({
      system_id: 'city',
      name: [{ text: 'City', language: 'en' }],
      timezone: 'Asia/Seoul',
      languages: ['ko', 'en'],
    }),
  ),
];

export const SEOUL: readonly Buffer[] = [
  json({
    rentBikeStatus: {
      list_total_count: 2,
      RESULT: { CODE: 'INFO-000', MESSAGE: 'ok' },
      row: [
        {
          rackTotCnt: '15',
          stationName: ' 102. A',
          parkingBikeTotCnt: '16',
          shared: '107',
          stationLatitude: '37.5',
          stationLongitude: '126.9',
          stationId: 'ST-4',
        },
        {
          rackTotCnt: '',
          stationName: '103. B',
          parkingBikeTotCnt: '2',
          stationLatitude: '0.0',
          stationLongitude: '0.0',
          stationId: 'ST-5',
        },
      ],
    },
  }),
  json({ RESULT: { CODE: 'INFO-200', MESSAGE: 'none' } }),
  Buffer.from('<RESULT><CODE>ERROR-500</CODE><MESSAGE>x</MESSAGE></RESULT>'),
];

export const CATALOGUE: readonly Buffer[] = [
  Buffer.from(
    'system_id,name,country,kind,url,time_zone,interval_s,stations,gbfs_version,licence,licence_url,attribution\r\n' +
      'city,"City, ""the"" bike",CH,gbfs,https://bikes.test/gbfs.json,Europe/Zurich,60,120,2.3,CC0,,City\n' +
      'seoul,Seoul,KR,seoul,http://openapi.seoul.go.kr:8088,Asia/Seoul,60,2800,,see operator,https://data.test/l,"Seoul\nKR"\n',
  ),
];

export const PLAN: readonly Buffer[] = [
  json({
    format: 1,
    groups: [
      {
        group_id: 'gbfs-60s-1',
        interval_s: 60,
        systems: [
          {
            system_id: 'city',
            kind: 'gbfs',
            url: 'https://bikes.test/gbfs.json',
            interval_s: 60,
            time_zone: 'Europe/Zurich',
            lanes: ['lane-0'],
          },
        ],
      },
    ],
  }),
];

export const RECORDED: readonly Buffer[] = [
  Buffer.from('{"fetched_at": "2022-06-28T15:00:23Z", "body": {"data": {"stations": [{"station_id": "a\\"}"}]}}}'),
  Buffer.from('{"body":[1,{"body":2}],"fetched_at":"2022-06-28T15:00:23.5+09:00"}\r'),
  Buffer.from('{"fetched_at":"2022-06-28T15:00:23Z","raw":"<html>"}'),
];
