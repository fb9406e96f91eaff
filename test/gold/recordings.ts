import { sharedData } from '../shared.ts';
import type { RecordedSystem } from './recording-lake.ts';

/** A recording, and what must come out of it. */
export interface Recording extends RecordedSystem {
  readonly polls: number;
  readonly failed: number;
  readonly observations: number;
  /** Rows of the Silver log, and settled changes. */
  readonly silver: number;
  /** In the order of TOTALS. */
  readonly gold: readonly number[];
}

const series = (name: string): string => sharedData(`series/${name}.ndjson.gz`);

/** The tables of ../shared/data/README.md, computed there by independent arithmetic. */
export const RECORDINGS: readonly Recording[] = [
  {
    file: series('boulder_2022-04'), system_id: 'boulder', interval_s: 60, time_zone: 'America/Denver',
    polls: 2_765, failed: 18, observations: 120_868, silver: 5_528,
    gold: [5_609, 2_112, 7_601_220, 34_408_953, 1_191_562, 120_759, 32_848, 2_929, 2_916, 5_484],
  },
  {
    file: series('wienmobil_2025-11'), system_id: 'wienmobil', interval_s: 600, time_zone: 'Europe/Vienna',
    polls: 1_006, failed: 0, observations: 262_566, silver: 19_920,
    gold: [21_638, 44_109, 157_738_743, 2_177_116_938, 3_786_971, 69_555_324, 0, 12_386, 12_519, 19_659],
  },
  {
    file: series('docomo_2022-06-29'), system_id: 'docomo', interval_s: 60, time_zone: 'Asia/Tokyo',
    polls: 1_500, failed: 0, observations: 1_615_611, silver: 108_862,
    gold: [109_822, 26_929, 96_869_717, 518_954_876, 26_208_389, 23_128_338, 15_888, 46_005, 45_982, 107_782],
  },
]; // biome-ignore format: a table

/** Spans, station-hours, and the sums over all station-hours that the README gives. */
export const TOTALS = `
  SELECT (SELECT count(*) FROM silver.station_status), count(*), sum(observed_seconds),
    CAST(round(sum(bikes_mean * observed_seconds)) AS BIGINT), sum(empty_seconds), sum(full_seconds), sum(closed_seconds),
    sum(falls), sum(rises), sum(changes)
  FROM gold.station_hourly`;
