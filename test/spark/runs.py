"""
Runs the Spark job on several lakes in one session: `runs.py WORK.json`. WORK is a list of {name, lake, warehouse, steps, is_large, until, add, forget, ends,
maintain, ask, texts, trips}; what they come to is beside it in WORK.json.out: {answers, queries, peak_rss_bytes, cpu_seconds}. An answer has the run's exit
code, its report, and the data files and the number of snapshots of each table; `queries` are the names of the files of jobs/sql that were run.

is_large: Spark is set up as the job sets it up, and not for tiny lakes. add: a folder whose files come into the lake before the run. forget: the manifest is removed before it. ends: the run ends
at this replacement of a partition, before (`before 3`) or after it (`after 3`): code is null then. maintain: [dry_run, keep_days]; the answer then has
the rows of each snapshot of each table, in short. ask: name -> a query over the tables, whose rows are answered as texts. texts: {relations, queries,
out}: queries over files, whose rows are written to `out`/<name> (same-text.ts). trips: trip files, counted into the warehouse; such runs are the last.

Runs into one warehouse follow each other; those into others run beside them, two at once.
"""
import json
import resource
import shutil
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import local
from urllib.parse import urlparse

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "jobs" / "spark"))

import main as job  # noqa: E402
from bikelake import relation  # noqa: E402

QUERIES = set()
TEXT = relation.query_text


def named(name):
    QUERIES.add(name)
    return TEXT(name)


# Before the modules that ask for texts take it.
relation.query_text = named

from bikelake import warehouse  # noqa: E402
from bikelake.errors import Refused  # noqa: E402
from bikelake.relation import TABLES  # noqa: E402
from bikelake.run import Options, run  # noqa: E402

AT_ONCE = 2
# Lakes as small as these cost more in planning and compiling than in work: plans are made once and not again after each stage, nothing is compiled, and
# nothing is drawn for a page that nobody sees. The recordings run as the job is set up.
SMALL = {
    "spark.sql.adaptive.enabled": "false",
    "spark.sql.constraintPropagation.enabled": "false",
    "spark.sql.shuffle.partitions": "2",
    "spark.sql.codegen.wholeStage": "false",
    "spark.sql.codegen.factoryMode": "NO_CODEGEN",
    "spark.sql.ui.explainMode": "simple",
    "spark.sql.maxPlanStringLength": "1000",
}


class Ended(BaseException):
    pass


REPLACE = warehouse.Warehouse.replace


class Ending(local):
    """Of the thread: when its run ends (`before 3`), and how many replacements it has made."""

    at = ("never", 0)
    calls = 0


ENDING = Ending()


def replace(self, *given):
    """The method that replaces a partition, but for the nth time of a run that is to end."""
    where, n = ENDING.at
    ENDING.calls += 1
    if where == "before" and ENDING.calls == n:
        raise Ended
    answer = REPLACE(self, *given)
    if where == "after" and ENDING.calls == n:
        raise Ended
    return answer


warehouse.Warehouse.replace = replace


def rows_of(spark, source):
    """Count and hash of the rows, in any order: as a reader of that snapshot reads them."""
    [row] = spark.sql(f"SELECT count(*) AS n, coalesce(bit_xor(xxhash64(struct(t.*))), 0) AS h FROM {source} AS t").collect()
    return f"{row.n}:{row.h}"


def stored(spark, name):
    """Paths of the data files of a table's current snapshot, and the ids of its snapshots, oldest first; none where there is no table. No job of Spark."""
    if not spark.catalog.tableExists(name):
        return [], []
    table = spark._jvm.org.apache.iceberg.spark.Spark3Util.loadIcebergTable(spark._jsparkSession, name)
    files, tasks = [], table.newScan().planFiles().iterator()
    while tasks.hasNext():
        files.append(tasks.next().file().location())
    snapshots = sorted(table.snapshots(), key=lambda snapshot: snapshot.sequenceNumber())
    return files, [str(snapshot.snapshotId()) for snapshot in snapshots]


def path_of(url):
    return Path(urlparse(url).path)


