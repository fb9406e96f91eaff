import { type GbfsVersion, type Names, shownAt } from './gbfs.ts';
import { OFFSET_MS } from './rhythm.ts';

const HEARTBEAT_MS = 600_000;

/**
 * GBFS 2.3: integer times, one language, bikes. Its stations report every ten minutes, each at its own seconds, so that the document is
 * a new one each minute although few counts change.
 */
export const GBFS_23: GbfsVersion = {
  version: '2.3',
  time: (time_ms) => Math.floor(time_ms / 1000),
  text: (names) => names.en,
  counts: (s) => ({ num_bikes_available: s.bikes, num_bikes_disabled: s.broken }),
  reportedMs: ({ station }, changed_ms, time_ms) => {
    const phase_ms = (station.index * 37_000) % HEARTBEAT_MS;
    const heartbeat_ms = Math.floor((time_ms - phase_ms) / HEARTBEAT_MS) * HEARTBEAT_MS + phase_ms;
    return Math.max(changed_ms, heartbeat_ms);
  },
  updatedMs: ({ time_ms }) => time_ms,
  system: (system_id, name) => ({ system_id, language: 'en', name: name.en }),
  discovery: (feeds) => ({ en: { feeds } }),
};

const localized = (names: Names) => [
  { text: names.en, language: 'en' },
  { text: names.ko, language: 'ko' },
];

/**
 * GBFS 3.0: RFC 3339 times with an offset, localized texts, vehicles. Its stations report changes alone, so that the document stays
 * what it is while nothing happens.
 */
export const GBFS_30: GbfsVersion = {
  version: '3.0',
  time: (time_ms) => `${new Date(time_ms + OFFSET_MS).toISOString().slice(0, 19)}+09:00`,
  text: localized,
  counts: (s) => ({ num_vehicles_available: s.bikes, num_vehicles_disabled: s.broken }),
  reportedMs: (_station, changed_ms) => changed_ms,
  updatedMs: ({ changed_ms }) => shownAt(changed_ms),
  system: (system_id, name) => ({
    system_id,
    languages: ['en', 'ko'],
    name: localized(name),
    opening_hours: '24/7',
    feed_contact_email: 'feeds@sim.example',
  }),
  discovery: (feeds) => ({ feeds }),
};
