"""What the forms of an official's office take: VNNIC's table, the letterhead, a deputy."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from marshmallow import post_load, pre_load

from backend.accounts.login_names import NAME_MOST
from backend.clock import day_begin
from backend.coverage.vnnic.schemas import COLUMNS_MOST, VnnicImportQuerySchema
from backend.fields import Day, Strict, Text
from backend.organisations.area_schemas import REASON_MOST
from backend.reports.monthly.letterhead_schemas import LetterheadChangeSchema
from backend.web.desk.report_schemas import Seen

# Fields of a letterhead that are a list: typed with one line for each.
LINES = ("recipients", "titles", "copies")


class TableFormSchema(VnnicImportQuerySchema):
    """A table of VNNIC's; with `go` it is kept, else shown."""

    columns = Text(most=COLUMNS_MOST, load_default=None, allow_none=True)
    file = Text(load_default=None, allow_none=True)
    go = Text(choices=("yes",), load_default=None, allow_none=True)


class LetterheadFormSchema(LetterheadChangeSchema, Seen):
    """A letterhead as it is typed."""

    @pre_load
    def by_line(self, data: Mapping[str, Any], **options: Any) -> dict[str, Any]:
        """One entry a line."""
        typed = {name: (data.get(name) or "").splitlines() for name in LINES}
        lists = {name: [line for line in lines if line.strip()] for name, lines in typed.items()}
        return {"superior": None, "signer": None, **data, **lists}


class DeputyFormSchema(Strict):
    """Who is to stand in, where, through which day and why."""

    name = Text(NAME_MOST, required=True)
    area = Text(40, required=True)  # system, level and code
    last_day = Day(required=True)
    reason = Text(REASON_MOST, required=True)

    @post_load
    def as_request(self, data: dict[str, Any], **options: Any) -> dict[str, Any]:
        """As the API asks for it: until the end of the day, where people live."""
        named = dict(zip(("system", "level", "code"), data["area"].split("/"), strict=False))
        unit = {"system": "", "level": None, "code": "", **named}
        until = day_begin(data["last_day"] + timedelta(days=1))
        return {
            "name": data["name"],
            "unit": unit,
            "cluster_id": None,
            "valid_to": until,
            "reason": data["reason"],
        }
