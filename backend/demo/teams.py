"""The demo's campaigns: teams of its volunteers with guests, and a correction."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.dialects.postgresql import Range

from backend.accounts.access import Actor, Grant
from backend.campaigns.models import Campaign, CampaignArea, Team
from backend.clock import day_begin, local_day, month_end, month_start
from backend.database.extensions import db
from backend.demo.plan import LETTER_MONTH, LETTER_PROVINCE, MonthPlan
from backend.demo.volunteers import SATURDAY, Round, Volunteer, plan_tests, seeded
from backend.devices.models import Device
from backend.measurements.corrections.service import Choice, Decision, decide
from backend.measurements.recording.models import Earning
from backend.memberships.models import DeviceLink, Membership
from backend.memberships.models import Volunteer as Person
from backend.organisations.models import Organisation
from backend.units.service import units_on

# Together 60 teams and 500 volunteers, as in the ministry's letter.
GUEST_EVERY = 25  # one of so many volunteers is a guest, a resident whom another one helped
GUEST_STAY = timedelta(hours=24)
# Begin of a team's round, and the spread of the logarithm of what its tests share beside the day.
ROUND_AT, SHARED_ON_ROUND = timedelta(hours=7), 0.4
FAMILY = ("Nguyễn", "Trần", "Lê", "Phạm", "Hoàng", "Vũ", "Đặng", "Bùi", "Đỗ", "Hồ")
GIVEN = ("An", "Bình", "Chi", "Dũng", "Giang", "Hà", "Huy", "Lan", "Minh", "Ngọc", "Quân", "Thảo")


@dataclass(frozen=True, slots=True)
class TeamCampaign:
    """A planned campaign."""

    organisation: str
    organisation_type: str
    team: str
    team_type: str
    name: str
    months: tuple[str, ...]
    networks: tuple[str, ...]
    teams: int
    volunteers: int
    province: str = LETTER_PROVINCE
    rounds: bool = False  # whether members of a team also go out together

    def includes(self, volunteer: Volunteer) -> bool:
        """Return whether someone measures in the campaign."""
        plan = volunteer.plan
        return plan.province == self.province and plan.month in self.months

    def order(self, volunteer: Volunteer) -> tuple[bool, float]:
        """Return the key by which people join: cheats first, then those with the most samples.

        With rounds it is everybody of drawn communes; in the others people measure alone.
        """
        drawn = seeded(volunteer.home.code, "teams").random()
        return volunteer.cheat is None, drawn if self.rounds else -volunteer.counted


def team_campaigns(last: str, current: str) -> tuple[TeamCampaign, ...]:
    """Return the two campaigns of the demo: the letter's, and one of the last and this month."""
    (year, first), (this_year, this) = last.split("-"), current.split("-")
    span = f"tháng {first}{'' if year == this_year else f'/{year}'}–{this}/{this_year}"
    return (
        TeamCampaign(
            "Tỉnh Đoàn Thái Nguyên (mẫu)", "youth_union", "Chi đoàn", "youth",
            "Thanh niên đo chất lượng mạng, tháng 11/2024", (LETTER_MONTH,), ("mobile",), 44, 400,
        ),
        TeamCampaign(
            "Tổ công nghệ số cộng đồng (mẫu)", "community_digital_team", "Tổ công nghệ số",
            "community_digital", f"Đo di động và Internet tại nhà, {span}",
            tuple(month for month in (last, current) if month != LETTER_MONTH),
            ("mobile", "fixed"), 16, 100, rounds=True,
        ),
    )  # fmt: skip


