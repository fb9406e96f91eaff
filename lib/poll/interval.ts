const HOUR_S = 3600;
const DAY_S = 24 * HOUR_S;

/** Whether cron (UTC) can keep an interval evenly: whole minutes that divide an hour, or whole hours that divide a day. */
export function isEvenInterval(interval_s: number): boolean {
  if (!Number.isInteger(interval_s) || interval_s <= 0) return false;
  return interval_s < HOUR_S
    ? interval_s % 60 === 0 && HOUR_S % interval_s === 0
    : interval_s % HOUR_S === 0 && DAY_S % interval_s === 0;
}
