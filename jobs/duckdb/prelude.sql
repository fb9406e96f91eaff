-- The names that Spark has and DuckDB has not: with these macros the texts in jobs/sql run on both.
SET TimeZone = 'UTC';
SET default_null_order = 'NULLS_FIRST_ON_ASC_LAST_ON_DESC';
CREATE OR REPLACE MACRO unix_millis(ts) AS epoch_ms(CAST(ts AS TIMESTAMPTZ));
CREATE OR REPLACE MACRO timestamp_millis(ms) AS make_timestamptz(ms * 1000);
CREATE OR REPLACE MACRO from_utc_timestamp(ts, tz) AS timezone(tz, CAST(ts AS TIMESTAMPTZ));
CREATE OR REPLACE MACRO weekday(d) AS isodow(d) - 1;
CREATE OR REPLACE MACRO shiftleft(a, n) AS a << n;
CREATE OR REPLACE MACRO array_sort(a) AS list_sort(a);
CREATE OR REPLACE MACRO array_join(a, separator) AS array_to_string(a, separator);
CREATE OR REPLACE MACRO try_element_at(a, i) AS list_extract(a, i);
-- A local time that comes twice is its first instant, as in Spark; DuckDB's own answer is the second.
CREATE OR REPLACE MACRO to_utc_timestamp(ts, tz) AS CASE
  WHEN timezone(tz, timezone(tz, CAST(ts AS TIMESTAMP)) - INTERVAL 1 HOUR) = CAST(ts AS TIMESTAMP)
    THEN timezone(tz, CAST(ts AS TIMESTAMP)) - INTERVAL 1 HOUR
  ELSE timezone(tz, CAST(ts AS TIMESTAMP)) END;
