"""Sections of counts: samples, units that reached the target, communes that lack, the annex."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.coverage.figures.service import Question, coverage
from backend.reports.content.figures import NETWORKS, CommuneRow, Lacking, Reached, Samples
from backend.units.catalogue import LEVELS_OF
from backend.units.service import UnitRow

Answer = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Counts:
    """What coverage tells of a unit's month: by network, then by level from the unit's own down."""

    by_network: Mapping[str, Mapping[str, Answer]]

    @property
    def anything(self) -> Answer:
        """One of the answers, for what all of them tell alike."""
        return self.by_network[NETWORKS[0]]["commune"]


def read_counts(unit: UnitRow, month: str, now: datetime) -> Counts:
    """Ask coverage for the unit and each level below it."""
    levels = LEVELS_OF[unit.system]
    below = levels[levels.index(unit.level) :]
    return Counts(
        {
            network: {level: _answer(unit, month, level, network, now) for level in below}
            for network in NETWORKS
        }
    )


def _answer(unit: UnitRow, month: str, level: str, network: str, now: datetime) -> Answer:
    if level == unit.level:
        return coverage(Question(month, level, network, unit=unit.code), now)
    return coverage(Question(month, level, network, parent=unit.code), now)


def samples(counts: Counts) -> dict[str, Samples]:
    """The three numbers of each network, and the reasons between them."""
    names = tuple(Samples.__annotations__)
    return {
        network: _named(levels["commune"]["summary"], names)  # type: ignore[misc]
        for network, levels in counts.by_network.items()
    }


def reached(counts: Counts) -> dict[str, list[Reached]]:
    """How many units of each level reached the target."""
    return {
        network: [_reached(level, answer) for level, answer in levels.items()]
        for network, levels in counts.by_network.items()
    }


def _reached(level: str, answer: Answer) -> Reached:
    target, summary = answer["target"] or {}, answer["summary"]
    return {
        "level": level,
        "units": summary["units"],
        "reached": summary["reached"],
        "share": summary["share"],
        "best_share": (summary["distribution"] or {}).get("best_share"),
        "threshold": target.get("threshold"),
        "basis": target.get("basis"),
        "source": target.get("source"),
    }


def lacking(
    counts: Counts, planned: Mapping[str, Mapping[str, list[str]]]
) -> dict[str, list[Lacking]]:
    """The communes below their target, the largest shortfall first."""
    return {
        network: [
            {
                "code": item["code"],
                "name": item["name"],
                "parent": item["parent"],
                "counted": item["counted"],
                "target": item["target"],
                "shortfall": item["shortfall"],
                "planned": planned[network].get(item["code"], []),
            }
            for item in sorted(levels["commune"]["items"], key=lambda one: -(one["shortfall"] or 0))
            if item["shortfall"]
        ]
        for network, levels in counts.by_network.items()
    }


def communes(counts: Counts) -> dict[str, list[CommuneRow]]:
    """Every commune with its numbers."""
    names = tuple(CommuneRow.__annotations__)
    return {
        network: [
            _named(item, names)  # type: ignore[misc]
            for item in levels["commune"]["items"]
        ]
        for network, levels in counts.by_network.items()
    }


def _named(told: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    return {name: told[name] for name in names}
