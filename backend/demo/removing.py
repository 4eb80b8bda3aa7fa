"""Take away what belongs to demo devices, and its counts; nothing else."""

from uuid import UUID

from sqlalchemy import delete, select, text

from backend.database.extensions import db
from backend.demo.making import Progress
from backend.devices.models import Device
from backend.measurements.recording.models import DemoMonth
from backend.measurements.recording.reasons import COUNTED, COUNTED_BY_ADMIN

# Devices of one transaction: it can be stopped and run again.
LOT = 20

LOCK = text("select id from devices where id = any(:devices) and demo order by id for update")
# The counts are taken back as they were given: under the fate that stands.
REMOVE = text("""
    with gone as (
        delete from measurements where device_id = any(:devices)
        returning id, unit_id, day, network, case
            when cardinality(reasons) > 0 then reasons[1]
            when :by_admin = any(marks) then :by_admin
            else :counted end as fate
    ), exclusions_gone as (
        delete from exclusions using gone where measurement_id = gone.id
    ), receipts_gone as (
        delete from receipts using gone where receipts.id = gone.id
    ), refused_gone as (
        delete from refused where device_id = any(:devices)
    ), consents_gone as (
        delete from consents where device_id = any(:devices)
    ), deltas as (
        insert into count_deltas (unit_id, day, network, fate, n)
        select unit_id, day, network, fate, -count(*) from gone group by 1, 2, 3, 4
    )
    select count(*) from gone
""")
NO_WAIT = text("set local synchronous_commit = off")


def remove_devices(progress: Progress) -> int:
    """Remove every demo device with what it sent, a lot at a time; return how many rows."""
    ids = list(db.session.scalars(select(Device.id).where(Device.demo).order_by(Device.id)))
    db.session.rollback()
    rows = 0
    for start in range(0, len(ids), LOT):
        progress(start, len(ids))
        rows += _remove_lot(ids[start : start + LOT])
    progress(len(ids), len(ids))
    return rows


def _remove_lot(ids: list[UUID]) -> int:
    db.session.execute(NO_WAIT)
    held = list(db.session.execute(LOCK, {"devices": ids}).scalars())
    names = {"by_admin": COUNTED_BY_ADMIN, "counted": COUNTED}
    rows = int(db.session.execute(REMOVE, {"devices": held, **names}).scalar_one())
    gone = delete(Device).where(Device.id.in_(held))
    db.session.execute(gone, execution_options={"synchronize_session": False})
    db.session.commit()
    return rows


def unmark_months() -> None:
    """No month is one of the demo any more."""
    db.session.execute(delete(DemoMonth))
    db.session.commit()
