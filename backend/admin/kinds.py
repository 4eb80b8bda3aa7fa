"""The kinds of long work: what the operator's commands do, with their progress told elsewhere."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import date
from typing import Any

from flask import current_app

from backend.demo import service as demo
from backend.measurements import revising

Progress = Callable[[int, int], None]
Arguments = Mapping[str, Any]
Work = Callable[[Arguments, Progress], dict[str, Any]]


def reassign(asked: Arguments, progress: Progress) -> dict[str, Any]:
    """Name the communes of a span of days again, in the sets that are active now."""
    first, last = date.fromisoformat(asked["first"]), date.fromisoformat(asked["last"])
    locator, manual = current_app.extensions["locator"], current_app.config["COUNT_MANUAL"]
    return asdict(revising.reassign(first, last, locator, manual, progress))


def rejudge(asked: Arguments, progress: Progress) -> dict[str, Any]:
    """Judge a month again under the rules of today, or only see what would change."""
    manual, keep = current_app.config["COUNT_MANUAL"], not asked["dry_run"]
    return asdict(revising.rejudge(asked["month"], manual, progress, keep=keep))


def remove_demo(asked: Arguments, progress: Progress) -> dict[str, Any]:
    """Remove everything that the demo loaded, and nothing else."""
    return {"removed": demo.remove(progress)}


def check_set(asked: Arguments, progress: Progress) -> dict[str, Any]:
    """Check a boundary set against the list of units; what is wrong, in words."""
    from backend.units import loading  # it reads polygons, which no page does

    return {"report": loading.to_text(loading.check_loaded(asked["name"]))}


KINDS: dict[str, Work] = {
    "reassign": reassign,
    "rejudge": rejudge,
    "remove_demo": remove_demo,
    "check_set": check_set,
}
