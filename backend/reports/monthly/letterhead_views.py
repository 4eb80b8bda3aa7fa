"""The API of letterheads."""

from typing import Any

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.blueprint import Blueprint
from backend.http.requests import clock_now
from backend.reports.monthly.letterhead_schemas import (
    LetterheadNewSchema,
    LetterheadOnQuerySchema,
    LetterheadQuerySchema,
    LetterheadSchema,
)
from backend.reports.monthly.letterheads import set_letterhead, show_letterhead

blp = Blueprint("letterheads", __name__, parser=PeopleParser())


@blp.get("/units/<code>/letterhead")
@blp.doc(security=PERSON)
@blp.arguments(LetterheadOnQuerySchema, location="query")
@blp.response(200, LetterheadSchema, headers=etags.TOLD)
def get_letterhead(query: dict[str, Any], code: str) -> Any:
    """Show what a unit's letters begin and end with."""
    told = show_letterhead(actor(), code, query, clock_now())
    # Never 304: another row comes into force with a day, without a change.
    return told, 200, {"ETag": f'"{told["version"]}"'}


@blp.put("/units/<code>/letterhead")
@blp.doc(security=PERSON, parameters=etags.WANTED)
@blp.arguments(LetterheadQuerySchema, location="query")
@blp.arguments(LetterheadNewSchema)
@blp.response(200, LetterheadSchema, headers=etags.TOLD)
def put_letterhead(query: dict[str, Any], wanted: dict[str, Any], code: str) -> Any:
    """Set what a unit's letters begin and end with, from a day on."""
    seen = etags.expected()
    told = set_letterhead(actor(), code, query["level"], seen, wanted, clock_now())
    return etags.answered(told)
