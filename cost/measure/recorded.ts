import { VirtualClock } from '../../local/clock.ts';
import { startFeedServer } from '../../local/sources/feed-server.ts';
import { openRecording, recordingSystem } from '../../local/sources/recording.ts';
import type { Workload } from './workload.ts';

/** A recording as a workload: each slot shows its next line. */
export async function recordedWorkload(file: string, from_ms: number): Promise<Workload> {
  const system = await recordingSystem(file);
  const server = await startFeedServer();
  const lines = openRecording(file)[Symbol.asyncIterator]();
  let requests = 0;
  return {
    systems: [
      {
        system_id: system.system_id,
        kind: 'gbfs',
        url: server.url(system.system_id),
        interval_s: 60,
        time_zone: system.time_zone,
        stations: system.stations,
      },
    ],
    clock: new VirtualClock(from_ms, 0),
    allowed_hosts: [new URL(server.url('any')).host],
    seoul_key: '',
    requests: () => requests,
    show: async () => {
      const next = await lines.next();
      if (next.done) throw new Error(`${file}: it has fewer polls than the measurement takes`);
      requests += 1;
      server.show(system.system_id, next.value.body, next.value.is_raw);
    },
    close: () => server.close(),
  };
}
