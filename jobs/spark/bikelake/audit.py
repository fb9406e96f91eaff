"""Compares each settled day with the Silver log, where either side changed."""
from .bronze import bronze_keys, bronze_rows
from .days import DAY_MS, day_query, days_after, start_of
from .kept import is_kept
from .log import FIRST_FOLDER, LOG_COLUMNS, expired_until, log_files, log_rows
from .relation import BRONZE_COLUMNS, parquet, query_text, sql_print
from .settle import settle_name

STATUS, INFORMATION, LAST = "silver.station_status", "silver.station_information", "silver.station_last"
POLLS, RECORDS, EXPLANATIONS = "silver.polls", "silver.records", "silver.explanations"
LANES = "gold.ledger_lanes_daily"
SIDES = (STATUS, INFORMATION, RECORDS, POLLS)
BRONZE_OF_STATIONS = ("kind", "system_id", "station_id", "part", "slot_ms", "shard_id", "sequence_number")
LOG_OF_AUDIT = (
    "row_kind",
    *("lane", "kind", "system_id", "station_id", "slot", "content_hash"),
    *("shard_id", "first_sequence", "last_sequence", "fresh", "unchanged", "duplicate", "late", "chain_date"),
)

# What lanes that were begun by relane began with stands in JSON, which is where the engines differ: so it is an input of the SQL.
# A lane without a second object is one whose relane was not completed: its systems went on where they were.
CARRIED = """
  SELECT lane, regexp_extract(entry[0], '^(.*)/(status|information)/([0-9]+)$', 2) AS kind,
    regexp_extract(entry[0], '^(.*)/(status|information)/([0-9]+)$', 1) AS system_id,
    CAST(regexp_extract(entry[0], '^(.*)/(status|information)/([0-9]+)$', 3) AS INT) AS part, CAST(entry[1] AS BIGINT) AS newest_ms
  FROM (
    SELECT h.lane, explode(from_json(h.head, 'newest ARRAY<ARRAY<STRING>>').newest) AS entry
    FROM heads AS h
    SEMI JOIN heads AS t ON t.lane = h.lane AND t.row_kind = 'turn'
    WHERE h.row_kind = 'state'
  )"""
MOVED = """
  SELECT DISTINCT origin.lane, origin.system_id, lpad(coalesce(origin.last_sequence, ''), 128, '0') AS last_sequence
  FROM (
    SELECT explode(from_json(head, 'ARRAY<STRUCT<lane: STRING, system_id: STRING, last_sequence: STRING>>')) AS origin
    FROM heads
    WHERE row_kind = 'turn'
  )"""


def _audit_name(date):
    return f"audit {date}"


def _lanes_name(date):
    return f"lanes {date}"


def make_audits(shop, is_due):
    """
    In order: what explains a day may explain the next. Of a day that the log has and Bronze has not, only the ledger of the lanes is made; none of
    days that aren't due.
    """
    settled = shop.manifest.settled_dates()
    files = []
    gone = expired_until(shop.lake)
    # The chains begin in the first folder: with a turn, never with a batch.
    only_logged = {d for d in shop.manifest.content["log"] if is_due(d) and d != FIRST_FOLDER} - set(settled)
    for date in sorted({*settled, *only_logged}):
        # What has expired would be missing, of the log or of Bronze. The day's audit stays as it is, from when all was there.
        if (gone is not None and date <= gone) or is_kept(shop.manifest, date):
            continue
        sides = [shop.content(settle_name(date), table) for table in SIDES]
        explained = [[d, shop.content(_audit_name(d), EXPLANATIONS)] for d in _explaining(shop, settled, date)]

        def make(date=date):
            if not files:
                files.extend(log_files(shop.lake, date))
            _bind_log(shop, [file for file in files if file.date >= date])
            return _write_lanes(shop, date) if date in only_logged else _audit_day(shop, date, settled)

        if date in only_logged:
            shop.make(_lanes_name(date), [sql_print("ledger"), shop.manifest.content["log"][date]], make)
            continue
        shop.manifest.forget([_lanes_name(date)])
        shop.make(_audit_name(date), [sql_print("ledger"), sides, explained, shop.manifest.content["log"].get(date)], make)


def _explaining(shop, settled, until):
    """By the table, which knows them also where the manifest was lost and the log of the day has expired."""
    return [d for d in settled if d < until and shop.warehouse.rows_of(EXPLANATIONS, d) > 0]


