import { startRecorder } from '../sources/recorder.ts';
import { UsageError } from './options.ts';
import type { Source } from './source.ts';

/** The source with its first GBFS system polled through a recorder, which writes what the feed sends to `file`. */
export async function recordedSource(source: Source, file: string): Promise<Source> {
  const system = source.systems.find(({ kind }) => kind === 'gbfs');
  if (system === undefined) {
    throw new UsageError(
      '--record: a recording holds GBFS documents, and this source has no GBFS system; choose one by --system',
    );
  }
  const recorder = await startRecorder({ upstream: system.url, file, clock: source.clock });
  return {
    ...source,
    title: `${source.title}; ${system.system_id} is recorded to ${file}`,
    systems: source.systems.map((s) => (s === system ? { ...s, url: recorder.url } : s)),
    allowed_hosts: [...source.allowed_hosts, new URL(recorder.url).host],
    close: async () => {
      await recorder.close();
      await source.close();
    },
  };
}
