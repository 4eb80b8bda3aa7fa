"""Where the figures of contributions are read: which table serves which question, as SQL."""

# ruff: noqa: S608 # statements are put together from names in this file; values are bound

from dataclasses import dataclass
from datetime import date

BY = ("team", "member", "unit", "day", "organisation")


@dataclass(frozen=True, slots=True)
class Asked:
    """A question: which figures of a campaign, by what, over which days, networks and teams."""

    campaign_id: int
    by: str  # one of BY, or `campaign`: everything in one row
    first: date
    last: date
    months: tuple[str, ...]
    whole: bool  # the days are all those of the months
    networks: tuple[str, ...]
    teams: tuple[int, ...] | None = None  # None: all

    def values(self) -> dict[str, object]:
        """What the statements below are given."""
        return {
            "campaign": self.campaign_id,
            "first": self.first,
            "last": self.last,
            "months": list(self.months),
            "networks": list(self.networks),
            "teams": None if self.teams is None else list(self.teams),
        }

    @property
    def restricted(self) -> bool:
        return self.teams is not None


# What a row is about, as two numbers by which rows are ordered; a day is its ordinal.
KEYS = {
    "team": "c.team_id as team, 0::bigint as key",
    "member": "c.team_id as team, coalesce(c.volunteer_id, 0)::bigint as key",
    "unit": "0 as team, coalesce(c.unit_id, 0)::bigint as key",
    "day": "0 as team, (c.day - date '0001-01-01' + 1)::bigint as key",
    "organisation": "0 as team, t.organisation_id::bigint as key",
    "campaign": "0 as team, 0::bigint as key",
}
# Of what is read for a page, only the rows between its first and last key.
PAGE = {
    "member": "and c.team_id between :from_team and :upto_team",
    "unit": "and c.key between :from_key and :upto_key",
}
WITH_DAYS = "and c.day between :first and :last"


def _joined(by: str) -> str:
    return "join teams t on t.id = c.team_id" if by == "organisation" else ""


def _where(asked: Asked) -> str:
    teams = "and c.team_id = any(:teams)" if asked.restricted else ""
    return f"c.campaign_id = :campaign and c.network = any(:networks) {teams}"


def counts(asked: Asked) -> str:
    """Select team, key, fate, guest, n: folded counts and what still waits to be folded."""
    key, joined, where = KEYS[asked.by], _joined(asked.by), _where(asked)
    if asked.by == "member" and not asked.whole:
        # No counts are kept by member and day; the earnings themselves are exact at any moment.
        return f"select {key}, c.fate, c.guest, 1 as n from earnings c where {where} {WITH_DAYS}"
    return f"""
        {_folded(asked)}
        union all
        select {key}, c.fate, c.guest, c.n from team_deltas c {joined} where {where} {WITH_DAYS}
    """


def _folded(asked: Asked) -> str:
    key, joined, where = KEYS[asked.by], _joined(asked.by), _where(asked)
    over_teams = asked.by in ("day", "campaign") or (asked.by == "unit" and asked.whole)
    if over_teams and not asked.restricted:
        grain = "unit" if asked.by == "unit" else "day"
        keys = PAGE["unit"] if grain == "unit" else "and c.key between :first_key and :last_key"
        kept = key if asked.by == "campaign" else "0 as team, c.key"
        return f"""
            select {kept}, c.fate, c.guest, c.n from contribution_counts c
            where {where} and c.month = any(:months) and c.grain = '{grain}' {keys}
        """
    by_days = asked.by not in ("unit", "member") and (asked.by == "day" or not asked.whole)
    grain = asked.by if asked.by in ("unit", "member") else "day" if by_days else "team"
    return f"""
        select {key}, c.fate, c.guest, c.n from team_counts c {joined}
        where {where} and c.month = any(:months) and c.grain = '{grain}'
            {"" if asked.whole else WITH_DAYS} {PAGE.get(grain, "") if grain == "member" else ""}
    """


