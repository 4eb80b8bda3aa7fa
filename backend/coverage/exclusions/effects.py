"""What changed verdicts do to counts: by category, by commune, and against the targets."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import TypedDict

from backend.coverage.figures.month import Month, count_reached, month_of, with_target
from backend.coverage.figures.unit_access import UnitWithLevel, serialize_unit
from backend.measurements.recording.counting import CountChanges
from backend.measurements.recording.reasons import BASES, COUNTED_CATEGORIES, NOT_VALID
from backend.measurements.recording.rules import NETWORKS
from backend.units.service import UnitRow

# Changes by unit, network and category.
Changes = Counter[tuple[int | None, str, str]]
Months = Mapping[str, Month]  # by network


class FateChange(TypedDict):
    """How many more samples of a network have a fate; negative: fewer."""

    network: str
    fate: str  # category of a sample: counted, or why not
    change: int


class UnitWithId(UnitWithLevel):
    """A unit of an effect, with the id by which clients follow it."""

    id: int


class UnitChange(TypedDict):
    """The counted samples of a commune on a network before and after."""

    unit: UnitWithId
    network: str
    counted_before: int
    counted_after: int


class ReachedChange(TypedDict):
    """How many communes of a place reach their targets on a network before and after."""

    network: str
    communes: int  # with a target
    reached_before: int
    reached_after: int


class Effect(TypedDict):
    """What changed verdicts do to the counts of a place."""

    verdicts: list[FateChange]
    units: list[UnitChange]
    reached: list[ReachedChange]


def months_before(month: str, place: UnitRow | None, today: date) -> Months:
    """Return the counts of a place's communes, or of the country's, as they are now."""
    months = {one: replace(month_of(month, one, today), place=place) for one in NETWORKS}
    for one in months.values():
        one.units("commune")  # read before the change
    return months


def sum_changes(deltas: Iterable[CountChanges]) -> Changes:
    """Sum changes of counts by unit, network and category, without sums of 0."""
    sums: Changes = Counter()
    for one in deltas:
        for (unit, _, network, name), n in one.by_key.items():
            sums[unit, network, name] += n
    return Counter({key: n for key, n in sums.items() if n})


def serialize_effect(changes: Changes, before: Months) -> Effect:
    """Return the changes within the area of `before`; its reader may not see those elsewhere."""
    inside = {one.unit.id for one in before[NETWORKS[0]].units("commune")} | {None}
    own = Counter({key: n for key, n in changes.items() if key[0] in inside})
    moved: dict[str, Counter[tuple[int | None, str]]] = {one: Counter() for one in NETWORKS}
    for (unit, network, category), n in own.items():
        moved[network][unit, "received"] += n
        moved[network][unit, "valid"] += 0 if category in NOT_VALID else n
        moved[network][unit, "counted"] += n if category in COUNTED_CATEGORIES else 0
    touched = [network for network in NETWORKS if moved[network]]
    return {
        "verdicts": _by_category(own),
        "units": [row for one in touched for row in _by_unit(before[one], moved[one])],
        "reached": [_reached(before[one], moved[one]) for one in touched],
    }


def _by_category(changes: Changes) -> list[FateChange]:
    sums: Counter[tuple[str, str]] = Counter()
    for (_, network, category), n in changes.items():
        sums[network, category] += n
    return [{"network": network, "fate": category, "change": n}
            for (network, category), n in sorted(sums.items()) if n]  # fmt: skip


def _by_unit(before: Month, moved: Mapping[tuple[int | None, str], int]) -> list[UnitChange]:
    """Return the counted samples of each changed commune before and after."""
    changed = {unit for unit, _ in moved}
    place = BASES.index("counted")
    return [
        {"unit": {**serialize_unit(one.unit), "id": one.unit.id}, "network": before.network,
         "counted_before": one.numbers[place],
         "counted_after": one.numbers[place] + moved[one.unit.id, "counted"]}
        for one in before.units("commune")
        if one.unit.id in changed
    ]  # fmt: skip


def _reached(before: Month, moved: Mapping[tuple[int | None, str], int]) -> ReachedChange:
    """Return how many communes of the place reached their targets before and after."""
    units = with_target(before.units("commune"))
    after = [
        one._replace(measured=one.measured + moved[one.unit.id, BASES[one.basis]]) for one in units
    ]
    return {
        "network": before.network,
        "communes": len(units),
        "reached_before": count_reached(units),
        "reached_after": count_reached(after),
    }
