"""Schemas of tickets."""

from backend.devices.schemas import Uuid
from backend.fields import Strict, Text, schema_of
from backend.witness.hosts import Hosts
from backend.witness.service import TicketAnswer, TicketKeys
from backend.witness.statements import PROFILES


class TicketRequestSchema(Strict):
    """The profile of a test, and the host if not the preferred one.

    `id`: a random UUID of the phone; the same again, after a lost answer, returns the same ticket.
    """

    id = Uuid(allow_none=True, load_default=None)
    profile = Text(choices=tuple(PROFILES), load_default="full")
    host = Uuid(allow_none=True, load_default=None)


HostsSchema = schema_of(Hosts, "")
TicketSchema = schema_of(TicketAnswer, "")
TicketKeysSchema = schema_of(TicketKeys, "")
