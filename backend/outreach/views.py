"""API of outreach activities."""

from typing import TypedDict

from flask.typing import ResponseReturnValue

from backend.accounts.authentication import SignedInParser, actor
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.requests import Blueprint, clock_now
from backend.outreach import schemas, service

blp = Blueprint(
    "outreach",
    __name__,
    description="Outreach to officials and residents",
    parser=SignedInParser(),
)
blueprints = (blp,)
TEAM = "/campaigns/<int:campaign_id>/teams/<int:team_id>/outreach"


class MonthQuery(TypedDict):
    """The month of a list."""

    month: str | None  # YYYY-MM; null: the present one


@blp.get("/units/<code>/outreach")
@blp.doc(security=PERSON)
@blp.arguments(schemas.MonthQuerySchema, location="query")
@blp.response(200, schemas.OutreachMonthSchema)
def list_of_area(query: MonthQuery, code: str) -> service.OutreachMonth:
    """List the outreach activities in an area, for its officials."""
    return service.list_of_area(actor(), code, query["month"], clock_now())


@blp.post("/units/<code>/outreach")
@blp.doc(security=PERSON)
@blp.arguments(schemas.ActivitySchema)
@blp.response(201, schemas.OutreachEntrySchema, headers=etags.ETAG_HEADER, description="Entered")
def enter_for_area(data: service.Activity, code: str) -> ResponseReturnValue:
    """Enter an outreach activity of the office of a province or commune."""
    return etags.with_etag(service.enter_for_area(actor(), code, data, clock_now()), 201)


@blp.get(TEAM)
@blp.doc(security=PERSON)
@blp.arguments(schemas.MonthQuerySchema, location="query")
@blp.response(200, schemas.OutreachMonthSchema)
def list_of_team(query: MonthQuery, campaign_id: int, team_id: int) -> service.OutreachMonth:
    """List the outreach activities of a team, for its leader and the campaign's organisers."""
    return service.list_of_team(actor(), campaign_id, team_id, query["month"], clock_now())


@blp.post(TEAM)
@blp.doc(security=PERSON)
@blp.arguments(schemas.ActivitySchema)
@blp.response(201, schemas.OutreachEntrySchema, headers=etags.ETAG_HEADER, description="Entered")
def enter_for_team(data: service.Activity, campaign_id: int, team_id: int) -> ResponseReturnValue:
    """Enter an outreach activity of a team."""
    entry = service.enter_for_team(actor(), campaign_id, team_id, data, clock_now())
    return etags.with_etag(entry, 201)


@blp.put("/outreach/<int:entry_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.arguments(schemas.ActivitySchema)
@blp.response(200, schemas.OutreachEntrySchema, headers=etags.ETAG_HEADER)
def change_entry(data: service.Activity, entry_id: int) -> ResponseReturnValue:
    """Change an outreach activity, until the report of its province is frozen."""
    expected = etags.expected()
    return etags.with_etag(service.change(actor(), entry_id, expected, data, clock_now()))


@blp.delete("/outreach/<int:entry_id>")
@blp.doc(security=PERSON, parameters=etags.IF_MATCH_PARAMETER)
@blp.response(204, description="Removed")
def remove_entry(entry_id: int) -> None:
    """Remove an outreach activity, until the report of its province is frozen."""
    service.remove(actor(), entry_id, etags.expected())
