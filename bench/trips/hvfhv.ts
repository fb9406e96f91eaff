import { join } from 'node:path';
import { Database } from '../../jobs/duckdb/connection.ts';

/** The types that TLC's months have had for a zone, and for the fee that isn't read. */
const MONTHS = [
  { month: '2019-02', zone: 'INTEGER', fee: 'CAST(NULL AS INTEGER)' },
  { month: '2022-06', zone: 'BIGINT', fee: 'CAST(0 AS DOUBLE)' },
  { month: '2023-01', zone: 'DOUBLE', fee: 'CAST(2.5 AS DOUBLE)' },
  { month: '2024-03', zone: 'INTEGER', fee: 'CAST(0 AS DOUBLE)' },
] as const;

/**
 * Writes a Parquet file for each month, the same ones each time; returns how many rows they have together. Row i of a month: its second in 28
 * days and its zone by multiplication; one of 100,000 has the zone 0, one of 50,000 ends before it starts.
 */
export async function writeHvfhv(folder: string, rows: number, spill_dir: string): Promise<number> {
  await using db = await Database.open({ threads: 2, memory_mb: 2048, spill_dir });
  const each = Math.floor(rows / MONTHS.length);
  for (const { month, zone, fee } of MONTHS) {
    const started = `TIMESTAMP '${month}-01 00:00:00' + to_seconds(CAST(i * 7919 % ${28 * 86_400} AS BIGINT))`;
    await db.run(`COPY (
      SELECT 'HV000' || (3 + i % 3) AS hvfhs_license_num, 'B0' || (2000 + i % 900) AS dispatching_base_num, ${started} AS pickup_datetime,
        ${started} + to_seconds(CASE WHEN i % 50000 = 1 THEN -7200 ELSE 300 + i % 3000 END) AS dropoff_datetime,
        CAST(CASE WHEN i % 100000 = 0 THEN 0 ELSE 1 + i * 31 % 265 END AS ${zone}) AS PULocationID,
        CAST(1 + i * 17 % 265 AS ${zone}) AS DOLocationID, (i % 3000) / 100 AS trip_miles, ${fee} AS airport_fee, 'N' AS shared_request_flag
      FROM range(${each}) AS r(i)
    ) TO '${join(folder, `fhvhv_tripdata_${month}.parquet`)}' (FORMAT parquet, COMPRESSION snappy)`);
  }
  return each * MONTHS.length;
}
