"""The kinds of background jobs: operator commands with progress on a page."""

from collections.abc import Callable, Mapping
from datetime import date
from typing import Any

from flask import current_app

from backend.coverage.exclusions.count_changes import (
    counted_now,
    serialize_categories,
    serialize_units,
    sum_changes,
)
from backend.demo import service as demo
from backend.measurements.recording import rules
from backend.measurements.revision import service as revising
from backend.web.admin import boundary_sets

Progress = Callable[[int, int], None]
Arguments = Mapping[str, Any]
Work = Callable[[Arguments, Progress], dict[str, Any]]

# Units in a result: those with the largest changes.
UNITS_MOST = 100


def reassign(arguments: Arguments, progress: Progress) -> dict[str, Any]:
    """Reassign the communes of a span of days by the active boundary sets."""
    first, last = date.fromisoformat(arguments["first"]), date.fromisoformat(arguments["last"])
    manual = current_app.config["COUNT_MANUAL"]
    return _sums(revising.reassign(first, last, manual, progress))


def rejudge(arguments: Arguments, progress: Progress) -> dict[str, Any]:
    """Re-evaluate a month by the current rules, or preview the changes."""
    manual, keep = current_app.config["COUNT_MANUAL"], not arguments["dry_run"]
    before = counted_now(arguments["month"])
    done = revising.rejudge(arguments["month"], manual, progress, keep=keep)
    changes = sum_changes([done.changes])
    units = sorted(serialize_units(changes, before), key=_change)
    return _sums(done) | {
        "fates": serialize_categories(changes),
        "units": units[:UNITS_MOST],
        "all_units": len(units),
        "rules": rules.RULES,
    }


def _sums(done: revising.Revision) -> dict[str, Any]:
    return {name: getattr(done, name) for name in ("moved", "rejudged", "left_alone")}


def _change(row: Mapping[str, Any]) -> int:
    """Return a sort key: the largest change in either direction first."""
    return -abs(int(row["counted_after"] - row["counted_before"]))


def remove_demo(arguments: Arguments, progress: Progress) -> dict[str, Any]:
    """Remove the data of the demo."""
    return {"removed": demo.remove(progress)}


KINDS: dict[str, Work] = {
    "reassign": reassign,
    "rejudge": rejudge,
    "remove_demo": remove_demo,
    "check_set": boundary_sets.check_set,
    "load_set": boundary_sets.load_set,
}
