"""Roles over units that ended in the reform: successors proposed, confirmed by an admin."""

from datetime import UTC, date, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, update

from backend.accounts.access import Actor, Grant
from backend.accounts.models import Role
from backend.database.extensions import db
from backend.errors import Problem
from backend.organisations.areas import confirm_successors, list_ended
from backend.organisations.clusters import units_of
from backend.organisations.models import Cluster
from tests.support.clock import FakeClock
from tests.support.people import audit_entries, person, unit_id
from tests.support.sql_statements import execute, recorded_statements

ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))
AFTER = datetime(2025, 7, 2, 3, 0, tzinfo=UTC)


class Cast:
    """Officials of a province, a district and a commune from before, and an admin, in July 2025."""

    def __init__(self, app: Flask, client: FlaskClient, clock: FakeClock) -> None:
        self.app, self.client, self.clock = app, client, clock
        places = {"19": "province", "164": "district", "05443": "commune"}
        self.officials = {
            code: person(app, "official", unit_id(app, code, level=level))
            for code, level in places.items()
        }
        clock.now = AFTER

    def waiting(self) -> dict[str, Any]:
        with self.app.app_context():
            return {one["unit"]["code"]: one for one in list_ended(ADMIN, self.clock.now)}

    def confirm(self, waiting: dict[str, Any], *codes: str, system: str = "2025") -> Role | None:
        """Confirm units of one level, by default the likely ones; return the new role."""
        chosen = codes or likely(waiting)
        level = "province" if chosen[0] in ("19", "01") else "commune"
        units = [{"system": system, "level": level, "code": code} for code in chosen]
        return self.confirm_units(waiting, units)

    def confirm_units(self, waiting: dict[str, Any], units: list[dict[str, str]]) -> Role | None:
        with self.app.app_context():
            confirm_successors(ADMIN, waiting["id"], units, None, self.clock.now)
            new = (Role.user_id == waiting["user_id"], Role.valid_from == self.clock.now)
            return db.session.scalar(select(Role).where(*new))

    def sees(self, whose: str, code: str) -> bool:
        url = f"/api/v1/units/{code}/signals"
        answer = self.client.get(url, headers=self.officials[whose])
        return bool(answer.status_code == 200)


@pytest.fixture
def cast(app: Flask, client: FlaskClient, clock: FakeClock) -> Cast:
    return Cast(app, client, clock)


def likely(one: dict[str, Any]) -> list[str]:
    return [successor["code"] for successor in one["successors"] if successor["likely"]]


def test_successors_come_from_the_crosswalk(cast: Cast) -> None:
    waiting = cast.waiting()
    assert set(waiting) == {"19", "164", "05443"}
    assert {one["ended_on"] for one in waiting.values()} == {date(2025, 6, 30)}
    assert [successor["name"] for successor in waiting["19"]["successors"]] == ["Tỉnh Thái Nguyên"]
    [main] = likely(waiting["05443"])
    assert main in likely(waiting["164"]) and len(likely(waiting["164"])) > 1


def test_the_list_asks_no_more_of_the_database_however_long_it_is(cast: Cast, app: Flask) -> None:
    cast.waiting()
    with recorded_statements(app) as few:
        assert len(cast.waiting()) == 3
    for code, level in (("01", "province"), ("165", "district"), ("05452", "commune")):
        person(app, "official", unit_id(app, code, level=level))
    with recorded_statements(app) as more:
        assert len(cast.waiting()) == 6
    assert len(more) == len(few)


def test_nothing_is_seen_before_an_admin_confirms(cast: Cast) -> None:
    [main] = likely(cast.waiting()["05443"])
    assert not cast.sees("05443", main) and not cast.sees("19", main)


def test_a_commune_becomes_the_main_one_that_took_it_over(cast: Cast, app: Flask) -> None:
    waiting = cast.waiting()["05443"]
    role = cast.confirm(waiting)
    [main] = likely(waiting)
    assert role and (role.scope_kind, role.scope_id) == ("unit", unit_id(app, main, "2025"))
    assert cast.sees("05443", main)
    assert "05443" not in cast.waiting()
    assert [act for act, _ in audit_entries(app, f"user:{waiting['user_id']}")] == ["role.succeed"]
    with pytest.raises(Problem, match="not_found"):
        cast.confirm(waiting)


def test_a_district_becomes_a_cluster_of_its_new_communes(cast: Cast, app: Flask) -> None:
    waiting = cast.waiting()["164"]
    role = cast.confirm(waiting)
    assert role and role.scope_kind == "cluster"
    with app.app_context():
        cluster = db.session.get(Cluster, role.scope_id)
        assert cluster is not None and cluster.name == f"{waiting['unit']['name']} (cũ)"
        assert len(units_of(cluster.id)) == len(likely(waiting))
    assert all(cast.sees("164", code) for code in likely(waiting))


def test_two_officials_of_a_district_share_its_cluster(cast: Cast, app: Flask) -> None:
    person(app, "official", unit_id(app, "164", level="district"))
    with app.app_context():
        waiting = [one for one in list_ended(ADMIN, cast.clock.now) if one["unit"]["code"] == "164"]
    roles = [cast.confirm(one) for one in waiting]
    assert len(roles) == 2 and len({role.scope_id for role in roles if role}) == 1


def test_a_province_sees_its_communes_again(cast: Cast) -> None:
    waiting = cast.waiting()
    cast.confirm(waiting["19"])
    [main] = likely(waiting["05443"])
    assert cast.sees("19", main)


def test_an_admin_chooses_otherwise_or_nothing(cast: Cast) -> None:
    waiting = cast.waiting()
    assert cast.confirm(waiting["05443"], "01")
    assert cast.sees("05443", "01")
    assert cast.confirm_units(waiting["164"], []) is None
    assert set(cast.waiting()) == {"19"}
    with pytest.raises(Problem) as refused:
        cast.confirm(waiting["19"], "19", system="2024")
    assert refused.value.errors[0].code == "unit_ended"


def test_a_role_for_a_time_stays_one_for_that_time(
    cast: Cast, app: Flask, clock: FakeClock
) -> None:
    ends = datetime(2025, 8, 31, 17, 0, tzinfo=UTC)
    execute(app, update(Role).where(Role.role == "official").values(valid_to=ends))
    for waiting in cast.waiting().values():
        role = cast.confirm(waiting)
        assert role and role.valid_to == ends
    clock.now = ends
    assert not any(cast.sees(whose, "19") for whose in cast.officials)


def test_before_the_reform_nothing_waits(cast: Cast, clock: FakeClock) -> None:
    clock.now = datetime(2025, 6, 30, 3, 0, tzinfo=UTC)
    assert cast.waiting() == {}
