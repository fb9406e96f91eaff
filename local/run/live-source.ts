import { config } from '../../lib/config.ts';
import { readCatalogue } from '../../lib/poll/catalogue.ts';
import { VirtualClock } from '../clock.ts';
import { type RunOptions, UsageError } from './options.ts';
import type { Source } from './source.ts';

/** What is assumed of a system that is only known by its URL, until its feed has told. */
const UNKNOWN = { time_zone: 'UTC', interval_s: 60, stations: 1_000 } as const;

/** A live system, by its row in the catalogue or by the URL of its gbfs.json, on the real clock. */
export async function liveSource(options: RunOptions): Promise<Source> {
  const system = options.url === null ? fromCatalogue(options.system ?? '') : fromUrl(options.url);
  const seoul_key = system.kind === 'seoul' ? seoulKey() : null;
  return {
    title: `${system.system_id}, live from ${new URL(system.url).host}`,
    systems: [{ ...system, interval_s: options.interval_s ?? system.interval_s }],
    clock: new VirtualClock(Date.now(), 1),
    // Whoever types the URL of a feed of their own network wants just that host.
    allowed_hosts: [...config.feedAllowedHosts(), ...(options.url === null ? [] : [hostAndPort(new URL(options.url))])],
    seoul_key,
    drive: null,
    done: () => null,
    close: async () => undefined,
  };
}

function fromCatalogue(system_id: string) {
  const systems = readCatalogue('config/systems.csv');
  const system = systems.find((s) => s.system_id === system_id);
  if (system !== undefined) return system;
  const known = systems.map((s) => s.system_id).join(', ');
  throw new UsageError(`--system ${system_id}: config/systems.csv has no such system; it has ${known}`);
}

function fromUrl(url: string) {
  const system_id = new URL(url).hostname.replace(/[^a-z0-9]+/g, '_');
  return { ...UNKNOWN, system_id, kind: 'gbfs' as const, url };
}

function seoulKey(): string {
  const key = process.env.SEOUL_API_KEY;
  if (key) return key;
  throw new UsageError(
    'Seoul needs a key: get one at data.seoul.go.kr (free), and start with SEOUL_API_KEY=… npm start -- --system seoul; the key "sample" works for 5 stations',
  );
}

const hostAndPort = (url: URL): string => `${url.hostname}:${url.port || (url.protocol === 'https:' ? 443 : 80)}`;
