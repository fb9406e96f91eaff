import type { Seen } from '../gold/small-lake.ts';
import type { DrawnStation, Letter } from './draw.ts';

/** What a letter says of a station's status. */
export const SEEN: Readonly<Record<Letter, Required<Seen>>> = {
  A: { bikes: 3, docks: 5, disabled: 0, is_installed: true, is_renting: true, is_returning: true },
  B: { bikes: 9, docks: 0, disabled: 0, is_installed: true, is_renting: true, is_returning: true },
  C: { bikes: 0, docks: 6, disabled: 2, is_installed: true, is_renting: false, is_returning: false },
};

/** The records of a station in a station_status document; what it reports of its own time is another at each slot. */
export function statusRecords({ id, letter, form }: DrawnStation, slot_ms: number): object[] {
  const { bikes, docks, disabled, ...flags } = SEEN[letter];
  const record = {
    station_id: id,
    num_bikes_available: bikes,
    num_docks_available: docks,
    num_bikes_disabled: disabled,
    ...flags,
    last_reported: slot_ms / 1000,
  };
  switch (form) {
    case 'good':
      return [record];
    case 'repeated':
      return [record, { ...record, last_reported: slot_ms / 1000 - 1 }];
    case 'conflicting':
      return [record, { ...record, num_bikes_available: bikes + 1 }];
    case 'bad':
      return [{ ...record, num_bikes_available: -1 }];
  }
}

export const informationRecords = ({ id, letter }: DrawnStation): object[] => [
  { station_id: id, name: `named ${letter}`, lat: 48.2, lon: 16.3, capacity: 12 },
];

export const documentOf = (records: readonly object[], slot_ms: number): Buffer =>
  Buffer.from(JSON.stringify({ last_updated: slot_ms / 1000, ttl: 60, version: '2.3', data: { stations: records } }));
