"""The country's statistics follow changes of samples, and equal a whole computation."""

import os
import uuid
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update

from backend.coverage.statistics import country, refresh
from backend.coverage.statistics.country_groups import CountryGroups, InconsistentError
from backend.coverage.statistics.group_figures import figures_of
from backend.coverage.statistics.models import StatisticStale, StatisticVersion
from backend.database.extensions import db
from backend.measurements.recording.models import Measurement
from tests.support.measurements import NINE, measurement_row, store_rows
from tests.support.people import unit_id

MONTH = "2024-11"
OPERATORS, TECHNOLOGIES = ("Viettel", "VinaPhone", "unheard of"), ("4G", "5G", None)


def rows(units: list[int], number: int, seed: int) -> list[dict[str, Any]]:
    rng = np.random.default_rng(seed)
    phones = [uuid.UUID(int=int(one)) for one in rng.integers(1, 2**62, 40)]
    return [
        measurement_row(
            int(rng.choice(units)), device_id=phones[int(rng.integers(40))],
            operator=str(rng.choice(OPERATORS)), technology=TECHNOLOGIES[int(rng.integers(3))],
            download_mbps=round(float(rng.lognormal(4, 1)), 1), ping_ms=float(rng.integers(9, 60)),
            marks=["capped"] if rng.random() < 0.1 else [],
        )
        for _ in range(number)
    ]  # fmt: skip


def mark(*units: int) -> None:
    marks = [{"month": MONTH, "unit_id": unit, "network": "mobile"} for unit in units]
    db.session.execute(insert(StatisticStale), marks)
    db.session.commit()


def folder(app: Flask) -> Path:
    return Path(app.config["VAR_DIR"]) / country.FOLDER / f"{MONTH}-mobile"


def compare(app: Flask) -> str:
    return str(app.test_cli_runner().invoke(args=["coverage", "compare", MONTH]).output)


def test_samples_that_come_change_and_go_are_followed(app: Flask) -> None:
    units = [unit_id(app, code) for code in ("05443", "05446", "00004")]
    store_rows(app, *rows(units, 400, 1))
    assert compare(app) == "no differences\n"
    for step in range(4):
        store_rows(app, *rows(units[step % 3 :], 30, step + 2))
        with app.app_context():
            ids = list(db.session.scalars(select(Measurement.id).order_by(Measurement.id)))
            chosen = [ids[at] for at in np.random.default_rng(step).integers(0, len(ids), 5)]
            excluded, moved, revised, gone, slower = (Measurement.id == one for one in chosen)
            db.session.execute(update(Measurement).where(excluded).values(counted=False))
            db.session.execute(update(Measurement).where(moved).values(unit_id=units[0]))
            db.session.execute(update(Measurement).where(revised).values(operator="MobiFone"))
            db.session.execute(update(Measurement).where(slower).values(download_mbps=1.5))
            db.session.execute(delete(Measurement).where(gone))
            mark(*units)
        assert compare(app) == "no differences\n"


def test_files_of_a_database_before_a_restore_are_corrected(app: Flask) -> None:
    here, there = unit_id(app, "05443"), unit_id(app, "00004")
    store_rows(app, *rows([here], 50, 1), *rows([there], 50, 2))
    compare(app)
    with app.app_context():  # as a backup of an earlier day
        db.session.execute(delete(Measurement).where(Measurement.unit_id == there))
        db.session.execute(delete(StatisticVersion).where(StatisticVersion.unit_id == there))
        mark(here)
    assert compare(app) == "no differences\n"


def test_a_difference_is_found(app: Flask) -> None:
    unit = unit_id(app, "05443")
    store_rows(app, *rows([unit], 60, 1))
    compare(app)
    with app.app_context():
        db.session.execute(update(Measurement).values(download_mbps=1.5))  # and no mark
        db.session.commit()
    assert compare(app).startswith("differs: mobile all all")
    with app.app_context():
        refresh.mark_all(MONTH)
    assert compare(app) == "no differences\n"


