"""VNNIC's table of the running month, made up: imported and published by the demo's official."""

from datetime import datetime, timedelta

from sqlalchemy import text

from backend.accounts.access import Actor
from backend.clock import local_day, month_start, this_month
from backend.coverage.vnnic.importer import TableChange, import_vnnic, set_table_state
from backend.database.extensions import db
from backend.demo.plan import LETTER_PROVINCE
from backend.tables.spreadsheets import csv_file
from backend.units.service import units_on

# VNNIC counts what residents measure with its own app beside what teams measure with it.
SHARE_PERCENT = 70
RESIDENTS = 90  # at most, in a commune
TOO_FEW = 30  # VNNIC says of fewer samples "không đủ số mẫu"
COUNTED = text("""
    select d.unit_id, sum(d.counted)::int as counted
    from unit_days d
    where d.month = :month and d.network = 'mobile' and d.day <= :day
        and d.unit_id = any(:communes)
    group by d.unit_id
""")
# A table beside generated samples is of the demo, whoever imported it.
REMOVE = text("""
    delete from vnnic_counts v using units u, units p
    where v.unit_id = u.id and p.id = u.province_id and p.code = :province
        and v.month in (select month from demo_months)
""")


def add_table(official: Actor, now: datetime) -> None:
    """Import and publish a table of the province's communes, as of yesterday."""
    today, month = local_day(now), this_month(now)
    day = max(today - timedelta(days=1), month_start(month))
    communes = units_on(today, "commune", LETTER_PROVINCE)
    values = {"month": month, "day": day, "communes": [one.id for one in communes]}
    counted = {row.unit_id: row.counted for row in db.session.execute(COUNTED, values)}
    rows: list[tuple[str, str, int | str]] = []
    for one in communes:
        residents = int(one.code) * 37 % RESIDENTS  # evenly spread, the same at each load
        samples = residents + counted.get(one.id, 0) * SHARE_PERCENT // 100
        shown = samples if samples >= TOO_FEW else "Không đủ số mẫu"
        rows.append((one.code, one.name, shown))
    raw = csv_file([("Mã", "Đơn vị", "Số mẫu"), *rows])
    key = {"month": month, "network": "mobile"}
    import_vnnic(official, lambda: raw, key, day=day, dry_run=False, now=now, language="vi")
    change: TableChange = {
        "month": month,
        "network": "mobile",
        "level": "province",
        "state": "published",
        "preview": False,
    }
    set_table_state(official, LETTER_PROVINCE, change)


def remove_table() -> None:
    """Remove VNNIC's counts of the demo's months in its official's province."""
    db.session.execute(REMOVE, {"province": LETTER_PROVINCE})
    db.session.commit()