def add_campaign(plan: TeamCampaign, people: Sequence[Volunteer], now: datetime) -> int | None:
    """Add a campaign which registered people join before their first samples; None without any."""
    those = [person for person in people if plan.includes(person)]
    those.sort(key=plan.order)
    # By commune, so that neighbours are in the same team.
    members = sorted(those[: plan.volunteers], key=lambda person: person.home.unit_id)
    if not members:
        return None
    if plan.rounds:
        draw_rounds(members, plan.teams)
    first, last = month_start(plan.months[0]), month_end(plan.months[-1])
    provinces = {unit.code: unit.id for unit in units_on(last, "province")}
    organisation = Organisation(
        name=plan.organisation, type=plan.organisation_type, unit_id=provinces[plan.province]
    )
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
    teams = [
        Team(
            organisation_id=organisation.id,
            name=f"{plan.team} {number + 1:02}",
            type=plan.team_type,
            home_unit_id=members[number * len(members) // plan.teams].home.unit_id,
        )
        for number in range(plan.teams)
    ]
    db.session.add_all([campaign, *teams])
    db.session.flush()
    db.session.add(CampaignArea(campaign_id=campaign.id, unit_id=organisation.unit_id))
    _join(campaign, teams, members)
    db.session.commit()
    return campaign.id


def draw_rounds(members: Sequence[Volunteer], teams: int) -> None:
    """Draw a round of each team and month: a weekend morning of those who live in one commune.

    All others of the province measure alone, so its outings are of both classes of docs/speeds.md.
    """
    crews: dict[tuple[int, MonthPlan], dict[int, list[Volunteer]]] = {}
    for place, member in enumerate(members):
        if member.plan.network == "mobile" and member.cheat is None:
            by_home = crews.setdefault((place * teams // len(members), member.plan), {})
            by_home.setdefault(member.home.unit_id, []).append(member)
    for (_, plan), by_home in crews.items():
        crew = max(by_home.values(), key=len)
        mornings = [day_begin(day) + ROUND_AT for day in plan.days if day.weekday() >= SATURDAY]
        begun = [morning for morning in mornings if morning < plan.until]
        if begun and len(crew) > 1:
            rng = seeded(crew[0].seed, "team")
            base = rng.randrange(len(crew[0].home.spots))
            drawn = Round(rng.choice(begun), base, rng.lognormvariate(0, SHARED_ON_ROUND))
            for member in crew:
                member.round = drawn


def _join(campaign: Campaign, teams: Sequence[Team], members: Sequence[Volunteer]) -> None:
    """Add a person for each phone, some with a name, and memberships: guests, a change of team."""
    persons = [Person(demo=True, display_name=_name(place)) for place in range(len(members))]
    db.session.add_all(persons)
    db.session.flush()
    ids = [member.phone.id for member in members]
    db.session.execute(update(Device).where(Device.id.in_(ids)).values(joined=True))
    for place, (member, person) in enumerate(zip(members, persons, strict=True)):
        always = Range(member.registered_at, None)
        db.session.add(DeviceLink(device_id=member.phone.id, volunteer_id=person.id, period=always))
        number = place * len(teams) // len(members)
        since, host = max(day_begin(campaign.first_day), member.registered_at), None
        spans = [(number, Range(since, None))]
        if (
            place % GUEST_EVERY == GUEST_EVERY - 1
            and not member.cheat
            and (tests := plan_tests(member))
        ):
            host = persons[place - 1].id
            spans = [(number, Range(tests[0].at, tests[0].at + GUEST_STAY))]
        elif place == len(members) // 2:
            middle, other = since + timedelta(days=14), (number + 1) % len(teams)
            spans = [(number, Range(since, middle)), (other, Range(middle, None))]
        db.session.add_all(
            Membership(
                volunteer_id=person.id,
                campaign_id=campaign.id,
                team_id=teams[team].id,
                period=period,
                guest_of=host,
            )
            for team, period in spans
        )


def _name(place: int) -> str | None:
    if place % 3:
        return None
    return f"{FAMILY[place % len(FAMILY)]} {GIVEN[place // 3 % len(GIVEN)]}"


def add_correction(campaign_id: int) -> None:
    """Make one correction: a team's busiest day was measured for its neighbours."""
    team_day = (Earning.team_id, Earning.day)
    counts = select(*team_day).where(Earning.campaign_id == campaign_id).group_by(*team_day)
    busiest = db.session.execute(counts.order_by(func.count().desc(), *team_day)).first()
    if busiest is None:
        return
    owner = db.session.get_one(Campaign, campaign_id).organisation_id
    teams = db.session.scalars(select(Team.id).where(Team.organisation_id == owner)).all()
    neighbour = min(set(teams) - {busiest.team_id})
    organiser = Actor(grants=(Grant("organiser", "organisation", owner),))
    choice = Choice(team_id=busiest.team_id, first_day=busiest.day, last_day=busiest.day)
    decision = Decision("Ngày này đo hộ đội bên cạnh (mẫu).", team_id=neighbour)
    decide(organiser, campaign_id, choice, decision, preview=False)
