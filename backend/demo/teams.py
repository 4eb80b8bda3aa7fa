"""The demo's campaigns: teams of demo phones with guests, a correction, and cheats."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import Range

from backend.accounts.access import Actor, Grant
from backend.batch.executor import SERIAL, Executor, batched
from backend.campaigns.models import Campaign, CampaignArea, Team
from backend.clock import VIETNAM, local_day, month_end, month_start
from backend.database.extensions import db
from backend.demo.generation import NO_WAIT, register
from backend.demo.phones import Phone, body, new_phone
from backend.demo.plan import LETTER_MONTH, LETTER_PROVINCE
from backend.demo.volunteers import METRES_PER_DEGREE, Floats
from backend.devices import service as devices
from backend.devices.models import Device
from backend.measurements.corrections.service import Choice, Decision, attribute_whole, decide
from backend.measurements.recording.incoming import ReceiptContext
from backend.measurements.recording.service import RecordingContext, record
from backend.memberships.models import DeviceLink, Membership, Volunteer
from backend.organisations.models import Organisation
from backend.units.models import Unit
from backend.witness.assurance import Assurance

# Phones of one transaction, and of a process at a time.
ATTRIBUTED_AT_ONCE = 10
# 60 teams and 500 volunteers, as in the ministry's letter.
GUEST_EVERY = 25  # one of so many volunteers is a guest, a resident whom another one helped
GUEST_STAY = timedelta(hours=24)
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ")
GIVEN = ("An", "Bình", "Chi", "Dũng", "Giang", "Hà", "Huy", "Lan", "Minh", "Ngọc", "Quân", "Thảo")

# The phones with most samples, each with its most frequent commune.
PHONES = text("""
    select m.device_id, mode() within group (order by m.unit_id) as unit_id,
           min(m.measured_at) as first, max(m.measured_at) as last
    from measurements m join devices d on d.id = m.device_id and d.demo
    join units u on u.id = m.unit_id
    where m.day between :first and :last and u.province_id = any(:provinces)
      and not exists (select from device_links l where l.device_id = m.device_id)
    group by 1 order by m.device_id = any(:cheats) desc, count(*) desc, 1 limit :most
""")

BUSIEST = text("""
    select team_id, day from earnings where campaign_id = :campaign
    group by 1, 2 order by count(*) desc, 1, 2 limit 1
""")


@dataclass(frozen=True, slots=True)
class TeamCampaign:
    """Plan of a campaign with its organisation, area, months and number of teams."""

    organisation: str
    type: str
    team: str
    team_type: str
    name: str
    month: str
    provinces: tuple[str, ...]
    system: str
    networks: tuple[str, ...]
    teams: int
    volunteers: int
    until: str | None = None  # its last month, if there are several
    cheats: bool = False


def team_campaigns(month: str, until: str) -> tuple[TeamCampaign, ...]:
    """Return the two campaigns of the demo: the letter's, and one since the last full month."""
    return (
        TeamCampaign(
            "Tỉnh Đoàn Thái Nguyên (mẫu)", "youth_union", "Chi đoàn", "youth",
            "Thanh niên đo chất lượng mạng, tháng 11/2024", LETTER_MONTH, (LETTER_PROVINCE,),
            "2024", ("mobile",), 44, 400,
        ),
        TeamCampaign(
            "Tổ công nghệ số cộng đồng (mẫu)", "community_digital_team", "Tổ công nghệ số",
            "community_digital", f"Đo Internet tại nhà, {_from_to(month, until)}", month,
            ("19",), "2025", ("mobile", "fixed"), 16, 100, until, cheats=True,
        ),
    )  # fmt: skip


def _from_to(month: str, until: str) -> str:
    (year, first), (last_year, last) = month.split("-"), until.split("-")
    return f"tháng {first}{'' if year == last_year else f'/{year}'}–{last}/{last_year}"


@dataclass(frozen=True, slots=True)
class AddedCampaign:
    """A stored campaign with its organisation, its teams and the phones of their volunteers."""

    id: int
    organisation_id: int
    teams: Sequence[int]
    phones: Sequence[UUID]


