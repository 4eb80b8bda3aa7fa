"""Requests from people: a body is read only once they signed in; an id in a path is a number."""

from typing import Any

from flask import Request
from marshmallow import Schema

from backend.accounts.access import require_person
from backend.accounts.authentication import actor
from backend.errors import Problem
from backend.fields import ID_MOST
from backend.http.arguments import Parser


class PeopleParser(Parser):
    """The arguments of endpoints whose bodies come from people; nobody learns what they take."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        require_person(actor())
        return super().load_json(req, schema)


def row_id(written: str) -> int:
    """The id in a path; 404 for what cannot be one."""
    digits = len(written) <= len(str(ID_MOST)) and written.isascii() and written.isdecimal()
    if not digits or int(written) > ID_MOST:
        raise Problem(404, "not_found")
    return int(written)
