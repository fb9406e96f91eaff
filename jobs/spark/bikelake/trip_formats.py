"""What is known of a trip file before its trips are read: the counterpart of jobs/trips/formats.ts, of the same formats.json."""
import json

from .manifest import fingerprint
from .relation import JOBS, literal, query_text

FORMATS = json.loads((JOBS / "sql" / "trips" / "formats.json").read_text())
QUERIES = ("csv_trips", "hvfhv_trips", "checked_trips", "trip_counts", "trip_rejects")


def trips_print():
    """Changes with the SQL: what another one counted is counted again."""
    return fingerprint([FORMATS, [query_text(f"trips/{name}") for name in QUERIES]])


def header_names(header):
    return [name.replace('"', "").replace("\ufeff", "").strip().lower() for name in header.split(",")]


def layout_of(path, names, header):
    """The layout by names of columns and path; `header` is a CSV file's first line. A text, what is wrong and the remedy, where there is none."""
    file = "parquet" if header is None else "csv"
    known = [f for f in FORMATS if f["file"] == file]
    chosen = next((f for f in known if all(name in names for name in f["has"])), None)
    if chosen is None:
        listed = "; ".join(f"{f['format']} ({', '.join(f['has'])})" for f in known)
        return f"{path}: its columns ({', '.join(names)[:200]}) are those of no known format: {listed}"
    source = next((s for s in chosen["sources"] if s["path"] in path.lower()), None)
    if source is None:
        words = ", ".join(s["path"] for s in chosen["sources"])
        return f"{path}: {chosen['format']} is written by several systems, in different time zones. Its path must hold one of {words}"

    def place(name):
        return names.index(name) + 1 if name in names else 0

    return {
        "format": chosen["format"],
        "query": "csv_trips" if file == "csv" else "hvfhv_trips",
        "source": source["source"],
        "time_zone": source["time_zone"],
        "place_kind": chosen["place_kind"],
        "header": header or "",
        "field_count": len(names),
        "started_field": place(chosen["started"]),
        "ended_field": place(chosen["ended"]),
        "place_id_field": place(chosen["place_id"]),
        "place_name_field": place(chosen["place_name"]) or len(names) + 1,
    }


def row_query(row):
    """One row, as a query."""
    values = (f"{value if isinstance(value, int) else literal(value)} AS {name}" for name, value in row.items())
    return f"SELECT {', '.join(values)}"