def add_campaign(
    plan: TeamCampaign, now: datetime, context: RecordingContext, seed: int
) -> AddedCampaign:
    """Add a campaign of the demo's phones, which have earned nothing yet."""
    cheats = add_cheats(plan.month, _provinces(plan), context, seed) if plan.cheats else []
    first, last = month_start(plan.month), month_end(plan.until or plan.month)
    provinces = _provinces(plan)
    organisation = Organisation(name=plan.organisation, type=plan.type, unit_id=provinces[0])
    db.session.add(organisation)
    db.session.flush()
    campaign = Campaign(
        organisation_id=organisation.id,
        name=plan.name,
        first_day=first,
        last_day=last,
        networks=list(plan.networks),
        state="closed" if last < local_day(now) else "open",
        demo=True,
    )
    db.session.add(campaign)
    db.session.flush()
    db.session.add_all(
        CampaignArea(campaign_id=campaign.id, unit_id=province) for province in provinces
    )
    phones = _phones(first, last, provinces, plan.volunteers, cheats)
    teams = _teams(plan, organisation.id, phones)
    volunteers = _volunteers(phones)
    _join(campaign, teams, phones, volunteers)
    db.session.commit()
    ids = [team.id for team in teams], [phone.device_id for phone in phones]
    return AddedCampaign(campaign.id, organisation.id, *ids)


def attribute_samples(
    campaigns: Sequence[AddedCampaign], executor: Executor = SERIAL
) -> Iterator[None]:
    """Attribute the samples of these campaigns' phones to their teams, by parts."""
    phones = [phone for campaign in campaigns for phone in campaign.phones]
    return executor.map(_attribute_lot, list(batched(phones, ATTRIBUTED_AT_ONCE)))


def _attribute_lot(phones: Sequence[UUID]) -> None:
    db.session.execute(NO_WAIT)
    attribute_whole(devices.lock_devices(phones))
    db.session.commit()


def _provinces(plan: TeamCampaign) -> list[int]:
    found = db.session.query(Unit.id).filter(
        Unit.system == plan.system, Unit.level == "province", Unit.code.in_(plan.provinces)
    )
    return [row[0] for row in found.order_by(Unit.code)]


def _phones(
    first: date, last: date, provinces: list[int], most: int, cheats: Sequence[UUID]
) -> list[Any]:
    span = {"first": first, "last": last, "provinces": provinces, "most": most}
    span |= {"cheats": list(cheats)}
    phones = list(db.session.execute(PHONES, span))
    # By commune, so that neighbours are in the same team.
    return sorted(phones, key=lambda phone: (phone.unit_id, phone.device_id))


