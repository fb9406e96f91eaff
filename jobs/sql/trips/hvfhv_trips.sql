-- The trips of a Parquet file of New York's high-volume for-hire vehicles, in the columns of csv_trips. Times are local, as TLC writes them.
-- Inputs: trip_rows (the file, with the types that it has), layout.
-- TLC's types change from month to month: a zone is INT, BIGINT or DOUBLE, so it is read as DOUBLE and must be one of the 265 that there are.
-- Columns that are not named here are not read, whatever their types are (airport_fee has none at all in some months).
WITH zones AS (
  SELECT hvfhs_license_num, pickup_datetime, dropoff_datetime, PULocationID, DOLocationID, try_cast(PULocationID AS DOUBLE) AS zone
  FROM trip_rows
),
numbered AS (
  SELECT hvfhs_license_num, pickup_datetime, dropoff_datetime, PULocationID, DOLocationID,
    CASE WHEN zone >= 1 AND zone <= 265 AND zone = floor(zone) THEN CAST(floor(zone) AS INT) END AS zone
  FROM zones
)
SELECT
  'hvfhs_license_num=' || coalesce(CAST(z.hvfhs_license_num AS STRING), '')
    || ' pickup_datetime=' || coalesce(CAST(CAST(z.pickup_datetime AS TIMESTAMP) AS STRING), '')
    || ' dropoff_datetime=' || coalesce(CAST(CAST(z.dropoff_datetime AS TIMESTAMP) AS STRING), '')
    || ' PULocationID=' || coalesce(CAST(z.PULocationID AS STRING), '')
    || ' DOLocationID=' || coalesce(CAST(z.DOLocationID AS STRING), '') AS raw,
  l.time_zone,
  CASE WHEN z.PULocationID IS NOT NULL AND z.zone IS NULL THEN 'bad_zone' END AS fault,
  z.dropoff_datetime IS NOT NULL AS has_end,
  CAST(NULL AS BIGINT) AS started_ms,
  CAST(NULL AS BIGINT) AS ended_ms,
  unix_millis(CAST(z.pickup_datetime AS TIMESTAMP)) AS started_local_ms,
  unix_millis(CAST(z.dropoff_datetime AS TIMESTAMP)) AS ended_local_ms,
  CAST(z.zone AS STRING) AS place_id,
  CAST(NULL AS STRING) AS place_name
FROM numbered AS z
CROSS JOIN layout AS l
