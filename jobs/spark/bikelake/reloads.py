"""Slots that reloads replace: `reloads/<id>.json` (lib/gold/reload.ts)."""
import json

from .errors import Refused
from .relation import literal, values_query

PREFIX = "reloads"
COLUMNS = "reload_id, system_id, kind, from_ms, until_ms"


def reload_ranges(lake):
    """Which reload slots belong to: ranges without overlap, the newest reload wins. Rows in the order of COLUMNS."""
    reloads = [_parse(lake.read(key), key) for key in lake.keys(PREFIX, ".json")]
    active = []
    for reload in sorted(reloads, key=lambda r: r["id"], reverse=True):
        for kind in reload["kinds"]:
            system_id = reload["system_id"]
            taken = [(a[3], a[4]) for a in active if a[1] == system_id and a[2] == kind]
            for from_ms, until_ms in _without((reload["from_ms"], reload["until_ms"]), taken):
                active.append([reload["id"], system_id, kind, from_ms, until_ms])
    return active


def ranges_within(ranges, from_ms, until_ms):
    """The ranges that have slots in [from_ms, until_ms)."""
    return [r for r in ranges if r[3] < until_ms and r[4] > from_ms]


def reloads_query(ranges):
    """The view `reloads(reload_id, system_id, kind, from_ms, until_ms)`."""
    rows = [
        f"({literal(id)}, {literal(system)}, {literal(kind)}, CAST({from_ms} AS BIGINT), CAST({until_ms} AS BIGINT))"
        for id, system, kind, from_ms, until_ms in ranges
    ]
    return values_query(COLUMNS, rows, "('', '', '', CAST(0 AS BIGINT), CAST(0 AS BIGINT))")


def _parse(text, key):
    try:
        reload = json.loads(text)
        is_whole = all(isinstance(reload[name], int) for name in ("from_ms", "until_ms"))
        if reload["format"] == 1 and f"{PREFIX}/{reload['id']}.json" == key and is_whole and isinstance(reload["kinds"], list):
            return reload
    except (ValueError, KeyError, TypeError):
        pass
    # To leave it out would change numbers silently.
    raise Refused("bad_reload", f"{key} is no reload of format 1: put it back, or remove it to undo it")


def _without(wanted, taken):
    """What of a range lies in none of the others."""
    left = [wanted]
    for from_ms, until_ms in taken:
        cut = [part for a, b in left for part in ((a, min(b, from_ms)), (max(a, until_ms), b))]
        left = [(a, b) for a, b in cut if a < b]
    return left
