import { existsSync, readFileSync } from 'node:fs';
import { FatalError } from '../../lib/errors.ts';
import { parseSystemInformation } from '../../lib/poll/parse/system-information.ts';
import { withoutEndings } from './recording.ts';

/** A GBFS document that lies beside a recording: `city_2026-11-17.station_information.json` beside `city_2026-11-17.ndjson.gz`. */
export interface FeedBeside {
  readonly feed: string;
  readonly body: Buffer;
}

/** A recording holds station_status. Names and places of stations, and the time zone, come from these where they are there. */
const FEEDS = ['station_information', 'system_information'];

/** The documents beside a recording. Throws FatalError `document_not_readable` for one that is no JSON. */
export function feedsBeside(recording: string): FeedBeside[] {
  return FEEDS.flatMap((feed) => {
    const file = `${withoutEndings(recording)}.${feed}.json`;
    if (!existsSync(file)) return [];
    const body = readFileSync(file);
    try {
      JSON.parse(body.toString());
    } catch (cause) {
      const problem = `${file} is no JSON (${(cause as Error).message}): put the GBFS document there as the feed sends it, or take the file away`;
      throw new FatalError('local', 'document_not_readable', problem, { cause });
    }
    return [{ feed, body }];
  });
}

/** The time zone of system_information (IANA); undefined where there is none that is known here. */
export function timeZoneOf(beside: readonly FeedBeside[]): string | undefined {
  const system = beside.find(({ feed }) => feed === 'system_information');
  const time_zone = system ? parseSystemInformation(system.body).time_zone : null;
  return time_zone !== null && isTimeZone(time_zone) ? time_zone : undefined;
}

function isTimeZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat('en', { timeZone: name }).resolvedOptions().timeZone !== '';
  } catch {
    return false;
  }
}
