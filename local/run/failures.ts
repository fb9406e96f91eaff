import { queryLake } from '../../jobs/duckdb/query-lake.ts';

/** Polls that brought no document, by feed and reason, as the lake has them. */
export interface Failure {
  readonly feed: string;
  readonly reason: string;
  readonly polls: number;
}

export async function failuresOf(lake: string): Promise<Failure[]> {
  const { rows } = await queryLake(
    lake,
    `SELECT feed, coalesce(reason, status) AS reason, count(*) AS polls FROM silver.polls
     WHERE status NOT IN ('ok', 'not_modified') GROUP BY ALL ORDER BY polls DESC, feed, reason`,
  );
  return rows.map(([feed, reason, polls]) => ({ feed: String(feed), reason: String(reason), polls: Number(polls) }));
}

const KEPT = 'what was sent is kept under quarantine/ in the lake';

/** What a person can do about a reason; the last word of `discovery_…` reasons counts. */
const REMEDIES: Readonly<Record<string, string>> = {
  unsupported_gbfs_kind: 'the system lists no stations (dockless bikes or cars): choose one that offers station_status',
  empty_station_list: 'the feed listed no station; that is a gap, and never means that stations vanished',
  not_json: `the URL answers something else than JSON; ${KEPT}`,
  not_a_station_document: `the URL answers JSON of another kind: give the URL of gbfs.json; ${KEPT}`,
  not_a_discovery_document: `the URL answers JSON, but no discovery document: give the URL of gbfs.json; ${KEPT}`,
  invalid_key: 'data.seoul.go.kr refuses the key: check SEOUL_API_KEY',
  unknown_host: "the host has no address: check the URL, and this machine's network",
  connection_failed: "no connection: check the URL, and this machine's network",
  forbidden_address: 'the host lies in a private network: allow it by FEED_ALLOWED_HOSTS, if it is yours',
};

/** A line of the report. */
export function failureLine({ feed, reason, polls }: Failure): string {
  const remedy = REMEDIES[reason] ?? REMEDIES[reason.replace(/^discovery_/, '')];
  return `        ${polls.toLocaleString('en-US')} × ${feed}: ${reason}${remedy === undefined ? '' : ` (${remedy})`}`;
}
