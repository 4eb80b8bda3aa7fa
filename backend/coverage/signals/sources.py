"""The measurements that signals look at: of one campaign or unit, in one month, along indexes."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import RowMapping, text

from backend.clock import day_begin, month_end, month_start
from backend.coverage.signals.rows import Seen
from backend.database.extensions import db
from backend.errors import Problem

# Looking at these takes seconds of one worker; whoever has more asks by province or commune.
ROWS_MOST = 100_000

# The app's own tests alone: a probe of an import stands where it stands, by intent. What is not
# valid counts nowhere and needs no look; stripped rows have no device.
COLUMNS = """
    m.id, m.device_id, d.registered_at, m.measured_at, m.latitude, m.longitude, m.accuracy_m,
    m.download_mbps, m.upload_mbps, m.ping_ms, 'mock_position' = any(m.marks) as mock
"""
OF_UNIT = text(f"""
    select {COLUMNS}, false as guest, null as volunteer_id, null as team_id
    from measurements m join devices d on d.id = m.device_id
    where m.unit_id = any(:units) and m.day between :first and :last
      and m.valid and m.source = 'app' limit :most
""")  # noqa: S608 # a part of the statement
OF_CAMPAIGN = text(f"""
    select {COLUMNS}, e.guest, e.volunteer_id, e.team_id
    from earnings e
    join measurements m on m.id = e.measurement_id
    join devices d on d.id = m.device_id
    where e.campaign_id = :campaign and e.day between :first and :last
      and (cast(:units as int[]) is null or e.unit_id = any(:units))
      and m.valid and m.source = 'app' limit :most
""")  # noqa: S608
BELOW = text("select id from units where id = :id or parent_id = :id or province_id = :id")
# How often each device measured in the month at all.
EVERYWHERE = text("""
    select device_id, count(*) as n from measurements
    where device_id = any(:devices) and measured_at >= :since and measured_at < :until group by 1
""")
GUESTS = text("""
    select distinct l.device_id from device_links l
    join memberships s on s.volunteer_id = l.volunteer_id
    where l.device_id = any(:devices) and s.guest_of is not null
""")


@dataclass(frozen=True, slots=True)
class Looked:
    """The rows of a month, and whose a device was in the campaign."""

    rows: list[Seen]
    volunteers: Mapping[UUID, tuple[int | None, int | None]]  # device: volunteer, team


def units_below(unit_id: int) -> list[int]:
    """A unit and all below it."""
    return list(db.session.execute(BELOW, {"id": unit_id}).scalars())


def rows_of_unit(unit_id: int, month: str) -> Looked:
    """What was measured in a unit; a resident's device is known by its membership."""
    found = _read(OF_UNIT, month, units=units_below(unit_id))
    devices = list({row["device_id"] for row in found})
    guests = frozenset(db.session.execute(GUESTS, {"devices": devices}).scalars())
    return _looked(found, month, guests)


def rows_of_campaign(campaign_id: int, month: str, unit_id: int | None) -> Looked:
    """What teams have of a campaign, in one unit of it if told."""
    units = None if unit_id is None else units_below(unit_id)
    found = _read(OF_CAMPAIGN, month, campaign=campaign_id, units=units)
    return _looked(found, month, frozenset(row["device_id"] for row in found if row["guest"]))


def moments(month: str) -> tuple[datetime, datetime]:
    """When a month of Vietnam begins and ends."""
    return day_begin(month_start(month)), day_begin(month_end(month) + timedelta(days=1))


def _read(query: Any, month: str, **values: Any) -> Sequence[RowMapping]:
    values |= {"first": month_start(month), "last": month_end(month), "most": ROWS_MOST + 1}
    found = db.session.execute(query, values).mappings().all()
    if len(found) > ROWS_MOST:
        raise Problem(422, "too_many_to_look_at")
    return found


def _looked(found: Sequence[RowMapping], month: str, guests: frozenset[UUID]) -> Looked:
    here: dict[UUID, int] = {}
    for row in found:
        here[row["device_id"]] = here.get(row["device_id"], 0) + 1
    since, until = moments(month)
    asked = {"devices": list(here), "since": since, "until": until}
    total = {row[0]: int(row[1]) for row in db.session.execute(EVERYWHERE, asked)}
    rows = [_seen(row, total.get(row["device_id"], 0) - here[row["device_id"]], guests)
            for row in found]  # fmt: skip
    whose = {row["device_id"]: (row["volunteer_id"], row["team_id"]) for row in found}
    return Looked(rows, whose)


def _seen(row: RowMapping, elsewhere: int, guests: frozenset[UUID]) -> Seen:
    device = row["device_id"]
    return Seen(
        id=row["id"],
        device=device,
        registered_at=row["registered_at"],
        at=row["measured_at"],
        latitude=row["latitude"],
        longitude=row["longitude"],
        accuracy_m=row["accuracy_m"],
        download_mbps=row["download_mbps"],
        upload_mbps=row["upload_mbps"],
        ping_ms=row["ping_ms"],
        mock=row["mock"],
        guest=device in guests,
        elsewhere=max(elsewhere, 0),
    )
