"""The ledger gate (jobs/sql/gate/ledger_gate.sql), asked of days that are settled."""
import time

from .bronze import bronze_keys, bronze_rows
from .days import DAY_MS, day_query, start_of
from .relation import BRONZE_COLUMNS, literal, query_text, values_query

# Receipts of the next day are looked for in its first hours, as the state machine does.
HOURS_AFTER_MS = 3 * 3_600_000
POLLS = "silver.polls"
COLUMNS = (
    *("kind", "feed", "system_id", "slot_ms", "fetched_at_ms", "part", "shard_id"),
    *("sequence_number", "line", "group_id", "accepted"),
)


def incomplete_days(shop, dates, now_ms=None):
    """
    The dates that the gate doesn't say are closed: something of them may be under way, and is settled by a later run. It is asked of the files that
    hold rows of the day, however late they came, and of what is settled of later days: so when all of them are settled.
    """
    if not dates:
        return []
    shop.bind("later_polls", f"SELECT * FROM ({shop.warehouse.relation(POLLS)}) WHERE event_date > DATE '{min(dates)}'")
    shop.keep("newest_receipts", "gate/newest_receipts")
    shop.bind("poll_groups", values_query("group_id", [f"({literal(g)})" for g in sorted(shop.systems.groups)], "('')"))
    shop.bind("clock", f"SELECT CAST({int(time.time() * 1000) if now_ms is None else now_ms} AS BIGINT) AS now_ms")
    try:
        return [date for date in dates if _verdict_of(shop, date) != "closed"]
    finally:
        shop.forget()


def _verdict_of(shop, date):
    start_ms = start_of(date)
    until_ms = start_ms + DAY_MS + HOURS_AFTER_MS
    keys = bronze_keys(shop.manifest, start_ms, {"status": until_ms, "information": until_ms, "receipt": until_ms})
    rows = bronze_rows(shop, {name: BRONZE_COLUMNS[name] for name in COLUMNS}, keys)
    shop.bind_rows("day_rows", rows.where(f"slot_ms >= {start_ms} AND slot_ms < {until_ms}"))
    shop.bind("bronze_all", query_text("gate/settled_rows"))
    shop.bind("day", day_query(date))
    [answer] = shop.spark.sql(query_text("gate/ledger_gate")).collect()
    return answer.verdict
