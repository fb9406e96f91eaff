import { RejectedInput } from '../../errors.ts';
import { describe, isObject, type JsonObject, parseJson, shown } from './json.ts';
import { isEnglish, toKey } from './text.ts';

export { parseSystemInformation, type SystemInformation } from './system-information.ts';

const READ = ['station_status', 'station_information', 'system_information'] as const;
export type DiscoveredFeed = (typeof READ)[number];

/** What a GBFS discovery document (gbfs.json) leads to. */
export interface Discovery {
  readonly version: string | null;
  /** Seconds for which the operator says that the document stays as it is. */
  readonly ttl_s: number | null;
  readonly feeds: Readonly<Partial<Record<DiscoveredFeed, string>>>;
  /** What was odd and how it was taken; no URL with its query stands in them. */
  readonly notes: readonly string[];
}

/** Bounds against hostile documents. */
const MAX_FEEDS = 1_000;
const MAX_URL_CHARACTERS = 2_000;
const SHOWN_FEEDS = 12;

/**
 * The feeds of a discovery document of any version: `data.feeds` (3.0), or `data.<language>.feeds` of English, else of the first language that offers
 * stations. A feed that is listed twice: the first usable URL wins. A relative URL is taken from the discovery's; http becomes https
 * where the discovery is https; a key in the discovery's query goes along to the same host, never to another.
 * Throws RejectedInput `not_utf8`, `not_json`, `not_a_discovery_document`, `unusable_feed_url`, or `unsupported_gbfs_kind` for a system
 * without stations (dockless, cars), with what it offers instead.
 */
export function parseDiscovery(body: Buffer, url: string): Discovery {
  const root = parseJson(body);
  if (!isObject(root) || !isObject(root.data)) {
    const message = `not a discovery document, which has feeds under data: it is ${describe(root)}`;
    throw new RejectedInput('poll', 'not_a_discovery_document', message);
  }
  const listed = listedFeeds(root.data);
  const notes: string[] = [];
  const feeds: Partial<Record<DiscoveredFeed, string>> = {};
  for (const { name, url: feedUrl } of listed) {
    if (!isRead(name)) continue;
    if (feeds[name] !== undefined) notes.push(`${name} is listed more than once; the first one is taken`);
    else {
      const absolute = toFeedUrl(feedUrl, new URL(url), name, notes);
      if (absolute !== null) feeds[name] = absolute;
    }
  }
  if (feeds.station_status === undefined) throw withoutStations(listed, notes);
  if (feeds.station_information === undefined) notes.push('the system offers no station_information');
  return { version: toKey(root.version), ttl_s: typeof root.ttl === 'number' ? root.ttl : null, feeds, notes };
}

interface ListedFeed {
  readonly name: string;
  readonly url: string;
}

const isRead = (name: string): name is DiscoveredFeed => (READ as readonly string[]).includes(name);

function listedFeeds(data: JsonObject): ListedFeed[] {
  if (Array.isArray(data.feeds)) return toListed(data.feeds);
  const languages = Object.entries(data).flatMap(([language, entry]) =>
    isObject(entry) && Array.isArray(entry.feeds) ? [{ language, feeds: toListed(entry.feeds) }] : [],
  );
  if (languages.length === 0) {
    const message = `not a discovery document, which has feeds under data: data is ${describe(data)}`;
    throw new RejectedInput('poll', 'not_a_discovery_document', message);
  }
  const withStations = languages.filter(({ feeds }) => feeds.some(({ name }) => name === 'station_status'));
  const [english] = withStations.filter(({ language }) => isEnglish(language));
  return (english ?? withStations[0] ?? languages[0])?.feeds ?? [];
}

const toListed = (feeds: readonly unknown[]): ListedFeed[] =>
  feeds
    .slice(0, MAX_FEEDS)
    .flatMap((feed) =>
      isObject(feed) && typeof feed.name === 'string' && typeof feed.url === 'string'
        ? [{ name: feed.name.trim().replace(/\.json$/, ''), url: feed.url.trim() }]
        : [],
    );

function toFeedUrl(listed: string, discovery: URL, name: DiscoveredFeed, notes: string[]): string | null {
  const url = URL.canParse(listed, discovery.href) ? new URL(listed, discovery.href) : null;
  if (url === null || !/^https?:$/.test(url.protocol) || listed.length > MAX_URL_CHARACTERS || listed === '') {
    notes.push(
      `the URL of ${name} can't be fetched: it is not an http or https URL of at most ${MAX_URL_CHARACTERS} characters`,
    );
    return null;
  }
  if (url.protocol === 'http:' && discovery.protocol === 'https:' && url.port === '') {
    url.protocol = 'https:';
    notes.push(`the URL of ${name} is http; https is taken, as for the discovery document`);
  }
  const missing = [...discovery.searchParams].filter(([key]) => !url.searchParams.has(key));
  if (missing.length > 0) {
    if (url.host === discovery.host) for (const [key, value] of missing) url.searchParams.append(key, value);
    else notes.push(`the query of the discovery URL is not passed on to ${name}, which lies on another host`);
  }
  url.hash = '';
  return url.href;
}

function withoutStations(listed: readonly ListedFeed[], notes: readonly string[]): RejectedInput {
  if (listed.some(({ name }) => name === 'station_status')) {
    const message = `station_status can't be fetched: ${notes.filter((note) => note.includes('station_status')).join('; ')}`;
    return new RejectedInput('poll', 'unusable_feed_url', message);
  }
  const names = [...new Set(listed.map(({ name }) => name))].slice(0, SHOWN_FEEDS).map(shown);
  const offer = names.length === 0 ? 'no feeds' : names.join(', ');
  const message = `the system offers ${offer}, but no station_status: bikelake reads stations, not dockless vehicles or cars`;
  return new RejectedInput('poll', 'unsupported_gbfs_kind', message);
}
