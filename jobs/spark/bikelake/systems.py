"""What settle needs to know of the systems: interval and time zone, from `config/plan.json` of the lake."""
import json

from .errors import Refused
from .relation import literal, values_query

PLAN_KEY = "config/plan.json"
PLAN_FORMAT = 1
# station_information is fetched every hour, whatever the interval of the status is (lib/poll).
INFORMATION_INTERVAL_S = 3600
# A system that the plan doesn't name, because it was taken out: the usual interval, and UTC for its local dates.
UNPLANNED = {"interval_s": 60, "time_zone": "UTC"}


def guard_ms(interval_s):
    """max(600 s, 3 × the interval): observations further apart have a gap between them (gold.md, "Guard")."""
    return max(600, 3 * interval_s) * 1000


INFORMATION_GUARD_MS = guard_ms(INFORMATION_INTERVAL_S)


class Systems:
    """Settings by system, and the poll groups of the plan."""

    def __init__(self, lake):
        groups = _groups(lake.read(PLAN_KEY)) if lake.exists(PLAN_KEY) else []
        self.groups = {group["group_id"] for group in groups}
        self._planned = {system["system_id"]: system for group in groups for system in group["systems"]}

    def of(self, system_id):
        planned = self._planned.get(system_id, UNPLANNED)
        return {"system_id": system_id, "interval_s": planned["interval_s"], "time_zone": planned["time_zone"]}


def _groups(text):
    try:
        plan = json.loads(text)
        if plan["format"] != PLAN_FORMAT:
            raise ValueError(f"its format is {plan['format']!r}, this version reads {PLAN_FORMAT}")
        for group in plan["groups"]:
            for system in group["systems"]:
                system["system_id"], system["interval_s"], system["time_zone"], group["group_id"]
        return plan["groups"]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused("invalid_plan", f"{PLAN_KEY} is no plan ({error}): write it again with npm run plan") from error


def systems_query(systems):
    """The view `systems(system_id, time_zone)`."""
    rows = [f"({literal(s['system_id'])}, {literal(s['time_zone'])})" for s in systems]
    return values_query("system_id, time_zone", rows, "('', '')")


def feeds_query(systems):
    """The view `feeds(system_id, kind, feed, interval_s, guard_ms)`."""
    rows = []
    for system in systems:
        for kind, s in (("status", system["interval_s"]), ("information", INFORMATION_INTERVAL_S)):
            rows.append(
                f"({literal(system['system_id'])}, '{kind}', 'station_{kind}', CAST({s} AS BIGINT), CAST({guard_ms(s)} AS BIGINT))"
            )
    example = "('', '', '', CAST(0 AS BIGINT), CAST(0 AS BIGINT))"
    return values_query("system_id, kind, feed, interval_s, guard_ms", rows, example)
