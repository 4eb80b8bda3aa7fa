"""VNNIC's own count beside ours."""

from backend.reports.figures import Vnnic
from backend.units.service import UnitRow


def vnnic(unit: UnitRow, month: str) -> list[Vnnic] | None:
    """What VNNIC counted in each commune; None where nothing of theirs was imported."""
    return None