def activity(asked: Asked) -> str:
    """Select team, key, day, n: what was received on each day; not for rows that are days."""
    where = _where(asked)
    key, joined = KEYS[asked.by], _joined(asked.by)
    pending = f"""
        select {key}, c.day, c.n from team_deltas c {joined} where {where} {WITH_DAYS}
    """
    if asked.by == "unit" and asked.restricted:
        folded = f"""
            select {key}, c.day, c.n from team_counts c
            where {where} and c.month = any(:months) and c.grain = 'unit' {WITH_DAYS}
        """
        return f"{folded} union all {pending}"
    if asked.by == "campaign" and not asked.restricted:
        return f"""
            select {key}, date '0001-01-01' - 1 + c.key::int as day, c.n from contribution_counts c
            where {where} and c.month = any(:months) and c.grain = 'day'
                and c.key between :first_key and :last_key
            union all {pending}
        """
    grain = asked.by if asked.by in ("member", "unit") else "team"
    kept = "c.team_id as team, c.key" if grain in ("member", "unit") else key
    return f"""
        select {kept}, c.day, c.n from contribution_days c {joined}
        where {where} and c.month = any(:months) and c.grain = '{grain}' {WITH_DAYS}
            {PAGE.get(asked.by, "")}
        union all {pending}
    """


def devices(asked: Asked) -> str:
    """Select team, key, device_id: the phones of those who measured, while they had them."""
    key, joined, where = KEYS[asked.by], _joined(asked.by), _where(asked)
    kept = "c.team_id as team, c.key" if asked.by == "member" else key
    grain, days = ("people", "") if asked.whole else ("member", WITH_DAYS)
    page = PAGE["member"] if asked.by == "member" else ""
    folded = f"""
        select {kept}, c.key as volunteer_id from contribution_days c {joined}
        where {where} and c.month = any(:months) and c.grain = '{grain}' and c.n > 0 {days} {page}
    """
    return f"""
        select distinct people.team, people.key, l.device_id from (
            {folded}
            union
            select {key}, c.volunteer_id from team_deltas c {joined}
            where {where} {WITH_DAYS} and c.n > 0
        ) people join device_links l on l.volunteer_id = people.volunteer_id
            and l.period && tstzrange(:begins, :ends)
    """


def needed(asked: Asked) -> str:
    """Select team, key, n, helped: needed samples, and communes of them that reached the target."""
    where = _where(asked)
    if asked.whole and asked.by in ("member", "team"):
        return _sums(where, asked.by, "c.team_id as team, c.key", PAGE.get(asked.by, ""))
    if asked.whole and not asked.restricted and asked.by in ("day", "unit"):
        return _sums(where, asked.by, "0 as team, c.key", PAGE.get(asked.by, ""))
    if asked.whole and not asked.restricted and asked.by == "campaign":
        return _sums(where, "unit", KEYS["campaign"])
    key = KEYS[asked.by]
    if asked.whole and asked.by != "day":
        # Units are the keys of these sums.
        key = "0 as team, c.key" if asked.by == "unit" else key
        source = f"""
            select {key}, c.key as unit_id, c.month, c.network, c.n, c.helped > 0 as reached
            from needed_sums c {_joined(asked.by)}
            where {where} and c.month = any(:months) and c.grain = 'team_unit'
        """
    else:
        source = f"""
            select {key}, c.unit_id, c.month, c.network, c.n, c.reached
            from needed_shares c {_joined(asked.by)} where {where} {WITH_DAYS}
        """
    return f"""
        select team, key, sum(n)::int as n,
            (count(*) filter (where reached and n > 0))::int as helped
        from (
            select team, key, unit_id, month, network, sum(n) as n, bool_or(reached) as reached
            from ({source}) rows group by 1, 2, 3, 4, 5
        ) communes group by 1, 2
    """


def _sums(where: str, grain: str, key: str, page: str = "") -> str:
    return f"""
        select team, key, sum(n)::int as n, sum(helped)::int as helped from (
            select {key}, c.n, c.helped from needed_sums c
            where {where} and c.month = any(:months) and c.grain = '{grain}' {page}
        ) kept group by 1, 2
    """


def bound(asked: Asked) -> str:
    """Select the key that a page of so many rows reaches at most, so that no more are read."""
    grain = "people" if asked.by == "member" else "places"
    return f"""
        select c.team_id as team, c.key from contribution_days c
        where {_where(asked)} and c.month = any(:months) and c.grain = '{grain}'
            and (c.team_id, c.key) > (:after_team, :after_key)
        group by 1, 2 order by 1, 2 offset :most limit 1
    """