def _bind_log(shop, files):
    """Changes and batches of the folders from a date on: a chain's date is never before the slots of what it consumes."""
    # A log has a small object for each lane and minute: opening them costs more than what is read, so that they are opened once.
    shop.keep_rows("log_rows", log_rows(shop, files).select(*LOG_OF_AUDIT).where("row_kind IN ('change', 'batch')"))
    shop.bind("log_changes", "SELECT * FROM log_rows WHERE row_kind = 'change'")
    shop.bind("log_batches", "SELECT * FROM log_rows WHERE row_kind = 'batch'")
    shop.keep("dated_ranges", "ledger/dated_ranges")
    shop.bind("batch_ranges", "SELECT * FROM dated_ranges")
    lanes = shop.manifest.content["lanes"].values()
    begun = [lane["first"] for lane in lanes if lane["first"] is not None and lane["version"] > 1]
    # It goes with the days that it says something of.
    first = [shop.lake.path(key) for key in begun if shop.lake.exists(key)]
    heads = parquet(shop.spark, LOG_COLUMNS, first).where("head IS NOT NULL").select("lane", "row_kind", "head")
    shop.bind_rows("heads", heads)
    shop.bind("carried", CARRIED)
    shop.bind("moved", MOVED)


def _audit_day(shop, date, settled):
    shop.bind("day", day_query(date))
    before, after = max((d for d in settled if d < date), default=None), min((d for d in settled if d > date), default=None)
    shop.bind_table("records_from", RECORDS, [date] if after is None else [date, after])
    shop.keep("outsiders", "ledger/outsiders")
    shop.bind_table("polls_around", POLLS, [days_after(date, -1), date])
    shop.keep("odd_confirmations", "ledger/odd_confirmations")
    contents = _write_lanes(shop, date)
    lanes = shop.warehouse.relation(LANES, [date])
    [(unconsumed,)] = shop.spark.sql(f"SELECT coalesce(sum(given_up + pending), 0) FROM ({lanes})").collect()
    [(outsiders,)] = shop.spark.sql("SELECT count(*) FROM outsiders").collect()
    if unconsumed > 0:
        shop.manifest.content["open"][date] = True
    else:
        shop.manifest.content["open"].pop(date, None)
    [(odd,)] = shop.spark.sql("SELECT count(*) FROM odd_confirmations").collect()
    is_alike = outsiders + odd == 0
    if not is_alike:
        _bind_two_days(shop, date)
    explanations = shop.warehouse.relation(EXPLANATIONS, []) if is_alike else query_text("ledger/explanations")
    contents[EXPLANATIONS] = shop.warehouse.replace(EXPLANATIONS, date, explanations)
    _bind_sides(shop, date, before, settled)
    contents.update(shop.write("gold.audit_daily", date, "ledger/audit_daily"))
    return contents


def _write_lanes(shop, date):
    """The ledger of the lanes, for the day's records and the batches of its folders."""
    shop.bind("day", day_query(date))
    shop.bind_table("day_records", RECORDS, [date])
    return shop.write(LANES, date, "ledger/ledger_lanes_daily")


def _bind_sides(shop, date, before, settled):
    shop.bind_table("explanations_around", EXPLANATIONS, [days_after(date, -1), date])
    earlier = _explaining(shop, settled, days_after(date, -1))
    shop.bind("open_explanations", f"SELECT * FROM ({shop.warehouse.relation(EXPLANATIONS, earlier)}) WHERE is_open")
    shop.bind_table("station_before", LAST, [] if before is None else [before])
    spans = " UNION ALL ".join(
        f"""SELECT '{kind}' AS kind, system_id, station_id, valid_from AS slot, content_hash, is_change
            FROM ({shop.warehouse.relation(table, [date])})"""
        for kind, table in (("status", STATUS), ("information", INFORMATION))
    )
    shop.bind("day_spans", spans)
    shop.bind("day_changes", "SELECT * FROM day_spans WHERE is_change")
    shop.bind(
        "day_firsts",
        "SELECT kind, system_id, station_id, min(slot) AS slot FROM day_spans GROUP BY kind, system_id, station_id",
    )


def _bind_two_days(shop, date):
    """Such records are read from Bronze again, with the rest of their day and the next; there seldom are any."""
    from_ms = start_of(date)
    until_ms = from_ms + 2 * DAY_MS
    keys = bronze_keys(shop.manifest, from_ms, {"status": until_ms, "information": until_ms, "receipt": from_ms})
    columns = {name: BRONZE_COLUMNS[name] for name in BRONZE_OF_STATIONS}
    rows = bronze_rows(shop, columns, keys).where(f"kind <> 'receipt' AND slot_ms >= {from_ms} AND slot_ms < {until_ms}")
    shop.bind_rows("bronze_window", rows)
