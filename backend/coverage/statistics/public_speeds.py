"""Speeds of a unit's month by the rules of the release, also before the release is made.

Letters show them, and pages mark by them what of an official's exact figures is for the public. A
later release may show more or less: samples arrive, and it looks at the whole country.
"""

from collections import defaultdict
from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import text

from backend.clock import month_end, month_start
from backend.coverage.figures.unit_access import UnitMonth
from backend.coverage.statistics import quantiles as rule
from backend.coverage.statistics import release_rules as rules
from backend.coverage.statistics.answers import SpeedRow
from backend.coverage.statistics.group_figures import Node
from backend.coverage.statistics.quantiles import Group
from backend.coverage.statistics.refresh import COUNTRY
from backend.coverage.statistics.release import (
    people_of_devices,
    read_chains,
    shown_groups,
    tree_of,
)
from backend.coverage.statistics.released import read
from backend.coverage.statistics.service import ranked, read_rows, serialize_speeds
from backend.database.extensions import db
from backend.measurements.recording.operators import known_operator

DEVICES = text("""
    select unit_id, operator, technology, array_agg(distinct device_id) as devices
    from measurements
    where day between :first and :last and network = :network and counted
        and unit_id = any(:communes) and device_id is not null
        and (host is null or host <> all(array(
            select number from measuring_hosts where operator is not null)))
    group by unit_id, operator, technology
""")


def public_speeds(month: UnitMonth) -> list[SpeedRow]:
    """Return the speeds that the release shows, totals first; before it, by its rules on all data.

    Numbers have three significant digits, as in a release.
    """
    released = read(month, "statistics")
    if released.made_at is not None:
        return ranked([serialize_speeds(row) for row in released.figures or ()])
    shown = public_groups(month)
    return ranked(
        [
            serialize_speeds(rules.significant(row))
            for row in read_rows(month)
            if (row["operator"], row["technology"]) in shown
        ]
    )


def public_groups(month: UnitMonth) -> frozenset[Group]:
    """Return the operators and technologies of a unit whose speeds the release shows."""
    released = read(month, "statistics")
    if released.made_at is not None:
        return frozenset((row["operator"], row["technology"]) for row in released.figures or ())
    unit = month.unit.id if month.unit else COUNTRY
    chains = _chains(month)
    people = _read_people(month, chains)
    return frozenset(node[1:] for node in shown_groups(people, tree_of(chains)) if node[0] == unit)


def _chains(month: UnitMonth) -> dict[int, tuple[int, ...]]:
    """Return each commune of the country, or of the unit's province, with the units above it.

    A province is judged by itself: the country is above it in the release alone.
    """
    chains = read_chains()
    if month.unit is None:
        return chains
    own = next((chain for chain in chains.values() if month.unit.id in chain), None)
    if own is None:
        return {}  # an island district without communes
    province = own[-2]
    return {commune: chain[:-1] for commune, chain in chains.items() if province in chain}


def _read_people(
    month: UnitMonth, chains: Mapping[int, tuple[int, ...]]
) -> dict[Node, frozenset[int]]:
    """Return the volunteers of each group of each unit, with the totals."""
    span = {"first": month_start(month.month), "last": month_end(month.month)}
    values = {"communes": list(chains), "network": month.network, **span}
    rows = db.session.execute(DEVICES, values).all()
    devices: dict[Node, set[UUID]] = defaultdict(set)
    for row in rows:
        operator = known_operator(month.network, row.operator) or rule.UNKNOWN
        technology = rule.technology_of(row.technology)
        for unit in chains[row.unit_id]:
            for group in rule.groups_of(operator, technology):
                devices[unit, *group].update(row.devices)
    person_of = people_of_devices(month.month, set().union(*devices.values()))
    return {
        node: rules.volunteers(person_of[device] for device in of_node if device in person_of)
        for node, of_node in devices.items()
    }
