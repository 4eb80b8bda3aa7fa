"""What a letter may say of speeds: the groups that the release shows, before it is made too."""

from typing import Any

from flask import Flask
from flask.testing import FlaskClient

from backend.coverage.figures.unit_access import UnitMonth, unit_month
from backend.coverage.statistics.public_speeds import public_groups, public_speeds
from backend.coverage.statistics.service import released_statistics
from tests.support.clock import FakeClock
from tests.support.measurements import (
    NINE,
    make_release,
    members,
    phones,
    store_rows,
    volunteers_rows,
)
from tests.support.people import unit_id

MONTH = "2024-11"
COMMUNES = ("05584", "05587", "05590")
PROVINCE = "19"


def of(code: str | None, level: str | None) -> UnitMonth:
    return unit_month(code, level, MONTH, "mobile", NINE)


PLACES = [(PROVINCE, "province"), *((code, "commune") for code in COMMUNES)]


def store_mixed_province(app: Flask) -> None:
    """Two operators of many people; others of four, of guests, and of one busy person."""
    one, two, three = (unit_id(app, code) for code in COMMUNES)
    store_rows(app, *volunteers_rows(one, members(app, 20), each=3))
    store_rows(app, *volunteers_rows(two, members(app, 6), each=9, operator="VinaPhone"))
    store_rows(app, *volunteers_rows(two, members(app, 4), each=12, operator="Vietnamobile"))
    store_rows(app, *volunteers_rows(three, phones(app, 1), each=12, operator="MobiFone"))
    store_rows(app, *volunteers_rows(three, phones(app, 7, NINE), each=2, technology="5G"))


def test_no_operator_of_under_five_people_is_in_a_letter(app: Flask, clock: FakeClock) -> None:
    store_mixed_province(app)
    app.test_cli_runner().invoke(args=["coverage", "refresh"])
    with app.app_context():
        rows = {(row["operator"], row["technology"]): row for row in public_speeds(of(*PLACES[0]))}
        groups = {place: public_groups(of(*place)) for place in PLACES}
    assert rows[None, None]["n"] == 60 + 54 + 48 + 12 + 14
    named = {operator for operator, _ in rows}
    assert {"Viettel", "VinaPhone"} <= named
    assert named.isdisjoint({"Vietnamobile", "MobiFone"})
    assert groups[PLACES[3]] == frozenset()  # one busy person, and phones that are too new


def test_a_letter_before_the_release_shows_what_the_release_will(
    app: Flask, clock: FakeClock
) -> None:
    store_mixed_province(app)
    app.test_cli_runner().invoke(args=["coverage", "refresh"])
    with app.app_context():
        before: dict[Any, Any] = {place: public_speeds(of(*place)) for place in PLACES}
    assert make_release(app)
    with app.app_context():
        released = released_statistics(MONTH, "mobile")
        for place in PLACES:
            month = of(*place)
            assert month.unit is not None
            shown = released.get(month.unit.id, [])
            assert public_speeds(month) == before[place] == shown
            keys = {(row["operator"] or "", row["technology"] or "") for row in shown}
            assert public_groups(month) == keys


def test_the_country_is_judged_by_the_same_rules(app: Flask, client: FlaskClient) -> None:
    store_mixed_province(app)
    with app.app_context():
        before = public_groups(of(None, None))
    assert make_release(app)
    with app.app_context():
        assert public_groups(of(None, None)) == before
        assert ("Vietnamobile", "") not in before and ("Viettel", "") in before
