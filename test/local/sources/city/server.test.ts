import { gunzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from 'vitest';
import type { FaultRates } from '../../../../local/sources/city/faults.ts';
import { type CityServer, startCity } from '../../../../local/sources/city/server.ts';
import { fetchJson } from '../fetch-json.ts';

const MINUTE_MS = 60_000;
/** A Tuesday, 08:30 in Seoul and 30 s: many people are on the road. */
const RUSH_MS = Date.parse('2026-11-16T23:30:30Z');
const servers: CityServer[] = [];
const clock = { now_ms: RUSH_MS, now: () => clock.now_ms };

async function started(faults: Partial<FaultRates> = {}, from_ms = RUSH_MS, seoul_stations = 40): Promise<CityServer> {
  clock.now_ms = from_ms;
  const server = await startCity({ clock, seed: 1, stations: 40, seoul_stations, faults });
  servers.push(server);
  return server;
}
afterEach(async () => {
  for (const server of servers.splice(0)) await server.close();
});

describe('the catalogue of the city', () => {
  test('three systems, polled each minute, in the time zone of Seoul', async () => {
    const { url, systems } = await started();
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
    const common = { interval_s: 60, time_zone: 'Asia/Seoul' };
    expect(systems).toEqual([
      { ...common, system_id: 'sim_gbfs23', kind: 'gbfs', url: `${url}/gbfs/2.3/gbfs.json`, stations: 40 },
      { ...common, system_id: 'sim_gbfs30', kind: 'gbfs', url: `${url}/gbfs/3.0/gbfs.json`, stations: 40 },
      { ...common, system_id: 'sim_seoul', kind: 'seoul', url, stations: 40 },
    ]);
  });

  test('a port that is taken is no reason not to start', async () => {
    const first = await started();
    const port = Number(new URL(first.url).port);
    const second = await startCity({ clock, seed: 1, stations: 10, seoul_stations: 10, port });
    servers.push(second);
    expect(second.url).not.toBe(first.url);
    expect((await fetch(`${second.url}/gbfs/2.3/gbfs.json`)).status).toBe(200);
  });

  test('the same seed and time show the same documents after a restart', async () => {
    const first = await (await fetch(`${(await started()).url}/gbfs/2.3/station_status.json`)).text();
    const again = await started({}, RUSH_MS - 10 * 60 * MINUTE_MS); // an earlier time of the same week
    clock.now_ms = RUSH_MS;
    expect(await (await fetch(`${again.url}/gbfs/2.3/station_status.json`)).text()).toBe(first);
  });
});

describe('GBFS 2.3', () => {
  test('discovery lists the feeds under a language', async () => {
    const { url } = await started();
    const { version, ttl, data } = await fetchJson(`${url}/gbfs/2.3/gbfs.json`);
    expect({ version, ttl }).toEqual({ version: '2.3', ttl: 60 });
    expect(data.en.feeds).toEqual(
      ['system_information', 'vehicle_types', 'system_regions', 'station_information', 'station_status'].map(
        (name) => ({
          name,
          url: `${url}/gbfs/2.3/${name}.json`,
        }),
      ),
    );
  });

  test('station_status: integer times, booleans, bikes by type; the state at the last full minute', async () => {
    const { url } = await started();
    const { last_updated, data } = await fetchJson(`${url}/gbfs/2.3/station_status.json`);
    expect(last_updated).toBe(Date.parse('2026-11-16T23:30:00Z') / 1000);
    expect(data.stations).toHaveLength(40);
    for (const station of data.stations) {
      expect(Object.keys(station)).toEqual([
        'station_id',
        'num_bikes_available',
        'num_bikes_disabled',
        'vehicle_types_available',
        'num_docks_available',
        'is_installed',
        'is_renting',
        'is_returning',
        'last_reported',
      ]);
      expect(station.vehicle_types_available.map((t: { vehicle_type_id: string }) => t.vehicle_type_id)).toEqual([
        'classic',
        'electric',
      ]);
      const [classic, electric] = station.vehicle_types_available;
      expect(classic.count + electric.count).toBe(station.num_bikes_available);
      expect(last_updated - station.last_reported).toBeGreaterThanOrEqual(0);
      expect(last_updated - station.last_reported).toBeLessThan(600);
      expect(typeof station.is_renting).toBe('boolean');
    }
  });

  test('station_information fits station_status: same stations, docks = bikes + free docks', async () => {
    const { url } = await started();
    const status = await fetchJson(`${url}/gbfs/2.3/station_status.json`);
    const information = await fetchJson(`${url}/gbfs/2.3/station_information.json`);
    expect(information.data.stations[0]).toEqual({
      station_id: 'sim-0001',
      name: expect.stringMatching(/^[A-Z][a-z]+ /),
      lat: expect.closeTo(37.55, 0),
      lon: expect.closeTo(126.95, 0),
      region_id: expect.stringMatching(/^r-/),
      capacity: expect.any(Number),
    });
    const ids = (document: typeof status) => document.data.stations.map((s: { station_id: string }) => s.station_id);
    expect(ids(information)).toEqual(ids(status));
    status.data.stations.forEach(
      (s: { num_bikes_available: number; num_bikes_disabled: number; num_docks_available: number }, i: number) => {
        expect(s.num_bikes_available + s.num_bikes_disabled + s.num_docks_available).toBe(
          information.data.stations[i].capacity,
        );
      },
    );
  });
});

describe('GBFS 3.0', () => {
  test('discovery has no language, texts are localized, times are RFC 3339 with an offset', async () => {
    const { url } = await started();
    const discovery = await fetchJson(`${url}/gbfs/3.0/gbfs.json`);
    expect(discovery.version).toBe('3.0');
    expect(discovery.data.feeds).toHaveLength(5);
    const information = await fetchJson(`${url}/gbfs/3.0/station_information.json`);
    expect(information.data.stations[0].name.map((n: { language: string }) => n.language)).toEqual(['en', 'ko']);
    const status = await fetchJson(`${url}/gbfs/3.0/station_status.json`);
    expect(status.last_updated).toBe('2026-11-17T08:30:00+09:00');
    expect(status.data.stations[0].last_reported).toMatch(/^2026-11-1[67]T\d\d:\d\d:\d\d\+09:00$/);
    expect(status.data.stations[0]).not.toHaveProperty('num_bikes_available');
  });

  test('shows the same counts as 2.3', async () => {
    const { url } = await started();
    const in23 = await fetchJson(`${url}/gbfs/2.3/station_status.json`);
    const in30 = await fetchJson(`${url}/gbfs/3.0/station_status.json`);
    const counts = (name: string, document: typeof in23) =>
      document.data.stations.map((s: Record<string, unknown>) => [s.station_id, s[name], s.num_docks_available]);
    expect(counts('num_vehicles_available', in30)).toEqual(counts('num_bikes_available', in23));
  });
});

describe('conditional requests', () => {
  test('within a minute the document stays what it is: 304; in the next minute it is another', async () => {
    const server = await started();
    const status = `${server.url}/gbfs/2.3/station_status.json`;
    const first = await fetch(status);
    const headers = { 'if-none-match': first.headers.get('etag') ?? '' };
    expect(first.headers.get('cache-control')).toBe('public, max-age=60');
    clock.now_ms += 20_000;
    const second = await fetch(status, { headers });
    expect([second.status, await second.text()]).toEqual([304, '']);
    clock.now_ms += MINUTE_MS;
    expect((await fetch(status, { headers })).status).toBe(200);
    expect(server.requests()).toMatchObject({ total: 3, not_modified: 1 });
  });

  test('information doesn’t change from minute to minute', async () => {
    const { url } = await started();
    const information = `${url}/gbfs/3.0/station_information.json`;
    const headers = { 'if-none-match': (await fetch(information)).headers.get('etag') ?? '' };
    clock.now_ms += 10 * MINUTE_MS;
    expect((await fetch(information, { headers })).status).toBe(304);
  });

  test('in the small hours a 3.0 status stands for minutes, because nothing happens', async () => {
    const { url } = await started({}, Date.parse('2026-11-17T18:10:00Z'));
    const status = `${url}/gbfs/3.0/station_status.json`;
    let not_modified = 0;
    let etag = '';
    for (let minute = 0; minute < 30; minute++) {
      const response = await fetch(status, { headers: { 'if-none-match': etag } });
      if (response.status === 304) not_modified++;
      else etag = response.headers.get('etag') ?? '';
      clock.now_ms += MINUTE_MS;
    }
    expect(not_modified).toBeGreaterThan(10);
    expect(not_modified).toBeLessThan(30);
  });

  test('gzip for who takes it', async () => {
    const { url } = await started();
    const { get } = await import('node:http');
    const body = await new Promise<Buffer>((resolve) => {
      get(`${url}/gbfs/2.3/station_status.json`, { headers: { 'accept-encoding': 'gzip' } }, (response) => {
        expect(response.headers['content-encoding']).toBe('gzip');
        const pieces: Buffer[] = [];
        response.on('data', (piece) => pieces.push(piece)).on('end', () => resolve(Buffer.concat(pieces)));
      });
    });
    expect(JSON.parse(gunzipSync(body).toString()).version).toBe('2.3');
  });

  test('what is not served is 404', async () => {
    const { url } = await started();
    expect((await fetch(`${url}/gbfs/2.3/free_bike_status.json`)).status).toBe(404);
    expect((await fetch(`${url}/gbfs/1.0/gbfs.json`)).status).toBe(404);
  });
});

describe('Seoul', () => {
  test('the total is the number of rows of this answer; past the end the code stands at the top', async () => {
    const { url, seoulKey } = await started({}, RUSH_MS, 2300);
    const page = async (range: string) => fetchJson(`${url}/${seoulKey}/json/bikeList/${range}/`);
    const pages = await Promise.all(['1/1000', '1001/2000', '2001/3000'].map(page));
    expect(pages.map((p) => p.rentBikeStatus.list_total_count)).toEqual([1000, 1000, 300]);
    expect(pages.map((p) => p.rentBikeStatus.row.length)).toEqual([1000, 1000, 300]);
    expect(pages[0].rentBikeStatus.RESULT.CODE).toBe('INFO-000');
    const ids = pages.flatMap((p) => p.rentBikeStatus.row.map((r: { stationId: string }) => r.stationId));
    expect(new Set(ids).size).toBe(2300);
    expect((await page('3001/4000')).CODE).toBe('INFO-200');
  });

  test('a row is seven strings, with more bikes than racks now and then', async () => {
    const { url, seoulKey } = await started({}, RUSH_MS, 2300);
    const { rentBikeStatus } = await fetchJson(`${url}/${seoulKey}/json/bikeList/1/1000/`);
    const rows: Record<string, string>[] = rentBikeStatus.row;
    expect(rows[0]).toEqual({
      rackTotCnt: expect.stringMatching(/^\d+$/),
      stationName: expect.stringMatching(/^101\. /),
      parkingBikeTotCnt: expect.stringMatching(/^\d+$/),
      shared: expect.stringMatching(/^\d+$/),
      stationLatitude: expect.stringMatching(/^37\.\d{8}$/),
      stationLongitude: expect.stringMatching(/^12[67]\.\d{8}$/),
      stationId: 'ST-4',
    });
    expect(rows.filter((r) => Number(r.parkingBikeTotCnt) > Number(r.rackTotCnt)).length).toBeGreaterThan(10);
    expect(rows.filter((r) => !/^\d+\. /.test(r.stationName ?? '')).length).toBeGreaterThan(100);
  });

  test('one station by its id', async () => {
    const { url, seoulKey } = await started();
    const { rentBikeStatus } = await fetchJson(`${url}/${seoulKey}/json/bikeList/1/5/ST-5`);
    expect(rentBikeStatus.row.map((r: { stationId: string }) => r.stationId)).toEqual(['ST-5']);
  });

  test.each([
    ['1/1001', 'ERROR-336'],
    ['0/5', 'ERROR-331'],
    ['5/2', 'ERROR-334'],
    ['a/5', 'ERROR-333'],
    ['1', 'ERROR-300'],
  ])('a request for rows %s is answered %s, with HTTP 200', async (range, code) => {
    const { url, seoulKey } = await started();
    const response = await fetch(`${url}/${seoulKey}/json/bikeList/${range}/`);
    expect(response.status).toBe(200);
    expect(await response.json()).toEqual({ RESULT: { CODE: code, MESSAGE: expect.any(String) } });
  });

  test('a wrong key gets XML, although JSON was asked for', async () => {
    const { url } = await started();
    const response = await fetch(`${url}/not-the-key/json/bikeList/1/1000/`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'application/xml;charset=UTF-8']);
    expect(await response.text()).toMatch(/^<RESULT><CODE>INFO-100<\/CODE>/);
  });

  test('the sample key is good for five rows', async () => {
    const { url } = await started();
    expect((await fetchJson(`${url}/sample/json/bikeList/1/5/`)).rentBikeStatus.row).toHaveLength(5);
    expect((await fetchJson(`${url}/sample/json/bikeList/1/6/`)).RESULT.CODE).toBe('ERROR-335');
  });
});

