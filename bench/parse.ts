/**
 * Parsing on a recording, one core: events per second from the bytes of station_status documents to accepted events (values, content hash,
 * raw record), beside the bound (JSON.parse of the same bytes). Rounds alternate, so that a slow moment of the machine hits both.
 *
 *   npx node bench/parse.ts [recording] [rounds] [documents]
 */
import { performance } from 'node:perf_hooks';
import { RejectedInput } from '../lib/errors.ts';
import { parseStationStatus } from '../lib/poll/parse/document.ts';
import { openRecording } from '../local/sources/recording.ts';

interface Polled {
  readonly body: Buffer;
  readonly fetched_at_ms: number;
}

const [file = '../shared/data/series/docomo_2022-06-29.ndjson.gz', rounds = '5', documents = '500'] =
  process.argv.slice(2);

/** The first documents of the recording that can be parsed at all. */
async function documentsOf(recording: string, limit: number): Promise<Polled[]> {
  const polled: Polled[] = [];
  for await (const { body, fetched_at_ms } of openRecording(recording)) {
    if (polled.length >= limit) break;
    const own = { body: Buffer.from(body), fetched_at_ms };
    if (parse([own]) > 0) polled.push(own);
  }
  return polled;
}

function bound(polled: readonly Polled[]): number {
  let stations = 0;
  for (const { body } of polled) {
    stations += (JSON.parse(body.toString('utf8')) as { data: { stations: unknown[] } }).data.stations.length;
  }
  return stations;
}

function parse(polled: readonly Polled[]): number {
  let events = 0;
  for (const { body, fetched_at_ms } of polled) {
    try {
      events += parseStationStatus(body, { system_id: 'bench', slot_ms: fetched_at_ms, fetched_at_ms }).events.length;
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error; // a failed poll has no events
    }
  }
  return events;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const polled = await documentsOf(file, Number(documents));
const rates: Record<'bound' | 'parse', number[]> = { bound: [], parse: [] };
for (let round = -1; round < Number(rounds); round++) {
  for (const [name, run] of Object.entries({ bound, parse })) {
    const start = performance.now();
    const count = run(polled);
    if (round >= 0) rates[name as 'bound' | 'parse'].push((count / (performance.now() - start)) * 1000); // the first round warms up
  }
}
console.log(`${parse(polled).toLocaleString('en')} events in ${polled.length} documents; ${rounds} rounds, medians`);
for (const name of ['bound', 'parse'] as const) {
  console.log(`  ${name.padEnd(6)} ${Math.round(median(rates[name])).toLocaleString('en')} events/s/core`);
}
console.log(`  parse / bound, time: ${(median(rates.bound) / median(rates.parse)).toFixed(2)}`);
