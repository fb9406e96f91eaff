"""What a run comes to: `runs/<run>.json`."""
from .log import log_files, log_rows
from .relation import query_text
from .settle import settle_name

RECORDS_BEFORE = """
  SELECT r.*
  FROM ({records}) AS r
  LEFT JOIN (
    SELECT lane, shard_id, min(lpad(first_sequence, 128, '0')) AS first_sequence
    FROM later_batches
    GROUP BY lane, shard_id
  ) AS l ON l.lane = r.lane AND l.shard_id = r.shard_id
  WHERE l.first_sequence IS NULL OR lpad(r.sequence_number, 128, '0') < l.first_sequence"""


def report_of(shop, run, until, first_open, seconds):
    """Figures are of the whole lake as it is now; `dates` are the days that this run settled, `incomplete` those of them that were not closed."""
    made = shop.manifest.content["made"]
    dates = sorted(name[len("settle ") :] for name in shop.made if name.startswith("settle "))
    polls = _one(shop, "silver.polls", "sum(receipt_difference + bronze_difference) AS difference")
    spans = _one(shop, "silver.station_status", "count(*) AS spans, count_if(is_change) AS changes")
    audit = _one(
        shop,
        "gold.audit_daily",
        "sum(missing) AS missing, sum(extra) AS extra, sum(missing_explained + extra_explained) AS explained",
    )
    return {
        "run": run,
        "until": until,
        "dates": dates,
        "incomplete": [date for date in dates if not made[settle_name(date)]["is_closed"]],
        "settled_spans": spans["spans"] or 0,
        "settled_changes": spans["changes"] or 0,
        "ledger_difference": (polls["difference"] or 0) + _lanes_difference(shop, first_open),
        "audit_missing": audit["missing"] or 0,
        "audit_extra": audit["extra"] or 0,
        "audit_explained": audit["explained"] or 0,
        "seconds": seconds,
    }


def has_finding(report):
    return any(report[name] > 0 for name in ("ledger_difference", "audit_missing", "audit_extra"))


def _lanes_difference(shop, first_open):
    """
    Bronze against the batches of the log, of what is settled. `first_open`: the first date that waits. A chain's date is never before the slots of
    what it consumes, so that the folders before that date are a beginning of each chain that holds settled days alone; records from the first batch
    after it on are judged with the next day.
    """
    files = log_files(shop.lake)
    later = [] if first_open is None else [file for file in files if file.date >= first_open]
    before = [file for file in files if first_open is None or file.date < first_open]
    shop.bind_rows("log_batches", log_rows(shop, before).where("row_kind = 'batch'"))
    shop.bind_rows("later_batches", log_rows(shop, later).where("row_kind = 'batch'"))
    shop.bind("batch_ranges", query_text("ledger/batch_ranges"))
    shop.bind("stream_records", RECORDS_BEFORE.format(records=shop.warehouse.relation("silver.records")))
    [(difference,)] = shop.spark.sql(f"SELECT sum(difference) FROM ({query_text('ledger/ledger_lanes')})").collect()
    return difference or 0


def _one(shop, table, figures):
    [row] = shop.spark.sql(f"SELECT {figures} FROM ({shop.warehouse.relation(table)})").collect()
    return row.asDict()