def _teams(plan: TeamCampaign, organisation_id: int, phones: Sequence[Any]) -> list[Team]:
    teams = []
    for number in range(plan.teams):
        home = phones[number * len(phones) // plan.teams].unit_id if phones else None
        teams.append(
            Team(
                organisation_id=organisation_id,
                name=f"{plan.team} {number + 1:02}",
                type=plan.team_type,
                home_unit_id=home,
            )
        )
    db.session.add_all(teams)
    db.session.flush()
    return teams


def _volunteers(phones: Sequence[Any]) -> list[Volunteer]:
    """Add one volunteer per phone; some have a name."""
    volunteers = [Volunteer(demo=True, display_name=_name(place)) for place in range(len(phones))]
    db.session.add_all(volunteers)
    db.session.flush()
    devices: list[UUID] = [phone.device_id for phone in phones]
    since = datetime(2024, 1, 1, tzinfo=UTC)
    db.session.add_all(
        DeviceLink(device_id=device, volunteer_id=volunteer.id, period=Range(since, None))
        for device, volunteer in zip(devices, volunteers, strict=True)
    )
    db.session.execute(
        update(Device).where(Device.id.in_(devices)).values(joined=True),
        execution_options={"synchronize_session": False},
    )
    return volunteers


def _name(place: int) -> str | None:
    if place % 3:
        return None
    return f"{FAMILY[place % len(FAMILY)]} {GIVEN[place // 3 % len(GIVEN)]}"


def _join(
    campaign: Campaign,
    teams: Sequence[Team],
    phones: Sequence[Any],
    volunteers: Sequence[Volunteer],
) -> None:
    """Add memberships before the first samples, guests, and one change of team."""
    begin = datetime.combine(campaign.first_day, datetime.min.time(), VIETNAM)
    for place, (phone, volunteer) in enumerate(zip(phones, volunteers, strict=True)):
        team = teams[place * len(teams) // len(phones)]
        host = volunteers[place - 1].id if place % GUEST_EVERY == GUEST_EVERY - 1 else None
        since = phone.first if host else max(begin, phone.first - timedelta(hours=1))
        until = since + GUEST_STAY if host else None
        spans = [(team, Range(since, until))]
        if place == len(phones) // 2 and not host:
            middle = begin + timedelta(days=14)
            if since < middle:
                other = teams[(teams.index(team) + 1) % len(teams)]
                spans = [(team, Range(since, middle)), (other, Range(middle, None))]
        db.session.add_all(
            Membership(
                volunteer_id=volunteer.id,
                campaign_id=campaign.id,
                team_id=where.id,
                period=period,
                guest_of=host,
            )
            for where, period in spans
        )


def add_correction(campaign: AddedCampaign) -> None:
    """Make one correction: a team's day was measured for its neighbours."""
    busiest = db.session.execute(BUSIEST, {"campaign": campaign.id}).first()
    if busiest is None:
        return
    teams = campaign.teams
    other = teams[(teams.index(busiest.team_id) + 1) % len(teams)]
    organiser = Actor(grants=(Grant("organiser", "organisation", campaign.organisation_id),))
    choice = Choice(team_id=busiest.team_id, first_day=busiest.day, last_day=busiest.day)
    decision = Decision("Ngày này đo hộ đội bên cạnh (mẫu).", team_id=other)
    decide(organiser, campaign.id, choice, decision, preview=False)


# A counted demo sample of that month, near which the cheats measure.
SPOT = text("""
    select m.longitude, m.latitude from measurements m
    join devices d on d.id = m.device_id and d.demo
    join units u on u.id = m.unit_id and u.province_id = any(:provinces)
    where m.day between :first and :last and m.counted
    order by m.id limit 1
""")
Moment = tuple[datetime, float]  # time, and offset to the north in metres


def add_cheats(
    month: str, provinces: Sequence[int], context: RecordingContext, seed: int
) -> list[UUID]:
    """Record the cheats' samples near another demo sample of a month; return their devices."""
    first, last = month_start(month), month_end(month)
    span = {"first": first, "last": last, "provinces": list(provinces)}
    spot = db.session.execute(SPOT, span).first()
    db.session.rollback()
    if spot is None:
        return []
    rng = np.random.default_rng([seed, 991])
    at = np.array([spot.longitude, spot.latitude, 9.0])
    together = list(_days(first, 14))
    cheats = [(list(_days(first, 8)), True), (list(_night(first)), False)]
    cheats += [(together, False), (together, False)]  # two phones of one person
    return [_record_phone(moments, mock, month, at, context, rng) for moments, mock in cheats]


def _days(first: date, n: int) -> Iterator[Moment]:
    """Yield a test each morning and afternoon, 250 m apart."""
    for k in range(n):
        hour = time(8 + 6 * (k % 2), 10)
        yield datetime.combine(first + timedelta(days=3 + k // 2), hour, VIETNAM), 250.0 * k


def _night(first: date) -> Iterator[Moment]:
    """Yield the tests of one night, far enough apart not to be repeats."""
    begin = datetime.combine(first + timedelta(days=9), time(0, 20), VIETNAM)
    for k in range(20):
        yield begin + timedelta(minutes=12 * k), -220.0 * k


def _record_phone(
    moments: list[Moment],
    mock: bool,
    month: str,
    spot: Floats,
    context: RecordingContext,
    rng: np.random.Generator,
) -> UUID:
    """Register a phone and record its tests."""
    phone = replace(new_phone("mobile", month, rng), skew=timedelta())
    register([(phone, moments[0][0] - timedelta(hours=1))], context)
    sent = [_sample(phone, when, north, mock, spot, rng) for when, north in moments]
    assurances: dict[UUID, Assurance] = {UUID(one["id"]): "witnessed" for one in sent}
    receipt = ReceiptContext(moments[-1][0] + timedelta(minutes=5), assurances=assurances)
    record(phone.id, sent, receipt, context)
    return phone.id


def _sample(
    phone: Phone, at: datetime, north: float, mock: bool, spot: Floats, rng: np.random.Generator
) -> dict[str, Any]:
    fix = spot + np.array([0.0, north / METRES_PER_DEGREE, 0.0])
    sample: dict[str, Any] = body(phone, at, fix, rng)
    sample["location"]["is_mock"] = mock
    return sample
