/** The times at which a schedule expression fires, in UTC. */
export interface Timetable {
  /** The first time after `time_ms`, both epoch ms. */
  readonly next: (time_ms: number) => number;
}

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;
const UNITS_MS: Readonly<Record<string, number>> = {
  // EventBridge Scheduler has no seconds; runs on this machine may poll more often than AWS can.
  second: 1000,
  minute: MINUTE_MS,
  hour: 60 * MINUTE_MS,
  day: DAY_MS,
};
/** Times beyond this are as good as never. */
const HORIZON_DAYS = 366 * 5;

/**
 * Parses `rate(5 minutes)` or `cron(minutes hours day-of-month month day-of-week year)` (EventBridge Scheduler user guide, "Schedule types").
 * Rates count from the epoch. Throws on what can't be read.
 */
export function parseExpression(expression: string): Timetable {
  const rate = /^rate\((\d+) (second|minute|hour|day)s?\)$/.exec(expression);
  if (rate) {
    const every_ms = Number(rate[1]) * (UNITS_MS[rate[2] ?? ''] ?? 0);
    if (every_ms > 0) return { next: (time_ms) => (Math.floor(time_ms / every_ms) + 1) * every_ms };
  }
  const cron = /^cron\(([^)]*)\)$/.exec(expression)?.[1]?.trim().split(/\s+/);
  if (cron?.length === 6) return cronTimetable(cron as Fields, expression);
  throw new Error(`schedule expression ${expression}: expected rate(n minutes) or cron(m h dom mon dow y)`);
}

type Fields = [string, string, string, string, string, string];

const MONTHS = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];
const WEEKDAYS = ['SUN', 'MON', 'TUE', 'WED', 'THU', 'FRI', 'SAT'];

function cronTimetable(fields: Fields, expression: string): Timetable {
  const field = (i: number, lowest: number, highest: number, names: string[] = []): Set<number> =>
    parseField(fields[i] ?? '', lowest, highest, names, expression);
  const minutes = field(0, 0, 59);
  const hours = field(1, 0, 23);
  const days = field(2, 1, 31);
  const months = field(3, 1, 12, MONTHS);
  const weekdays = field(4, 1, 7, WEEKDAYS);
  const years = field(5, 1970, 2199);
  const isDay = (time: Date): boolean =>
    years.has(time.getUTCFullYear()) &&
    months.has(time.getUTCMonth() + 1) &&
    days.has(time.getUTCDate()) &&
    weekdays.has(time.getUTCDay() + 1);
  return {
    next(time_ms) {
      const first_ms = (Math.floor(time_ms / MINUTE_MS) + 1) * MINUTE_MS;
      let day_ms = Math.floor(first_ms / DAY_MS) * DAY_MS;
      for (let i = 0; i <= HORIZON_DAYS; i++, day_ms += DAY_MS) {
        if (!isDay(new Date(day_ms))) continue;
        for (let ms = Math.max(first_ms, day_ms); ms < day_ms + DAY_MS; ms += MINUTE_MS) {
          const time = new Date(ms);
          if (minutes.has(time.getUTCMinutes()) && hours.has(time.getUTCHours())) return ms;
        }
      }
      return Number.POSITIVE_INFINITY;
    },
  };
}

/** `*`, `?`, `a`, `a-b`, `a/n`, `*` with a step, `a-b/n`, lists of them, and names where the field has them. */
function parseField(
  text: string,
  lowest: number,
  highest: number,
  names: readonly string[],
  expression: string,
): Set<number> {
  const values = new Set<number>();
  const number = (part: string): number => {
    const named = names.indexOf(part.toUpperCase());
    return named >= 0 ? named + 1 : /^\d+$/.test(part) ? Number(part) : Number.NaN;
  };
  for (const part of text.split(',')) {
    const [range = '', step = '1'] = part.split('/');
    const [from = '', to] = range.split('-');
    const every = from === '*' || from === '?';
    const start = every ? lowest : number(from);
    const end = every || (to === undefined && part.includes('/')) ? highest : number(to ?? from);
    const stride = number(step);
    if (!(start >= lowest && end <= highest && start <= end && stride >= 1)) {
      throw new Error(`schedule expression ${expression}: can't read ${part} (${lowest} to ${highest})`);
    }
    for (let value = start; value <= end; value += stride) values.add(value);
  }
  return values;
}
