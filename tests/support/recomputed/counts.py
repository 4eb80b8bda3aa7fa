"""Counts of units, their targets, and the contributions of teams, recomputed from rows."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

from tests.support.recomputed.tables import Credit, Month, Sample, by_unit

Item = dict[str, Any]  # the fields of an answer of the product that are recomputed


def coverage(month: Month, network: str, level: str) -> dict[str, Item]:
    """Return the exact figures of every unit of a level, by code."""
    samples = by_unit(month, [one for one in month.samples if one.network == network], level)
    credits = defaultdict(list)
    for credit in month.credits:
        if credit.sample.commune and credit.sample.network == network:
            credits[month.above(credit.sample.commune).get(level)].append(credit)
    targets = _targets(month, network, level)
    units = [row for row in month.units.values() if row.level == level]
    return {
        row.code: _item(
            month, samples.get(row.id, []), credits.get(row.id, []),
            targets.get(row.id, targets.get(None)),
        )
        for row in units
    }  # fmt: skip


def _item(month: Month, samples: Sequence[Sample], credits: Sequence[Credit], target: Any) -> Item:
    counted = [one for one in samples if one.counted]
    numbers = {
        "received": len(samples),
        "valid": sum(one.valid for one in samples),
        "counted": len(counted),
    }
    need = target.threshold if target else None
    measured = numbers[target.basis] if target else 0
    outings = {month.outing_of[one.id] for one in counted}
    earned = sum(credit.sample.counted and not credit.category_changed for credit in credits)
    return numbers | {
        "by_assurance": _by_assurance(counted) | {"imported": 0, "withdrawn": 0},
        "reasons": _reasons(samples),
        "target": need,
        "reached": None if need is None else measured >= need,
        "shortfall": None if need is None else max(need - measured, 0),
        "devices": len({one.device for one in counted}),
        "outings": len(outings),
        "teams": len({credit.team for credit in credits}),
        "of_teams": min(earned, len(counted)),
    }


def _targets(month: Month, network: str, level: str) -> dict[int | None, Any]:
    """Return the targets in force on the month's last day: of single units; None: of the others."""
    rows = month.rows(
        """select * from targets where purpose = 'target' and network = :network
            and level = :level and valid_from <= :last and coalesce(valid_to, :last) >= :last""",
        network=network, level=level,
    )  # fmt: skip
    return {row.unit_id: row for row in rows}


def _by_assurance(counted: Sequence[Sample]) -> dict[str, int]:
    return {
        name: sum(one.assurance == name for one in counted)
        for name in ("witnessed", "ticketed", "claimed")
    }


def _reasons(samples: Sequence[Sample]) -> dict[str, int]:
    return dict(Counter(one.reason for one in samples if one.reason is not None))


def contributions(month: Month, campaign: int) -> dict[str, Item]:
    """Return what each team of a campaign did in a month, by its id."""
    credits = defaultdict(list)
    for credit in month.credits:
        if credit.campaign == campaign:
            credits[credit.team].append(credit)
    reached = reached_communes(month)
    return {str(team): _contribution(month, of_team, reached)
            for team, of_team in credits.items()}  # fmt: skip


def _contribution(month: Month, credits: Sequence[Credit], reached: set[tuple[str, int]]) -> Item:
    samples = [credit.sample for credit in credits]
    counted = [credit for credit in credits if credit.sample.counted]
    of_need = [credit.sample for credit in counted if credit.sample.id in month.needed]
    people = {credit.person for credit in credits}
    days: set[date] = {one.day for one in samples}
    return {
        "received": len(samples),
        "valid": sum(one.valid for one in samples),
        "counted": len(counted),
        "guests": sum(credit.guest for credit in counted),
        "residents": len({credit.person for credit in counted if credit.guest and credit.person}),
        "unlocated": sum(one.commune is None and not one.valid for one in samples),
        "needed": len(of_need),
        "helped": len({(one.network, one.commune) for one in of_need} & reached),
        "devices": len({device for device, stays in month.stays.items()
                        if any(stay.person in people for stay in stays)}),
        "active_days": len(days),
        "last_day": max(days).isoformat(),
        "reasons": _reasons(samples),
        "by_assurance": _by_assurance([credit.sample for credit in counted]),
    }  # fmt: skip


def reached_communes(month: Month) -> set[tuple[str, int]]:
    """Return the communes that reached their target, with the network."""
    found = set()
    for network in ("mobile", "fixed"):
        items = coverage(month, network, "commune")
        ids = {row.code: row.id for row in month.units.values() if row.level == "commune"}
        found |= {(network, ids[code]) for code, item in items.items() if item["reached"]}
    return found


def needed_bounds(month: Month, network: str) -> Iterator[tuple[int, int, int]]:
    """Yield the least, the stored and the largest number of needed samples of each commune.

    Which sample of a commune was needed depends on the order in which they were stored, which no
    row tells: the first ones up to the target were, if a team earned them.
    """
    items = coverage(month, network, "commune")
    for commune, samples in by_unit(month, month.counted(network), "commune").items():
        earned = [one for one in samples if one.id in month.team_of]
        target = items[month.units[commune].code]["target"] or 0
        alone = len(samples) - len(earned)
        stored = sum(one.id in month.needed for one in earned)
        yield max(min(target, len(samples)) - alone, 0), stored, min(target, len(earned))
