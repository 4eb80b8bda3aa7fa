"""The public keys of hosts that verification remembers."""

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from uuid import uuid4

import pytest

from backend.witness import verification
from backend.witness.verification import StatementVerifier

HOST, KEY = uuid4(), b"k" * 32


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
