import type { Zone } from './layout.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** The city keeps Korean time, which has no summer time. */
export const TIME_ZONE = 'Asia/Seoul';
export const OFFSET_MS = 9 * HOUR_MS;

/** Rental attempts a day for each station, on the average weekday. */
const DEMAND_PER_STATION_DAY = 24;

/** Share of a day's demand by local hour, before it is scaled to a sum of 1. */
const WEEKDAY = [1.2, 0.7, 0.4, 0.2, 0.3, 1, 3, 7.5, 9.5, 5, 3.5, 4, 5, 4.5, 4, 4.5, 6, 9, 9.5, 6.5, 5, 4, 3, 2];
const WEEKEND = [2, 1.4, 0.9, 0.5, 0.3, 0.5, 1, 2, 3, 4.5, 6, 7, 7.5, 8, 8.5, 8.5, 8, 7, 5.5, 4.5, 4, 3.5, 3, 2.4];
const WEEKEND_DEMAND = 0.85;

type Weights = Readonly<Record<Zone, number>>;
interface Flow {
  readonly from: Weights;
  readonly to: Weights;
}

const MORNING: Flow = {
  from: { centre: 0.6, hub: 2.2, housing: 3.2, river: 0.4 },
  to: { centre: 3.6, hub: 2.6, housing: 0.6, river: 0.3 },
};
const EVENING: Flow = {
  from: { centre: 3.4, hub: 2.4, housing: 0.7, river: 1 },
  to: { centre: 0.8, hub: 2, housing: 3, river: 1.4 },
};
const DAYTIME: Flow = {
  from: { centre: 2, hub: 1.4, housing: 1, river: 1 },
  to: { centre: 1.8, hub: 1.4, housing: 1.2, river: 1 },
};
const LEISURE: Flow = {
  from: { centre: 1.4, hub: 1.4, housing: 1.2, river: 2.6 },
  to: { centre: 1.4, hub: 1.3, housing: 1.2, river: 2.7 },
};

/** An hour of a weekday (0 to 23) or of a day of the weekend (24 to 47), local. */
export type RhythmHour = number;
export const RHYTHM_HOURS = 48;

export function rhythmHourOf(time_ms: number): RhythmHour {
  const local_ms = time_ms + OFFSET_MS;
  const hour = Math.floor(local_ms / HOUR_MS) % 24;
  const weekday = (Math.floor(local_ms / DAY_MS) + 4) % 7; // 1970-01-01 was a Thursday; 0 is Sunday
  return weekday === 0 || weekday === 6 ? 24 + hour : hour;
}

/** The next time the local clock shows `hour` o'clock, after `time_ms`. */
export function nextLocal(hour: number, time_ms: number): number {
  const since_ms = (((time_ms + OFFSET_MS - hour * HOUR_MS) % DAY_MS) + DAY_MS) % DAY_MS;
  return time_ms - since_ms + DAY_MS;
}

/** The local Monday, 04:00, at or before a time. */
export function weekStart(time_ms: number): number {
  const monday_ms = 4 * DAY_MS + 4 * HOUR_MS - OFFSET_MS; // of the first full week of 1970
  return time_ms - ((time_ms - monday_ms) % (7 * DAY_MS));
}

/** Rental attempts per station and ms. */
export function demandRate(hour: RhythmHour): number {
  const [shares, day] = hour < 24 ? [WEEKDAY, 1] : [WEEKEND, WEEKEND_DEMAND];
  const sum = shares.reduce((a, b) => a + b, 0);
  return (DEMAND_PER_STATION_DAY * day * (shares[hour % 24] ?? 0)) / sum / HOUR_MS;
}

/** From and to which zones people ride. */
export function flowAt(hour: RhythmHour): Flow {
  if (hour >= 24) return LEISURE;
  if (hour >= 6 && hour < 10) return MORNING;
  if (hour >= 16 && hour < 21) return EVENING;
  return DAYTIME;
}
