"""The lake of `npm start`, as a notebook asks it: the tables of `npm run query` in DuckDB, and the Iceberg tables of `npm run spark`."""
import datetime
import json
import math
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pandas as pd

ROOT = Path(__file__).resolve().parent.parent
# Floating sums are added in another order by each engine.
FLOATING = 1e-9


class NotHere(Exception):
    """What a person lacks, and which command makes it. A notebook shows this message alone."""

    def _render_traceback_(self):
        return [f"{self}"]


class Lake:
    """One DuckDB over the files that are there when it is opened. Times are UTC."""

    def __init__(self, folder=None):
        """`folder`: the state folder of the run; default: the variable BIKELAKE_DIR, else .bikelake. A relative one is the project's."""
        self.folder = ROOT / (folder or os.environ.get("BIKELAKE_DIR") or ".bikelake")
        self.asked = {}
        self._duckdb = duckdb.connect()
        self._duckdb.execute(self._views())
        self._spark = None

    def ask(self, sql):
        """The rows of a query, as a DataFrame. Write the dialect of jobs/sql, and the text runs in Spark as well."""
        relation = self._duckdb.sql(sql)
        columns, rows = relation.columns, relation.fetchall()
        self.asked[sql] = rows
        return pd.DataFrame(rows, columns=columns)

    def ask_spark(self, sql):
        """The same, of the Iceberg tables."""
        answer = self.spark.sql(sql)
        return pd.DataFrame([tuple(row) for row in answer.collect()], columns=answer.columns)

    def compare(self):
        """Asks Spark every query that DuckDB was asked: a line for each, with the rows of both and how many of them differ."""
        lines = []
        for sql, rows in self.asked.items():
            ours, theirs = _sorted(rows), _sorted(tuple(row) for row in self.spark.sql(sql).collect())
            differ = sum(not _equal(a, b) for a, b in zip(ours, theirs)) + abs(len(ours) - len(theirs))
            lines.append({"query": _title(sql), "rows in DuckDB": len(ours), "rows in Spark": len(theirs), "rows that differ": differ})
        return pd.DataFrame(lines)

    def save_answers(self, file):
        """Writes every query that was asked with the rows that it got, as JSON, for a comparison from outside."""
        answers = [{"sql": sql, "rows": [[_plain(value) for value in row] for row in rows]} for sql, rows in self.asked.items()]
        Path(file).write_text(json.dumps(answers))

    def system(self, system_id):
        """What the lake's plan says of a system: time_zone (IANA), interval_s. As settle has it of one that the plan doesn't name."""
        for plan in self.folder.glob("s3/*-lake/config/plan.json"):
            for group in json.loads(plan.read_text())["groups"]:
                for system in group["systems"]:
                    if system["system_id"] == system_id:
                        return system
        return {"time_zone": "UTC", "interval_s": 60}

    @property
    def spark(self):
        """A Spark session whose current catalog is the lake's, so that tables are named alike: gold.station_hourly."""
        if self._spark is None:
            self._spark = self._open_spark()
        return self._spark

    def _views(self):
        own = ROOT / "node_modules" / ".bin" / "node"
        node = str(own) if own.exists() else "node"
        command = [node, str(ROOT / "jobs" / "query.ts"), "--dir", str(self.folder), "--views"]
        try:
            done = subprocess.run(command, capture_output=True, text=True)
        except FileNotFoundError:
            raise NotHere("There is no Node here: install Node 20 or newer, and run npm ci in the project's folder.") from None
        if done.returncode != 0:
            raise NotHere(
                f"The lake can't be opened: {done.stderr.strip()}\n"
                'Make one with "npm run notebook" or "npm start -- --for 60"; another one than .bikelake is named by the variable BIKELAKE_DIR.'
            )
        return done.stdout

    def _open_spark(self):
        warehouse = self.folder / "iceberg"
        if not (warehouse / "gold").exists():
            raise NotHere(f'There are no Iceberg tables in {warehouse}: "npm run spark -- --dir {self.folder}" makes them.')
        prepared = Path(sys.prefix) / "spark.json"
        if not prepared.exists():
            raise NotHere('This Python knows no Spark: "npm run notebook" sets it up in .venv/notebook; choose that as the kernel.')
        settings = json.loads(prepared.read_text())
        os.environ.update(settings["environment"])
        for path in (settings["packages"], str(ROOT / "jobs" / "spark")):
            if path not in sys.path:
                sys.path.append(path)
        from main import catalog_settings, open_session

        self._start_java()
        spark = open_session(catalog_settings("lake", "hadoop", warehouse.as_uri()))
        spark.sql("USE lake")
        return spark

    def _start_java(self):
        """Here and not by the session, because Java would say in the notebook what it loads."""
        from pyspark import SparkContext
        from pyspark.errors import PySparkRuntimeError
        from pyspark.java_gateway import launch_gateway

        log = self.folder / "notebook-spark.log"
        with log.open("w") as said:
            try:
                SparkContext._ensure_initialized(gateway=launch_gateway(popen_kwargs={"stdout": said, "stderr": said}))
            except PySparkRuntimeError as error:
                raise NotHere(f"Spark did not start ({error}); {log} says why.") from None


def _title(sql):
    """The comment that a query begins with."""
    first = sql.strip().splitlines()[0]
    return first.lstrip("- ") if first.startswith("--") else first


def _plain(value):
    return value.isoformat() if isinstance(value, (datetime.date, datetime.datetime)) else value


def _sorted(rows):
    return sorted(rows, key=lambda row: [(v is not None, f"{v:.6e}" if isinstance(v, float) else str(v)) for v in row])


def _equal(ours, theirs):
    return len(ours) == len(theirs) and all(_same(a, b) for a, b in zip(ours, theirs))


def _same(a, b):
    if isinstance(a, float) and isinstance(b, float):
        return math.isclose(a, b, rel_tol=FLOATING, abs_tol=FLOATING)
    return type(a) is type(b) and a == b
