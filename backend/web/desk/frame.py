"""The blueprint of the desk, and what each of its pages shows: the own area, the report due."""

from typing import Any

from backend.accounts.access import can
from backend.accounts.authentication import actor
from backend.clock import local_day
from backend.http.requests import clock_now
from backend.places.service import read_places
from backend.reports.monthly.deadlines import DueReport
from backend.reports.monthly.deadlines import due_report as find_due_report
from backend.units.index import unit_index
from backend.web.desk.area import own_areas
from backend.web.site.blueprint import PageBlueprint

bp = PageBlueprint("desk", __name__, login_required=True, url_prefix="/desk")


def add_frame() -> dict[str, Any]:
    """Return the functions that the templates of the desk call (a context processor)."""
    levels = {"is_commune": is_commune, "is_province": is_province}
    tasks = {"due_report": due_report, "places_to_measure": places_to_measure}
    readers = {"only_area": only_area, "observes": observes, "reads_country": reads_country}
    return readers | tasks | levels


def only_area() -> str | None:
    """Return the code of a person's area; None if they have several or none."""
    areas = own_areas(actor(), clock_now())
    return areas[0]["code"] if len(areas) == 1 else None


def reads_country() -> bool:
    """Return whether a person reads the reports of all provinces."""
    return can(actor(), "report.read")


def observes() -> bool:
    """Return whether a person has reports to read, and no area."""
    return reads_country() and not own_areas(actor(), clock_now())


def due_report(code: str | None) -> DueReport | None:
    """Return the report due in an area; None without one area."""
    return find_due_report(actor(), code, local_day(clock_now())) if code else None


def places_to_measure(province_id: int) -> int:
    """Return the number of places of a province that wait for a second measurement."""
    return len(read_places(province_id, to_measure=local_day(clock_now())))


def is_commune(code: str | None) -> bool:
    """Return whether a code of today is a commune's."""
    units = unit_index().with_code(code, local_day(clock_now()), None) if code else []
    return bool(units) and all(one.level == "commune" for one in units)


def is_province(code: str | None) -> bool:
    """Return whether a code of today is a province's."""
    today = local_day(clock_now())
    return code is not None and bool(unit_index().with_code(code, today, "province"))


bp.context_processor(add_frame)
