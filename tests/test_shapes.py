"""Signatures without a shape and SQL assembled from fragments only become fewer."""

import pytest

from tests.tools.auditing.shapes import assembled_by_package, hints_by_package, shapeless

# Lower these numbers where a change makes fewer; never raise them.
HINTS, HINTS_OF_PAGES = 386, 78
ASSEMBLED = 27


@pytest.mark.parametrize(
    ("signature", "number"),
    [
        ("def f(a: dict[str, Any], *b: list[Any]) -> Any: ...", 3),
        ("def f(*, a: Sequence[Mapping[str, Any]] | None = None) -> list[dict[str, Any]]: ...", 2),
        ("async def f(a: Any, b: dict[str, int]) -> list[str]: ...", 0),
        ("def f():\n    def g(**a: dict[Any, Any]) -> None: ...", 1),
    ],
)
def test_hints_without_a_shape_are_counted(signature: str, number: int) -> None:
    assert shapeless(signature) == number


def test_hints_without_a_shape_only_become_fewer() -> None:
    numbers = hints_by_package()
    of_pages = sum(n for package, n in numbers.items() if package.startswith("web."))
    assert (numbers.total(), of_pages) == (HINTS, HINTS_OF_PAGES)


def test_assembled_statements_only_become_fewer() -> None:
    assert assembled_by_package().total() == ASSEMBLED
