"""What the makers of tables share in one run: a session, the lake, its tables, what was made before, and what is known of the systems."""
import sys
import time

from pyspark.storagelevel import StorageLevel

from .manifest import fingerprint
from .relation import query_text
from .reloads import reload_ranges
from .systems import Systems


class Workshop:
    """Inputs of the SQL are bound to names, results are kept or replace a partition, and nothing is made twice of the same inputs."""

    def __init__(self, spark, lake, warehouse, manifest):
        self.spark = spark
        self.lake = lake
        self.warehouse = warehouse
        self.manifest = manifest
        self.systems = Systems(lake)
        self.reloads = reload_ranges(lake)
        # Names of what this run made anew.
        self.made = []
        self._kept = []
        self._bound = set()

    def make(self, name, inputs, make):
        """
        Makes a thing unless it was made from the same inputs before and its rows are still there. `make` answers with its contents. A table's
        partition without rows counts as nothing.
        """
        known = self.manifest.content["made"].get(name)
        now = fingerprint(inputs)
        if known is not None and known["inputs"] == now and all(self._is_there(name, *c) for c in known["contents"].items()):
            return
        started = time.monotonic()
        try:
            contents = make()
        finally:
            self.forget()
        self.manifest.content["made"][name] = {"inputs": now, "contents": contents}
        self.manifest.save()
        self.made.append(name)
        print(f"{name}: {time.monotonic() - started:.1f} s", file=sys.stderr, flush=True)

    def content(self, name, table):
        """What of a made thing lies in one table, in short; None for no row."""
        content = self.manifest.contents(name).get(table)
        return None if content is None or content.startswith("0:") else content

    def bind(self, name, query):
        """Binds an input of the SQL: a temporary view of this name."""
        self.bind_rows(name, self.spark.sql(query))

    def bind_rows(self, name, rows):
        rows.createOrReplaceTempView(name)
        self._bound.add(name)

    def bind_table(self, name, table, dates):
        """Binds the partitions of a table that exist; none is an empty view with its columns."""
        self.bind(name, self.warehouse.relation(table, dates))

    def keep(self, name, query):
        """Keeps the rows of a query of jobs/sql for those that name it as an input: computed once, in memory, on disk where that is full."""
        return self.keep_rows(name, self.spark.sql(query_text(query)))

    def keep_rows(self, name, rows):
        """As `keep`, of rows that are no query's alone. Returns them."""
        rows = rows.persist(StorageLevel.MEMORY_AND_DISK)
        self._kept.append(rows)
        self.bind_rows(name, rows)
        return rows

    def forget(self):
        """
        Forgets what is kept and bound. The last one first: Spark plans anew what was made of rows that it is to forget. And a name that is bound
        to something else is looked for in all that is kept, so that nothing stays bound.
        """
        while self._kept:
            self._kept.pop().unpersist()
        for name in self._bound:
            self.spark.catalog.dropTempView(name)
        self._bound.clear()

    def write(self, table, date, query):
        """Replaces a partition by the rows of a query of jobs/sql."""
        return {table: self.warehouse.replace(table, date, query_text(query))}

    def _is_there(self, name, table, content):
        date = name.split(" ")[1] if " " in name else None
        return self.warehouse.rows_of(table, date) == int(content.split(":")[0])

