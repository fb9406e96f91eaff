"""
`session.py WORK.json`: settles, audits and makes Gold of a lake with the Spark job, set up otherwise where WORK says so, and says what each step took.

WORK: lake, warehouse, until, events (folder of the event log), settings (of the session), properties (of tables), kept (what settle keeps),
columns ("all": settle reads every column's schema; "inferred": it infers it), steps. The answer is beside it in WORK.json.out: steps and report. A job of Spark carries the step it belongs to
as its property `bikelake.step`.
"""
import json
import sys
import time
from pathlib import Path
from urllib.parse import urlparse

sys.path.insert(0, str(Path(__file__).resolve().parent.parent.parent / "jobs" / "spark"))

import main as job  # noqa: E402
from bikelake import relation, settle, warehouse  # noqa: E402
from bikelake import run as runs  # noqa: E402

# What begins a step of the run, by the name under which bikelake.run has it.
STEPS = {
    "account_for_bronze": "inventory",
    "settle_days": "settle",
    "make_audits": "audit",
    "make_gold": "gold",
    "report_of": "report",
}
CLOCK_TICKS = 100


class Meter:
    """Wall clock, processor seconds and highest resident set of the Java machine, step by step."""

    def __init__(self, spark):
        self._context = spark.sparkContext
        self._proc = Path(f"/proc/{spark._jvm.java.lang.ProcessHandle.current().pid()}")
        self.steps = []
        self._open = None

    def begin(self, step):
        now, cpu = time.monotonic(), self._cpu()
        peak = int(next(line for line in (self._proc / "status").read_text().splitlines() if line.startswith("VmHWM")).split()[1]) // 1024
        # Linux counts the highest resident set anew after this.
        (self._proc / "clear_refs").write_text("5")
        if self._open is not None:
            name, since, cpu_before = self._open
            self.steps.append({"step": name, "seconds": now - since, "cpu_s": cpu - cpu_before, "peak_mb": peak})
        self._open = None if step is None else (step, now, cpu)
        self._context.setLocalProperty("bikelake.step", step or "")
        print(f"bench: {step or 'done'}", file=sys.stderr, flush=True)

    def _cpu(self):
        fields = (self._proc / "stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS


def metered(meter, step, function):
    def begun(*given):
        meter.begin(step)
        return function(*given)

    return begun


def set_up(work):
    job.SETTINGS.update(work.get("settings", {}))
    warehouse.PROPERTIES.update(work.get("properties", {}))
    if "kept" in work:
        settle.KEPT = set(work["kept"])
    if work.get("columns") == "all":
        settle.BRONZE_WITHOUT_RAW = relation.BRONZE_COLUMNS
    if work.get("columns") == "inferred":
        settle.bronze_rows = lambda shop, columns, keys: shop.spark.read.option("mergeSchema", "true").parquet(
            *[shop.lake.path(key) for key in keys]
        )


def main(file):
    work = json.loads(Path(file).read_text())
    set_up(work)
    events = {
        "spark.eventLog.enabled": "true",
        "spark.eventLog.dir": work["events"],
        "spark.eventLog.logStageExecutorMetrics": "true",
        "spark.executor.metrics.pollingInterval": "500",
    }
    spark = job.open_session({**job.catalog_settings("lake", "hadoop", work["warehouse"]), **events})
    try:
        meter = Meter(spark)
        for name, step in STEPS.items():
            setattr(runs, name, metered(meter, step, getattr(runs, name)))
        steps = work.get("steps", ["settle", "audit", "gold"])
        runs.run(spark, runs.Options(work["lake"], work["warehouse"], "lake", None, "", "bench", work["until"], [], steps))
        meter.begin(None)
        report = json.loads((Path(urlparse(work["warehouse"]).path) / "runs" / "bench.json").read_text())
        Path(f"{file}.out").write_text(json.dumps({"steps": meter.steps, "report": report}))
    finally:
        spark.stop()


if __name__ == "__main__":
    main(sys.argv[1])
