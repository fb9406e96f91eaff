-- The trips of a CSV file, as they were read; `fault` says what is wrong with a line. Times are ms; local ones count from 1970-01-01 00:00 local.
-- Inputs: file_lines (line; blank ones left out), layout (one row: where in a line the fields stand, numbered from 1).
-- A line is a row: a quote that isn't closed costs its own line and not the rest of the file. So a field can't have a line break inside.
-- Two ways to write a time: 2021-06-01 00:26:47[.506][+00:00], and the 9/1/2014 0:26[:47] of some months of Citi Bike. Fractions of a second
-- are left out. A time with an offset is an instant; the others are local times of the source.
WITH split_lines AS (
  SELECT line AS raw, regexp_extract_all(',' || line, ',("[^"]*"(?:"[^"]*")*|[^",][^,]*|)', 1) AS fields
  FROM file_lines
),
chosen AS (
  SELECT s.raw, l.time_zone,
    CASE
      WHEN s.raw LIKE '%�%' THEN 'not_utf8'
      WHEN array_join(s.fields, ',') <> s.raw THEN 'bad_quotes'
      WHEN try_element_at(s.fields, l.field_count) IS NULL OR try_element_at(s.fields, l.field_count + 1) IS NOT NULL THEN 'field_count'
    END AS fault,
    try_element_at(s.fields, l.started_field) AS started,
    try_element_at(s.fields, l.ended_field) AS ended,
    try_element_at(s.fields, l.place_id_field) AS place_id,
    try_element_at(s.fields, l.place_name_field) AS place_name
  FROM split_lines AS s
  CROSS JOIN layout AS l
  WHERE s.raw <> l.header
),
unquoted AS (
  SELECT raw, time_zone, fault,
    trim(replace(started, '"', '')) AS started,
    trim(replace(ended, '"', '')) AS ended,
    trim(CASE WHEN place_id LIKE '"%' THEN replace(substr(place_id, 2, length(place_id) - 2), '""', '"') ELSE place_id END) AS place_id,
    trim(CASE WHEN place_name LIKE '"%' THEN replace(substr(place_name, 2, length(place_name) - 2), '""', '"') ELSE place_name END) AS place_name
  FROM chosen
),
iso AS (
  SELECT raw, time_zone, fault, place_id, place_name, ended <> '' AS has_end,
    CASE WHEN started LIKE '%/%'
      THEN regexp_extract(started, '^([0-9]+)/([0-9]+)/([0-9]{4}) ([0-9]+):([0-9]{2})(:[0-9]{2})?$', 3)
        || '-' || lpad(regexp_extract(started, '^([0-9]{1,2})/', 1), 2, '0')
        || '-' || lpad(regexp_extract(started, '/([0-9]{1,2})/', 1), 2, '0')
        || ' ' || lpad(regexp_extract(started, ' ([0-9]{1,2}):', 1), 2, '0')
        || ':' || regexp_extract(started, ':([0-9]{2})', 1)
        || coalesce(nullif(regexp_extract(started, ':[0-9]{2}(:[0-9]{2})$', 1), ''), ':00')
      ELSE started END AS started,
    CASE WHEN ended LIKE '%/%'
      THEN regexp_extract(ended, '^([0-9]+)/([0-9]+)/([0-9]{4}) ([0-9]+):([0-9]{2})(:[0-9]{2})?$', 3)
        || '-' || lpad(regexp_extract(ended, '^([0-9]{1,2})/', 1), 2, '0')
        || '-' || lpad(regexp_extract(ended, '/([0-9]{1,2})/', 1), 2, '0')
        || ' ' || lpad(regexp_extract(ended, ' ([0-9]{1,2}):', 1), 2, '0')
        || ':' || regexp_extract(ended, ':([0-9]{2})', 1)
        || coalesce(nullif(regexp_extract(ended, ':[0-9]{2}(:[0-9]{2})$', 1), ''), ':00')
      ELSE ended END AS ended
  FROM unquoted
),
read_times AS (
  SELECT raw, time_zone, fault, place_id, place_name, has_end,
    CASE WHEN regexp_extract(started, '^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]+)?(?:[+-][0-9]{2}:[0-9]{2})?$', 0) <> ''
      THEN unix_millis(try_cast(substr(started, 1, 10) || ' ' || substr(started, 12, 8) AS TIMESTAMP)) END AS started_wall_ms,
    CASE WHEN regexp_extract(ended, '^[0-9]{4}-[0-9]{2}-[0-9]{2}[ T](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]+)?(?:[+-][0-9]{2}:[0-9]{2})?$', 0) <> ''
      THEN unix_millis(try_cast(substr(ended, 1, 10) || ' ' || substr(ended, 12, 8) AS TIMESTAMP)) END AS ended_wall_ms,
    nullif(regexp_extract(started, '[+-][0-9]{2}:[0-9]{2}$', 0), '') AS started_offset,
    nullif(regexp_extract(ended, '[+-][0-9]{2}:[0-9]{2}$', 0), '') AS ended_offset
  FROM iso
),
instants AS (
  SELECT raw, time_zone, fault, place_id, place_name, has_end, started_wall_ms, ended_wall_ms, started_offset, ended_offset,
    started_wall_ms - CASE WHEN started_offset LIKE '-%' THEN -1 ELSE 1 END
      * (CAST(substr(started_offset, 2, 2) AS BIGINT) * 3600000 + CAST(substr(started_offset, 5, 2) AS BIGINT) * 60000) AS started_ms,
    ended_wall_ms - CASE WHEN ended_offset LIKE '-%' THEN -1 ELSE 1 END
      * (CAST(substr(ended_offset, 2, 2) AS BIGINT) * 3600000 + CAST(substr(ended_offset, 5, 2) AS BIGINT) * 60000) AS ended_ms
  FROM read_times
)
SELECT raw, time_zone, fault, has_end, started_ms, ended_ms,
  CASE WHEN started_offset IS NULL THEN started_wall_ms
    ELSE unix_millis(from_utc_timestamp(timestamp_millis(started_ms), time_zone)) END AS started_local_ms,
  CASE WHEN ended_offset IS NULL THEN ended_wall_ms
    ELSE unix_millis(from_utc_timestamp(timestamp_millis(ended_ms), time_zone)) END AS ended_local_ms,
  CASE WHEN place_id NOT IN ('', 'NULL') THEN place_id END AS place_id,
  CASE WHEN place_name NOT IN ('', 'NULL') THEN place_name END AS place_name
FROM instants
