"""`flask radio import`: tables of radio samples are judged as posts are, and stored once."""

import csv
import gzip
import io
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import delete, func, select, text, update

from backend.database.extensions import db
from backend.devices.models import Device
from backend.measurements.radio import columns, table
from backend.measurements.radio.incoming import parse_sample
from backend.measurements.radio.models import RadioSample
from backend.measurements.radio.table import NEEDED, OPTIONAL, read_block
from tests.support.factories import location, register
from tests.support.notes import NOON
from tests.support.radio import no_service, post_radio, radio

LOCATION, NETWORK = ("latitude", "longitude", "accuracy_m"), ("mcc", "mnc", "operator")


def flat(sample: dict[str, Any], device: str) -> dict[str, str]:
    """Return a sample as a row of a table."""
    row = {name: sample.get(name) for name in (*NEEDED, *OPTIONAL)} | {"device": device}
    row |= {name: (sample.get("location") or {}).get(name) for name in LOCATION}
    row |= {name: (sample.get("network") or {}).get(name) for name in NETWORK}
    return {
        name: "" if value is None else str(value).lower() if value in (True, False) else str(value)
        for name, value in row.items()
    }


def write(path: Path, rows: Sequence[dict[str, str]]) -> Path:
    text = io.StringIO()
    writer = csv.DictWriter(text, [*NEEDED, *OPTIONAL], lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    data = text.getvalue().encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


def devices(app: Flask) -> list[str]:
    with app.app_context():
        return [str(one) for one in db.session.scalars(select(Device.id).order_by(Device.id))]


def run(app: Flask, path: Path, *options: str) -> str:
    done = app.test_cli_runner().invoke(args=["radio", "import", str(path), *options])
    assert done.exit_code == 0, done.output
    return done.output


SAMPLES: list[dict[str, Any]] = [
    radio(),
    no_service(),
    no_service(sim_slot=1, serving_cell=7),
    radio(technology="5G", mode="NSA", rsrp_dbm=-31, rsrq_db=20, sinr_db=-23.4),
    radio(technology="5G", mode="SA", rsrp_dbm=-156.0, sinr_db=40.2),
    radio(rsrq_db=2**31 - 1, sinr_db=None, sim_slot=2**31 - 1, serving_cell=2**63 - 1),
    radio(sim_slot=8, serving_cell=2**36),
    radio(rsrp_dbm=-157),
    radio(rsrp_dbm=-40),
    radio(rsrp_dbm=2**31 - 1),
    radio(rsrp_dbm=None),
    radio(technology=None),
    radio(technology="3G"),
    radio(mode="SA"),
    radio(mode="x", technology="5G"),
    radio(service=False),
    no_service(technology="4G"),
    no_service(rsrp_dbm=2**31 - 1),
    radio(id="7"),
    radio(id="z" * 36),
    radio(measured_at="yesterday"),
    radio(measured_at="2024-11-20T12:00:00"),
    radio(measured_at="2024-11-20T12:00:00.123456Z"),
    radio(network={"mcc": "460", "mnc": "01"}),
    radio(network={"mcc": "452", "mnc": "1"}),
    radio(network={"operator": "VNPT"}),
    radio(network={"mcc": "000", "operator": "another"}),
    radio(location=location(latitude=91.0)),
    radio(location=location(longitude=-181.0)),
    radio(location=location(latitude="north")),
]


@pytest.mark.parametrize("together", [True, False])
def test_rows_are_read_as_single_samples_are(together: bool) -> None:
    """Every sample has the same outcome and the same values by either way."""
    device = parse_sample(radio()).id
    assert device
    rows = [flat(sample, str(device)) for sample in SAMPLES]
    parts = [rows] if together else [[row] for row in rows]
    blocks = [
        read_block(pa.RecordBatch.from_pylist(
            [{name: value or None for name, value in row.items()} for row in part],
            pa.schema([(name, pa.string()) for name in (*NEEDED, *OPTIONAL)]),
        ))
        for part in parts
    ]  # fmt: skip
    read = [
        (row, code) for block in blocks for row, code in zip(block.rows, block.codes, strict=True)
    ]
    same = {"null": "required", "": ""}
    for sample, (row, code) in zip(SAMPLES, read, strict=True):
        item = parse_sample(sample)
        codes = {same.get(error.code, error.code) for error in item.errors} or {""}
        assert code in codes, sample
        if item.outcome == "accepted":
            (expected,) = columns.rows_of([item], device, NOON, timedelta())
            for name in columns.ROW.names or ():
                assert name == "registered" or row[name] == expected[name], (name, sample)


@pytest.mark.parametrize("name", ["walk.csv", "walk.csv.gz"])
def test_a_table_is_stored_once(
    app: Flask, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    headers, _ = register(client), register(client)
    one, other = devices(app)
    posted = radio()
    assert post_radio(client, headers, posted).json["accepted"] == 1
    with app.app_context():
        owner = str(db.session.scalars(select(RadioSample.device_id)).one())
    monkeypatch.setattr(table, "BLOCK_BYTES", 2_000)  # several parts
    samples = [radio(NOON - timedelta(seconds=n)) for n in range(60)]
    rows = [
        flat(posted, owner),
        *(flat(one_, (one, other)[n % 2]) for n, one_ in enumerate(samples)),
    ]
    rows += [rows[5], flat(radio(rsrp_dbm=0), one), flat(no_service(), other)]
    path = write(tmp_path / name, rows)
    output = run(app, path)
    assert "stored: 61; stored before: 2; refused: 1" in output and "out_of_range: 1" in output
    assert "stored: 0; stored before: 63; refused: 1" in run(app, path)
    with app.app_context():
        assert db.session.scalar(select(func.count()).select_from(RadioSample)) == 62
        details = db.session.execute(
            text("select details from audit where act = 'radio.import' order by id")
        ).scalars()
        assert [one["accepted"] for one in details] == [61, 0]
    recount = app.test_cli_runner().invoke(args=["measurements", "recount"])
    assert recount.exit_code == 0, recount.output


def test_rows_of_unknown_and_silent_devices_are_refused(
    app: Flask, client: FlaskClient, tmp_path: Path
) -> None:
    for since in (90, 90, 1):
        register(client, timedelta(days=since))
    with app.app_context():
        known, silent, young = db.session.scalars(
            select(Device.id).order_by(Device.registered_at, Device.id)
        )
        db.session.execute(update(Device).where(Device.id == silent).values(consent_version="2"))
        db.session.commit()
    nobody = radio()["id"]
    early = radio(NOON - timedelta(days=3))
    rows = [flat(radio(), str(one)) for one in (known, silent, nobody)]
    path = write(tmp_path / "walk.csv", [*rows, flat(early, str(young))])
    with path.open("ab") as file:
        file.write(b"only,three,columns\nor,\xff,four,columns\n")
    output = run(app, path, "--source", "network_survey")
    assert "stored: 1; stored before: 0; refused: 5" in output
    expected = Counter(radio_not_agreed=1, device_unknown=1, wrong_columns=2)
    expected += Counter(radio_before_registration=1)
    assert all(f"  {code}: {n}" in output for code, n in expected.items())
    with app.app_context():
        assert db.session.scalars(select(RadioSample.source)).all() == ["network_survey"]
        db.session.execute(delete(RadioSample))
        db.session.commit()


@pytest.mark.parametrize("content", [b"a,b\n1,2\n", b"", b"\xff\xfe\x00", b"id;device\n"])
def test_a_file_of_another_form_is_an_error(app: Flask, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "walk.csv"
    path.write_bytes(content)
    done = app.test_cli_runner().invoke(args=["radio", "import", str(path)])
    assert done.exit_code == 1 and "cannot be read" in done.output
