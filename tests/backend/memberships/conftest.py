import pytest
from flask import Flask

from tests.support.joining import Cast


@pytest.fixture
def cast(app: Flask) -> Cast:
    return Cast(app)
