"""SQL statements of contributions: the tables that are read for each kind of query."""

# ruff: noqa: S608 # statements are composed of names in this file; values are bound

from backend.coverage.contributions.query import ContributionQuery

# The key of a row: two numbers by which rows are ordered; a day is its ordinal.
KEYS = {
    "team": "c.team_id as team, 0::bigint as key",
    "member": "c.team_id as team, coalesce(c.volunteer_id, 0)::bigint as key",
    "unit": "0 as team, coalesce(c.unit_id, 0)::bigint as key",
    "day": "0 as team, (c.day - date '0001-01-01' + 1)::bigint as key",
    "organisation": "0 as team, t.organisation_id::bigint as key",
    "campaign": "0 as team, 0::bigint as key",
}
# Conditions that limit statements to the keys of a page.
PAGE = {
    "member": "and c.team_id between :from_team and :upto_team",
    "unit": "and c.key between :from_key and :upto_key",
}
WITH_DAYS = "and c.day between :first and :last"


def _joined(by: str) -> str:
    return "join teams t on t.id = c.team_id" if by == "organisation" else ""


def _where(query: ContributionQuery) -> str:
    teams = "and c.team_id = any(:teams)" if query.restricted else ""
    return f"c.campaign_id = :campaign and c.network = any(:networks) {teams}"


def counts(query: ContributionQuery) -> str:
    """Select team, key, fate, guest, n: folded counts and pending deltas."""
    key, joined, where = KEYS[query.by], _joined(query.by), _where(query)
    if query.by == "member" and not query.whole:
        # There are no counts by member and day; earnings are always exact.
        return f"select {key}, c.fate, c.guest, 1 as n from earnings c where {where} {WITH_DAYS}"
    return f"""
        {_folded(query)}
        union all
        select {key}, c.fate, c.guest, c.n from team_deltas c {joined} where {where} {WITH_DAYS}
    """


def _folded(query: ContributionQuery) -> str:
    key, joined, where = KEYS[query.by], _joined(query.by), _where(query)
    over_teams = query.by in ("day", "campaign") or (query.by == "unit" and query.whole)
    if over_teams and not query.restricted:
        grain = "unit" if query.by == "unit" else "day"
        keys = PAGE["unit"] if grain == "unit" else "and c.key between :first_key and :last_key"
        kept = key if query.by == "campaign" else "0 as team, c.key"
        return f"""
            select {kept}, c.fate, c.guest, c.n from contribution_counts c
            where {where} and c.month = any(:months) and c.grain = '{grain}' {keys}
        """
    by_days = query.by not in ("unit", "member") and (query.by == "day" or not query.whole)
    grain = query.by if query.by in ("unit", "member") else "day" if by_days else "team"
    return f"""
        select {key}, c.fate, c.guest, c.n from team_counts c {joined}
        where {where} and c.month = any(:months) and c.grain = '{grain}'
            {"" if query.whole else WITH_DAYS} {PAGE.get(grain, "") if grain == "member" else ""}
    """


def activity(query: ContributionQuery) -> str:
    """Select team, key, day, n: samples received on each day; not for queries by day."""
    where = _where(query)
    key, joined = KEYS[query.by], _joined(query.by)
    pending = f"""
        select {key}, c.day, c.n from team_deltas c {joined} where {where} {WITH_DAYS}
    """
    if query.by == "unit" and query.restricted:
        folded = f"""
            select {key}, c.day, c.n from team_counts c
            where {where} and c.month = any(:months) and c.grain = 'unit' {WITH_DAYS}
        """
        return f"{folded} union all {pending}"
    if query.by == "campaign" and not query.restricted:
        return f"""
            select {key}, date '0001-01-01' - 1 + c.key::int as day, c.n from contribution_counts c
            where {where} and c.month = any(:months) and c.grain = 'day'
                and c.key between :first_key and :last_key
            union all {pending}
        """
    grain = query.by if query.by in ("member", "unit") else "team"
    kept = "c.team_id as team, c.key" if grain in ("member", "unit") else key
    return f"""
        select {kept}, c.day, c.n from contribution_days c {joined}
        where {where} and c.month = any(:months) and c.grain = '{grain}' {WITH_DAYS}
            {PAGE.get(query.by, "")}
        union all {pending}
    """


def devices(query: ContributionQuery) -> str:
    """Select team, key, device_id: the devices linked to the active volunteers in the period."""
    key, joined, where = KEYS[query.by], _joined(query.by), _where(query)
    kept = "c.team_id as team, c.key" if query.by == "member" else key
    grain, days = ("people", "") if query.whole else ("member", WITH_DAYS)
    page = PAGE["member"] if query.by == "member" else ""
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


def needed(query: ContributionQuery) -> str:
    """Select team, key, n, helped: needed samples, and their communes that reached the target."""
    where = _where(query)
    if query.whole and query.by in ("member", "team"):
        return _sums(where, query.by, "c.team_id as team, c.key", PAGE.get(query.by, ""))
    if query.whole and not query.restricted and query.by in ("day", "unit"):
        return _sums(where, query.by, "0 as team, c.key", PAGE.get(query.by, ""))
    if query.whole and not query.restricted and query.by == "campaign":
        return _sums(where, "unit", KEYS["campaign"])
    key = KEYS[query.by]
    if query.whole and query.by != "day":
        # The keys of these sums are units.
        key = "0 as team, c.key" if query.by == "unit" else key
        source = f"""
            select {key}, c.key as unit_id, c.month, c.network, c.n, c.helped > 0 as reached
            from needed_sums c {_joined(query.by)}
            where {where} and c.month = any(:months) and c.grain = 'team_unit'
        """
    else:
        source = f"""
            select {key}, c.unit_id, c.month, c.network, c.n, c.reached
            from needed_shares c {_joined(query.by)} where {where} {WITH_DAYS}
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


def last_key(query: ContributionQuery) -> str:
    """Select the last key that a page can reach, so that no further rows are read."""
    grain = "people" if query.by == "member" else "places"
    return f"""
        select c.team_id as team, c.key from contribution_days c
        where {_where(query)} and c.month = any(:months) and c.grain = '{grain}'
            and (c.team_id, c.key) > (:after_team, :after_key)
        group by 1, 2 order by 1, 2 offset :most limit 1
    """
