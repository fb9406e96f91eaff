import { CASES, type Case, ENGINES } from './cases.ts';
import { type Figures, readBytes } from './report.ts';
import { askName } from './rounds.ts';

const BAR = 14;
const ROW = 20;
const LABELS = 210;
const PANEL = 185;
const GAP = 26;
const HEAD = 44;
const COLOURS = { rows: '#4c78a8', columns: '#f58518' };
const ROW_FORMATS: readonly Case['format'][] = ['json', 'csv', 'avro'];

interface Panel {
  readonly title: string;
  /** Megabytes; undefined where there is no such figure. */
  readonly value: (of: Case) => number | undefined;
}

/** Bars of the files' bytes and of the bytes that DuckDB's queries read (Spark's, where DuckDB has no reader): an SVG. */
export function picture(figures: Figures): string {
  const cases = CASES.filter((of) => figures.costs.has(of));
  const panels: Panel[] = [
    { title: 'MB, the file', value: (of) => (figures.bytes.get(of) ?? 0) / 1e6 },
    ...figures.queries.map((query) => ({
      title: `MB read: ${query.name}`,
      value: (of: Case) => {
        const costs = ENGINES.map((engine) => figures.costs.get(of)?.get(askName(engine, query)));
        const bytes = readBytes(costs.find((own) => own !== undefined) ?? []);
        return bytes === null ? undefined : bytes / 1e6;
      },
    })),
  ];
  const width = LABELS + panels.length * (PANEL + GAP);
  const height = HEAD + cases.length * ROW + 10;
  const labels = cases.map((of, i) => text(LABELS - 8, middle(i), of.name, 'end'));
  const bars = panels.flatMap((panel, p) => panelOf(panel, cases, LABELS + p * (PANEL + GAP)));
  return `${[
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" font-family="sans-serif" font-size="11">`,
    `<rect width="${width}" height="${height}" fill="#ffffff"/>`,
    ...labels,
    ...bars,
    '</svg>',
  ].join('\n')}\n`;
}

function panelOf({ title, value }: Panel, cases: readonly Case[], x: number): string[] {
  // What isn't compressed is many times as large as all the others: its bar is cut.
  const most = Math.max(...cases.map((of) => (of.compression === 'none' ? 0 : (value(of) ?? 0))), Number.MIN_VALUE);
  // The figure stands behind its bar, and needs room there.
  const scale = (PANEL - 66) / most;
  const bars = cases.flatMap((of, i) => {
    const own = value(of);
    if (own === undefined) return [text(x, middle(i), 'not read', 'start')];
    const long = Math.max(1, Math.min(own, most) * scale).toFixed(1);
    const colour = ROW_FORMATS.includes(of.format) ? COLOURS.rows : COLOURS.columns;
    return [
      `<rect x="${x}" y="${HEAD + i * ROW}" width="${long}" height="${BAR}" fill="${colour}"/>`,
      text(
        x + Number(long) + 4,
        middle(i),
        `${own < 10 ? own.toFixed(2) : own.toFixed(0)}${own > most ? ' (cut)' : ''}`,
        'start',
      ),
    ];
  });
  return [text(x, HEAD - 16, title, 'start', 'bold'), ...bars];
}

const middle = (i: number): number => HEAD + i * ROW + BAR - 3;

const text = (x: number, y: number, content: string, anchor: string, weight = 'normal'): string =>
  `<text x="${x.toFixed(1)}" y="${y}" text-anchor="${anchor}" font-weight="${weight}" fill="#222222">${content}</text>`;
