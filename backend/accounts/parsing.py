"""Bodies of requests from people: read only once they have signed in."""

from typing import Any

from flask import Request
from marshmallow import Schema

from backend.accounts.access import require_person
from backend.accounts.authentication import actor
from backend.http.arguments import Parser


class PeopleParser(Parser):
    """The arguments of endpoints whose bodies come from people; nobody learns what they take."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        require_person(actor())
        return super().load_json(req, schema)
