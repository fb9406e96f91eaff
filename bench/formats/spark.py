"""
Spark's half of the bench: a request a line on standard input, an answer a line on descriptor 3. Times are taken here, so that they hold the engine's work alone.

  {"write": {"from", "to", "format", "compression"}}   {"ask": {"path", "format", "schema", "sql"}}
"""
import json
import os
import sys
import time

from pyspark.sql import SparkSession

WHOLE = str(16 << 30)
CSV = {"header": "true", "quote": '"', "escape": '"', "nullValue": ""}


def read_bytes(pid):
    try:
        with open(f"/proc/{pid}/io") as counts:
            return int(next(line for line in counts if line.startswith("rchar:")).split()[1])
    except OSError:
        return None


def write(spark, request):
    """One file, in the order of its source: one split, one task."""
    spark.conf.set("spark.sql.files.maxPartitionBytes", WHOLE)
    day = spark.read.parquet(request["from"])
    day.write.mode("overwrite").format(request["format"]).option("compression", request["compression"]).save(request["to"])
    spark.conf.unset("spark.sql.files.maxPartitionBytes")
    return None


def ask(spark, request):
    options = CSV if request["format"] == "csv" else {}
    day = spark.read.format(request["format"]).options(**options).schema(request["schema"]).load(request["path"])
    day.createOrReplaceTempView("day")
    return list(spark.sql(request["sql"]).collect()[0])


def main():
    spark = SparkSession.builder.appName("bench-formats").config("spark.sql.session.timeZone", "UTC").getOrCreate()
    spark.sparkContext.setLogLevel("ERROR")
    java = spark._jvm.java.lang.ProcessHandle.current().pid()
    answers = os.fdopen(3, "w")
    for line in sys.stdin:
        (action, request), = json.loads(line).items()
        before = read_bytes(java)
        start = time.perf_counter()
        result = {"write": write, "ask": ask}[action](spark, request)
        seconds = time.perf_counter() - start
        after = read_bytes(java)
        cost = {"seconds": seconds, "read_bytes": None if before is None else after - before, "result": result}
        print(json.dumps(cost), file=answers, flush=True)
    spark.stop()


main()
