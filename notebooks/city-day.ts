import { writeFileSync } from 'node:fs';
import { City } from '../local/sources/city/city.ts';
import { gbfsDocuments } from '../local/sources/city/gbfs.ts';
import { GBFS_23 } from '../local/sources/city/gbfs-versions.ts';
import { snapshotOf } from '../local/sources/city/snapshot.ts';
import { createRecordingFile } from '../local/sources/recording-file.ts';

const MINUTE_MS = 60_000;
/** A Tuesday of the city, which keeps Korean time: it lies in two UTC days. */
const FROM_MS = Date.parse('2026-11-16T15:00:00Z');
/** The last one is at midnight, and ends the day's last interval. */
const POLLS = 289;
const STEP_MS = 5 * MINUTE_MS;
const STATIONS = 200;
/** The collector stood still: 13:10 to 14:05, local time. Longer than the guard of 15 minutes. */
const OUTAGE = { from_poll: 158, to_poll: 169 } as const;
/** The feed's server failed: 20:00 to 20:10. Shorter than the guard. */
const FAILED_POLLS: readonly number[] = [240, 241];
const FAILURE = '502 Bad Gateway';

const documentOf = (feed: object | undefined): Buffer => Buffer.from(JSON.stringify(feed));

/**
 * Records a day of the simulated city, and what a map needs beside it, as `<folder>/city_2026-11-17.*`; always the same one. Returns the
 * recording's file, which `npm start -- --replay` takes. Throws FatalError where it can't be written, also where it is there already.
 */
export function recordCityDay(folder: string): string {
  const name = `${folder}/city_2026-11-17`;
  const recording = createRecordingFile(`${name}.ndjson.gz`);
  const city = new City({ seed: 1, stations: STATIONS, overfull: false, from_ms: FROM_MS });
  const { feeds } = gbfsDocuments('city', GBFS_23);
  city.advanceTo(FROM_MS);
  for (const feed of ['station_information', 'system_information']) {
    writeFileSync(`${name}.${feed}.json`, documentOf(feeds[feed]?.(snapshotOf(city))));
  }
  for (let poll = 0; poll < POLLS; poll++) {
    const time_ms = FROM_MS + poll * STEP_MS;
    if (poll >= OUTAGE.from_poll && poll < OUTAGE.to_poll) continue;
    city.advanceTo(time_ms);
    const answer = FAILED_POLLS.includes(poll)
      ? Buffer.from(FAILURE)
      : documentOf(feeds.station_status?.(snapshotOf(city)));
    recording.append(time_ms, answer);
  }
  recording.close();
  return `${name}.ndjson.gz`;
}
