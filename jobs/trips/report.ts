/** Trips of a source on a day that began at one of its four busiest places; rank 5 is all others. */
export interface ChartBar {
  readonly source: string;
  readonly event_date: string;
  readonly place_rank: number;
  readonly place_label: string;
  readonly trips: number;
}

/** What a run of `trips` comes to. Both engines give the same, but for the times. */
export interface TripsReport {
  /** All files that are counted now, by path. */
  readonly files: readonly { path: string; format: string; source: string; trips: number; rejected: number }[];
  /** Paths of those that this run counted. */
  readonly counted: readonly string[];
  /** Paths whose content was counted already. */
  readonly same: readonly string[];
  readonly rejected: readonly { reason: string; rejected: number }[];
  readonly bars: readonly ChartBar[];
}

/** The report as a person reads it. */
export function reportText({ files, counted, same, rejected }: TripsReport): string {
  const number = (n: number): string => n.toLocaleString('en');
  return [
    ...files.map(
      (f) => `${f.path}: ${f.format}, ${f.source}, ${number(f.trips)} trips, ${number(f.rejected)} lines rejected`,
    ),
    ...same.map((path) => `${path}: counted already`),
    ...rejected.map((r) => `rejected for ${r.reason}: ${number(r.rejected)}`),
    `${counted.length} files counted in this run, ${files.length} in all`,
  ].join('\n');
}
