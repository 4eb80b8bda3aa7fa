"""What the page of a unit shows beside its counts: twelve months, speeds by operator, cells."""

from collections.abc import Sequence
from datetime import datetime, time
from itertools import dropwhile
from typing import Any

from backend.accounts.access import Actor
from backend.clock import VIETNAM, month_end
from backend.coverage.figures.unit_access import unit_month
from backend.coverage.statistics.answers import CellsAnswer, HistoryMonth
from backend.coverage.statistics.cells import CellsQuery, unit_cells
from backend.coverage.statistics.history import history
from backend.coverage.statistics.released import latest_release
from backend.errors import Problem
from backend.web.maps.cells import cell_shapes, step_labels
from backend.web.maps.drawing import MapDrawing
from backend.web.public.service import CoveragePage, OwnItem
from backend.web.public.speed_page import operator_speeds
from backend.web.site.charts import Bars, bars
from backend.web.site.pages import Translator


def show_parts(
    page: CoveragePage,
    drawn: MapDrawing | None,
    translator: Translator,
    now: datetime,
    actor: Actor,
) -> dict[str, Any]:
    """Collect the parts of a unit's page, as an actor may see them."""
    assert page.unit is not None
    unit, query, reader = page.unit, page.query, page.query.reader
    month = unit_month(unit.code, unit.level, query.month, query.network, now, reader)
    ended = datetime.combine(month_end(query.month), time(12), VIETNAM)
    months = history(unit, query.network, min(now, ended), reader=reader)
    months = [*dropwhile(lambda one: not one["received"], months[:-1]), months[-1]]
    release = latest_release([one for one in page.months if page.same_units_in(one)])
    cells = _cells(page, translator, now, actor) if drawn and unit.level == "commune" else None
    return {
        "months": _bars(months, translator, page.own),
        "estimated": any(item["estimated"] for item in months),  # divided from the other system
        "speeds": operator_speeds(month, actor),
        "released_month": release.month if release else None,
        "cells": cells,
        "cell_shapes": list(cell_shapes(drawn, cells["items"])) if drawn and cells else [],
        "cell_steps": list(step_labels()),
    }


def _cells(
    page: CoveragePage, translator: Translator, now: datetime, actor: Actor
) -> CellsAnswer | None:
    """Return the cells of a commune: the released ones, or all of them for its officials."""
    assert page.unit is not None
    month, network = page.query.month, page.query.network
    wanted: CellsQuery = {"month": month, "level": "commune", "network": network}
    try:
        return unit_cells(actor, page.unit.code, wanted, translator.language, now)
    except Problem as problem:
        if problem.code != "too_many_to_look_at":
            raise
        return None


def _bars(months: Sequence[HistoryMonth], translator: Translator, own: OwnItem | None) -> Bars:
    """Chart the counted samples of each month, with a commune's last target as a line.

    A province is compared by its communes: a line at its own target would be reached every month.
    """
    values = [
        (item["month"][5:], float(item["counted"]), translator.number(item["counted"]))
        for item in months
    ]
    line = None if own and own["communes"] else months[-1]["target"]
    return bars(values, line, [item["month"][:4] for item in months])
