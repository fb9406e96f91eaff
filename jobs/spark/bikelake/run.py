"""One run: the steps that were asked for, in one session, and its report."""
import json
import re
import sys
import time
from typing import List, NamedTuple, Optional

from .audit import make_audits
from .bronze import account_for_bronze
from .days import date_of, instant_ms
from .errors import Refused
from .gold import make_gold
from .lake import Lake
from .log import account_for_log
from .maintain import KEEP_DAYS, maintain
from .manifest import Manifest
from .marks import apply_marks
from .report import has_finding, report_of
from .settle import settle_days
from .warehouse import Warehouse
from .workshop import Workshop

FINDING = 3
# What each step makes, by the first word of its name in the manifest.
STEPS = {"settle": ("settle",), "audit": ("audit", "lanes"), "gold": ("hours", "totals", "quality"), "maintain": ()}


class Options(NamedTuple):
    """`lake`: where the bucket lies. `warehouse`: where tables, manifest and report lie. `catalog`: name of the session's Iceberg catalog."""

    lake: str
    warehouse: str
    catalog: str
    # Place of the tables, where the catalog leaves it to us.
    location: Optional[str]
    database: str
    run: str
    # Days that end after this instant wait; None: all days.
    until: Optional[str]
    # Days that are made again whatever is remembered of them.
    dates: List[str]
    steps: List[str]
    # Of the step maintain: say what would be removed, and change nothing; and how long readers may go on.
    dry_run: bool = False
    keep_days: float = KEEP_DAYS


def run(spark, options):
    """
    Settles, audits and makes Gold of all days that are new, changed or dirty. Delivery guarantee: each partition is replaced in one commit, and
    made from its inputs alone; killed at any moment, the next run comes to the same tables. Days of which Bronze has lost something stay as they
    are: then Refused, when all else is made. Returns the exit code: 0, or 3 where ledger or audit
    have a finding (all is made then, and the report is there).
    """
    lake, store = Lake(spark, options.lake), Lake(spark, options.warehouse)
    manifest = Manifest(store)
    shop = Workshop(spark, lake, Warehouse(spark, options.catalog, options.database, options.location), manifest)
    first_open = None if options.until is None else date_of(instant_ms(options.until))

    def is_due(date):
        return first_open is None or date < first_open

    marks, waived = apply_marks(lake, manifest, is_due)
    kinds = "|".join(kind for step in options.steps for kind in STEPS[step])
    again = [name for name in manifest.content["made"] if re.fullmatch(f"({kinds}) .*", name) and name.split(" ")[1] in options.dates]
    manifest.forget(again)
    files = account_for_bronze(shop)
    account_for_log(shop)
    print(f"{files} new files of Bronze", file=sys.stderr, flush=True)

    seconds = {}
    maintained = {}
    refused = []
    work = {"settle": lambda: refused.extend(settle_days(shop, is_due, waived)), "audit": lambda: make_audits(shop, is_due), "gold": lambda: make_gold(shop)}
    work["maintain"] = lambda: maintained.update(maintain(shop, options.dry_run, options.keep_days))
    for step in (step for step in STEPS if step in options.steps):
        started = time.monotonic()
        work[step]()
        seconds[step] = round(time.monotonic() - started, 1)
    manifest.save()
    if refused:
        # All else is made. Without a report the run counts as failed, and a person is told.
        raise Refused(refused[0].reason, "\n".join(error.message for error in refused))
    if "settle" in options.steps:
        for key in marks:
            lake.remove(key)
    report = report_of(shop, options.run, options.until, first_open, seconds)
    if maintained:
        report["maintained"] = maintained
    store.write(f"runs/{options.run}.json", json.dumps(report))
    manifest.content["untold"].clear()
    manifest.save()
    print(json.dumps(report), flush=True)
    return FINDING if has_finding(report) else 0
