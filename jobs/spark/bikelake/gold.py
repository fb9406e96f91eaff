"""Makes what of Gold depends on settled days that changed. Every partition is made from its inputs alone, and replaced atomically."""
from math import ceil

from .days import DAY_MS, around, day_query, start_of
from .relation import query_text, sql_print
from .settle import settle_name
from .systems import feeds_query, guard_ms, systems_query

STATUS, LAST, POLLS = "silver.station_status", "silver.station_last", "silver.polls"
HOURLY, PROFILE = "gold.station_hourly", "gold.station_profile"
# Filled by trips.py. A view and a data set read it, on a lake also whose trips nobody has counted.
TRIPS = "gold.trips_daily"


def _hours_name(date):
    return f"hours {date}"


def make_gold(shop):
    settled = shop.manifest.settled_dates()
    days_back = _reach(shop)
    hour_dates = sorted({d for date in settled for d in around(date, 0, days_back - 1)})
    for date in hour_dates:
        _make_station_hours(shop, date, days_back)
    for date in sorted({d for date in hour_dates for d in around(date, 1, 1)}):
        _make_totals(shop, date, days_back)
    for date in settled:
        _make_quality(shop, date, settled)
    _make_profile(shop, hour_dates)
    shop.warehouse.ensure(TRIPS)


def _reach(shop):
    """How many days back an interval may begin that ends in a day: one, unless a system is polled so seldom that its guard is longer."""
    ids = {system_id for ids in shop.manifest.content["systems"].values() for system_id in ids}
    return max(1, ceil(max((guard_ms(shop.systems.of(i)["interval_s"]) for i in ids), default=0) / DAY_MS))


def _systems_of(shop, dates):
    ids = {system_id for date in dates for system_id in shop.manifest.content["systems"].get(date, [])}
    return [shop.systems.of(system_id) for system_id in sorted(ids)]


def _make_station_hours(shop, date, days_back):
    dates = around(date, days_back, 0)
    systems = _systems_of(shop, dates)
    before = max((d for d in shop.manifest.settled_dates() if d < date), default=None)
    inputs = [shop.content(settle_name(d), STATUS) for d in dates]
    carried = None if before is None else shop.content(settle_name(before), LAST)

    def make():
        shop.bind("day", day_query(date))
        shop.bind("systems", systems_query(systems))
        shop.bind_table("station_before", LAST, [] if before is None else [before])
        spans = shop.warehouse.relation(STATUS, dates)
        shop.bind(
            "spans_around",
            f"SELECT * FROM ({spans}) WHERE unix_millis(valid_to) >= {start_of(date)} OR event_date = DATE '{date}'",
        )
        return shop.write(HOURLY, date, "gold/station_hourly")

    shop.make(_hours_name(date), [sql_print("gold"), inputs, carried, systems], make)


def _make_totals(shop, date, days_back):
    dates = around(date, 1, 1)
    systems = _systems_of(shop, around(date, 1 + days_back, 1))
    inputs = [shop.content(_hours_name(d), HOURLY) for d in dates]

    def make():
        shop.bind("day", day_query(date))
        shop.bind("systems", systems_query(systems))
        shop.bind_table("station_hours", HOURLY, dates)
        shop.bind("period_hours", query_text("gold/period_hours"))
        shop.keep("system_totals", "gold/system_totals")
        return {
            **shop.write("gold.system_hourly", date, "gold/system_hourly"),
            **shop.write("gold.system_daily", date, "gold/system_daily"),
        }

    shop.make(f"totals {date}", [sql_print("gold"), inputs, systems], make)


def _make_quality(shop, date, settled):
    before, after = max((d for d in settled if d < date), default=None), min((d for d in settled if d > date), default=None)
    dates = [d for d in (before, date, after) if d is not None]
    systems = _systems_of(shop, [date])
    inputs = [[d, shop.content(settle_name(d), POLLS)] for d in dates]

    def make():
        shop.bind("day", day_query(date))
        shop.bind("feeds", feeds_query(systems))
        shop.bind_table("polls_around", POLLS, dates)
        shop.bind_table("day_polls", POLLS, [date])
        shop.bind_table("day_spans", STATUS, [date])
        # Reading JSON is where the engines differ, so that the rejections are an input of the SQL and not a part of it.
        shop.bind(
            "rejections",
            """SELECT system_id, feed, explode(from_json(rejected_reasons, 'MAP<STRING, BIGINT>')) AS (reason, rejected)
               FROM day_polls""",
        )
        return {
            **shop.write("gold.feed_quality_daily", date, "gold/feed_quality_daily"),
            **shop.write("gold.ledger_daily", date, "ledger/ledger_daily"),
        }

    inputs = [sql_print("gold"), inputs, shop.content(settle_name(date), STATUS), systems]
    shop.make(f"quality {date}", inputs, make)


def _make_profile(shop, dates):
    inputs = [shop.content(_hours_name(d), HOURLY) for d in dates]

    def make():
        shop.bind_table("station_hours", HOURLY, dates)
        return shop.write(PROFILE, None, "gold/station_profile")

    shop.make("profile", [sql_print("gold"), inputs], make)
