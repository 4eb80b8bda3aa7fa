"""Pages of the board, the desk, admins and the public on small screens and with large letters."""

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask
from playwright.sync_api import Browser, Page

from backend.database.extensions import db
from backend.measurements.recording.models import DemoMonth
from tests.support import people
from tests.support.access.requests import send_request
from tests.support.access.table import TABLE, expected
from tests.support.access.world import World
from tests.support.browser import PHONE
from tests.support.clock import FakeClock
from tests.support.contributions import add_measurement, volunteers
from tests.support.live_server import serving_app
from tests.support.page_limits import faults_of

pytestmark = pytest.mark.long

# The map of the findings is its figure; it is there if another test left a check with its map.
WITHOUT_FIGURE = frozenset({"GET /admin/checks/<int:job_id>"})


@pytest.fixture
def served(browser: Browser, app: Flask, clock: FakeClock) -> Iterator[str]:
    """The application in the month of the campaign."""
    with serving_app(app, clock) as url:
        yield url


def filled(app: Flask, clock: FakeClock, actor: str) -> World:
    """Return a campaign with some teams that measured, for an actor."""
    world = World(app, app.test_client(use_cookies=False), actor)
    here = people.unit_id(app, "05443")
    teams = [people.team(app, world.organisation, f"Tổ công nghệ số cộng đồng thôn {n} xã Vô Tranh")
             for n in range(1, 7)]  # fmt: skip
    members = volunteers(app, "Nguyễn Thị Thanh Hương", None, "Bình")
    with app.app_context():
        for n, team in enumerate([world.team, world.other_team, *teams]):
            for sample in range(n + 3):
                at = clock.now - timedelta(days=sample, hours=2)
                member = members[sample % len(members)]
                add_measurement(world.campaign, team, at, here, volunteer=member)
        db.session.commit()
    return world


@pytest.mark.parametrize(
    ("actor", "below", "least"),
    [
        ("organiser", "/campaigns", 7),
        ("team leader", "/campaigns", 7),
        ("official", "/desk", 18),
        ("admin", "/admin", 13),
        ("admin", "/desk", 18),
    ],
)
def test_pages_keep_to_their_limits(
    app: Flask,
    served: str,
    clock: FakeClock,
    new_page: Callable[..., Page],
    actor: str,
    below: str,
    least: int,
) -> None:
    world, faults, seen = filled(app, clock, actor), [], 0
    name, secret = world.page_headers()["Cookie"].split("=")
    page = new_page(PHONE)
    page.context.add_cookies([{"name": name, "value": secret, "url": served}])
    for row in (one for one in TABLE if one.startswith(f"GET {below}")):
        if expected(row)[actor] != 200 or row.endswith(".pdf"):
            continue
        answer = send_request(world, row)
        if b"<!doctype html>" not in answer.data[:500].lower() or answer.status_code != 200:
            continue
        page.goto(answer.request.full_path.rstrip("?"))
        found = faults_of(page, row)
        faults += [one for one in found if not (row in WITHOUT_FIGURE and "first figure" in one)]
        seen += 1
    assert seen >= least
    assert not faults, "\n".join(faults)


@pytest.mark.parametrize(
    "path",
    ["/", "/unit/19", "/unit/05443", "/network-speed", "/wall", "/unit/19/wall", "/search?q=thanh"],
)
def test_public_pages_keep_to_their_limits(
    app: Flask, served: str, clock: FakeClock, new_page: Callable[..., Page], path: str
) -> None:
    filled(app, clock, "organiser")
    with app.app_context():
        db.session.add(DemoMonth(month="2024-11"))
        db.session.commit()
    page = new_page(PHONE)
    page.goto(path)
    faults = [one for one in faults_of(page, path) if "first act" not in one]
    assert not faults, "\n".join(faults)
