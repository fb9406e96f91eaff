"""UTC days: dates are `YYYY-MM-DD`, instants epoch ms."""
from datetime import date, datetime, timedelta, timezone

DAY_MS = 86_400_000


def start_of(day):
    """The first instant of a UTC date."""
    return int(datetime.combine(date.fromisoformat(day), datetime.min.time(), timezone.utc).timestamp()) * 1000


def days_after(day, n):
    """The date n days after (or, below 0, before) another."""
    return (date.fromisoformat(day) + timedelta(days=n)).isoformat()


def around(day, back, ahead):
    """Dates from `back` days before to `ahead` days after another."""
    return [days_after(day, n) for n in range(-back, ahead + 1)]


def instant_ms(text):
    """Epoch ms of an instant as EventBridge Scheduler writes it (`2026-11-21T00:20:00Z`)."""
    at = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return int((at if at.tzinfo else at.replace(tzinfo=timezone.utc)).timestamp() * 1000)


def date_of(at_ms):
    """The UTC date that an instant lies in."""
    return datetime.fromtimestamp(at_ms // 1000, timezone.utc).date().isoformat()


def day_query(day):
    """The view `day(event_date, start_ms, end_ms)`: the UTC day that is made."""
    start_ms = start_of(day)
    return (
        f"SELECT DATE '{day}' AS event_date, CAST({start_ms} AS BIGINT) AS start_ms, "
        f"CAST({start_ms + DAY_MS} AS BIGINT) AS end_ms"
    )
