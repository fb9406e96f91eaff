/**
 * The Silver path on a recording, one core: events per second of decoding, judging and writing log objects, beside the bound
 * (decode and parse every line, and do nothing with it). Rounds alternate, so that a slow moment of the machine hits both.
 *
 *   npm run bench -- [recording] [rounds]
 */
import { performance } from 'node:perf_hooks';
import { RejectedInput } from '../lib/errors.ts';
import { parseStationStatus } from '../lib/poll/parse/document.ts';
import { nextObject } from '../lib/silver/judge.ts';
import { encodeObject } from '../lib/silver/object.ts';
import { apply, emptyState } from '../lib/silver/state.ts';
import { decodeChunk, eventLine, packChunks } from '../lib/stream/chunk.ts';
import { partOf } from '../lib/stream/lane.ts';
import { toLaneRecord } from '../lib/stream/record.ts';
import { openRecording } from '../local/sources/recording.ts';

const PARTS = 3;
const BATCH_RECORDS = 100;
const [file = '../shared/data/series/docomo_2022-06-29.ndjson.gz', rounds = '5'] = process.argv.slice(2);

/** The recording as the records of a lane, one chunk a slot, as the poll function sends them. */
async function chunksOf(recording: string): Promise<{ chunks: Buffer[]; events: number }> {
  const chunks: Buffer[] = [];
  let events = 0;
  for await (const { fetched_at_ms: slot_ms, body } of openRecording(recording)) {
    try {
      const document = parseStationStatus(body, { system_id: 'bench', slot_ms, fetched_at_ms: slot_ms });
      const lines: string[][] = Array.from({ length: PARTS }, () => []);
      for (const event of document.events) lines[partOf(event.values.station_id, PARTS)]?.push(eventLine(event));
      const entry = { kind: 'status', system_id: 'bench', parts: PARTS, fetched_at_ms: slot_ms } as const;
      const entries = lines.map((own, part) => ({
        ...entry,
        part,
        feed_updated_ms: document.feed_updated_ms,
        lines: own,
      }));
      chunks.push(...packChunks('bench', slot_ms, entries));
      events += document.events.length;
    } catch (error) {
      if (!(error instanceof RejectedInput)) throw error; // a failed poll has no chunk
    }
  }
  return { chunks, events };
}

function bound(chunks: readonly Buffer[]): number {
  let parsed = 0;
  for (const chunk of chunks)
    for (const line of decodeChunk(chunk).lines) if (JSON.parse(line).i !== undefined) parsed++;
  return parsed;
}

function silver(chunks: readonly Buffer[]): number {
  const state = emptyState();
  let rows = 0;
  for (let from = 0; from < chunks.length; from += BATCH_RECORDS) {
    const records = chunks
      .slice(from, from + BATCH_RECORDS)
      .map((chunk, i) => toLaneRecord(chunk, 'shardId-000000000000', String(from + i)))
      .filter((record) => record !== null);
    for (let object = nextObject(state, records); object !== null; object = nextObject(state, records)) {
      const folder = state.date;
      encodeObject('bench', state.version + 1, object, folder === state.folder ? null : state);
      apply(state, folder, object);
      if (object.type === 'batch') rows += object.changes.length;
    }
  }
  return rows;
}

const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[values.length >> 1] ?? Number.NaN;

const { chunks, events } = await chunksOf(file);
const seconds: Record<'bound' | 'silver', number[]> = { bound: [], silver: [] };
let rows = 0;
for (let round = -1; round < Number(rounds); round++) {
  for (const [name, run] of [
    ['bound', bound],
    ['silver', silver],
  ] as const) {
    const start = performance.now();
    const result = run(chunks);
    if (name === 'silver') rows = result;
    if (round >= 0) seconds[name].push((performance.now() - start) / 1000); // the first round warms up
  }
}
console.log(
  `${events.toLocaleString('en')} events in ${chunks.length} chunks → ${rows.toLocaleString('en')} rows; ${rounds} rounds, medians`,
);
for (const name of ['bound', 'silver'] as const) {
  const rate = Math.round(events / median(seconds[name]));
  console.log(`  ${name.padEnd(7)} ${median(seconds[name]).toFixed(2)} s  ${rate.toLocaleString('en')} events/s/core`);
}
const ratios = seconds.silver.map((s, i) => s / (seconds.bound[i] ?? Number.NaN));
console.log(`  silver / bound, time by round: ${median(ratios).toFixed(2)}`);
