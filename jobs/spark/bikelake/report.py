"""What a run comes to: `runs/<run>.json`."""
from .log import log_files, log_rows
from .relation import query_text
from .settle import settle_name


def report_of(shop, run, until, seconds):
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
        "ledger_difference": (polls["difference"] or 0) + _lanes_difference(shop),
        "audit_missing": audit["missing"] or 0,
        "audit_extra": audit["extra"] or 0,
        "audit_explained": audit["explained"] or 0,
        "seconds": seconds,
    }


def has_finding(report):
    return any(report[name] > 0 for name in ("ledger_difference", "audit_missing", "audit_extra"))


def _lanes_difference(shop):
    batches = log_rows(shop, log_files(shop.lake)).where("row_kind = 'batch'")
    batches.createOrReplaceTempView("log_batches")
    shop.bind("stream_records", shop.warehouse.relation("silver.records"))
    shop.bind("batch_ranges", query_text("ledger/batch_ranges"))
    [(difference,)] = shop.spark.sql(f"SELECT sum(difference) FROM ({query_text('ledger/ledger_lanes')})").collect()
    return difference or 0


def _one(shop, table, figures):
    [row] = shop.spark.sql(f"SELECT {figures} FROM ({shop.warehouse.relation(table)})").collect()
    return row.asDict()
