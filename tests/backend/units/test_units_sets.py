"""`flask units load, activate, list`: sets are added beside each other."""

from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path

import pytest
from click.testing import Result
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from backend.accounts.models import AuditEntry
from backend.database.extensions import db
from backend.units import locator as locating
from backend.units import service
from backend.units.locator import Locator
from backend.units.models import Boundary, BoundarySet, Unit
from tests.support.boundary_sets import FOREIGN, REPLACED, WITHOUT_POLYGON, november, units_restored

Units = Callable[..., Result]
SPAN = ("--valid-from", "2024-11-01", "--valid-to", "2024-11-30")
NOVEMBER = date(2024, 11, 30)


@pytest.fixture(autouse=True)
def as_it_was(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(locating, "CATALOGUE_TTL_S", 0.0)
    with units_restored(app):
        yield


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "made-up.geojson"
    november().to_file(file, driver="GeoJSON")
    return file


def listed(app: Flask, day: date) -> dict[str, service.UnitRow]:
    with app.app_context():
        return {row.code: row for row in service.units_on(day, "commune", "19")}


def rows(app: Flask, model: type) -> int:
    with app.app_context():
        return db.session.scalar(select(func.count()).select_from(model)) or 0


@pytest.mark.slow
def test_a_set_is_checked_loaded_and_waits_to_be_activated(
    app: Flask, client: FlaskClient, units: Units, path: Path
) -> None:
    result = units("load", path, *SPAN, "--name", "nov")
    assert result.exit_code == 0, result.output
    assert "171 units" in result.output
    assert f"units that are not in the list: 1 ({FOREIGN})" in result.output
    assert "flask units activate nov" in result.output
    asked = {"latitude": 21.5942, "longitude": 105.8482, "at": "2024-11-15T00:00:00Z"}
    before = client.post("/api/v1/units/locate", json=asked).get_json()
    assert before["boundaries"]["quality"] == "approximate"
    result = units("activate", "nov")
    assert "flask measurements reassign" in result.output
    after = client.post("/api/v1/units/locate", json=asked).get_json()
    assert after["boundaries"] == {"set": "nov", "quality": "published"}
    asked["at"] = "2024-12-01T00:00:00Z"
    later = client.post("/api/v1/units/locate", json=asked).get_json()
    assert later["boundaries"]["set"] == "approximate-2024"


@pytest.mark.slow
def test_loading_and_activating_are_audited(app: Flask, units: Units, path: Path) -> None:
    units("load", path, *SPAN, "--name", "nov", "--activate")
    units("activate", "nov")
    with app.app_context():
        query = select(AuditEntry.act, AuditEntry.subject).order_by(AuditEntry.id.desc()).limit(2)
        acts = [tuple(row) for row in db.session.execute(query)]
    assert acts == [("units.activate", "nov"), ("units.load", "nov")]


@pytest.mark.slow
def test_the_list_learns_from_a_set(app: Flask, units: Units, path: Path) -> None:
    assert len(listed(app, NOVEMBER)) == 172
    units("load", path, *SPAN, "--name", "nov", "--activate")
    then = listed(app, NOVEMBER)
    assert then[FOREIGN].name == "Xã Bến Đò"
    assert then[FOREIGN].parent_code == "164"
    assert REPLACED not in then
    assert then[WITHOUT_POLYGON].no_boundary
    assert not then[FOREIGN].no_boundary
    assert len(then) == 172
    next_day = listed(app, date(2024, 12, 1))
    assert FOREIGN not in next_day
    assert not next_day[REPLACED].no_boundary
    assert not next_day[WITHOUT_POLYGON].no_boundary  # the approximate set has it
    assert len(next_day) == 172


@pytest.mark.slow
def test_a_later_set_extends_what_an_earlier_one_brought(
    app: Flask, units: Units, path: Path
) -> None:
    units("load", path, *SPAN, "--name", "nov", "--activate")
    units("load", path, "--valid-from", "2024-12-01", "--valid-to", "2024-12-31", "--name", "dec")
    assert FOREIGN in listed(app, date(2024, 12, 31))
    assert FOREIGN not in listed(app, date(2025, 1, 1))
    assert REPLACED in listed(app, date(2025, 1, 1))


@pytest.mark.slow
def test_a_code_given_up_for_good_ends(app: Flask, units: Units, path: Path) -> None:
    units("load", path, "--valid-from", "2025-02-01", "--name", "open", "--system", "2024")
    assert FOREIGN in listed(app, date(2025, 6, 30))
    assert REPLACED in listed(app, date(2025, 1, 31))


@pytest.mark.slow
def test_a_dry_run_only_reports(app: Flask, units: Units, path: Path) -> None:
    before = rows(app, BoundarySet), rows(app, Unit), rows(app, Boundary)
    result = units("load", path, *SPAN, "--dry-run")
    assert result.exit_code == 0
    assert "171 units" in result.output
    assert (rows(app, BoundarySet), rows(app, Unit), rows(app, Boundary)) == before


@pytest.mark.slow
def test_nothing_is_half_loaded(
    app: Flask, units: Units, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*reply: object) -> None:
        raise OSError("the disk is full")

    before = rows(app, BoundarySet), rows(app, Unit), rows(app, Boundary)
    monkeypatch.setattr("backend.units.loading._copy_polygons", broken)
    assert units("load", path, *SPAN).exit_code == 1
    assert (rows(app, BoundarySet), rows(app, Unit), rows(app, Boundary)) == before


@pytest.mark.slow
def test_a_set_is_never_changed_in_place(units: Units, path: Path) -> None:
    assert units("load", path, *SPAN, "--name", "nov").exit_code == 0
    again = units("load", path, *SPAN, "--name", "nov")
    assert again.exit_code == 1
    assert "A boundary set of this name already exists" in again.output


@pytest.mark.slow
def test_a_file_with_problems_is_not_loaded(app: Flask, units: Units, tmp_path: Path) -> None:
    twice = november()
    twice.loc[0, "code"] = twice.loc[1, "code"]
    file = tmp_path / "twice.parquet"
    twice.to_parquet(file)
    result = units("load", file, *SPAN)
    assert result.exit_code == 1
    assert "codes that occur twice" in result.output
    assert rows(app, BoundarySet) == 2


@pytest.mark.slow
def test_a_column_with_another_name_is_told(units: Units, tmp_path: Path) -> None:
    file = tmp_path / "other.parquet"
    frame = november().rename(columns={"code": "so_hieu", "name": "goi_la"})
    frame.to_parquet(file)
    refused = units("load", file, *SPAN)
    assert (refused.exit_code, refused.exception.__class__) == (1, SystemExit)
    assert "no column of codes found" in refused.output
    reply = units("load", file, *SPAN, "--code-column", "so_hieu", "--name-column", "goi_la")
    assert reply.exit_code == 0, reply.output


def test_spans_are_checked(units: Units, path: Path) -> None:
    result = units("load", path, "--valid-from", "2024-11-02", "--valid-to", "2024-11-01")
    assert result.exit_code == 2
    assert "is before --valid-from" in result.output


@pytest.mark.slow
def test_the_highest_activation_serves_a_day(app: Flask, units: Units, path: Path) -> None:
    locator = Locator(Path(app.config["VAR_DIR"]))
    units("load", path, *SPAN, "--name", "first", "--activate")
    units("load", path, *SPAN, "--name", "second", "--activate")
    with app.app_context():
        assert locator.set_for(NOVEMBER).name == "second"
        units("activate", "first")
        assert locator.set_for(NOVEMBER).name == "first"
        units("activate", "approximate-2024")
        assert locator.set_for(NOVEMBER).name == "first"  # an installed one beats it always


@pytest.mark.slow
def test_sets_and_units_are_shown(units: Units, path: Path) -> None:
    units("load", path, *SPAN, "--name", "nov", "--activate")
    table = units("list").output
    assert "approximate-2025" in table
    assert "nov" in table


def test_a_set_that_is_not_there_is_said(units: Units) -> None:
    result = units("activate", "nobody")
    assert result.exit_code == 1
    assert "There is no such boundary set." in result.output


@pytest.mark.slow
def test_an_installed_set_has_hoang_sa_and_truong_sa(
    client: FlaskClient, units: Units, path: Path
) -> None:
    assert units("load", path, *SPAN, "--name", "nov", "--activate").exit_code == 0
    for latitude, longitude, province in ((16.53, 111.61, "Đà Nẵng"), (8.645, 111.92, "Khánh Hòa")):
        asked = {"latitude": latitude, "longitude": longitude, "at": "2024-11-15T00:00:00Z"}
        answer = client.post("/api/v1/units/locate", json=asked).get_json()
        assert province in str(answer) and answer["boundaries"]["set"] == "nov"
