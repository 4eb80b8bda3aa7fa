"""Export, withdrawal, retention and boundary changes reach radio samples."""

import json
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from backend.database.extensions import db
from backend.measurements.privacy.retention import expire
from backend.measurements.radio.models import RadioSample
from backend.units.models import Unit
from tests.support.clock import FakeClock
from tests.support.devices import ME
from tests.support.factories import register
from tests.support.radio import no_service, post_radio, radio


def stored(app: Flask) -> list[RadioSample]:
    with app.app_context():
        query = select(RadioSample).order_by(RadioSample.measured_at, RadioSample.id)
        return list(db.session.scalars(query))


def test_the_export_has_the_samples_of_the_device(client: FlaskClient) -> None:
    headers, other, sent = register(client), register(client), radio()
    assert post_radio(client, headers, sent).json["accepted"] == 1
    assert post_radio(client, other, radio()).json["accepted"] == 1
    (found,) = json.loads(client.get(f"{ME}/export", headers=headers).text)["radio_samples"]
    assert found["id"] == sent["id"] and found["rsrp_dbm"] == sent["rsrp_dbm"]
    assert found["latitude"] == sent["location"]["latitude"]


def test_a_withdrawal_deletes_samples_which_cannot_come_again(
    app: Flask, client: FlaskClient
) -> None:
    headers, other, sent, kept = register(client), register(client), radio(), radio()
    assert post_radio(client, other, kept).json["accepted"] == 1
    assert post_radio(client, headers, sent, no_service()).json["accepted"] == 2
    withdrawn = client.delete(ME, headers=headers).json
    assert withdrawn["removed"]["radio_samples"] == 2
    assert [str(one.id) for one in stored(app)] == [kept["id"]]
    assert post_radio(client, headers, sent).status_code == 401
    answer = post_radio(client, register(client, timedelta()), sent)
    assert answer.json["results"][0]["errors"][0]["code"] == "radio_before_registration"


def expired(app: Flask, clock: FakeClock) -> Any:
    with app.app_context():
        done = expire(clock.now, 90, 365, lambda done, of: None).radio
        assert not expire(clock.now, 90, 365, lambda done, of: None).radio  # can be run again
        return done


def test_positions_are_removed_and_samples_deleted(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    headers = register(client)
    assert post_radio(client, headers, radio(), no_service()).json["accepted"] == 2
    assert expired(app, clock) == 0
    clock.now += timedelta(days=95)
    assert expired(app, clock) == 2
    for found in stored(app):
        assert found.latitude is found.longitude is found.accuracy_m is None
        assert found.serving_cell is None and found.cell and found.unit_id
    clock.now += timedelta(days=300)
    assert expired(app, clock) == 2
    assert stored(app) == []


@pytest.mark.parametrize("exact", [True, False])
def test_another_boundary_set_moves_exact_samples(
    app: Flask, client: FlaskClient, exact: bool
) -> None:
    sent = [radio(), no_service()]
    assert post_radio(client, register(client), *sent).json["accepted"] == 2
    right = stored(app)[0].unit_id
    with app.app_context():
        other = select(Unit.id).where(Unit.level == "commune", Unit.id != right).limit(1)
        wrong: dict[str, Any] = {"unit_id": other.scalar_subquery(), "set_id": 0}
        gone = {} if exact else {"latitude": None, "longitude": None}
        db.session.execute(update(RadioSample).values(wrong | gone))
        db.session.commit()
    done = app.test_cli_runner().invoke(args=["measurements", "reassign"])
    assert f"radio samples moved: {2 * exact}" in done.output
    assert [one.unit_id == right for one in stored(app)] == [exact] * 2
    recount = app.test_cli_runner().invoke(args=["measurements", "recount"])
    assert recount.exit_code == 0, recount.output
