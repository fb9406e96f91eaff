"""Bronze by the slots that its files hold: which files a day is settled from."""
from urllib.parse import unquote

from .errors import Refused
from .relation import BRONZE_COLUMNS, SCHEMA, parquet

PREFIX = "bronze/events"
FILES_AT_ONCE = 10_000

INVENTORY = """
  SELECT file, CAST(CAST(timestamp_millis(slot_ms) AS DATE) AS STRING) AS date, kind,
    min(slot_ms) AS first_ms, max(slot_ms) AS last_ms, min(basis_slot_ms) AS first_basis_ms,
    array_agg(DISTINCT system_id) AS systems, max(format) AS newest_format
  FROM bronze_files
  GROUP BY ALL"""


def account_for_bronze(shop):
    """Files never change, so each is looked into once; the manifest remembers. Returns how many are new."""
    bronze, systems = shop.manifest.content["bronze"], shop.manifest.content["systems"]
    fresh = [key for key in shop.lake.keys(PREFIX, ".parquet") if key not in bronze]
    for start in range(0, len(fresh), FILES_AT_ONCE):
        keys = fresh[start : start + FILES_AT_ONCE]
        rows = bronze_rows(shop, BRONZE_COLUMNS, keys).select("*", "_metadata.file_path")
        rows.withColumnRenamed("file_path", "file").createOrReplaceTempView("bronze_files")
        held = {key: [] for key in keys}
        for row in shop.spark.sql(INVENTORY).collect():
            key = PREFIX + unquote(row.file).rpartition(PREFIX)[2]
            _must_be_readable(row, key)
            held[key].append({name: row[name] for name in ("date", "kind", "first_ms", "last_ms", "first_basis_ms")})
            systems[row.date] = sorted({*systems.get(row.date, []), *row.systems})
        bronze.update(held)
    return len(fresh)


def _must_be_readable(row, key):
    """Rows of a newer format may mean something else: settled as if they were known, they would be wrong in silence."""
    newest, known = row.newest_format or 0, SCHEMA["bronze_format"]
    if newest > known:
        raise Refused(
            "unknown_bronze_format",
            f"{key}: its rows are of format {newest}, this version reads 0 to {known}: settle with the version that wrote them",
        )
    if row.date is None or row.kind is None:
        # Any other Parquet file has null in the columns that it lacks.
        raise Refused(
            "no_bronze_file", f"{key} holds rows without kind or slot, and is no file of Bronze: move it out of the lake"
        )


def first_basis(manifest, date):
    """The earliest slot that the receipts of a date confirm; None where there is no 304."""
    bases = [
        content["first_basis_ms"]
        for contents in manifest.content["bronze"].values()
        for content in contents
        if content["date"] == date and content["first_basis_ms"] is not None
    ]
    return min(bases, default=None)


def bronze_keys(manifest, from_ms, until_ms):
    """Keys of the files with rows whose slots lie in [from_ms, until_ms) of their kind, sorted."""
    return sorted(
        key
        for key, contents in manifest.content["bronze"].items()
        if any(c["last_ms"] >= from_ms and c["first_ms"] < until_ms[c["kind"]] for c in contents)
    )


def bronze_rows(shop, columns, keys):
    return parquet(shop.spark, columns, [shop.lake.path(key) for key in keys])
