"""Export, withdrawal, retention and boundary changes reach no-connection notes."""

import json
from datetime import timedelta

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import null, select, update

from backend.database.extensions import db
from backend.measurements.no_connection.models import NoConnectionNote
from backend.measurements.privacy.retention import expire
from backend.measurements.recording.models import Receipt, RejectedBody
from backend.units.models import Unit
from tests.support.clock import FakeClock
from tests.support.devices import ME
from tests.support.factories import register
from tests.support.notes import CONFIRMED, note, post_notes


def test_the_export_has_notes_and_receipts(client: FlaskClient) -> None:
    headers, other, sent = register(client), register(client), note(comment="dưới chân núi")
    assert post_notes(client, headers, sent).status_code == 201
    assert post_notes(client, other, note()).status_code == 201
    exported = json.loads(client.get(f"{ME}/export", headers=headers).text)
    (found,) = exported["no_connection_notes"]
    assert found["id"] == sent["id"] and found["raw"] == sent
    assert found["latitude"] == sent["location"]["latitude"] and found["unit_name"]
    assert [one["id"] for one in exported["receipts"]] == [sent["id"]]


def test_a_withdrawal_deletes_notes_and_refuses_their_replay(
    app: Flask, client: FlaskClient
) -> None:
    headers, other, sent = register(client), register(client), note()
    kept = note()
    assert post_notes(client, other, kept).status_code == 201
    assert post_notes(client, headers, sent).status_code == 201
    assert post_notes(client, headers, note(confirmed=CONFIRMED | {"data_on": False})).json
    withdrawn = client.delete(ME, headers=headers).json
    assert withdrawn["removed"]["no_connection_notes"] == 1
    assert withdrawn["kept"] == {"anonymous_measurements": 0}
    with app.app_context():
        assert [str(one) for one in db.session.scalars(select(NoConnectionNote.id))] == [kept["id"]]
        receipts = db.session.scalars(select(Receipt.id)).all()
        assert [str(one) for one in receipts] == [kept["id"]]
        assert db.session.scalars(select(RejectedBody)).all() == []
    fresh = register(client)
    replayed = post_notes(client, fresh, sent)
    assert (replayed.status_code, replayed.json["errors"][0]["code"]) == (409, "withdrawn_before")
    renamed = post_notes(client, fresh, sent | {"id": note()["id"]})
    assert renamed.json["errors"][0]["code"] == "withdrawn_before"


def expired(app: Flask, clock: FakeClock) -> NoConnectionNote:
    with app.app_context():
        assert expire(clock.now, 90, 365, lambda done, of: None)["notes"]
        assert not expire(clock.now, 90, 365, lambda done, of: None)["notes"]  # can be run again
        return db.session.scalars(select(NoConnectionNote)).one()


def test_positions_are_coarsened_and_removed(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    headers, sent = register(client), note()
    assert post_notes(client, headers, sent).status_code == 201
    clock.now += timedelta(days=8)
    found = expired(app, clock)
    assert found.network is None and found.raw == sent
    clock.now += timedelta(days=90)
    found = expired(app, clock)
    assert (found.latitude, found.longitude, found.raw) == (21.594, 105.848, None)
    assert found.cell is not None
    clock.now += timedelta(days=300)
    found = expired(app, clock)
    assert found.latitude is found.longitude is found.accuracy_m is found.cell is None
    assert (
        found.unit_id and client.get("/api/v1/no-connection-notes", headers=headers).json["items"]
    )


@pytest.mark.parametrize("exact", [True, False])
def test_another_boundary_set_moves_exact_notes(
    app: Flask, client: FlaskClient, exact: bool
) -> None:
    assert post_notes(client, register(client), note()).status_code == 201
    with app.app_context():
        stored = db.session.scalars(select(NoConnectionNote)).one()
        right, other = stored.unit_id, select(Unit.id).where(Unit.level == "commune").limit(1)
        wrong = {"unit_id": other.scalar_subquery(), "set_id": 0}
        db.session.execute(
            update(NoConnectionNote).values(wrong | ({} if exact else {"raw": null()}))
        )
        db.session.commit()
    done = app.test_cli_runner().invoke(args=["measurements", "reassign"])
    assert f"no-connection notes moved: {int(exact)}" in done.output
    with app.app_context():
        assert (db.session.scalars(select(NoConnectionNote.unit_id)).one() == right) is exact
    recount = app.test_cli_runner().invoke(args=["measurements", "recount"])
    assert recount.exit_code == 0, recount.output
