"""Verify the ticket and the witness of a post, and read the state of tickets."""

import threading
import time
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TypedDict
from uuid import UUID

from backend.database.extensions import fetch_autocommit
from backend.witness.assurance import Statements, StoredTicket, check_statements
from backend.witness.keys import installation_key
from backend.witness.statements import (
    TICKET,
    WITNESS,
    StatementError,
    Ticket,
    read_statement,
)

HOST_KEYS = "select host_id, kid, public_key from host_keys"
# Keys are read again for an unknown one, but not for each of many forged ones.
REFRESH_S = 2.0


class StatementVerifier:
    """Verifies witnesses; remembers the public keys of hosts, which never change."""

    def __init__(self, secret: str) -> None:
        self._installation = installation_key(secret).kid
        self._host_keys: dict[tuple[UUID, str], bytes] = {}
        self._read_at = -REFRESH_S
        self._reading = threading.Lock()

    def verify(self, token: str, witness: str | None) -> Statements:
        """Read a ticket, and verify that a witness is signed by its host and belongs to it.

        The ticket's signature is not verified: its claims are compared with the stored ticket.
        """
        try:
            statement = read_statement(token, TICKET)
            if statement.kid != self._installation:
                return Statements(code="server_foreign")
            ticket = statement.ticket()
        except StatementError:
            return Statements(code="ticket_invalid")
        if ticket.issuer != self._installation:
            return Statements(code="ticket_invalid")
        return Statements(ticket) if witness is None else self._with_witness(ticket, witness)

    def _with_witness(self, ticket: Ticket, token: str) -> Statements:
        try:
            statement = read_statement(token, WITNESS)
            public_key = self._host_key(ticket.host_id, statement.kid)
            if public_key is None:
                return Statements(ticket, code="host_unknown")
            statement.verify(public_key)
            witness = statement.witness()
        except StatementError:
            return Statements(ticket, code="witness_invalid")
        code = check_statements(ticket, witness)
        return Statements(ticket, code=code) if code else Statements(ticket, witness, statement.kid)

    def _host_key(self, host_id: UUID, kid: str) -> bytes | None:
        """Return a key of the ticket's own host: another host's key signs nothing for it."""
        if (host_id, kid) not in self._host_keys:
            with self._reading:  # others wait: without the key their samples would stay claimed
                unknown = (host_id, kid) not in self._host_keys
                if unknown and time.monotonic() - self._read_at > REFRESH_S:
                    rows = fetch_autocommit(HOST_KEYS, {})
                    keys = {(row["host_id"], row["kid"]): row["public_key"] for row in rows}
                    self._host_keys, self._read_at = keys, time.monotonic()
        return self._host_keys.get((host_id, kid))


class TicketOfPost(TypedDict):
    """A ticket that a post names, with its host and key, as JSON; times are ISO 8601."""

    id: str
    kid: str | None  # of the witness's key; null: no witness
    host_id: str
    profile: str
    issued_at: str
    expires_at: str
    used_by: str | None  # the sample
    host: int  # its number
    signs: bool
    revoked_at: str | None
    key_replaced_at: str | None


StoredTickets = Mapping[tuple[UUID | None, str | None], StoredTicket]


def stored_tickets(rows: Iterable[TicketOfPost] | None) -> StoredTickets:
    """Return the tickets of STORED_TICKETS by the ids of ticket and key."""
    return {(UUID(row["id"]), row["kid"]): _stored_ticket(row) for row in rows or ()}


def _stored_ticket(row: TicketOfPost) -> StoredTicket:
    return StoredTicket(
        host_id=UUID(row["host_id"]),
        host=row["host"],
        profile=row["profile"],
        issued_at=datetime.fromisoformat(row["issued_at"]),
        expires_at=datetime.fromisoformat(row["expires_at"]),
        used_by=UUID(row["used_by"]) if row["used_by"] else None,
        signs=row["signs"],
        revoked_at=_time_of(row["revoked_at"]),
        key_replaced_at=_time_of(row["key_replaced_at"]),
    )


def _time_of(written: str | None) -> datetime | None:
    return datetime.fromisoformat(written) if written else None
