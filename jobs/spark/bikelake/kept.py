"""Settled days that Bronze no longer suffices to make again: they stay as they are."""
from .errors import Refused
from .relation import query_text

STATUS, INFORMATION, LAST = "silver.station_status", "silver.station_information", "silver.station_last"
POLLS, RECORDS = "silver.polls", "silver.records"
SETTLED = (STATUS, INFORMATION, LAST, POLLS, RECORDS)
# In the place of the fingerprint of what a day was made from: nobody knows, and it is looked at again in each run.
UNKNOWN = ""


def keep_as_it_is(shop, date):
    """
    Takes a settled day over as it is: Bronze has too little left to make it again, and the days after it go on from it. Nothing is taken over where
    nothing is settled of the day.
    """
    contents = {table: shop.warehouse.content(table, date) for table in SETTLED if shop.warehouse.rows_of(table, date) > 0}
    if contents:
        systems = shop.manifest.content["systems"]
        known = shop.spark.sql(f"SELECT DISTINCT system_id FROM ({shop.warehouse.relation(POLLS, [date])})").collect()
        systems[date] = sorted({*systems.get(date, []), *(row.system_id for row in known)})
        shop.manifest.content["made"][f"settle {date}"] = {"inputs": UNKNOWN, "contents": contents}


def keep_gone_days(shop):
    """Days that are settled and that nothing is remembered of, because the manifest was lost; and of which Bronze has nothing any more."""
    made = shop.manifest.content["made"]
    held = {content["date"] for contents in shop.manifest.content["bronze"].values() for content in contents}
    for date in shop.warehouse.dates(RECORDS):
        if date not in held and f"settle {date}" not in made:
            keep_as_it_is(shop, date)


def is_kept(manifest, date):
    """Whether a day stays as it was settled: neither it nor its audit is made again."""
    return manifest.content["made"].get(f"settle {date}", {}).get("inputs") == UNKNOWN


def must_be_whole(shop, date):
    """
    Refuses where a day that is settled was made of more than Bronze has of it now (jobs/sql/gate/lost_records.sql), by its own tables: so it holds
    without the manifest. To be asked when `records` and `bronze_all` are bound, before anything is written.
    """
    if shop.warehouse.rows_of(RECORDS, date) == 0 and shop.warehouse.rows_of(POLLS, date) == 0:
        return
    shop.bind_table("settled_records", RECORDS, [date])
    shop.bind_table("settled_polls", POLLS, [date])
    shop.bind("bronze_receipts", "SELECT DISTINCT system_id, feed, slot_ms FROM bronze_all WHERE kind = 'receipt'")
    [found] = shop.spark.sql(query_text("gate/lost_records")).collect()
    if found.lost > 0:
        raise Refused(
            "bronze_is_less",
            f"{date} can't be settled again: Bronze has no more {found.lost} records and receipts that its settled partition was made of, such as {found.example}. "
            "The day stays as it is. Put the files of Bronze back; or, where they are gone for good and the day is to be made of the rest, "
            f"remove event_date={date} from silver.records and silver.polls, and settle again",
        )
