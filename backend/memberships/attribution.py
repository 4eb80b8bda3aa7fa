"""Attribution of samples to teams: rule 1, a pure function of plain values."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from typing import NamedTuple
from uuid import UUID

RULE = 1

# Categories of samples of devices that count, as in `measurements.recording.reasons`.
COUNTED = frozenset({"counted_witnessed", "counted_ticketed", "counted"})
OVER_CAP = "over_cap"
EXCLUDED = "excluded_in_campaign"


class Sample(NamedTuple):
    """A measurement as the input of attribution."""

    id: UUID
    at: datetime  # when it was measured
    day: date  # of that moment, in Vietnam
    network: str  # mobile, fixed, unknown
    unit_id: int | None  # its commune
    within: frozenset[int]  # its commune and the units above; empty where it lies in none
    category: str  # one of COUNTED, or its main reason


class Stay(NamedTuple):
    """A span [since, until) in which a device's volunteer was in a team of a campaign."""

    membership_id: int
    campaign_id: int
    team_id: int
    volunteer_id: int
    guest: bool
    since: datetime
    until: datetime | None


class Terms(NamedTuple):
    """The dates, area, networks and cap of a campaign."""

    campaign_id: int
    first_day: date
    last_day: date
    networks: frozenset[str]
    area: frozenset[int]  # units of any level
    cap: int | None  # most counted samples of a device and day


class Decision(NamedTuple):
    """An organiser's correction of one measurement in one campaign; no team: not attributed."""

    id: int
    team_id: int | None


class Earned(NamedTuple):
    """A measurement attributed to a team in a campaign; the fields are columns of `earnings`."""

    measurement_id: UUID
    campaign_id: int
    team_id: int
    volunteer_id: int | None
    membership_id: int | None
    correction_id: int | None
    guest: bool
    category: str
    unit_id: int | None
    day: date
    network: str
    # Whether the commune lacked samples when it began to count; None: it begins now.
    needed: bool | None = None


Key = tuple[UUID, int]  # measurement, campaign


def earnings(
    samples: Iterable[Sample],
    stays: Sequence[Stay],
    campaigns: Iterable[Terms],
    decisions: Mapping[Key, Decision],
    excluded: Collection[Key],
) -> Iterator[Earned]:
    """Attribute one device's samples of whole days: at most once in each campaign.

    A team earns the measurements of its members while they are in it, where the campaign covers
    day, commune and network. A correction beats the membership; an exclusion and the cap only
    change the category.
    """
    ordered = sorted(samples, key=lambda sample: (sample.at, sample.id))
    for terms in campaigns:
        counted: Counter[date] = Counter()
        for sample in ordered:
            earned = _earned(sample, stays, terms, decisions.get((sample.id, terms.campaign_id)))
            if earned is None:
                continue
            if earned.category in COUNTED and (sample.id, terms.campaign_id) in excluded:
                earned = earned._replace(category=EXCLUDED)
            if earned.category in COUNTED:
                counted[sample.day] += 1
                if terms.cap is not None and counted[sample.day] > terms.cap:
                    earned = earned._replace(category=OVER_CAP)
            yield earned


def covers(terms: Terms, sample: Sample) -> bool:
    """Return whether a campaign covers a sample; one in no commune is in no other area either."""
    return uncovered(terms, sample.day, sample.network, sample.unit_id, sample.within) is None


def uncovered(
    terms: Terms, day: date, network: str, unit_id: int | None, within: Collection[int]
) -> str | None:
    """Return the code of why a campaign does not cover day, network or commune; None if it does."""
    if not terms.first_day <= day <= terms.last_day:
        return "outside_campaign"
    if network not in terms.networks:
        return "network_not_measured"
    if unit_id is not None and terms.area.isdisjoint(within):
        return "outside_area"
    return None


def stay_at(stays: Iterable[Stay], campaign_id: int, at: datetime) -> Stay | None:
    """Return the stay of a device in one campaign at a moment."""
    for stay in stays:
        begun = stay.campaign_id == campaign_id and stay.since <= at
        if begun and (stay.until is None or at < stay.until):
            return stay
    return None


def _earned(
    sample: Sample, stays: Sequence[Stay], terms: Terms, decision: Decision | None
) -> Earned | None:
    if not covers(terms, sample):
        return None
    stay = stay_at(stays, terms.campaign_id, sample.at)
    team = decision.team_id if decision else stay.team_id if stay else None
    if team is None:
        return None
    return Earned(
        measurement_id=sample.id,
        campaign_id=terms.campaign_id,
        team_id=team,
        volunteer_id=stay.volunteer_id if stay else None,
        membership_id=stay.membership_id if stay and not decision else None,
        correction_id=decision.id if decision else None,
        guest=stay.guest if stay else False,
        category=sample.category,
        unit_id=sample.unit_id,
        day=sample.day,
        network=sample.network,
    )