@pytest.mark.parametrize("way", [delete(Measurement), update(Measurement).values(device_id=None)])
def test_the_id_of_a_withdrawn_device_stays_in_no_file(app: Flask, way: Any) -> None:
    unit, phone = unit_id(app, "05443"), uuid.uuid4()
    store_rows(app, *rows([unit], 90, 1), measurement_row(unit, NINE, device_id=phone))
    compare(app)
    half = phone.bytes[:8]
    assert any(half in one.read_bytes() for one in folder(app).rglob("*.np?"))
    with app.app_context():
        db.session.execute(way.where(Measurement.device_id == phone))
        mark(unit)
    assert compare(app) == "no differences\n"
    assert not any(half in one.read_bytes() for one in folder(app).rglob("*.np?"))


@pytest.mark.parametrize("damage", ["cut", "no base", "other format", "nothing"])
def test_files_that_cannot_be_used_are_made_again(
    app: Flask, damage: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = unit_id(app, "05443")
    store_rows(app, *rows([unit], 90, 1))
    compare(app)
    state, [base] = folder(app) / country.STATE, folder(app).glob("base-*")
    if damage == "cut":
        state.write_bytes(state.read_bytes()[:-500])
    elif damage == "no base":
        (base / "values.npy").unlink()
    elif damage == "other format":
        monkeypatch.setattr(country, "FORMAT", 0)
    store_rows(app, *rows([unit], 5, 2))
    assert compare(app) == "no differences\n"
    [after] = folder(app).glob("base-*")
    assert (after.name == base.name) == (damage == "nothing")


def test_sums_that_contradict_the_samples_are_made_again(
    app: Flask, monkeypatch: pytest.MonkeyPatch
) -> None:
    unit = unit_id(app, "05443")
    store_rows(app, *rows([unit], 90, 1))
    compare(app)
    [before] = folder(app).glob("base-*")
    calls: list[CountryGroups] = []

    def failing(groups: Any, *more: Any) -> Any:
        if isinstance(groups, CountryGroups) and not calls:
            calls.append(groups)
            raise InconsistentError
        return figures_of(groups, *more)

    monkeypatch.setattr(refresh, "figures_of", failing)
    store_rows(app, *rows([unit], 5, 2))
    assert compare(app) == "no differences\n"
    [after] = folder(app).glob("base-*")
    assert calls and after.name != before.name


@pytest.mark.parametrize("way", ["left", "older", "damaged"])
def test_the_country_takes_the_samples_that_a_province_has_read(
    app: Flask, way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, there = unit_id(app, "05443"), unit_id(app, "00004")
    store_rows(app, *rows([here, there], 90, 1))
    compare(app)
    store_rows(app, *rows([here], 9, 2))
    read: list[Any] = []
    from_database = refresh._read_country

    def reading(part: Any, units: Any) -> Any:
        read.append(units)
        return from_database(part, units)

    def followed(part: Any, stale: Any) -> None:
        [left] = folder(app).glob("of-*")  # only of the province that changed
        if way == "older":  # a page has asked for the province after more samples came
            store_rows(app, *rows([here], 9, 3))
            refresh.refresh_unit(here, MONTH, NINE)
        elif way == "damaged":
            left.write_bytes(left.read_bytes()[:-50])
        refresh_country(part, stale)

    refresh_country = refresh.refresh_country
    monkeypatch.setattr(refresh, "refresh_country", followed)
    monkeypatch.setattr(refresh, "_read_country", reading)
    with app.app_context():
        refresh.refresh(NINE)
    monkeypatch.undo()
    assert read == ([] if way == "left" else [[here]])
    assert not [*folder(app).glob("of-*")]
    assert compare(app) == "no differences\n"


def test_files_of_months_without_changes_are_removed(app: Flask) -> None:
    store_rows(app, *rows([unit_id(app, "05443")], 5, 1))
    compare(app)
    os.utime(folder(app) / country.STATE, (0, 0))
    with app.app_context():
        refresh.refresh(NINE)
    assert not folder(app).exists()
