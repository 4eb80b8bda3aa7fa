"""The demo's campaigns: teams of the phones that measured, with what happens in real ones."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import text, update
from sqlalchemy.dialects.postgresql import Range

from backend.accounts.access import Actor, Grant
from backend.campaigns.models import Campaign, CampaignArea, Team
from backend.clock import VIETNAM, local_day, month_end, month_start
from backend.database.extensions import db
from backend.demo.cheats import plant
from backend.demo.plan import LETTER_MONTH, LETTER_PROVINCE
from backend.devices.models import Device
from backend.measurements.corrections.reattribution import reattribute
from backend.measurements.corrections.service import Choice, Decision, decide
from backend.measurements.recording.service import RecordingContext
from backend.memberships.models import DeviceLink, Membership, Volunteer
from backend.organisations.models import Organisation
from backend.units.models import Unit

# 60 teams and 500 volunteers, as the ministry's letter has its provinces organise them.
GUEST_EVERY = 25  # of so many one is a resident whom a volunteer helped, for a day
GUEST_STAY = timedelta(hours=24)
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ")
GIVEN = ("An", "Bình", "Chi", "Dũng", "Giang", "Hà", "Huy", "Lan", "Minh", "Ngọc", "Quân", "Thảo")

# The phones that measured most, with the commune where each measured most.
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
class Cast:
    """One campaign to be made: whose it is, when and where, how many teams and volunteers."""

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
    until: str | None = None  # its last month, where it takes more than one
    cheats: bool = False


def casts(month: str, until: str) -> tuple[Cast, ...]:
    """The two campaigns of the demo: the letter's, and one from the last full month on."""
    return (
        Cast(
            "Tỉnh Đoàn Thái Nguyên (mẫu)", "youth_union", "Chi đoàn", "youth",
            "Thanh niên đo chất lượng mạng, tháng 11/2024", LETTER_MONTH, (LETTER_PROVINCE,),
            "2024", ("mobile",), 44, 400,
        ),
        Cast(
            "Tổ công nghệ số cộng đồng (mẫu)", "community_digital_team", "Tổ công nghệ số",
            "community_digital", f"Đo Internet tại nhà, {_from_to(month, until)}", month,
            ("19",), "2025", ("mobile", "fixed"), 16, 100, until, cheats=True,
        ),
    )  # fmt: skip


def _from_to(month: str, until: str) -> str:
    (year, first), (last_year, last) = month.split("-"), until.split("-")
    return f"tháng {first}{'' if year == last_year else f'/{year}'}–{last}/{last_year}"


def make_teams(
    wanted: Sequence[Cast], now: datetime, context: RecordingContext, seed: int
) -> list[int]:
    """Make campaigns over the demo's measurements; their ids."""
    made = []
    for cast in wanted:
        cheats = plant(cast.month, _provinces(cast), context, seed) if cast.cheats else []
        made.append(_make(cast, now, cheats))
    db.session.commit()
    return made


def _make(cast: Cast, now: datetime, cheats: Sequence[UUID]) -> int:
    first, last = month_start(cast.month), month_end(cast.until or cast.month)
    provinces = _provinces(cast)
    organisation = Organisation(name=cast.organisation, type=cast.type, unit_id=provinces[0])
    db.session.add(organisation)
    db.session.flush()
    campaign = Campaign(
        organisation_id=organisation.id,
        name=cast.name,
        first_day=first,
        last_day=last,
        networks=list(cast.networks),
        state="closed" if last < local_day(now) else "open",
        demo=True,
    )
    db.session.add(campaign)
    db.session.flush()
    db.session.add_all(
        CampaignArea(campaign_id=campaign.id, unit_id=province) for province in provinces
    )
    phones = _phones(first, last, provinces, cast.volunteers, cheats)
    teams = _teams(cast, organisation.id, phones)
    volunteers = _volunteers(phones)
    _join(campaign, teams, phones, volunteers)
    db.session.flush()
    reattribute(campaign.id)
    _correct(campaign, teams)
    return campaign.id


def _provinces(cast: Cast) -> list[int]:
    found = db.session.query(Unit.id).filter(
        Unit.system == cast.system, Unit.level == "province", Unit.code.in_(cast.provinces)
    )
    return [row[0] for row in found.order_by(Unit.code)]


def _phones(
    first: date, last: date, provinces: list[int], most: int, cheats: Sequence[UUID]
) -> list[Any]:
    span = {"first": first, "last": last, "provinces": provinces, "most": most}
    span |= {"cheats": list(cheats)}
    phones = list(db.session.execute(PHONES, span))
    # By commune, so that neighbours are in one team.
    return sorted(phones, key=lambda phone: (phone.unit_id, phone.device_id))


def _teams(cast: Cast, organisation_id: int, phones: Sequence[Any]) -> list[Team]:
    teams = []
    for number in range(cast.teams):
        home = phones[number * len(phones) // cast.teams].unit_id if phones else None
        teams.append(
            Team(
                organisation_id=organisation_id,
                name=f"{cast.team} {number + 1:02}",
                type=cast.team_type,
                home_unit_id=home,
            )
        )
    db.session.add_all(teams)
    db.session.flush()
    return teams


def _volunteers(phones: Sequence[Any]) -> list[Volunteer]:
    """One person a phone; some give a name, most do not."""
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
    """Members join before they first measure; the rest are guests; one member changes teams."""
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


def _correct(campaign: Campaign, teams: Sequence[Team]) -> None:
    """One correction, as an organiser makes it: a team's day was measured for its neighbours."""
    busiest = db.session.execute(BUSIEST, {"campaign": campaign.id}).first()
    if busiest is None:
        return
    places = [team.id for team in teams]
    other = teams[(places.index(busiest.team_id) + 1) % len(teams)]
    organiser = Actor(grants=(Grant("organiser", "organisation", campaign.organisation_id),))
    choice = Choice(team=busiest.team_id, first=busiest.day, last=busiest.day)
    decision = Decision("Ngày này đo hộ đội bên cạnh (mẫu).", team_id=other.id)
    decide(organiser, campaign.id, choice, decision, preview=False)
