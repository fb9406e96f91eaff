"""Counts trip files into Iceberg tables: the counterpart of jobs/duckdb/trips.ts."""
import json
import re
import sys
import time

from pyspark.sql.functions import expr

from .errors import Refused
from .lake import Lake
from .relation import TABLES, literal, query_text, typed
from .trip_formats import header_names, layout_of, row_query, trips_print
from .warehouse import Warehouse

COUNTS, REJECTS, FILES, DAILY = "silver.trip_counts", "silver.trip_rejects", "silver.trip_files", "gold.trips_daily"
# Of CSV: the fields of a line are cut out once and named many times. These rules would put their expressions in every place that names them, and
# those into each other: planned, one line's query becomes more than the Java compiler takes. Columns of Parquet are fields already, and with the
# rules the text of a row is made for rejected ones alone.
PLAIN = {
    "spark.sql.optimizer.excludedRules": ",".join(
        f"org.apache.spark.sql.catalyst.optimizer.{rule}"
        for rule in ("CollapseProject", "PushDownPredicates", "PushPredicateThroughNonJoin", "InferFiltersFromConstraints")
    ),
    "spark.sql.constraintPropagation.enabled": "false",
}
READ = re.compile(r"\.(csv|csv\.gz|parquet)$", re.IGNORECASE)


