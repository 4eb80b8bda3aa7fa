"""scripts/audit's own eyes: a licence to look at and a key are seen, what is harmless is not."""

import pytest

from tests.tools.auditing.licences import accepted
from tests.tools.auditing.secrets import found


@pytest.mark.parametrize(
    ("name", "told", "taken"),
    [
        ("flask", "BSD-3-Clause", True),
        ("psycopg", "LGPL-3.0-only", True),
        ("another", "LGPL-3.0-only", False),
        ("another", "MIT AND GPL-3.0-only", False),
        ("another", "", False),
        ("another", "Proprietary", False),
    ],
)
def test_a_licence_that_was_not_looked_at_is_told(name: str, told: str, taken: bool) -> None:
    assert accepted(name, told) is taken


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN " + "PRIVATE KEY-----",
        "key = 'AKIA" + "A1B2" * 4 + "'",
        "postgresql://dosong:" + "h4kd92hs7a@db.example.vn/dosong",
    ],
)
def test_a_secret_is_found_and_not_repeated(text: str) -> None:
    [told] = found(f"before {text} after")
    assert len(told) <= 25


@pytest.mark.parametrize(
    "text", ["postgresql://dosong:password@localhost/dosong", "postgresql://localhost/x", "a key"]
)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert found(text) == []
