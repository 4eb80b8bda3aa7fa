"""Verify the ticket and the witness of a post, and read the state of tickets."""

from collections.abc import Iterable
from uuid import UUID

from backend.database.extensions import Run, fetch_autocommit
from backend.witness.assurance import Statements, StoredTicket, check_statements
from backend.witness.keys import installation_key
from backend.witness.statements import (
    TICKET,
    WITNESS,
    StatementError,
    Ticket,
    read_key_id,
    verify_ticket,
    verify_witness,
)

PUBLIC_KEY = "select public_key from host_keys where host_id = %(host)s and kid = %(kid)s"
STORED = """
    select sent.id, sent.kid, t.used_by, h.signs, h.revoked_at, k.replaced_at as key_replaced_at
    from unnest(%(ids)s::uuid[], %(kids)s::text[]) as sent (id, kid)
    join tickets t on t.id = sent.id
    join measuring_hosts h on h.id = t.host_id
    left join host_keys k on k.host_id = t.host_id and k.kid = sent.kid
"""


class StatementVerifier:
    """Verifies signatures; remembers the public keys of hosts, which never change."""

    def __init__(self, secret: str) -> None:
        self._key = installation_key(secret)
        self._host_keys: dict[tuple[UUID, str], bytes] = {}

    def verify(self, ticket: str, witness: str | None) -> Statements:
        """Verify both and that they belong together; the ticket first, which is cheap."""
        try:
            if read_key_id(ticket, TICKET) != self._key.kid:
                return Statements(code="server_foreign")
            verified = verify_ticket(ticket, self._key.public_bytes)
        except StatementError:
            return Statements(code="ticket_invalid")
        if verified.issuer != self._key.kid:
            return Statements(code="ticket_invalid")
        return Statements(verified) if witness is None else self._with_witness(verified, witness)

    def _with_witness(self, ticket: Ticket, token: str) -> Statements:
        try:
            kid = read_key_id(token, WITNESS)
            public_key = self._host_key(ticket.host_id, kid)
            if public_key is None:
                return Statements(ticket, code="host_unknown")
            witness = verify_witness(token, public_key)
        except StatementError:
            return Statements(ticket, code="witness_invalid")
        code = check_statements(ticket, witness)
        return Statements(ticket, code=code) if code else Statements(ticket, witness, kid)

    def _host_key(self, host_id: UUID, kid: str) -> bytes | None:
        """Return a key of the ticket's own host: another host's key signs nothing for it."""
        known = self._host_keys.get((host_id, kid))
        if known is None:
            found = fetch_autocommit(PUBLIC_KEY, {"host": host_id, "kid": kid})
            if not found:
                return None
            known = self._host_keys[host_id, kid] = bytes(found[0]["public_key"])
        return known


def read_tickets(
    run: Run, statements: Iterable[Statements]
) -> dict[tuple[UUID | None, str | None], StoredTicket]:
    """Read the state of verified tickets and of the keys of their witnesses, by both ids."""
    sent = {one.keys for one in statements if one.ticket}
    if not sent:
        return {}
    ids, kids = zip(*sent, strict=True)
    rows = run(STORED, {"ids": list(ids), "kids": list(kids)})
    return {(row.pop("id"), row.pop("kid")): StoredTicket(**row) for row in rows}
