import { Misuse } from './command.ts';

/** UTC dates or instants of --from, --to and --date as slots [from_ms, until_ms); without any of them, all. */
export function slotRange(
  from: string | null,
  to: string | null,
  date: string | null = null,
): { from_ms: number; until_ms: number } {
  if (date !== null && (from !== null || to !== null))
    throw new Misuse('--date with --from or --to: give a day or a range');
  return {
    from_ms: instant('from', date ?? from, 0) ?? 0,
    until_ms: instant('to', date ?? to, DAY_MS) ?? Number.MAX_SAFE_INTEGER,
  };
}

const DAY_MS = 86_400_000;

/** A date stands for its beginning, or with `whole_ms` for its end. */
function instant(option: string, text: string | null, whole_ms: number): number | null {
  if (text === null) return null;
  const isDate = /^\d{4}-\d\d-\d\d$/.test(text);
  const ms = isDate ? Date.parse(`${text}T00:00:00Z`) + whole_ms : Date.parse(text);
  if (Number.isNaN(ms) || !(isDate || /^\d{4}-\d\d-\d\dT.*(Z|[+-]\d\d:\d\d)$/.test(text))) {
    throw new Misuse(
      `--${option} ${text}: give a UTC date such as 2026-11-21, or an instant such as 2026-11-21T10:30:00Z`,
    );
  }
  return ms;
}
