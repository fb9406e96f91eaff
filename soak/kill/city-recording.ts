import { VirtualClock } from '../../local/clock.ts';
import { startCity } from '../../local/sources/city/server.ts';
import { createRecordingFile } from '../../local/sources/recording-file.ts';

const MINUTE_MS = 60_000;
/** Before midnight, so that the log of the replay has a turn, and Gold two days. */
const FROM_MS = Date.parse('2026-11-20T22:45:00Z');

/** Records the simulated city, with its usual faults, minute by minute to a file that does not exist yet. The same seed gives the same file. */
export async function recordCity(file: string, size: { seed: number; stations: number; polls: number }): Promise<void> {
  const clock = new VirtualClock(FROM_MS, 0);
  const city = await startCity({ clock, seed: size.seed, stations: size.stations, seoul_stations: 10 });
  const recording = createRecordingFile(file);
  try {
    for (let poll = 0; poll < size.polls; poll++) {
      clock.advanceTo(FROM_MS + poll * MINUTE_MS);
      const answer = await fetch(`${city.url}/gbfs/2.3/station_status.json`);
      recording.append(clock.now(), Buffer.from(await answer.arrayBuffer()));
    }
  } finally {
    recording.close();
    await city.close();
  }
}
