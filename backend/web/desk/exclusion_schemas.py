"""What the pages of exclusions and signs take."""

from typing import Any

from marshmallow import post_load

from backend.coverage.exclusions.schemas import LiftSchema, UnitExclusionSchema
from backend.coverage.figures.schemas import month_field
from backend.coverage.signals.findings import NUMBER_BELOW
from backend.fields import ID_MOST, QueryWhole, Strict, Text
from backend.web.site.schemas import PageQuerySchema


class OfMonthQuerySchema(PageQuerySchema):
    """Which month of an area, the running one unless told; which page."""

    month = month_field(load_default=None)
    cursor = QueryWhole(1, ID_MOST, load_default=None)


class ChosenQuerySchema(PageQuerySchema):
    """What is to be excluded: one measurement, or a device, perhaps for a sign."""

    month = month_field(load_default=None)
    measurement = Text(36, load_default=None)
    device = QueryWhole(0, NUMBER_BELOW - 1, load_default=None)
    signal_id = QueryWhole(1, ID_MOST, load_default=None)


class Decided(Strict):
    """With `go` it is done, else shown."""

    go = Text(choices=("yes",), allow_none=True, load_default=None)

    @post_load
    def shown_first(self, data: dict[str, Any], **_: Any) -> dict[str, Any]:
        """Say it as the API does."""
        kept = {name: value for name, value in data.items() if name != "go"}
        return kept | {"preview": data["go"] is None}


class ExclusionFormSchema(UnitExclusionSchema, Decided):
    """An exclusion as it is typed: every number is text."""

    device = QueryWhole(0, NUMBER_BELOW - 1, allow_none=True, load_default=None)
    signal_id = QueryWhole(1, ID_MOST, allow_none=True, load_default=None)


class LiftFormSchema(LiftSchema, Decided):
    """Why what was excluded counts again."""
