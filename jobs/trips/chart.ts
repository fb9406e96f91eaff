import type { ChartBar } from './report.ts';

const WIDTH = 960;
const LEFT = 78;
const RIGHT = 20;
const PANEL = 210;
const PLOT = { top: 62, height: 112 };
/** Colours that people with any colour vision tell apart (Okabe and Ito); grey is all others. */
const COLOURS = ['#0072b2', '#e69f00', '#009e73', '#cc79a7', '#b0b0b0'];
const DAY_MS = 86_400_000;

/** A panel for each source: trips by day as stacked bars, the four busiest places and all others. An SVG document. */
export function tripsChart(bars: readonly ChartBar[]): string {
  const sources = [...new Set(bars.map((bar) => bar.source))];
  const height = 30 + PANEL * Math.max(1, sources.length);
  const panels = sources.map((source, i) =>
    panel(
      source,
      bars.filter((bar) => bar.source === source),
      30 + i * PANEL,
    ),
  );
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${WIDTH}" height="${height}" fill="white"/>`,
    `<text x="${LEFT}" y="22" font-size="16" font-weight="bold">Trips by day of their start (local date) and place</text>`,
    ...(sources.length === 0 ? [`<text x="${LEFT}" y="60">No trip was counted.</text>`] : panels),
    '</svg>\n',
  ].join('\n');
}

function panel(source: string, bars: readonly ChartBar[], top: number): string {
  const days = bars.map((bar) => Date.parse(bar.event_date) / DAY_MS);
  const first = Math.min(...days);
  const count = Math.max(...days) - first + 1;
  const totals = new Map<string, number>();
  for (const { event_date, trips } of bars) totals.set(event_date, (totals.get(event_date) ?? 0) + trips);
  const highest = roundUp(Math.max(...totals.values()));
  const step = Math.min(80, (WIDTH - LEFT - RIGHT) / count);
  const bottom = top + PLOT.top + PLOT.height;
  const y = (trips: number): number => bottom - (trips / highest) * PLOT.height;
  const stacked = new Map<string, number>();
  const rects = bars.map(({ event_date, place_rank, place_label, trips }) => {
    const below = stacked.get(event_date) ?? 0;
    stacked.set(event_date, below + trips);
    const x = LEFT + (Date.parse(event_date) / DAY_MS - first) * step;
    const at = `x="${x.toFixed(2)}" y="${y(below + trips).toFixed(2)}" width="${(step * 0.9).toFixed(2)}" height="${(y(below) - y(below + trips)).toFixed(2)}"`;
    return `<rect ${at} fill="${COLOURS[place_rank - 1]}"><title>${event_date} ${escaped(place_label)}: ${trips}</title></rect>`;
  });
  const total = [...totals.values()].reduce((sum, trips) => sum + trips, 0);
  return [
    `<text x="${LEFT}" y="${top + 18}" font-size="13" font-weight="bold">${escaped(source)}: ${total.toLocaleString('en')} trips</text>`,
    legend(bars, top + 38),
    ...[0, highest / 2, highest].map((tick) => gridLine(tick, y(tick))),
    ...rects,
    ...dates(first, count, step, bottom),
    `<text transform="translate(14 ${bottom - PLOT.height / 2}) rotate(-90)" text-anchor="middle">trips a day</text>`,
  ].join('\n');
}

const gridLine = (tick: number, y: number): string =>
  `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${y}" y2="${y}" stroke="#ddd"/><text x="${LEFT - 6}" y="${y + 4}" text-anchor="end">${tick.toLocaleString('en')}</text>`;

function legend(bars: readonly ChartBar[], y: number): string {
  const labels = new Map(bars.map((bar) => [bar.place_rank, bar.place_label]));
  const width = (WIDTH - LEFT - RIGHT) / COLOURS.length;
  return [...labels]
    .sort(([a], [b]) => a - b)
    .map(([rank, label], i) => {
      const x = LEFT + i * width;
      const short = label.length > 26 ? `${label.slice(0, 25)}…` : label;
      return `<rect x="${x}" y="${y - 9}" width="10" height="10" fill="${COLOURS[rank - 1]}"/><text x="${x + 14}" y="${y}">${escaped(short)}</text>`;
    })
    .join('\n');
}

/** At most ten dates, below the first bar and at equal distances. */
function dates(first: number, count: number, step: number, bottom: number): string[] {
  const every = Math.ceil(count / 10);
  return Array.from({ length: Math.ceil(count / every) }, (_, i) => {
    const date = new Date((first + i * every) * DAY_MS).toISOString().slice(0, 10);
    return `<text x="${(LEFT + i * every * step).toFixed(1)}" y="${bottom + 16}">${date}</text>`;
  });
}

/** The next number of the form 2, 4 or 10 times a power of ten, so that its half is a round one. */
function roundUp(n: number): number {
  const power = 10 ** Math.floor(Math.log10(n));
  return Math.max(2, [2, 4, 6, 8, 10].map((m) => m * power).find((m) => m >= n) ?? n);
}

const escaped = (text: string): string =>
  text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    // XML has no way to write them.
    .replace(/[\p{Cc}\ufffe\uffff]/gu, ' ');
