"""Keeps the Iceberg tables small: files merged, old snapshots expired, files that no snapshot names removed. No row is changed."""
import sys
import time
from datetime import datetime, timedelta, timezone

from .relation import TABLES, literal

# A reader goes on for as long with the snapshot that it began with; and a run that is killed leaves its files for as long.
KEEP_DAYS = 3
# Iceberg removes no file that is younger than a day: a run may be writing it.
YOUNGEST_ORPHAN_DAYS = 1
# Fewer files of a partition than that are left as they are, but where each is far from its size.
COMPACTION = {"min-input-files": "5", "partial-progress.enabled": "false", "max-concurrent-file-group-rewrites": "1"}


def maintain(shop, dry_run=False, keep_days=KEEP_DAYS, now=None):
    """
    Maintains every table that is there; answers with table -> what was done, or with `dry_run` what would be removed. Delivery guarantee: each table is
    rewritten in one commit, and no file goes that a snapshot of the last `keep_days` names, so that readers read on. Killed at any moment, the next run
    does the rest.
    """
    now = now or datetime.now(timezone.utc)
    return {table: _maintain(shop, table, dry_run, keep_days, now) for table in TABLES if shop.warehouse.is_there(table)}


def _maintain(shop, table, dry_run, keep_days, now):
    started = time.monotonic()
    warehouse = shop.warehouse
    before = _sizes(shop, table)
    expire_before = _timestamp(now - timedelta(days=keep_days))
    orphans_before = _timestamp(now - timedelta(days=max(keep_days, YOUNGEST_ORPHAN_DAYS)))
    done = {"files_merged": 0, "snapshots_expired": 0}
    if dry_run:
        done["snapshots_expired"] = _older(shop, table, expire_before)
    else:
        options = ", ".join(f"{literal(key)}, {literal(value)}" for key, value in COMPACTION.items())
        # The one file group that fails fails the run: a table is never half rewritten.
        merged = _call(warehouse, "rewrite_data_files", table, f"strategy => 'binpack', options => map({options})")
        done["files_merged"] = merged[0].rewritten_data_files_count
        snapshots = _sizes(shop, table)["snapshots"]
        _call(warehouse, "expire_snapshots", table, f"older_than => {expire_before}, retain_last => 1, stream_results => true")
        done["snapshots_expired"] = snapshots - _sizes(shop, table)["snapshots"]
    orphans = _call(warehouse, "remove_orphan_files", table, f"older_than => {orphans_before}, dry_run => {str(dry_run).lower()}")
    after = before if dry_run else _sizes(shop, table)
    return {
        **done,
        "orphans": len(orphans),
        "files": [before["files"], after["files"]],
        "bytes": [before["bytes"], after["bytes"]],
        "snapshots": [before["snapshots"], after["snapshots"]],
        "seconds": round(time.monotonic() - started, 1),
    }


def _call(warehouse, procedure, table, arguments):
    """A large table takes long: what is done is said before it begins."""
    print(f"maintain {table}: {procedure}", file=sys.stderr, flush=True)
    return warehouse.call(procedure, table, arguments)


def _sizes(shop, table):
    name = shop.warehouse.name(table)
    [files] = shop.spark.sql(f"SELECT count(*) AS n, coalesce(sum(file_size_in_bytes), 0) AS bytes FROM {name}.files").collect()
    return {"files": files.n, "bytes": files.bytes, "snapshots": shop.spark.sql(f"SELECT 1 FROM {name}.snapshots").count()}


def _older(shop, table, instant):
    """Snapshots that would be expired: the newest never is."""
    name = shop.warehouse.name(table)
    newest = f"SELECT max(committed_at) FROM {name}.snapshots"
    return shop.spark.sql(f"SELECT 1 FROM {name}.snapshots WHERE committed_at < {instant} AND committed_at < ({newest})").count()


def _timestamp(instant):
    return f"TIMESTAMP '{instant.strftime('%Y-%m-%d %H:%M:%S')}'"