def count_trips(spark, paths, warehouse, catalog, location, database, run):
    """
    Counts the trips of the files below `paths`. Delivery guarantee: a file is its content; it counts once, under whatever names it comes, from the
    moment in which its row in silver.trip_files is there; a file with the path of an earlier one takes its place. Killed at any moment, the next
    run comes to the same tables. Raises Refused before anything is counted where a file can't be read. Returns the exit code.
    """
    tables = Warehouse(spark, catalog, database, location)
    for table in (COUNTS, REJECTS, FILES):
        tables.ensure(table)
    made_of = trips_print()
    known = {row.file_id for row in spark.sql(tables.relation(FILES)).collect() if row.made_of == made_of}
    inputs, same = _new_inputs(spark, paths, known)
    for file in inputs:
        started = time.monotonic()
        _count_file(spark, tables, file, made_of)
        print(f"{file['path']}: {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)
    _forget_others(spark, tables)
    spark.sql(tables.relation(COUNTS)).createOrReplaceTempView("counts")
    tables.replace(DAILY, None, query_text("trips/trips_daily"))
    spark.sql(tables.relation(DAILY)).createOrReplaceTempView("trips_daily")
    spark.sql(query_text("views/gold_trips_by_day")).createOrReplaceTempView("trips_by_day")
    files = f"SELECT path, format, source, trips, rejected FROM {tables.name(FILES)} ORDER BY path"
    rejected = f"SELECT reason, count(*) AS rejected FROM {tables.name(REJECTS)} GROUP BY reason ORDER BY reason"
    report = {
        "files": _rows(spark, files),
        "counted": [file["path"] for file in inputs],
        "same": same,
        "rejected": _rows(spark, rejected),
        "bars": _rows(spark, query_text("trips/chart_bars")),
    }
    Lake(spark, warehouse).write(f"runs/{run}.json", json.dumps(report))
    return 0


def _rows(spark, query):
    return [row.asDict() for row in spark.sql(query).collect()]


def _new_inputs(spark, paths, known):
    """Looks at every file before one is counted. The second list: paths whose content is counted already."""
    ids, inputs, same, faults = set(known), [], [], []
    for path in _input_files(spark, paths):
        file_id = _file_id(spark, path)
        if file_id in ids:
            same.append(_shown(path))
            continue
        ids.add(file_id)
        try:
            found = _layout(spark, path)
        except Exception as error:
            found = f"{path} can't be read: {str(error).splitlines()[0]}"
        if isinstance(found, str):
            faults.append(found)
        else:
            inputs.append({"file_id": file_id, "path": _shown(path), "url": path, "layout": found})
    if faults:
        raise Refused("unknown_trips", "\n".join(faults))
    return inputs, same


def _hadoop(spark, path):
    place = spark._jvm.org.apache.hadoop.fs.Path(path)
    return place, place.getFileSystem(spark._jsc.hadoopConfiguration())


def _input_files(spark, paths):
    files = set()
    for path in paths:
        place, system = _hadoop(spark, path)
        found, listed = [], system.listFiles(place, True) if system.exists(place) else None
        while listed is not None and listed.hasNext():
            found.append(listed.next().getPath().toString())
        found = [name for name in found if READ.search(name)]
        if not found:
            raise Refused("no_input", f"{path}: no .csv, .csv.gz or .parquet file is there; what is packed otherwise has to be unpacked")
        files.update(found)
    return sorted(files)


def _shown(path):
    """A file of this machine is named as DuckDB's run names it."""
    return re.sub("^file:/+", "/", path)


def _file_id(spark, path):
    """A file's identity: its content, whatever its name is. Read by the driver's Java, on any file system."""
    place, system = _hadoop(spark, path)
    stream = system.open(place)
    try:
        return spark._jvm.org.apache.commons.codec.digest.DigestUtils.sha256Hex(stream)[:32]
    finally:
        stream.close()


def _layout(spark, path):
    if path.lower().endswith(".parquet"):
        return layout_of(path, [name.lower() for name in spark.read.parquet(path).columns], None)
    first = _lines(spark, path).take(1)
    return layout_of(path, header_names(first[0].line), first[0].line) if first else f"{path} is empty"


def _lines(spark, path):
    """
    Lines as they are: fields and quotes are the SQL's matter, which both engines share. Spark takes bytes for text without a look, and would
    write them to Parquet, where no other reader takes them: U+FFFD stands for what is no UTF-8.
    """
    return spark.read.text(path).selectExpr("decode(CAST(value AS BINARY), 'UTF-8') AS line").where("line <> ''")


def _count_file(spark, tables, file, made_of):
    layout = file["layout"]
    is_csv = layout["query"] == "csv_trips"
    for key, value in PLAIN.items():
        if is_csv:
            spark.conf.set(key, value)
        else:
            spark.conf.unset(key)
    rows = _lines(spark, file["url"]) if is_csv else spark.read.parquet(file["url"])
    rows.createOrReplaceTempView("file_lines" if is_csv else "trip_rows")
    spark.sql(row_query({"file_id": file["file_id"], **layout})).createOrReplaceTempView("layout")
    spark.sql(query_text(f"trips/{layout['query']}")).createOrReplaceTempView("file_trips")
    checked = spark.sql(query_text("trips/checked_trips"))
    checked.createOrReplaceTempView("checked_trips")
    own = f"file_id = {literal(file['file_id'])}"
    _overwrite(spark, tables, COUNTS, query_text("trips/trip_counts"), own)
    # Few rows, which are looked at twice: to find the bounds of their order, and to be written. Without this the file would be read for each.
    rejects = checked.where("reason IS NOT NULL").persist()
    rejects.createOrReplaceTempView("checked_trips")
    _overwrite(spark, tables, REJECTS, query_text("trips/trip_rejects"), own)
    rejects.unpersist()
    [(trips,)] = spark.sql(f"SELECT coalesce(sum(trips), 0) FROM {tables.name(COUNTS)} WHERE {own}").collect()
    [(rejected,)] = spark.sql(f"SELECT count(*) FROM {tables.name(REJECTS)} WHERE {own}").collect()
    row = {"file_id": file["file_id"], "path": file["path"], "format": layout["format"], "source": layout["source"]}
    row.update(trips=trips, rejected=rejected, made_of=made_of)
    # From here on the file is counted, and the one that had its path is not.
    others = f"SELECT {', '.join(TABLES[FILES]['columns'])} FROM {tables.name(FILES)} WHERE NOT ({own} OR path = {literal(file['path'])})"
    _overwrite(spark, tables, FILES, f"{others} UNION ALL {row_query(row)}", "true")


def _overwrite(spark, tables, table, query, condition):
    """Rows that fulfil the condition are replaced by those of the query, in one commit."""
    spark.sql(typed(TABLES[table]["columns"], query)).writeTo(tables.name(table)).overwrite(expr(condition))


def _forget_others(spark, tables):
    """Removes what lies of files that aren't counted: replaced ones, and those that a killed run began."""
    counted = f"SELECT file_id FROM {tables.name(FILES)}"
    for table in (COUNTS, REJECTS):
        others = [r.file_id for r in spark.sql(f"SELECT DISTINCT file_id FROM {tables.name(table)} EXCEPT {counted}").collect()]
        for file_id in others:
            spark.sql(f"DELETE FROM {tables.name(table)} WHERE file_id = {literal(file_id)}")
