"""What a run comes to: `runs/<run>.json`."""
from .days import instant_ms
from .gate import incomplete_days
from .relation import query_text


def report_of(shop, run, until, first_open, seconds):
    """
    Figures are of all days that don't wait, as they are now; `dates` are the days that were settled since the last report, `incomplete` those of them that the
    gate doesn't say are closed. `first_open`: the first date that waits; None: none does.
    """
    dates = sorted(shop.manifest.content["untold"])
    incomplete = incomplete_days(shop, dates, None if until is None else instant_ms(until))
    polls = _one(shop, "silver.polls", first_open, "sum(receipt_difference + bronze_difference) AS difference")
    spans = _one(shop, "silver.station_status", first_open, "count(*) AS spans, count_if(is_change) AS changes")
    audit = _one(
        shop,
        "gold.audit_daily",
        first_open,
        "sum(missing) AS missing, sum(extra) AS extra, sum(missing_explained + extra_explained) AS explained",
    )
    return {
        "run": run,
        "until": until,
        "dates": dates,
        "incomplete": incomplete,
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
    """Bronze against the batches of the log, by what is kept of each day: no object of the log is read, and those that have expired aren't missed."""
    shop.bind("lane_days", _before(shop, "gold.ledger_lanes_daily", first_open))
    shop.bind("horizon", f"SELECT DATE '{first_open or '9999-12-31'}' AS first_open")
    [(difference,)] = shop.spark.sql(f"SELECT sum(difference) FROM ({query_text('ledger/ledger_lanes_until')})").collect()
    shop.forget()
    return difference or 0


def _before(shop, table, first_open):
    rows = shop.warehouse.relation(table)
    return rows if first_open is None else f"SELECT * FROM ({rows}) WHERE event_date < DATE '{first_open}'"


def _one(shop, table, first_open, figures):
    [row] = shop.spark.sql(f"SELECT {figures} FROM ({_before(shop, table, first_open)})").collect()
    return row.asDict()
