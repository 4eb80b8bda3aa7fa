"""Read a month as it is stored: raw samples, and the tables of decisions about them.

These modules recompute the figures of the product from its rows by other code: they import nothing
of it, and write its constants anew. The verdict of a sample, its reasons, is read.
"""

from calendar import monthrange
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta, timezone
from functools import cached_property
from typing import Any

from sqlalchemy import Connection, text

VIETNAM = timezone(timedelta(hours=7))
LEVELS = ("commune", "district", "province")
METRICS = ("download_mbps", "ping_ms")
SPEEDS = METRICS[:1]  # not measured where a person limited the data of a test

# Reasons that make a sample invalid; the others leave it valid but not counted.
INVALID = {
    "position_missing", "position_default", "position_coarse", "outside_communes", "excluded",
    "failed_test", "kind_unknown", "foreign_network", "implausible_value", "fix_stale",
    "in_future", "too_old",
}  # fmt: skip
# Brands by the names that the demo's phones send; other names are one unknown operator.
BRANDS = {
    ("mobile", "Viettel"): "Viettel",
    ("mobile", "VinaPhone"): "VinaPhone",
    ("mobile", "MobiFone"): "MobiFone",
    ("mobile", "Vietnamobile"): "Vietnamobile",
    ("fixed", "Viettel Telecom"): "Viettel",
    ("fixed", "Viettel"): "Viettel",
    ("fixed", "VNPT"): "VNPT",
    ("fixed", "FPT Telecom"): "FPT",
    ("fixed", "FPT"): "FPT",
}
GENERATIONS = ("2G", "3G", "4G", "5G")
UNKNOWN = "unknown"

Outing = tuple[int, int, date]  # commune, team or 0 for all who are in none, day


@dataclass(frozen=True)
class Sample:
    """A stored measurement."""

    id: str
    device: str
    at: datetime
    day: date
    network: str
    commune: int | None
    reason: str | None  # the first one; None: it counts
    assurance: str
    operator: str
    technology: str
    values: dict[str, float | None]  # by metric

    @property
    def valid(self) -> bool:
        return self.reason not in INVALID

    @property
    def counted(self) -> bool:
        return self.reason is None


@dataclass(frozen=True)
class Stay:
    """A span [since, until) in which a phone's owner was in a team of a campaign."""

    campaign: int
    team: int
    person: int
    guest: bool
    since: datetime
    until: datetime | None


@dataclass(frozen=True)
class Credit:
    """A sample that a team earned in a campaign."""

    sample: Sample
    campaign: int
    team: int
    person: int | None
    guest: bool
    category_changed: bool  # an organiser excluded it in the campaign


