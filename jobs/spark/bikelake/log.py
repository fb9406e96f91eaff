"""The Silver log: objects `log/lane=<lane>/event_date=<date>/<version>.parquet`, versions 1, 2, 3 … without holes."""
import json
from typing import NamedTuple

from .days import days_after
from .errors import Refused
from .relation import LOG_COLUMNS, SCHEMA, parquet

PREFIX = "log"
# What `npm run expire` tagged, by lane (lib/gold/expiry.ts).
TAGGED_KEY = "recovered/expire/tagged.json"
FIRST_FOLDER = "1970-01-01"
FORMAT_KEY = SCHEMA["log_format_key"]
FOOTERS_AT_ONCE = 32


class LogFile(NamedTuple):
    key: str
    lane: str
    date: str
    version: int


def log_files(lake, from_date="", seen=None):
    """
    The objects of every lane in the folders from a date on; with `seen` (lane -> version, date), those after it. A chain's date only moves on, so
    that no folder before the last one seen holds a new object.
    """
    files = []
    for folder in lake.folders(PREFIX):
        lane = folder[len("lane=") :]
        version, last_date = (seen or {}).get(lane, (0, ""))
        for day in lake.folders(f"{PREFIX}/{folder}"):
            date = day[len("event_date=") :]
            if date < max(from_date, last_date):
                continue
            for key in lake.keys(f"{PREFIX}/{folder}/{day}", ".parquet"):
                own = int(key.rsplit("/", 1)[1][: -len(".parquet")])
                if own > version:
                    files.append(LogFile(key, lane, date, own))
    return files


def expired_until(lake):
    """
    The last date of which some of the log may have expired (docs/expiry.md); None: nothing has. Such a day isn't audited again: its audit stays.
    The day after the oldest folder is taken with it, since objects that were made after midnight stay a day longer than the rest of their folder.
    """
    try:
        marker = json.loads(lake.read(TAGGED_KEY)) if lake.exists(TAGGED_KEY) else {}
    except ValueError:
        return None
    lanes = marker.get("kept_from", {}) if marker.get("format") == 1 else {}
    oldest = [min((f[len("event_date=") :] for f in lake.folders(f"{PREFIX}/lane={lane}")), default=FIRST_FOLDER) for lane in lanes]
    return max((days_after(date, 1) for date in oldest if date != FIRST_FOLDER), default=None)


def log_rows(shop, files):
    """The rows of log objects, with chain_date beside the columns of the log: the date of their folder."""
    rows = parquet(shop.spark, LOG_COLUMNS, [shop.lake.path(file.key) for file in files])
    path = "_metadata.file_path" if files else "''"
    return rows.selectExpr("*", f"try_cast(regexp_extract({path}, 'event_date=([0-9-]+)/', 1) AS DATE) AS chain_date")


def account_for_log(shop):
    """
    Marks the dates whose audit new log objects may concern: those of their changes, that of their folder, and those with records that were
    open. Versions are a chain without holes, so that the last one seen is all there is to remember.
    """
    lanes, log, waiting = (shop.manifest.content[name] for name in ("lanes", "log", "open"))
    fresh = log_files(shop.lake, seen={lane: (c["version"], c["date"]) for lane, c in lanes.items()})
    if not fresh:
        return
    _refuse_unknown(shop, fresh)
    mark = max(f"{file.lane} {file.version}" for file in fresh)
    log_rows(shop, fresh).createOrReplaceTempView("fresh_log")
    changed = shop.spark.sql(
        "SELECT DISTINCT CAST(CAST(slot AS DATE) AS STRING) AS date FROM fresh_log WHERE row_kind = 'change'"
    ).collect()
    for date in {*(row.date for row in changed), *(file.date for file in fresh), *waiting}:
        log[date] = f"{log.get(date, '')}|{mark}"[-100:]
    for file in fresh:
        lane = lanes.setdefault(file.lane, {"version": 0, "date": "", "first": None})
        if file.version == 1:
            lane["first"] = file.key
        if file.version > lane["version"]:
            lane.update(version=file.version, date=file.date)


def _refuse_unknown(shop, fresh):
    """
    Looks into the footer of each object of the folders that have new ones, not of the newest alone: a version that was rolled back leaves objects of
    its format in the middle of a chain. The driver's threads read them side by side, a folder at a time.
    """
    known = ("0", str(SCHEMA["log_format"]))
    for folder in sorted({file.key.rpartition("/")[0] for file in fresh}):
        for key, found in _formats_of(shop, folder):
            if found not in known:
                raise Refused(
                    "unknown_log_format",
                    f"{key}: the log object is of format {found}, this version reads {' and '.join(known)}: settle with the version that wrote it",
                )


def _formats_of(shop, folder):
    """Key and format of each object of a folder."""
    jvm = shop.spark._jvm
    conf = jvm.org.apache.hadoop.conf.Configuration(shop.spark._jsc.hadoopConfiguration())
    conf.setInt("parquet.metadata.read.parallelism", FOOTERS_AT_ONCE)
    path = jvm.org.apache.hadoop.fs.Path(shop.lake.path(folder))
    status = path.getFileSystem(conf).getFileStatus(path)
    for footer in jvm.org.apache.parquet.hadoop.ParquetFileReader.readFooters(conf, status, True):
        values = footer.getParquetMetadata().getFileMetaData().getKeyValueMetaData()
        yield shop.lake.key(footer.getFile()), values.get(FORMAT_KEY) or "0"