describe('faults, each by itself', () => {
  const status = async (server: CityServer) => fetchJson(`${server.url}/gbfs/2.3/station_status.json`);
  const bikeList = async (server: CityServer) => fetchJson(`${server.url}/${server.seoulKey}/json/bikeList/1/1000/`);

  test('none where none is asked for', async () => {
    const server = await started();
    for (let minute = 0; minute < 30; minute++) {
      clock.now_ms += MINUTE_MS;
      expect((await status(server)).data.stations).toHaveLength(40);
    }
    expect(Object.values(server.requests().faults).every((n) => n === 0)).toBe(true);
  });

  test('a negative count', async () => {
    const server = await started({ negative_count: 1 });
    const negative = (await status(server)).data.stations.filter(
      (s: { num_bikes_available: number }) => s.num_bikes_available === -1,
    );
    expect(negative).toHaveLength(1);
    expect(server.requests().faults.negative_count).toBe(1);
  });

  test('a station that is listed twice', async () => {
    const server = await started({ repeated_station: 1 });
    const { stations } = (await status(server)).data;
    expect(stations).toHaveLength(41);
    expect(new Set(stations.map((s: object) => JSON.stringify(s))).size).toBe(40);
  });

  test('a station without last_reported', async () => {
    const server = await started({ no_report_time: 1 });
    const { stations } = (await status(server)).data;
    expect(stations.filter((s: object) => !('last_reported' in s))).toHaveLength(1);
  });

  test('an empty list, with a fresh last_updated; in Seoul no first page', async () => {
    const server = await started({ empty: 1 });
    const { last_updated, data } = await status(server);
    expect(last_updated).toBe(Date.parse('2026-11-16T23:30:00Z') / 1000);
    expect(data.stations).toEqual([]);
    expect((await bikeList(server)).CODE).toBe('INFO-200');
  });

  test('a document that stands still while time passes', async () => {
    const server = await started({ stale: 1 });
    const first = await status(server);
    clock.now_ms += 8 * MINUTE_MS;
    expect(await status(server)).toEqual(first);
    expect(server.requests().faults.stale).toBe(1);
  });

  test('an internal error: for one request, or for so many that trying again doesn’t help', async () => {
    const server = await started({ server_error: 1 });
    const failed_in_a_row = new Set<number>();
    for (let minute = 0; minute < 20; minute++) {
      clock.now_ms += MINUTE_MS;
      let failed = 0;
      while ((await fetch(`${server.url}/gbfs/2.3/station_status.json`)).status === 500) failed++;
      failed_in_a_row.add(failed);
    }
    expect([...failed_in_a_row].sort((a, b) => a - b)).toEqual([1, 8]);
    expect((await bikeList(server)).RESULT.CODE).toBe('ERROR-500');
  });

  test('too many requests, with a time to wait', async () => {
    const server = await started({ too_many_requests: 1 });
    const first = await fetch(`${server.url}/gbfs/3.0/station_status.json`);
    expect([first.status, first.headers.get('retry-after')]).toEqual([429, '1']);
    expect((await fetch(`${server.url}/gbfs/3.0/station_status.json`)).status).toBe(200);
  });

  test('the usual rates make faults rare: some in a day, most minutes without', async () => {
    clock.now_ms = RUSH_MS;
    const server = await startCity({ clock, seed: 1, stations: 5, seoul_stations: 5 });
    servers.push(server);
    let good = 0;
    for (let minute = 0; minute < 24 * 60; minute++) {
      clock.now_ms += MINUTE_MS;
      const document = await fetchJson(`${server.url}/gbfs/2.3/station_status.json`).catch(() => null);
      if (document?.data.stations.length === 5) good++;
    }
    expect(good).toBeGreaterThan(0.95 * 24 * 60);
    expect(good).toBeLessThan(24 * 60);
    expect(server.requests().faults.negative_count).toBeGreaterThan(0);
  });
});
