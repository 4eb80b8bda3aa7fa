import pytest
from flask import Flask
from flask.testing import FlaskClient

from tests.support.admin_client import AdminBrowser
from tests.support.clock import FakeClock


@pytest.fixture
def admin(app: Flask, client: FlaskClient, clock: FakeClock) -> AdminBrowser:
    return AdminBrowser(app, client, clock.now)
