"""
Runs the Spark job on several lakes in one session: `runs.py WORK.json`. WORK is a list of {name, lake, warehouse, steps, until, add, ends, maintain}; the answer,
beside it in WORK.json.out, has for each its exit code, its report, and the data files and the number of snapshots of each table.

add: a folder whose files come into the lake before the run. ends: the run ends at this replacement of a partition, before (`before 3`) or
after it (`after 3`): code is null then. maintain: [dry_run, keep_days]; the answer then has the rows of each snapshot of each table, in short.
"""
import json
import shutil
import sys
from pathlib import Path
from urllib.parse import urlparse

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "jobs" / "spark"))

import main as job  # noqa: E402
from bikelake import warehouse  # noqa: E402
from bikelake.errors import Refused  # noqa: E402
from bikelake.relation import TABLES  # noqa: E402
from bikelake.run import Options, run  # noqa: E402

REPLACE = warehouse.Warehouse.replace
# Lakes as small as these cost more in planning than in work: plans are made once and not again after each stage, and not drawn for a page that nobody sees.
SETTINGS = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "1000",
}


class Ended(BaseException):
    pass


def ending(when):
    """The method that replaces a partition, but for the nth time."""
    where, n = when.split(" ")
    calls = []

    def replace(self, *given):
        calls.append(given)
        if where == "before" and len(calls) == int(n):
            raise Ended
        answer = REPLACE(self, *given)
        if where == "after" and len(calls) == int(n):
            raise Ended
        return answer

    return replace


def rows_of(spark, source):
    """Count and hash of the rows, in any order: as a reader of that snapshot reads them."""
    [row] = spark.sql(f"SELECT count(*) AS n, coalesce(bit_xor(xxhash64(struct(t.*))), 0) AS h FROM {source} AS t").collect()
    return f"{row.n}:{row.h}"


def run_one(spark, index, work):
    catalog = f"lake{index}"
    for key, value in job.catalog_settings(catalog, "hadoop", work["warehouse"]).items():
        spark.conf.set(key, value)
    if "add" in work:
        shutil.copytree(work["add"], urlparse(work["lake"]).path, dirs_exist_ok=True)
    options = Options(work["lake"], work["warehouse"], catalog, None, "", work["name"], work.get("until"), [], work["steps"], *work.get("maintain", []))
    warehouse.Warehouse.replace = ending(work["ends"]) if "ends" in work else REPLACE
    try:
        code = run(spark, options)
    except Ended:
        return {"name": work["name"], "code": None}
    except Refused as error:
        return {"name": work["name"], "code": 1, "error": str(error)}
    files, snapshots, versions = {}, {}, {}
    for table in TABLES:
        name = f"{catalog}.{table}"
        is_there = spark.catalog.tableExists(name)
        files[table] = [r[0] for r in spark.sql(f"SELECT file_path FROM {name}.files").collect()] if is_there else []
        ids = [str(r[0]) for r in spark.sql(f"SELECT snapshot_id FROM {name}.snapshots ORDER BY committed_at").collect()] if is_there else []
        snapshots[table] = len(ids)
        if "maintain" in work:
            versions[table] = {i: rows_of(spark, f"{name} VERSION AS OF {i}") for i in ids}
    report = json.loads((Path(urlparse(work["warehouse"]).path) / "runs" / f"{work['name']}.json").read_text())
    return {"name": work["name"], "code": code, "report": report, "files": files, "snapshots": snapshots, "versions": versions}


def main(file):
    spark = job.open_session(SETTINGS)
    try:
        done = [run_one(spark, index, work) for index, work in enumerate(json.loads(Path(file).read_text()))]
        Path(f"{file}.out").write_text(json.dumps(done))
    finally:
        spark.stop()


if __name__ == "__main__":
    main(sys.argv[1])
