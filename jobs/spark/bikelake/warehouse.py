"""The Iceberg tables that settle writes: made, evolved, and replaced partition by partition."""
from pyspark.sql.functions import expr

from .relation import TABLES, ddl, typed

# One file handle for each partition that a task writes instead of a sort by partition: a write has one partition, and the order of its query stays.
# No distribution by Iceberg: hashed by the date, a whole day would be one task's. The query's ORDER BY cuts the day into ranges.
PROPERTIES = {
    "format-version": "2",
    "write.distribution-mode": "none",
    "write.spark.fanout.enabled": "true",
    "write.parquet.compression-codec": "zstd",
    "write.metadata.delete-after-commit.enabled": "true",
    "write.metadata.previous-versions-max": "20",
}


class Warehouse:
    """Tables of one catalog. `database` is what the names of the databases begin with: `<database>_silver`; empty: `silver`."""

    def __init__(self, spark, catalog, database, location):
        self._spark = spark
        self._catalog = catalog
        self._database = database
        # A catalog of folders has a place of its own for each table, and takes no other.
        self._location = location
        self._counts = {}
        self._ready = set()

    def name(self, table):
        """A table of jobs/tables.ts (`silver.polls`) as a statement names it."""
        schema, own = table.split(".")
        return f"{self._catalog}.{f'{self._database}_' if self._database else ''}{schema}.{own}"

    def is_there(self, table):
        return self._spark.catalog.tableExists(self.name(table))

    def call(self, procedure, table, arguments):
        """Runs a procedure of Iceberg on a table; answers with its rows."""
        own = self.name(table)[len(self._catalog) + 1 :]
        return self._spark.sql(f"CALL {self._catalog}.system.{procedure}(table => '{own}', {arguments})").collect()

    def ensure(self, table):
        """Makes the table where it isn't there, and adds the columns that it lacks. Types never change."""
        if table in self._ready:
            return
        name, columns = self.name(table), TABLES[table]["columns"]
        if not self._spark.catalog.tableExists(name):
            if self._location is None:
                self._spark.sql(f"CREATE NAMESPACE IF NOT EXISTS {name.rsplit('.', 1)[0]}")
            by = {"day": " PARTITIONED BY (event_date)", "file": " PARTITIONED BY (file_id)"}.get(TABLES[table]["partition"], "")
            place = "" if self._location is None else f" LOCATION '{self._location}/{table.replace('.', '/')}'"
            properties = ", ".join(f"'{key}' = '{value}'" for key, value in PROPERTIES.items())
            self._spark.sql(f"CREATE TABLE IF NOT EXISTS {name} ({ddl(columns)}) USING iceberg{by}{place} TBLPROPERTIES ({properties})")
        known = set(self._spark.table(name).columns)
        lacking = {column: t for column, t in columns.items() if column not in known}
        if lacking:
            self._spark.sql(f"ALTER TABLE {name} ADD COLUMNS ({ddl(lacking)})")
        self._ready.add(table)

    def relation(self, table, dates=None):
        """The rows of these partitions, or of all; none is an empty relation with the table's columns."""
        self.ensure(table)
        columns = ", ".join(TABLES[table]["columns"])
        return f"SELECT {columns} FROM {self.name(table)}{'' if dates is None else f' WHERE {_of(dates)}'}"

    def rows_of(self, table, date):
        """How many rows the partition has now, by the table's metadata."""
        return self._rows(table).get(date, 0)

    def dates(self, table):
        """The days that a table has rows of, sorted."""
        return sorted(self._rows(table))

    def content(self, table, date):
        """What a partition holds, in short, as `replace` answers."""
        return self._content(self._stored(table, date))

    def _rows(self, table):
        if table not in self._counts:
            self.ensure(table)
            key = "CAST(partition.event_date AS STRING)" if TABLES[table]["partition"] == "day" else "CAST(NULL AS STRING)"
            rows = self._spark.sql(f"SELECT {key} AS date, sum(record_count) AS n FROM {self.name(table)}.partitions GROUP BY 1").collect()
            self._counts[table] = {row.date: row.n for row in rows if row.n}
        return self._counts[table]

    def replace(self, table, date, query):
        """
        Replaces a partition by the rows of a query; `date` is None for a table that is one partition. Delivery guarantee: one commit, a reader
        sees the old rows or the new ones; a partition that has these rows already isn't touched, so that a run that was killed after its commit
        leaves no second one. Answers with what the partition holds, in short: equal rows, equal text.
        """
        rows = self._spark.sql(typed(TABLES[table]["columns"], query))
        # A new day's rows are computed once, and looked at in the files that they became.
        if self.rows_of(table, date) > 0:
            held = self._content(self._stored(table, date))
            if self._content(rows) == held:
                return held
        rows.writeTo(self.name(table)).overwrite(expr("true" if date is None else _of([date])))
        content = self._content(self._stored(table, date))
        self._counts[table][date] = int(content.split(":")[0])
        return content

    def _stored(self, table, date):
        return self._spark.sql(self.relation(table, None if date is None else [date]))

    def _content(self, rows):
        """Count and two sums of hashes: equal for equal rows in any order. A null hashes as nothing at all, so where they are counts as well."""
        of_row = ", ".join([*rows.columns, *(f"isnull({name})" for name in rows.columns)])
        [(count, xor, total)] = rows.selectExpr(f"xxhash64({of_row}) AS h").selectExpr(
            "count(*)", "coalesce(bit_xor(h), 0)", "coalesce(sum(shiftright(h, 32)), 0)"
        ).collect()
        return f"{count}:{xor}:{total}"


def _of(dates):
    return f"event_date IN ({', '.join(f'DATE {chr(39)}{date}{chr(39)}' for date in dates)})" if dates else "false"
