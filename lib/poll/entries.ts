import { type Entry, eventLine } from '../stream/chunk.ts';
import { partOf } from '../stream/lane.ts';
import type { FeedPoll } from './feed-poll.ts';
import type { PlannedSystem } from './plan.ts';

/** What identifies an entry within a slot. */
export const entryKey = ({ system_id, kind, part }: Pick<Entry, 'system_id' | 'kind' | 'part'>): string =>
  `${system_id}/${kind}/${part}`;

/** The accepted events of the polls as entries, one for each part of a document, by lane. A part without events makes none: it was not observed. */
export function entriesByLane(
  polls: readonly FeedPoll[],
  systems: ReadonlyMap<string, PlannedSystem>,
): Map<string, Entry[]> {
  const lanes = new Map<string, Entry[]>();
  for (const { system_id, feed, document, fetched_at_ms } of polls) {
    const planned = systems.get(system_id)?.lanes ?? [];
    const parts = planned.length;
    if (document === null || parts === 0) continue;
    const lines = planned.map((): string[] => []);
    for (const event of document.events) lines[partOf(event.values.station_id, parts)]?.push(eventLine(event));
    planned.forEach((lane, part) => {
      const own = lines[part] ?? [];
      if (own.length === 0) return;
      const kind = feed === 'station_status' ? 'status' : 'information';
      const { feed_updated_ms } = document;
      const entry = { kind, system_id, part, parts, fetched_at_ms, feed_updated_ms, lines: own } as const;
      lanes.set(lane, [...(lanes.get(lane) ?? []), entry]);
    });
  }
  return lanes;
}
