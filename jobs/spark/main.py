"""
Entry point of the Spark job, on EMR Serverless and on this machine:

  main.py --lake s3://LAKE --catalog glue --database bikelake_prod --run NAME --until INSTANT --jobs s3://LAKE/jobs/VERSION settle audit gold
  main.py --lake s3://LAKE --catalog glue --database bikelake_prod --run NAME --jobs s3://LAKE/jobs/VERSION --in s3://BUCKET/FOLDER trips

Exit code 0; 3 where ledger or audit have a finding (all is made then); anything else: failed, and the same run again goes on.
"""
import argparse
import sys
import tempfile
from pathlib import Path

from pyspark.sql import SparkSession

# How Spark is set up: docs/spark.md says why each setting is what it is.
SETTINGS = {
    # Every time is UTC, and arithmetic that overflows or a cast that fails is an error, never a null.
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    # Partitions are planned for the largest day and merged to this size when their bytes are known.
    "spark.sql.adaptive.enabled": "true",
    "spark.sql.adaptive.advisoryPartitionSizeInBytes": "64m",
    "spark.sql.adaptive.coalescePartitions.parallelismFirst": "false",
    # The records of a day (one row for each chunk and part) are what every row of Bronze is joined with: small enough to be everywhere.
    "spark.sql.autoBroadcastJoinThreshold": "64m",
    "spark.sql.adaptive.autoBroadcastJoinThreshold": "64m",
    # Files of Bronze are a thirtieth of their rows: a day that looks like 20 MB must not be taken for a small dimension.
    "spark.sql.sources.fileCompressionFactor": "30",
    # What DuckDB reads as well.
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    "spark.sql.extensions": "org.apache.iceberg.spark.extensions.IcebergSparkSessionExtensions",
}


def catalog_settings(name, kind, warehouse):
    """`hadoop`: tables are folders of the warehouse. `glue`: the AWS Glue Data Catalog, files by S3FileIO."""
    prefix = f"spark.sql.catalog.{name}"
    settings = {prefix: "org.apache.iceberg.spark.SparkCatalog", f"{prefix}.warehouse": warehouse, f"{prefix}.cache-enabled": "false"}
    if kind == "hadoop":
        return {**settings, f"{prefix}.type": "hadoop"}
    return {
        **settings,
        f"{prefix}.catalog-impl": "org.apache.iceberg.aws.glue.GlueCatalog",
        f"{prefix}.io-impl": "org.apache.iceberg.aws.s3.S3FileIO",
    }


def open_session(settings):
    builder = SparkSession.builder.appName("bikelake")
    for key, value in {**SETTINGS, **settings}.items():
        builder = builder.config(key, value)
    spark = builder.getOrCreate()
    # A window over the records of a day is said to be unpartitioned at each analysis of its query.
    spark.sparkContext.setLogLevel("ERROR")
    return spark


def options(arguments):
    parser = argparse.ArgumentParser(prog="main.py")
    parser.add_argument("--lake", required=True, help="the lake bucket: s3://BUCKET or file:///FOLDER")
    parser.add_argument("--catalog", choices=("hadoop", "glue"), default="hadoop")
    parser.add_argument("--warehouse", help="where tables, manifest and report lie; default: the lake")
    parser.add_argument("--database", default="", help="what the databases' names begin with, as bikelake_prod in bikelake_prod_silver")
    parser.add_argument("--run", required=True, help="name of the run: its report is runs/NAME.json")
    parser.add_argument("--until", help="days that end after this instant (UTC) wait; default: all days")
    parser.add_argument("--date", action="append", default=[], help="a day that is made again whatever is remembered of it")
    parser.add_argument("--dry-run", action="store_true", help="maintain says what it would remove, and changes nothing")
    parser.add_argument("--keep-days", type=float, default=3, help="maintain leaves snapshots and files that are younger; default 3")
    parser.add_argument("--jobs", help="where spark/ and sql/ lie; default: beside this file")
    parser.add_argument("--master", help="where Spark runs; on EMR it is given")
    parser.add_argument("--in", dest="inputs", action="append", default=[], help="trips: a trip file or a folder of them; may be repeated")
    parser.add_argument("steps", nargs="+", choices=("settle", "audit", "gold", "maintain", "trips"))
    given = parser.parse_args(arguments)
    if ("trips" in given.steps) != bool(given.inputs) or ("trips" in given.steps and len(given.steps) > 1):
        parser.error("trips stands alone, and needs --in")
    return given


def fetch(spark, jobs):
    """The program and its SQL as a folder of the driver, which alone needs them: executors run no Python."""
    path = spark._jvm.org.apache.hadoop.fs.Path
    folder = Path(tempfile.mkdtemp(prefix="bikelake-jobs-"))
    for name in ("spark", "sql"):
        source = path(f"{jobs.rstrip('/')}/{name}")
        source.getFileSystem(spark._jsc.hadoopConfiguration()).copyToLocalFile(source, path(f"file://{folder}/{name}"))
    return folder


def main(arguments):
    given = options(arguments)
    warehouse = given.warehouse or given.lake
    master = {} if given.master is None else {"spark.master": given.master}
    spark = open_session({**catalog_settings("lake", given.catalog, warehouse), **master})
    try:
        folder = Path(__file__).resolve().parent.parent if given.jobs is None else fetch(spark, given.jobs)
        sys.path.insert(0, str(folder / "spark"))
        from bikelake.errors import Refused
        from bikelake.run import Options, run
        from bikelake.trips import count_trips

        location = warehouse if given.catalog == "glue" else None
        chosen = Options(
            lake=given.lake,
            warehouse=warehouse,
            catalog="lake",
            location=location,
            database=given.database,
            run=given.run,
            until=given.until,
            dates=given.date,
            steps=given.steps,
            dry_run=given.dry_run,
            keep_days=given.keep_days,
        )
        try:
            if given.inputs:
                return count_trips(spark, given.inputs, warehouse, "lake", location, given.database, given.run)
            return run(spark, chosen)
        except Refused as error:
            print(error, file=sys.stderr)
            return 1
    finally:
        spark.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
