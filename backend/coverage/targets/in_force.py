"""Targets and assessment thresholds in force on a day."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from sqlalchemy import or_, select

from backend.coverage.targets.models import Target
from backend.database.extensions import db, setting

TARGET, ASSESSMENT = "target", "assessment"
PURPOSES = (TARGET, ASSESSMENT)


@dataclass(frozen=True, slots=True)
class TargetsInForce:
    """The targets of a level and network on a day: of all units, and of single units."""

    general: Target | None
    by_unit: Mapping[int, Target]

    def of(self, unit_id: int) -> Target | None:
        """Return the unit's own target, or the general one."""
        return self.by_unit.get(unit_id, self.general)


def strict_comparison() -> bool:
    """Return whether a target is reached only by more samples; the letter allows both readings."""
    return bool(setting("REACHED_IS") == ">")


def target_on(day: date, level: str, network: str) -> Target | None:
    """Return the general target of a level and network on a day; None if none is set."""
    return targets_on(day, [level], network)[level, TARGET].general


def targets_on(
    day: date, levels: Sequence[str], network: str
) -> dict[tuple[str, str], TargetsInForce]:
    """Return the targets in force on a day, by level and purpose."""
    return targets_by_day([day], levels, network)[day]


def targets_by_day(
    days: Sequence[date], levels: Sequence[str], network: str
) -> dict[date, dict[tuple[str, str], TargetsInForce]]:
    """Return the targets in force on each day, by level and purpose."""
    query = select(Target).where(
        Target.level.in_(levels),
        Target.network == network,
        Target.valid_from <= max(days),
        or_(Target.valid_to.is_(None), Target.valid_to >= min(days)),
    )
    rows = list(db.session.scalars(query))
    return {
        day: {
            (level, purpose): _in_force(
                [
                    row for row in rows
                    if (row.level, row.purpose) == (level, purpose)
                    and row.valid_from <= day
                    and (row.valid_to is None or row.valid_to >= day)
                ]
            )
            for level in levels
            for purpose in PURPOSES
        }
        for day in days
    }  # fmt: skip


def _in_force(rows: Sequence[Target]) -> TargetsInForce:
    general = next((row for row in rows if row.unit_id is None), None)
    return TargetsInForce(general, {row.unit_id: row for row in rows if row.unit_id is not None})
