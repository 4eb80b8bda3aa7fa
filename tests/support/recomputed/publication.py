"""Which speeds a monthly release shows, recomputed: those of groups in which nobody is found."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from typing import Any

from tests.support.recomputed.counts import Item
from tests.support.recomputed.speeds import ALL, Node
from tests.support.recomputed.tables import VIETNAM, Month, Sample

VOLUNTEERS = 5  # least of a group
DAYS, REGISTERED = 2, timedelta(days=7)
DIGITS = 3


def significant(value: Any) -> Any:
    """Return the numbers of a figure with three significant digits."""
    if isinstance(value, dict):
        return {name: significant(inner) for name, inner in value.items()}
    return None if value is None else float(f"{value:.{DIGITS}g}")


def coverage_item(exact: Item, is_shown: bool) -> Item:
    """Return what the public sees of a unit's exact coverage after the release.

    Phones and outings are those of the release; who of them is in a team, nobody is told.
    """
    item = exact | {"of_teams": None}
    if exact["counted"]:
        for name in ("devices", "outings"):
            item[name] = significant(exact[name]) if is_shown else None
    return item


def volunteers(month: Month) -> dict[str, int]:
    """Return the volunteer of each phone of one: not of guests, nor of phones that came to look.

    The phones of a person are one. Samples of both networks are of one volunteer.
    """
    days, registered = defaultdict(set), {}
    person_of, guests = _persons(month), _guests(month)
    first_day = {row.id.hex: row.registered_at.astimezone(VIETNAM).date()
                 for row in month.rows("select id, registered_at from devices")}  # fmt: skip
    for sample in month.samples:
        person = person_of.get(sample.device, sample.device)
        if sample.counted and person not in guests:
            days[person].add(sample.day)
            first = first_day[sample.device]
            registered[person] = min(first, registered.get(person, first))
    numbers = {
        person: number
        for number, (person, of_person) in enumerate(days.items())
        if len(of_person) >= DAYS and max(of_person) - registered[person] >= REGISTERED
    }
    return {
        sample.device: numbers[person]
        for sample in month.samples
        if (person := person_of.get(sample.device, sample.device)) in numbers
    }


def _persons(month: Month) -> dict[str, int]:
    """Return the person to whom each phone belonged last in the month."""
    rows = month.rows(
        """select device_id, volunteer_id from device_links
            where period && tstzrange(:begins, :ends) order by lower(period)""",
        begins=month.begins_at, ends=month.ends_at,
    )  # fmt: skip
    return {row.device_id.hex: row.volunteer_id for row in rows}


def _guests(month: Month) -> set[int]:
    """Return the persons whom others helped, and who joined no team."""
    rows = month.rows(
        """select volunteer_id from memberships where lower(period) < :ends
            group by 1 having bool_and(guest_of is not null)""",
        ends=month.ends_at,
    )
    return {row.volunteer_id for row in rows}


def shown(month: Month, samples: Iterable[Sample]) -> set[Node]:
    """Return the groups of a network that are shown.

    A group needs five volunteers. What is hidden follows from a whole and its other parts, by
    operator, by technology, or by unit: so hidden parts need five volunteers together.
    """
    people = _people(month, samples)
    visible = {node for node, found in people.items() if len(found) >= VOLUNTEERS}
    partitions = _partitions(month, people)
    hides = True
    while hides:
        hides = False
        for (whole, _), parts in partitions.items():
            while _hide_one(whole, parts, people, visible):
                hides = True
    return visible


def _people(month: Month, samples: Iterable[Sample]) -> dict[Node, set[int]]:
    """Return the volunteers of each group: unit by unit, in the order of communes.

    The order matters where one of two parts can be hidden.
    """
    known = volunteers(month)
    of_units: dict[int, dict[Node, set[int]]] = defaultdict(lambda: defaultdict(set))
    ordered = sorted(samples, key=lambda one: (one.commune, one.operator, one.technology))
    for sample in ordered:
        for unit in (*month.above(sample.commune or 0).values(), 0):
            for operator in (sample.operator, ALL):
                for technology in (sample.technology, ALL):
                    person = {known[sample.device]} if sample.device in known else set()
                    of_units[unit][unit, operator, technology] |= person
    return {node: found for groups in of_units.values() for node, found in groups.items()}


def _partitions(month: Month, nodes: Collection[Node]) -> dict[tuple[Node, str], list[Node]]:
    """Return what each group consists of, in each way to divide it: units after their groups."""
    parts: dict[tuple[Node, str], list[Node]] = defaultdict(list)
    for unit, operator, technology in nodes:
        if operator != ALL:
            parts[(unit, ALL, technology), "operator"].append((unit, operator, technology))
        if technology != ALL:
            parts[(unit, operator, ALL), "technology"].append((unit, operator, technology))
    for unit, operator, technology in nodes:
        if unit:
            row = month.units[unit]
            above = row.parent_id or row.province_id or 0
            parts[(above, operator, technology), "unit"].append((unit, operator, technology))
    return parts


def _hide_one(
    whole: Node, parts: list[Node], people: Mapping[Node, set[int]], visible: set[Node]
) -> bool:
    """Hide the smallest part if too few stand behind what can be subtracted; return whether."""
    hidden = [part for part in parts if part not in visible]
    if whole in visible and not hidden:
        return False
    behind = set().union(*(people[part] for part in hidden))
    candidates = sorted(set(parts) & visible, key=lambda one: (-len(people[one]), repr(one)))
    if len(behind) >= VOLUNTEERS or not candidates:
        return False
    visible.remove(candidates[-1])
    return True
