"""The search for secrets of scripts/audit finds keys and passwords, and nothing else."""

import pytest

from tests.tools.auditing.secrets import found


@pytest.mark.parametrize(
    "text",
    [
        "-----BEGIN " + "PRIVATE KEY-----",
        "key = 'AKIA" + "A1B2" * 4 + "'",
        "postgresql://dosong:" + "h4kd92hs7a@db.example.vn/dosong",
    ],
)
def test_a_secret_is_found_and_not_repeated(text: str) -> None:
    [answer] = found(f"before {text} after")
    assert len(answer) <= 25


@pytest.mark.parametrize(
    "text", ["postgresql://dosong:password@localhost/dosong", "postgresql://localhost/x", "a key"]
)
def test_what_is_none_is_left_alone(text: str) -> None:
    assert found(text) == []
