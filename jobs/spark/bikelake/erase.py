"""Takes systems that were erased from the lake (`erased/<system_id>.json`, lib/gold/erasure.ts) out of the Iceberg tables, and out of what settle remembers."""
import json

from .bronze import account_for_bronze
from .errors import Refused
from .relation import TABLES, literal

PREFIX = "erased"
# Which erasures the tables are without: system -> when the erasure ended that was done here.
DONE_KEY = "runs/erased.json"
# What settle makes of a day that Bronze has rows of; of any other day it makes nothing.
OF_A_DAY = ("settle", "audit", "quality")


def erase(shop, store, dry_run=False):
    """
    Answers with table -> rows that went, or with `dry_run` would go. Delivery guarantee: one commit for each table; a reader goes on with the snapshot that it
    began with until maintain expires it. Run again, it changes nothing; killed at any moment, the next run goes on.
    """
    erasures = [_parse(shop.lake.read(key), key) for key in shop.lake.keys(PREFIX, ".json")]
    # One that was allowed again may have rows of then: they are no longer ours to take.
    open_ones = [one for one in erasures if one["allowed_again_at"] is None]
    if not open_ones:
        return {}
    for one in open_ones:
        if one["ended_at"] is None:
            raise Refused("erasure_under_way", f"{one['system_id']}: it is still in the lake, so that settle would bring it back: run npm run erase first")
    ids = f"({', '.join(literal(one['system_id']) for one in open_ones)})"
    gone = {}
    for table in (table for table in TABLES if "system_id" in TABLES[table]["columns"] and shop.warehouse.is_there(table)):
        name = shop.warehouse.name(table)
        rows = shop.spark.sql(f"SELECT 1 FROM {name} WHERE system_id IN {ids}").count()
        if rows > 0:
            gone[table] = rows
            if not dry_run:
                shop.spark.sql(f"DELETE FROM {name} WHERE system_id IN {ids}")
    if not dry_run:
        _forget(shop, [one["system_id"] for one in open_ones])
        store.write(DONE_KEY, json.dumps({one["system_id"]: one["ended_at"] for one in open_ones}))
    return gone


def _forget(shop, system_ids):
    """
    What is remembered of days that had such a system. They are made again, to the rows that they have, but for audits, of which the log may have expired: these are
    remembered as they are now. A day of which Bronze has nothing any more was never settled, so that what was carried over into it goes as well.
    """
    content = shop.manifest.content
    touched = {date for date, ids in content["systems"].items() if set(ids) & set(system_ids)}
    if not touched:
        return
    # Which files had something of it nobody remembers: each is looked into again.
    content["bronze"], content["systems"] = {}, {}
    account_for_bronze(shop)
    dates = {held["date"] for files in content["bronze"].values() for held in files}
    for date in sorted(touched):
        for name in [name for name in content["made"] if name.split(" ")[-1] == date]:
            kind, contents = name.split(" ")[0], shop.manifest.contents(name)
            if date not in dates and kind in OF_A_DAY:
                for table in contents:
                    shop.spark.sql(f"DELETE FROM {shop.warehouse.name(table)} WHERE event_date = DATE '{date}'")
            if date in dates and kind == "audit":
                content["made"][name]["contents"] = {table: shop.warehouse.content_of(table, date) for table in contents}
            else:
                shop.manifest.forget([name])
    shop.manifest.forget(["profile"])
    shop.manifest.save()


def _parse(text, key):
    try:
        erasure = json.loads(text)
        if erasure["format"] == 1 and key == f"{PREFIX}/{erasure['system_id']}.json" and "ended_at" in erasure and "allowed_again_at" in erasure:
            return erasure
    except (ValueError, KeyError, TypeError):
        pass
    raise Refused("bad_erasure", f"{key} is no erasure of format 1: put it back from an older version")
