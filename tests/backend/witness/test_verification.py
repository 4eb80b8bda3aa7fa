"""The public keys of hosts that verification remembers."""

import json
import time
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import pytest

from backend.witness import verification
from backend.witness.statements import (
    MAX_TOKEN,
    TICKET,
    SigningKey,
    StatementError,
    Ticket,
    sign,
    verify_ticket,
)
from backend.witness.verification import StatementVerifier

HOST, KEY = uuid4(), b"k" * 32
ISSUER = SigningKey.from_seed(b"i" * 32)
NOW = datetime(2026, 11, 20, 5, 0, tzinfo=UTC)
ISSUED = Ticket(uuid4(), ISSUER.kid, "s", uuid4(), "full", NOW, NOW + timedelta(hours=24))


def test_the_first_witnesses_of_a_worker_at_the_same_time_find_the_key(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    reads = []

    def read_slowly(statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
        reads.append(statement)
        time.sleep(0.2)
        return [{"host_id": HOST, "kid": "a", "public_key": KEY}]

    monkeypatch.setattr(verification, "fetch_autocommit", read_slowly)
    verifier = StatementVerifier("secret")
    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda kid: verifier._host_key(HOST, kid), ["a"] * 4))
    assert found == [KEY] * 4
    assert [verifier._host_key(HOST, kid) for kid in ("b", "c", "d")] == [None] * 3  # forged
    assert len(reads) == 1


def signed(header: dict[str, Any], payload: str | None = None) -> str:
    """A ticket with another header or payload, signed with the right key all the same."""
    known = {"alg": "EdDSA", "typ": TICKET, "kid": ISSUER.kid}
    texts = json.dumps(known | header), payload or json.dumps(ISSUED.claims())
    head = ".".join(urlsafe_b64encode(part.encode()).decode().rstrip("=") for part in texts)
    signature = urlsafe_b64encode(ISSUER.key.sign(head.encode())).decode().rstrip("=")
    return f"{head}.{signature}"


@pytest.mark.parametrize(
    "token",
    [
        signed({"alg": "none"}),
        signed({"alg": "HS256"}),
        signed({"alg": None}),
        signed({"typ": "JWT"}),
        signed({"typ": "witness+jwt"}),
        signed({"typ": []}),
        signed({"kid": "0" * 32}),
        signed({"kid": 7}),
        signed({"crit": ["exp"]}),
        signed({"b64": True}),
        signed({"x": "x" * MAX_TOKEN}),
        signed({}, "[]"),
        signed({}, "[" * 1_000),
        signed({}, json.dumps(ISSUED.claims() | {"exp": 9e18})),
        signed({}, json.dumps(ISSUED.claims() | {"jti": None})),
        signed({}, '{"profile": "full", ' + json.dumps(ISSUED.claims() | {"profile": "x"})[1:]),
        sign(ISSUED, ISSUER)[:-1],
        sign(ISSUED, ISSUER) + "!",
        sign(ISSUED, ISSUER).replace(".", "", 1),
        sign(ISSUED, ISSUER) + "\ud800",
        "",
    ],
    ids=str.__len__,
)
def test_a_token_that_is_not_exactly_ours_is_refused(token: str) -> None:
    assert verify_ticket(signed({}), ISSUER.public_bytes) == ISSUED
    with pytest.raises(StatementError):
        verify_ticket(token, ISSUER.public_bytes)
