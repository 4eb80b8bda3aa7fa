"""Long work on boundary sets: check one that is there, or read, check and add a new one."""

import re
from collections.abc import Callable, Mapping
from datetime import date
from typing import TYPE_CHECKING, Any

from flask import current_app

from backend.units import uploads
from backend.units.catalogue import system_on
from backend.units.sets import NewSet
from backend.web.admin import findings

if TYPE_CHECKING:
    from geopandas import GeoDataFrame

Progress = Callable[[int, int], None]
# What an admin sees go on: read, checked, drawn, added.
STEPS = 4


def check_set(arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Check a boundary set against the list of units; what is wrong, and where."""
    from backend.units import loading  # it reads polygons, which no page does

    new, frame = loading.loaded(arguments["name"])
    return _checked(new, frame, arguments["job"], progress)


def load_set(arguments: Mapping[str, Any], progress: Progress) -> dict[str, Any]:
    """Read a file that was sent, check it, and add it as a set where nothing forbids that."""
    from backend.units import loading
    from geo.polygons import BoundaryError

    new, var_dir = _described(arguments), current_app.config["VAR_DIR"]
    columns = {ours: arguments[f"{ours}_column"] for ours in ("code", "name")}
    try:
        with uploads.unpacked(var_dir, arguments["upload"]) as path:
            frame = loading.read(new, path, {our: its for our, its in columns.items() if its})
        told = _checked(new, frame, arguments["job"], progress)
        if not told["forbidden"]:
            result = loading.install(new, frame, active=False, actor=arguments["asked_by"])
            told |= {"loaded": len(frame), "learned": len(result.added)}
    except BoundaryError as error:  # its words name a file of ours; the person knows their own
        ours = rf"{re.escape(str(var_dir))}[^\s:]*"
        raise BoundaryError(re.sub(ours, arguments["file"], str(error))) from error
    uploads.forget(var_dir, arguments["upload"])
    progress(STEPS, STEPS)
    return told


def _described(arguments: Mapping[str, Any]) -> NewSet:
    first = date.fromisoformat(arguments["valid_from"])
    last = date.fromisoformat(arguments["valid_to"]) if arguments["valid_to"] else None
    system = system_on(first)
    return NewSet(arguments["name"], system, arguments["quality"], first, last, arguments["note"])


def _checked(new: NewSet, frame: "GeoDataFrame", job: int, progress: Progress) -> dict[str, Any]:
    from backend.units import loading
    from geo.checks import to_text
    from geo.findings import findings as placed

    progress(1, STEPS)
    report, known = loading.check(new, frame), loading.reference_units(new)
    progress(2, STEPS)
    folder = current_app.config["VAR_DIR"] / findings.FOLDER / str(job)
    kinds = findings.keep(folder, frame, known, placed(report, frame, known))
    progress(3, STEPS)
    told = {"report": to_text(report), "units": report.units, "kinds": kinds}
    return {**told, "forbidden": len(report.problems)}
