"""Whatever a source answers is a report or a refusal: nothing else is raised."""

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given
from hypothesis import strategies as st

from backend.errors import Problem
from backend.reports.collector.collecting import Question, read_list
from backend.reports.collector.verification import (
    Keys,
    Sealed,
    Wanted,
    read_figures,
    read_statement,
    verify,
)
from backend.reports.content.figures import canonical_json
from backend.units.service import UnitRow
from tests.support.report_sources import NOVEMBER, report_of, seal_of

KEY = Ed25519PrivateKey.generate()
REGISTERED = Keys(frozenset({KEY.public_key().public_bytes_raw()}), frozenset())
WANTED = Wanted("2024", "19", NOVEMBER)
UNIT = UnitRow(1, "2024", "province", "19", "Tỉnh Thái Nguyên", "Tỉnh", None, None, "19",
               "Tỉnh Thái Nguyên", None, None, None, None, "", False)  # fmt: skip
plain = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=9)
values = st.recursive(
    plain, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)
REPORT = report_of()
CONTENT = canonical_json(REPORT)
SEAL = seal_of(CONTENT, KEY)
LISTED = {
    "id": 1, "unit": {"level": "province", "code": "19"}, "month": NOVEMBER, "edition": 1,
    "digest": "", "seal": SEAL,
}  # fmt: skip


def paths_of(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Return the path of each value inside a value."""
    children: Any = enumerate(value) if isinstance(value, list) else ()
    if isinstance(value, dict):
        children = value.items()
    inner = [one for key, child in children for one in paths_of(child, (*path, key))]
    return [path, *inner] if path else inner


def changed(value: Any, path: tuple[Any, ...], other: Any) -> bytes:
    """Return JSON in which the value at a path is another one."""
    copy = json.loads(json.dumps(value))
    place = copy
    for key in path[:-1]:
        place = place[key]
    place[path[-1]] = other
    return json.dumps(copy).encode()


def sealed(content: bytes, seal: dict[str, str]) -> Sealed:
    return Sealed(content, seal["statement"], bytes.fromhex(seal["signature"]))


def test_a_sealed_report_is_verified() -> None:
    stated, figures = verify(sealed(CONTENT, SEAL), REGISTERED, WANTED)
    assert (stated.month, figures.networks["mobile"].counted) == (NOVEMBER, 649)


@given(st.binary(max_size=40))
def test_other_bytes_are_refused(content: bytes) -> None:
    with pytest.raises(Problem):
        verify(sealed(content, SEAL), REGISTERED, WANTED)
    with pytest.raises(Problem):
        read_list(content, Question(UNIT, NOVEMBER, {}))


@given(st.sampled_from(paths_of(REPORT)), values)
def test_figures_are_read_or_refused(path: tuple[Any, ...], other: Any) -> None:
    try:
        read_figures(changed(REPORT, path, other))
    except Problem as problem:
        assert problem.code == "source_not_report"


@given(st.sampled_from(paths_of(json.loads(SEAL["statement"]))), values)
def test_a_statement_is_read_or_refused(path: tuple[Any, ...], other: Any) -> None:
    try:
        read_statement(changed(json.loads(SEAL["statement"]), path, other).decode())
    except Problem as problem:
        assert problem.code == "source_not_report"


@given(st.sampled_from(paths_of({"items": [LISTED]})), values)
def test_a_list_is_read_or_refused(path: tuple[Any, ...], other: Any) -> None:
    try:
        read_list(changed({"items": [LISTED]}, path, other), Question(UNIT, NOVEMBER, {}))
    except Problem as problem:
        assert problem.code == "source_not_report"


@given(st.binary(max_size=80), st.text(max_size=9))
def test_no_signature_but_the_own_is_taken(signature: bytes, more: str) -> None:
    other = Sealed(CONTENT, SEAL["statement"], signature)
    longer = Sealed(CONTENT, SEAL["statement"] + "x" + more, bytes.fromhex(SEAL["signature"]))
    for wrong in (other, longer):
        with pytest.raises(Problem) as refused:
            verify(wrong, REGISTERED, WANTED)
        assert refused.value.code == "source_key_unknown"
