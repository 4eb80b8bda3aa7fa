from collections.abc import Callable

import pytest
from click.testing import Result
from flask import Flask


@pytest.fixture
def units(app: Flask) -> Callable[..., Result]:
    """`flask units …`."""

    def run(*words: object) -> Result:
        return app.test_cli_runner().invoke(args=["units", *map(str, words)])

    return run
