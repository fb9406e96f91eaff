/**
 * The data quality flags of an event: what was odd about a record that is kept. They are data, never content: a flag that comes
 * or goes is no change of the station. This table is all of them.
 */
export const FLAGS = {
  coordinates_unknown: 'lat and lon are missing, unreadable, out of range or 0,0; both are null',
  docks_placeholder: 'a number of docks that stands for "unlimited" (999999 and the like); null',
  last_reported_future: 'last_reported lies more than 5 minutes after the fetch',
  last_reported_in_ms: 'last_reported was in milliseconds, which GBFS does not have',
  last_reported_missing: 'no last_reported, or null',
  last_reported_stale: 'last_reported is more than a day old although the station says that it rents',
  last_reported_unknown: 'last_reported is a placeholder (0, 18001, 86400, negative) or no time with an offset; null',
  name_missing: 'no name, or an empty one',
  types_sum_differs: 'the vehicle types do not add up to num_bikes_available; both are kept',
  vehicle_types_unreadable: 'vehicle types in a shape that is not known; null, the raw record has them',
} as const;

export type Flag = keyof typeof FLAGS;

/** The flags of one record as an event carries them: sorted, comma-separated; null for none. */
export const toFlags = (flags: Flag[]): string | null => (flags.length === 0 ? null : flags.sort().join(','));
