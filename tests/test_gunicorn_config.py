"""What gunicorn is told: its hooks do what the configuration says of them."""

import gc
from collections.abc import Iterator

import pytest

from config import gunicorn


@pytest.fixture
def thawed() -> Iterator[None]:
    yield
    gc.unfreeze()


def test_no_collection_of_a_worker_touches_what_is_loaded(thawed: None) -> None:
    loaded: list[object] = []  # a list can be part of a cycle, so collections look at it
    assert any(each is loaded for each in gc.get_objects())
    gunicorn.when_ready(None)
    assert not any(each is loaded for each in gc.get_objects())
