"""Marks of days that must be settled again: `dirty/<date>/<command>-<id>.json` (lib/gold/dirty.ts)."""
import json
import re

from .errors import Refused

PREFIX = "dirty"


def apply_marks(lake, manifest, is_due):
    """
    Forgets what the marks of due days say is not to be trusted: what was made for a day, and Bronze files that were taken away on purpose.
    Answers with the keys of the marks, to be removed once the days are settled (killed before, the next run finds the marks again), and with the
    days that have lost something of Bronze on purpose.
    """
    made, bronze = manifest.content["made"], manifest.content["bronze"]
    applied, waived = [], set()
    for key in lake.keys(PREFIX, ".json"):
        date, removed = _parse(lake.read(key), key)
        for file in removed:
            if file in bronze and not lake.exists(file):
                del bronze[file]
        if is_due(date):
            manifest.forget([name for name in made if name.endswith(f" {date}")])
            applied.append(key)
            if removed:
                waived.add(date)
    return applied, waived


def _parse(text, key):
    try:
        mark = json.loads(text)
        if mark["format"] == 1 and re.fullmatch(r"\d{4}-\d\d-\d\d", mark["date"]) and isinstance(mark["removed"], list):
            return mark["date"], mark["removed"]
    except (ValueError, KeyError, TypeError):
        pass
    raise Refused("bad_mark", f"{key} is no mark of format 1: settle the day by npm run rebuild, then remove it")
