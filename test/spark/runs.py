"""
Runs the Spark job on several lakes in one session: `runs.py WORK.json`. WORK is a list of {name, lake, warehouse, steps, until}; the answer, beside
it in WORK.json.out, has for each its exit code and the data files of its tables.
"""
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "jobs" / "spark"))

import main as job  # noqa: E402
from bikelake.errors import Refused  # noqa: E402
from bikelake.relation import TABLES  # noqa: E402
from bikelake.run import Options, run  # noqa: E402


def run_one(spark, index, work):
    catalog = f"lake{index}"
    for key, value in job.catalog_settings(catalog, "hadoop", work["warehouse"]).items():
        spark.conf.set(key, value)
    options = Options(work["lake"], work["warehouse"], catalog, None, "", work["name"], work.get("until"), [], work["steps"])
    try:
        code = run(spark, options)
    except Refused as error:
        return {"name": work["name"], "code": 1, "error": str(error)}
    files, snapshots = {}, {}
    for table in TABLES:
        name = f"{catalog}.{table}"
        is_there = spark.catalog.tableExists(name)
        files[table] = [r[0] for r in spark.sql(f"SELECT file_path FROM {name}.files").collect()] if is_there else []
        snapshots[table] = spark.sql(f"SELECT 1 FROM {name}.snapshots").count() if is_there else 0
    return {"name": work["name"], "code": code, "files": files, "snapshots": snapshots}


def main(file):
    spark = job.open_session({})
    try:
        done = [run_one(spark, index, work) for index, work in enumerate(json.loads(Path(file).read_text()))]
        Path(f"{file}.out").write_text(json.dumps(done))
    finally:
        spark.stop()


if __name__ == "__main__":
    main(sys.argv[1])
