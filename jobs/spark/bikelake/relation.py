"""Queries of jobs/sql, and the columns and types that jobs/tables.ts gives the tables (tables.json)."""
import json
from functools import lru_cache
from pathlib import Path

JOBS = Path(__file__).resolve().parent.parent.parent
SCHEMA = json.loads((JOBS / "spark" / "tables.json").read_text())
TABLES = {table["name"]: table for table in [*SCHEMA["tables"], *SCHEMA["trips"]]}
BRONZE_COLUMNS = SCHEMA["bronze"]
LOG_COLUMNS = SCHEMA["log"]


@lru_cache(maxsize=None)
def query_text(name):
    """The text of a query, such as `settle/01_records`."""
    return (JOBS / "sql" / f"{name}.sql").read_text()


@lru_cache(maxsize=None)
def sql_print(folder):
    """The texts of a folder of jobs/sql: where the SQL changes, what it made is made again."""
    return [[file.name, file.read_text()] for file in sorted((JOBS / "sql" / folder).glob("*.sql"))]


def literal(text):
    """A string literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def ddl(columns):
    return ", ".join(f"{name} {sql_type}" for name, sql_type in columns.items())


def typed(columns, query):
    """The query's columns, by name, in the types that the table has."""
    return f"SELECT {', '.join(f'CAST({name} AS {t}) AS {name}' for name, t in columns.items())} FROM ({query})"


def empty_relation(columns):
    """No row, with these columns."""
    return f"SELECT {', '.join(f'CAST(NULL AS {t}) AS {name}' for name, t in columns.items())} WHERE false"


def values_query(names, rows, example):
    """The rows as a relation; `example`, a row of the right types, stands in where there is none."""
    listed = ", ".join(rows) if rows else example
    return f"SELECT * FROM (VALUES {listed}) AS v({names}){'' if rows else ' WHERE false'}"


def parquet(spark, columns, paths):
    """The rows of Parquet files by path, with a fixed schema: nothing is inferred; a column that a file lacks is null."""
    if not paths:
        return spark.sql(empty_relation(columns))
    return spark.read.schema(ddl(columns)).parquet(*paths)