class Month:
    """The rows of a month that figures are computed of."""

    def __init__(self, connection: Connection, month: str) -> None:
        self.connection, self.month = connection, month
        year, number = map(int, month.split("-"))
        self.first = date(year, number, 1)
        self.last = date(year, number, monthrange(year, number)[1])
        self.ends_at = datetime.combine(self.last + timedelta(days=1), datetime.min.time(), VIETNAM)
        self.begins_at = datetime.combine(self.first, datetime.min.time(), VIETNAM)

    def rows(self, statement: str, **values: Any) -> list[Any]:
        """Return the rows of a statement about this month."""
        span = {"first": self.first, "last": self.last, **values}
        used = {name: value for name, value in span.items() if f":{name}" in statement}
        return list(self.connection.execute(text(statement), used))

    @cached_property
    def samples(self) -> list[Sample]:
        """Every sample of the month."""
        rows = self.rows("select * from measurements where day between :first and :last")
        assert all(row.device_id and row.host is None for row in rows)
        return [
            Sample(
                row.id.hex, row.device_id.hex, row.measured_at, row.day, row.network, row.unit_id,
                row.reasons[0] if row.reasons else None,
                row.assurance,
                BRANDS.get((row.network, row.operator), UNKNOWN),
                row.technology if row.technology in GENERATIONS else UNKNOWN,
                {
                    metric: None if metric in SPEEDS and "capped" in row.marks
                    else getattr(row, metric)
                    for metric in METRICS
                },
            )
            for row in rows
        ]  # fmt: skip

    def counted(self, network: str) -> list[Sample]:
        """Return the counted samples of a network."""
        return [one for one in self.samples if one.counted and one.network == network]

    @cached_property
    def units(self) -> dict[int, Any]:
        """The units of the month's last day, by id."""
        rows = self.rows("""
            select id, code, level, parent_id, province_id from units
            where coalesce(valid_from, :last) <= :last and coalesce(valid_to, :last) >= :last
        """)
        return {row.id: row for row in rows}

    def above(self, commune: int) -> dict[str, int]:
        """Return a commune and the units above it, by level."""
        row = self.units[commune]
        ids = dict(zip(LEVELS, (commune, row.parent_id, row.province_id), strict=True))
        return {level: one for level, one in ids.items() if one is not None}

    @cached_property
    def stays(self) -> dict[str, list[Stay]]:
        """The stays of each phone in teams."""
        found = defaultdict(list)
        for row in self.rows("""
            select l.device_id, m.campaign_id, m.team_id, m.volunteer_id, m.guest_of,
                greatest(lower(l.period), lower(m.period)) as since,
                least(upper(l.period), upper(m.period)) as until
            from device_links l join memberships m using (volunteer_id)
        """):
            stay = Stay(row.campaign_id, row.team_id, row.volunteer_id, row.guest_of is not None,
                        row.since, row.until)  # fmt: skip
            found[row.device_id.hex].append(stay)
        return found

    @cached_property
    def credits(self) -> list[Credit]:
        """What teams earned this month: a member's samples where the campaign covers them.

        The latest correction of a sample beats the membership.
        """
        corrected = {
            (row.measurement_id.hex, row.campaign_id): row.team_id
            for row in self.rows("select * from corrections order by id")
        }
        excluded = {
            (row.measurement_id.hex, row.campaign_id)
            for row in self.rows("select * from campaign_exclusions")
        }
        found = []
        for campaign, sample in self._covered():
            stay = stay_at(self.stays.get(sample.device, ()), campaign, sample.at)
            key = sample.id, campaign
            team = corrected.get(key, stay.team if stay else None)
            if team is not None:
                person, guest = (stay.person, stay.guest) if stay else (None, False)
                found.append(Credit(sample, campaign, team, person, guest, key in excluded))
        return found

    def _covered(self) -> Iterator[tuple[int, Sample]]:
        """Yield each campaign with the samples of its days, networks and area.

        A sample in no commune is in every area.
        """
        areas = {
            (row.campaign_id, row.unit_id) for row in self.rows("select * from campaign_areas")
        }
        for row in self.rows("select * from campaigns where state <> 'draft'"):
            assert row.cap is None
            for sample in self.samples:
                place = self.above(sample.commune).values() if sample.commune else ()
                if (
                    row.first_day <= sample.day <= row.last_day
                    and sample.network in row.networks
                    and (not place or any((row.id, unit) in areas for unit in place))
                ):
                    yield row.id, sample

    @cached_property
    def team_of(self) -> dict[str, int]:
        """The team of each sample that one earned; of several campaigns that of the least id."""
        found: dict[str, int] = {}
        for credit in self.credits:
            known = found.get(credit.sample.id, credit.team)
            found[credit.sample.id] = min(known, credit.team)
        return found

    @cached_property
    def needed(self) -> set[str]:
        """The samples that were needed when they began to count, as it was decided then."""
        rows = self.rows("select measurement_id from earnings where needed")
        return {row.measurement_id.hex for row in rows}

    @cached_property
    def outing_of(self) -> dict[str, Outing]:
        """The outing of each sample in a commune."""
        return {
            one.id: (one.commune, self.team_of.get(one.id, 0), one.day)
            for one in self.samples
            if one.commune is not None
        }


def stay_at(stays: Iterable[Stay], campaign: int, at: datetime) -> Stay | None:
    """Return the stay of a phone in a campaign at a moment."""
    for stay in stays:
        inside = stay.since <= at and (stay.until is None or at < stay.until)
        if stay.campaign == campaign and inside:
            return stay
    return None


def by_unit(month: Month, samples: Sequence[Sample], level: str) -> dict[int, list[Sample]]:
    """Return the samples of each unit of a level."""
    found: dict[int, list[Sample]] = defaultdict(list)
    for sample in samples:
        unit = month.above(sample.commune).get(level) if sample.commune else None
        if unit is not None:
            found[unit].append(sample)
    return found
