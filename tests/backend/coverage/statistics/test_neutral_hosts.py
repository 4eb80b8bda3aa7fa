"""Speeds of tests at neutral hosts alone, and months in which these hosts changed."""

from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import h3
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, update

from backend.coverage.statistics.models import Release, ReleasedFigures
from backend.database.extensions import owner_session
from backend.witness import hosts
from backend.witness.models import MeasuringHost
from tests.support.clock import FakeClock
from tests.support.factories import location, post, register, sample
from tests.support.measurements import NINE, make_release, measurement_row, store_rows
from tests.support.people import unit_id
from tests.support.speed_tests import get_ticket

COMMUNE = "05584"  # of the centre of this cell
PLACE = dict(zip(("latitude", "longitude"), h3.cell_to_latlng("884158824bfffff"), strict=True))
SPEEDS = f"/network-speed?unit={COMMUNE}&level=commune&lang=vi"
DAYS = range(1, 6)


def host(app: Flask, name: str, operator: str | None = None, year: int = 2023) -> UUID:
    now = datetime(year, 11, 10, tzinfo=UTC)
    with app.app_context():
        return hosts.add_host(name, f"https://{name}.example.vn", None, now, operator)


def measure(
    client: FlaskClient,
    clock: FakeClock,
    phone: dict[str, str],
    at: UUID,
    hour: int,
    **changes: Any,
) -> None:
    """Measure with a ticket of a host on each of five days."""
    for day in DAYS:
        clock.now = datetime(2024, 11, day, hour, tzinfo=UTC)
        ticket = get_ticket(client, phone, host=str(at))["ticket"]
        body = sample(
            clock.now.isoformat(), test={"ticket": ticket}, location=location(**PLACE), **changes
        )
        stored = post(client, phone, body).json
        assert (stored["counted"], stored["assurance"]) == (True, "ticketed")


def figures(app: Flask, client: FlaskClient, admin: dict[str, str]) -> dict[str, Any]:
    """Compute the statistics and the release again; return what officials and the public read."""
    with app.app_context(), owner_session() as owner:
        owner.execute(delete(ReleasedFigures))
        owner.execute(delete(Release))
    assert app.test_cli_runner().invoke(args=["coverage", "refresh", "--all"]).exit_code == 0
    assert make_release(app)
    unit = f"/api/v1/units/{COMMUNE}"
    paths = [f"{unit}/{what}" for what in ("statistics", "hours", "cells")] + ["/api/v1/statistics"]
    answers = {
        (path, bool(headers)): client.get(f"{path}?month=2024-11", headers=headers).json
        for path in paths
        for headers in (admin, None)
    }
    for answer in answers.values():
        answer.pop("found_at", None)
    return {**answers, "page": client.get(f"{SPEEDS}&month=2024-11").text}


@pytest.mark.slow
def test_tests_at_an_operators_host_count_and_change_no_figure_of_speed(
    app: Flask, client: FlaskClient, clock: FakeClock, admin: dict[str, str]
) -> None:
    app.config["MINIMUM_N"] = 3
    neutral, operators = host(app, "ixp"), host(app, "isp", "Viettel")
    phones = [register(client) for _ in range(13)]
    end = datetime(2024, 12, 17, tzinfo=UTC)
    for number, phone in enumerate(phones[:10]):
        measure(client, clock, phone, neutral, 2, ping_ms=20 + number)
    clock.now = end
    before = figures(app, client, admin)
    [whole, *_] = before[f"/api/v1/units/{COMMUNE}/statistics", False]["items"]
    assert (whole["n"], whole["download_mbps"]["median"]) == (50, 48.2)
    assert sum(map(sum, before[f"/api/v1/units/{COMMUNE}/hours", False]["hours"])) == 50
    for number, phone in enumerate(phones[8:]):
        measure(client, clock, phone, operators, 9, ping_ms=4 + number, download_mbps=900.0)
    clock.now = end
    counted = client.get(f"/api/v1/coverage?month=2024-11&unit={COMMUNE}").json["items"][0]
    assert counted["counted"] == 75
    assert figures(app, client, admin) == before
    with app.app_context(), owner_session() as owner:  # the same tests at a neutral host
        owner.execute(update(MeasuringHost).values(operator=None))
    after = figures(app, client, admin)
    assert [name for name in before if after[name] == before[name]] == []


@pytest.mark.parametrize(
    ("operator", "year", "revoked", "changed"),
    [(None, 2024, False, True), (None, 2023, True, True), ("Viettel", 2024, True, False)],
    ids=["added", "revoked", "of an operator"],
)
def test_a_month_in_which_neutral_hosts_changed_is_compared_with_no_other(
    app: Flask,
    client: FlaskClient,
    admin: dict[str, str],
    operator: str | None,
    year: int,
    revoked: bool,
    changed: bool,
) -> None:
    commune = unit_id(app, COMMUNE)
    for months, speed in ((2, 3.0), (1, 5.0), (0, 50.0)):
        rows = [
            measurement_row(
                commune,
                NINE - timedelta(days=31 * months + n % 9),
                download_mbps=speed + n / 50,
            )
            for n in range(60)
        ]
        store_rows(app, *rows)
    app.test_cli_runner().invoke(args=["coverage", "refresh"])

    def read() -> tuple[bool, Any, bool, int]:
        url = f"/api/v1/units/{COMMUNE}/statistics?month=2024-11"
        answer = client.get(url, headers=admin).json
        [row] = [one for one in answer["items"] if one["operator"] and one["technology"]]
        page = client.get(f"{SPEEDS}&month=2024-11&before=2024-10", headers=admin).text
        told = page.count("không so sánh với các tháng khác")
        beside = 'aria-labelledby="beside-it"' in page
        return answer["hosts_changed"], row["against_month_before"], beside, told

    assert read() == (False, "higher", True, 0)
    added = host(app, "other", operator, year)
    if revoked:
        with app.app_context():
            hosts.revoke_host(added, "sold", NINE)
    assert read()[:3] == ((True, None, False) if changed else (False, "higher", True))
    assert bool(read()[3]) == changed
