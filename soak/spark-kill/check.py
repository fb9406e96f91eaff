"""
Looks at the tables of a warehouse, and keeps them in order: `check.py WORK.json`, answers in WORK.json.out. WORK: {lake, warehouse, split, rows, maintain}.

rows: the look has the rows of every snapshot, in short. After it, split: the newest partition of each table is written again, with the same rows in six files, so that
there is something to merge; maintain: `maintain` runs, and keeps snapshots for so many days. The answer has a second look then, under `after`.
"""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "jobs" / "spark"))

import main as job  # noqa: E402
from bikelake.relation import TABLES  # noqa: E402
from bikelake.run import Options, run  # noqa: E402
from pyspark.sql.functions import col, expr  # noqa: E402

CATALOG = "lake"
FILES_OF_SPLIT = 6
NAMED = (
    ("all_files", "file_path"),
    ("all_manifests", "path"),
    ("snapshots", "manifest_list"),
    ("metadata_log_entries", "file"),
)


def look(spark, table, has_rows):
    name = f"{CATALOG}.{table}"
    if not spark.catalog.tableExists(name):
        return None

    snapshots = spark.sql(f"SELECT snapshot_id, unix_millis(committed_at) FROM {name}.snapshots ORDER BY committed_at").collect()
    # An entry with status 0 was there before: a snapshot has an effect on a day if it adds or removes a file of it.
    day = "CAST(data_file.partition.event_date AS STRING)" if TABLES[table]["partition"] == "day" else "'all'"
    effects = spark.sql(
        f"SELECT {day} AS day, count(DISTINCT snapshot_id) AS n FROM {name}.all_entries WHERE status <> 0 GROUP BY 1"
    ).collect()
    named = spark.sql(" UNION ".join(f"SELECT {what} FROM {name}.{of}" for of, what in NAMED)).collect()
    return {
        "snapshots": [str(i) for i, _ in snapshots],
        "committed_ms": [at_ms for _, at_ms in snapshots],
        "effects": {r.day: r.n for r in effects},
        "files": [r[0] for r in spark.sql(f"SELECT file_path FROM {name}.files").collect()],
        "named": sorted(r[0] for r in named),
        "rows": rows_of(spark, name, [i for i, _ in snapshots]) if has_rows else {},
    }


def rows_of(spark, name, snapshots):
    """Snapshot -> count and hash of its rows, in any order: as a reader of that snapshot reads them."""
    if not snapshots:
        return {}
    one = "SELECT '{0}' AS id, count(*) AS n, coalesce(bit_xor(xxhash64(struct(t.*))), 0) AS h FROM {1} VERSION AS OF {0} AS t"
    rows = spark.sql(" UNION ALL ".join(one.format(i, name) for i in snapshots)).collect()
    return {r.id: f"{r.n}:{r.h}" for r in rows}


def split(spark, table):
    name = f"{CATALOG}.{table}"
    rows = spark.table(name)
    condition = "true"
    if TABLES[table]["partition"] == "day":
        [(date,)] = spark.sql(f"SELECT CAST(max(event_date) AS STRING) FROM {name}").collect()
        if date is None:
            return
        condition = f"event_date = DATE '{date}'"
        rows = rows.where(condition)
    if rows.count() < FILES_OF_SPLIT:
        return
    first = col(rows.columns[1])
    rows.repartition(FILES_OF_SPLIT, first, *(col(c) for c in rows.columns[2:4])).writeTo(name).overwrite(expr(condition))


def main(file):
    work = json.loads(Path(file).read_text())
    spark = job.open_session(job.catalog_settings(CATALOG, "hadoop", work["warehouse"]))
    try:
        answer = {"tables": {table: look(spark, table, work["rows"] and not work["split"]) for table in TABLES}}
        if work["split"]:
            # As many files as are said, not merged to fewer.
            spark.conf.set("spark.sql.adaptive.enabled", "false")
            for table in (table for table in TABLES if answer["tables"][table] is not None):
                split(spark, table)
        if work["maintain"] is not None:
            run(spark, Options(work["lake"], work["warehouse"], CATALOG, None, "", "check", None, [], ["maintain"], False, work["maintain"]))
        if work["split"] or work["maintain"] is not None:
            answer["after"] = {table: look(spark, table, work["rows"]) for table in TABLES}
        Path(f"{file}.out").write_text(json.dumps(answer))
    finally:
        spark.stop()


if __name__ == "__main__":
    main(sys.argv[1])
