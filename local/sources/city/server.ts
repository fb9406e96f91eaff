import { headerOf, serveHttp } from '../../aws/http.ts';
import type { Clock } from '../../clock.ts';
import { type Answer, send } from '../answer.ts';
import { City } from './city.ts';
import { notFound, tooManyRequests } from './documents.ts';
import { FAULTS, type Fault, type FaultRates, NO_FAULTS, USUAL_FAULTS } from './faults.ts';
import { FeedState } from './feed-state.ts';
import { gbfsDocuments } from './gbfs.ts';
import { GbfsFeed } from './gbfs-feed.ts';
import { GBFS_23, GBFS_30 } from './gbfs-versions.ts';
import { hash32 } from './random.ts';
import { TIME_ZONE } from './rhythm.ts';
import { seoulAnswer, seoulServerError } from './seoul.ts';

export interface CityServerOptions {
  readonly clock: Pick<Clock, 'now'>;
  readonly seed: number;
  /** Stations of the city that both GBFS feeds show. */
  readonly stations?: number;
  /** Stations of the larger city that the Seoul feed shows, so that it has pages. */
  readonly seoul_stations?: number;
  /** 0, and a port that is taken: any. */
  readonly port?: number;
  /** How often each fault happens; those left out never happen. */
  readonly faults?: Partial<FaultRates>;
}

/** A row of the catalogue. */
export interface CitySystem {
  readonly system_id: string;
  readonly kind: 'seoul' | 'gbfs';
  readonly url: string;
  readonly interval_s: number;
  readonly time_zone: string;
  readonly stations: number;
}

export interface CityRequests {
  readonly total: number;
  readonly not_modified: number;
  /** Minutes in which a document had the fault; requests that were refused. */
  readonly faults: Readonly<Record<Fault, number>>;
}

export interface CityServer {
  /** `http://127.0.0.1:<port>` */
  readonly url: string;
  readonly systems: readonly CitySystem[];
  readonly seoulKey: string;
  /** The city behind a feed, as far as it was asked for: for the truth that no feed tells. */
  city(system_id: string): City;
  requests(): CityRequests;
  close(): Promise<void>;
}

const STATIONS = 300;
const SEOUL_STATIONS = 2300;
const INTERVAL_S = 60;

/**
 * Serves a simulated city on the loopback address: the same stations as GBFS 2.3 and 3.0, and a larger twin in the words of Seoul's
 * open data server. Documents change at full minutes of the clock.
 */
export async function startCity(options: CityServerOptions): Promise<CityServer> {
  const { clock, seed, stations = STATIONS, seoul_stations = SEOUL_STATIONS } = options;
  const rates = options.faults ? { ...NO_FAULTS, ...options.faults } : USUAL_FAULTS;
  const city = new City({ seed, stations, overfull: false, from_ms: clock.now() });
  const seoul = new City({ seed: seed + 1, stations: seoul_stations, overfull: true, from_ms: clock.now() });
  for (const each of [city, seoul]) each.advanceTo(Math.floor(clock.now() / 60_000) * 60_000); // the first request needn't wait for it
  const seoulKey = [1, 2, 3, 4].map((part) => hash32(seed, part).toString(16).padStart(8, '0')).join('');
  const faults = Object.fromEntries(FAULTS.map((fault) => [fault, 0])) as Record<Fault, number>;
  let total = 0;
  let not_modified = 0;

  const stateOf = (of: City, feed: number) => new FeedState(of, rates, feed, (fault) => faults[fault]++);
  const seoulState = stateOf(seoul, 3);
  const seoulFeed = (path: string): Answer => {
    const refusal = path.startsWith(`/${seoulKey}/json/bikeList/`) ? seoulState.refusal(clock.now()) : null;
    if (refusal) return refusal === 'too_many_requests' ? tooManyRequests() : seoulServerError();
    return seoulAnswer(path, seoulKey, () => seoulState.snapshot(clock.now()));
  };

  const server = await listen((request, response) => {
    const path = (request.url ?? '/').split('?')[0] ?? '/';
    const [, root, version = '', file = ''] = path.split('/');
    const wishes = {
      if_none_match: headerOf(request, 'if-none-match'),
      accept_encoding: headerOf(request, 'accept-encoding'),
    };
    const feed = gbfsFeeds.get(version);
    const answer =
      root !== 'gbfs'
        ? seoulFeed(path)
        : feed && file.endsWith('.json')
          ? feed.answer(file.slice(0, -'.json'.length), clock.now(), wishes)
          : notFound(path);
    total++;
    if (answer.status === 304) not_modified++;
    send(response, answer);
  }, options.port ?? 0);

  const gbfsUrl = (version: string) => `${server.url}/gbfs/${version}`;
  const gbfsFeeds = new Map([
    ['2.3', new GbfsFeed(gbfsDocuments('sim_gbfs23', GBFS_23), stateOf(city, 1), gbfsUrl('2.3'))],
    ['3.0', new GbfsFeed(gbfsDocuments('sim_gbfs30', GBFS_30), stateOf(city, 2), gbfsUrl('3.0'))],
  ]);
  const common = { interval_s: INTERVAL_S, time_zone: TIME_ZONE };
  return {
    url: server.url,
    systems: [
      { ...common, system_id: 'sim_gbfs23', kind: 'gbfs', url: `${gbfsUrl('2.3')}/gbfs.json`, stations },
      { ...common, system_id: 'sim_gbfs30', kind: 'gbfs', url: `${gbfsUrl('3.0')}/gbfs.json`, stations },
      { ...common, system_id: 'sim_seoul', kind: 'seoul', url: server.url, stations: seoul_stations },
    ],
    seoulKey,
    city: (system_id) => (system_id === 'sim_seoul' ? seoul : city),
    requests: () => ({ total, not_modified, faults: { ...faults } }),
    close: () => server.close(),
  };
}

/** On the port, or on any where it is taken. */
const listen = (listener: Parameters<typeof serveHttp>[0], port: number) =>
  serveHttp(listener, port).catch((error) => {
    if (port === 0) throw error;
    return serveHttp(listener);
  });
