"""The API of letterheads."""

from typing import Any

from flask_smorest import Blueprint

from backend.accounts.authentication import actor
from backend.accounts.parsing import PeopleParser
from backend.database.extensions import PERSON
from backend.http import etags
from backend.http.requests import clock_now
from backend.reports.monthly.letterhead_schemas import (
    LetterheadNewSchema,
    LetterheadOnQuerySchema,
    LetterheadQuerySchema,
    LetterheadSchema,
)
from backend.reports.monthly.letterheads import set_letterhead, show_letterhead

letterhead_blp = Blueprint("letterheads", __name__, url_prefix="/api/v1")
letterhead_blp.ARGUMENTS_PARSER = PeopleParser()


@letterhead_blp.get("/units/<code>/letterhead")
@letterhead_blp.doc(security=PERSON)
@letterhead_blp.arguments(LetterheadOnQuerySchema, location="query")
@letterhead_blp.response(200, LetterheadSchema, headers=etags.TOLD)
def get_letterhead(query: dict[str, Any], code: str) -> Any:
    """Show what a unit's letters begin and end with."""
    told = show_letterhead(actor(), code, query, clock_now())
    # Never 304: another row comes into force with a day, without a change.
    return told, 200, {"ETag": f'"{told["version"]}"'}


@letterhead_blp.put("/units/<code>/letterhead")
@letterhead_blp.doc(security=PERSON, parameters=etags.WANTED)
@letterhead_blp.arguments(LetterheadQuerySchema, location="query")
@letterhead_blp.arguments(LetterheadNewSchema)
@letterhead_blp.response(200, LetterheadSchema, headers=etags.TOLD)
def put_letterhead(query: dict[str, Any], wanted: dict[str, Any], code: str) -> Any:
    """Set what a unit's letters begin and end with, from a day on."""
    seen = etags.expected()
    told = set_letterhead(actor(), code, query["level"], seen, wanted, clock_now())
    return etags.answered(told)