def run_one(spark, index, work):
    catalog = f"lake{index}"
    for key, value in job.catalog_settings(catalog, "hadoop", work["warehouse"]).items():
        spark.conf.set(key, value)
    if work.get("forget"):
        (Path(urlparse(work["warehouse"]).path) / "runs" / "manifest.json").unlink()
    if "add" in work:
        shutil.copytree(work["add"], path_of(work["lake"]), dirs_exist_ok=True)
    options = Options(work["lake"], work["warehouse"], catalog, None, "", work["name"], work.get("until"), [], work["steps"], *work.get("maintain", []))
    where, n = work.get("ends", "never 0").split(" ")
    ENDING.at, ENDING.calls = (where, int(n)), 0
    try:
        code = run(spark, options)
    except Ended:
        return {"name": work["name"], "code": None}
    except Refused as error:
        return {"name": work["name"], "code": 1, "error": str(error)}
    files, snapshots, versions = {}, {}, {}
    for table in TABLES:
        name = f"{catalog}.{table}"
        files[table], ids = stored(spark, name)
        snapshots[table] = len(ids)
        if "maintain" in work:
            versions[table] = {i: rows_of(spark, f"{name} VERSION AS OF {i}") for i in ids}
    report = json.loads((path_of(work["warehouse"]) / "runs" / f"{work['name']}.json").read_text())
    answer = {"name": work["name"], "code": code, "report": report, "files": files, "snapshots": snapshots, "versions": versions}
    spark.catalog.setCurrentCatalog(catalog if "ask" in work else "spark_catalog")
    answer["asked"] = {name: [[str(value) for value in row] for row in spark.sql(query).collect()] for name, query in work.get("ask", {}).items()}
    if "texts" in work:
        run_texts(spark, **work["texts"])
    return answer


def run_texts(spark, relations, queries, out):
    """Queries over files: their relations become views of their names; what each answers is written as Parquet."""
    for name, columns, files, query in relations:
        rows = relation.parquet(spark, columns, files) if query is None else spark.sql(query)
        rows.createOrReplaceTempView(name)
    for name, made_of, query in queries:
        QUERIES.update(made_of)
        spark.sql(query).coalesce(1).write.mode("overwrite").parquet(f"{out}/{name}")


def run_chain(spark, works):
    """Runs that follow each other, in a session of their own: settings, views and the current catalog are its own, what is kept in memory is shared."""
    own = spark.newSession()
    spark._jvm.SparkSession.setActiveSession(own._jsparkSession)
    usual = {key: own.conf.get(key, None) for key in SMALL}
    answers = {}
    for index, work in works:
        for key, value in (usual if work.get("is_large") else SMALL).items():
            own.conf.unset(key) if value is None else own.conf.set(key, value)
        answers[index] = run_one(own, index, work)
    return answers


def chains_of(works):
    chains = {}
    for index, work in enumerate(works):
        if "trips" not in work:
            chains.setdefault(work["warehouse"], []).append((index, work))
    # The longest first, so that none is alone in the end.
    return sorted(chains.values(), key=lambda chain: (not any(work.get("is_large") for _, work in chain), -len(chain)))


def count_trips(work):
    """By the job's own command line, which ends the session."""
    inputs = [argument for path in work["trips"] for argument in ("--in", path)]
    code = job.main(["--lake", work["warehouse"], "--warehouse", work["warehouse"], "--run", work["name"], *inputs, "trips"])
    report = json.loads((path_of(work["warehouse"]) / "runs" / f"{work['name']}.json").read_text())
    return {"name": work["name"], "code": code, "report": report}


def java_usage(spark):
    """Peak memory (bytes) and CPU seconds of the Java machine, as Linux counts them; 0 elsewhere."""
    folder = Path(f"/proc/{spark._jvm.java.lang.ProcessHandle.current().pid()}")
    if not folder.exists():
        return 0, 0.0
    [peak] = [line.split()[1] for line in (folder / "status").read_text().splitlines() if line.startswith("VmHWM")]
    times = (folder / "stat").read_text().rsplit(")", 1)[1].split()
    return int(peak) * 1024, (int(times[11]) + int(times[12])) / 100


def main(file):
    works = json.loads(Path(file).read_text())
    spark = job.open_session({})
    answers = {}
    try:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            for done in pool.map(lambda chain: run_chain(spark, chain), chains_of(works)):
                answers.update(done)
        peak, cpu = java_usage(spark)
        answers.update((index, count_trips(work)) for index, work in enumerate(works) if "trips" in work)
    finally:
        spark.stop()
    own = resource.getrusage(resource.RUSAGE_SELF)
    done = {
        "answers": [answers[index] for index in range(len(works))],
        "queries": sorted(QUERIES),
        "peak_rss_bytes": peak,
        "cpu_seconds": round(cpu + own.ru_utime + own.ru_stime, 1),
    }
    Path(f"{file}.out").write_text(json.dumps(done))


if __name__ == "__main__":
    main(sys.argv[1])
