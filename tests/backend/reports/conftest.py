import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.clock import FakeClock
from tests.support.reports import Office


@pytest.fixture
def office(app: Flask, client: FlaskClient, clock: FakeClock) -> Office:
    return Office(app, client, clock)
