"""Settles UTC days from Bronze alone: observations become spans, receipts polls, chunks records."""
from .bronze import bronze_keys, bronze_rows, first_basis
from .days import DAY_MS, day_query, start_of
from .errors import Refused
from .kept import keep_as_it_is, keep_gone_days, must_be_whole
from .relation import BRONZE_COLUMNS, query_text, sql_print
from .reloads import ranges_within, reloads_query
from .systems import INFORMATION_GUARD_MS, feeds_query, guard_ms, systems_query

BRONZE_WITHOUT_RAW = {name: t for name, t in BRONZE_COLUMNS.items() if name != "raw"}

# What is named as an input more than once, or is small beside what it is made of, is kept. Events and observations are as many as the rows
# of Bronze: they are computed where they are used, by exchanges that Spark reuses.
KEPT = {"records", "receipts", "spans", "span_values", "fetches"}
# Joined with every row of Bronze: computed at once, because Spark would else shuffle Bronze for the join before it knows that they can be broadcast.
COMPUTED_FIRST = {"records", "receipts", "spans"}
STEPS = ("01_records", "02_receipts", "03_events", "04_observations", "05_spans", "06_span_values", "10_fetches")
TABLES = {
    "silver.station_status": "settle/07_station_status",
    "silver.station_information": "settle/08_station_information",
    "silver.station_last": "settle/09_station_last",
    "silver.polls": "settle/10_polls",
    "silver.records": "settle/11_stream_records",
}


def settle_name(date):
    return f"settle {date}"


def settle_days(shop, is_due, waived):
    """
    Every day that Bronze has rows of, is due, and was not made from what is there now; in order, as a day carries on what the one before left.
    `waived`: days that have lost something of Bronze on purpose. Answers with what was refused of the others: such days stay as they are.
    """
    keep_gone_days(shop)
    refused = []
    dates = {content["date"] for contents in shop.manifest.content["bronze"].values() for content in contents}
    for date in sorted(filter(is_due, dates)):
        try:
            _settle_day(shop, date, date in waived)
        except Refused as error:
            if not error.reason.startswith("bronze_is_"):
                raise
            refused.append(error)
            if settle_name(date) not in shop.manifest.content["made"]:
                keep_as_it_is(shop, date)
    return refused


def _settle_day(shop, date, is_waived):
    """
    The rows come by path from every file that holds some of the day, of the bases that its 304s confirm, and of the guard after its end; whether
    the content of a station's first observation is a change, the settled day before says.
    """
    manifest = shop.manifest
    before = max((d for d in manifest.settled_dates() if d < date), default=None)
    systems = [shop.systems.of(system_id) for system_id in manifest.content["systems"].get(date, [])]
    start_ms = start_of(date)
    end_ms = start_ms + DAY_MS
    basis_ms = first_basis(manifest, date)
    from_ms = start_ms if basis_ms is None else min(start_ms, basis_ms)
    status_ms = end_ms + max((guard_ms(s["interval_s"]) for s in systems), default=0)
    until_ms = {"status": status_ms, "information": end_ms + INFORMATION_GUARD_MS, "receipt": status_ms}
    keys = bronze_keys(manifest, from_ms, until_ms)
    reloads = ranges_within(shop.reloads, from_ms, max(until_ms.values()))
    carried = None if before is None else shop.content(settle_name(before), "silver.station_last")

    def make():
        gone = next((key for key in keys if not shop.lake.exists(key)), None)
        if gone is not None:
            raise Refused(
                "bronze_is_gone",
                f"{date} can't be settled again: {gone}, which holds rows of it, is gone from the lake. The day stays as it is. Put the file back",
            )
        shop.bind("day", day_query(date))
        shop.bind("feeds", feeds_query(systems))
        shop.bind("systems", systems_query(systems))
        shop.bind_table("station_before", "silver.station_last", [] if before is None else [before])
        bounds = " OR ".join(f"(kind = '{kind}' AND slot_ms < {ms})" for kind, ms in until_ms.items())
        rows = bronze_rows(shop, BRONZE_WITHOUT_RAW, keys).where(f"slot_ms >= {from_ms} AND ({bounds})")
        shop.bind_rows("bronze_all", rows)
        shop.bind("reloads", reloads_query(reloads))
        shop.bind("bronze_window", query_text("settle/00_bronze_window"))
        for step in STEPS:
            name = step[len("00_") :]
            if name in KEPT:
                kept = shop.keep(name, f"settle/{step}")
                if name in COMPUTED_FIRST:
                    kept.count()
            else:
                shop.bind(name, query_text(f"settle/{step}"))
        if not is_waived:
            must_be_whole(shop, date)
        contents = {}
        for table, query in TABLES.items():
            contents.update(shop.write(table, date, query))
        # Told with the next report, also where this run is ended before it has written one.
        manifest.content["untold"][date] = True
        return contents

    shop.make(settle_name(date), [sql_print("settle"), keys, systems, before, carried, reloads], make)
