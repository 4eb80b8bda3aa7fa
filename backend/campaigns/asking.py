"""Bodies are read only of people who signed in: who did not is told that, and nothing else."""

from typing import Any

from flask import Request
from marshmallow import Schema

from backend.accounts.signing import actor
from backend.arguments import Parser
from backend.campaigns.visible import require_person


class PeopleParser(Parser):
    """The arguments of endpoints whose bodies come from people."""

    def load_json(self, req: Request, schema: Schema) -> Any:
        require_person(actor())
        return super().load_json(req, schema)
