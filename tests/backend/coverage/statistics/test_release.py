"""Monthly releases: what the public sees of a month, and the attacks on people's positions."""

import json
import random
import uuid
from datetime import UTC, datetime, timedelta
from typing import Any

import h3
import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.exc import IntegrityError

from backend.clock import VIETNAM
from backend.coverage.statistics import release
from backend.coverage.statistics.models import Release
from backend.database.extensions import db, owner_session
from backend.devices.models import Device
from backend.measurements.recording.models import DemoMonth, Measurement
from backend.memberships.models import DeviceLink, Membership, Volunteer
from tests.support.clock import FakeClock
from tests.support.factories import location, post, register, sample
from tests.support.measurements import (
    NINE,
    make_release,
    measurement_row,
    members,
    phones,
    store_rows,
    volunteers_rows,
)
from tests.support.people import audit_entries, campaign, organisation, person, team, unit_id
from tests.support.requirements import counting_from

COMMUNE = "05584"  # a rural one with HERE and THERE, the centres of two cells
URL = f"/api/v1/units/{COMMUNE}"
RURAL = h3.latlng_to_cell(21.87, 105.60, 8)


def place(name: str) -> dict[str, float]:
    return dict(zip(("latitude", "longitude"), h3.cell_to_latlng(name), strict=True))


HERE, THERE = place(RURAL), place(h3.grid_ring(RURAL, 1)[0])
PARTS = ("cells", "hours", "statistics")


def read(client: FlaskClient, what: str, headers: Any = None, **query: Any) -> dict[str, Any]:
    query = {"month": "2024-11", **query}
    answer = client.get(f"{URL}/{what}", query_string=query, headers=headers)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json
    return body


def items(client: FlaskClient) -> dict[str, int]:
    return {item["cell"]: item["n"] for item in read(client, "cells")["items"]}


def cell(place: dict[str, float]) -> str:
    return h3.latlng_to_cell(place["latitude"], place["longitude"], 8)


def commune_of(app: Flask, place: dict[str, float]) -> int:
    with app.app_context():
        placed = app.extensions["locator"].locate(
            NINE.date(), place["longitude"], place["latitude"], None
        )
        return int(placed.unit_id)


def places_of_commune(app: Flask) -> list[dict[str, float]]:
    """Return the centres of cells in the commune."""
    unit = unit_id(app, COMMUNE)
    places = map(place, sorted(h3.grid_disk(RURAL, 6)))
    return [one for one in places if commune_of(app, one) == unit]


# When


@pytest.mark.parametrize("what", PARTS)
def test_before_the_release_the_public_reads_its_day_and_no_figure(
    app: Flask, client: FlaskClient, what: str
) -> None:
    store_rows(app, *volunteers_rows(unit_id(app, COMMUNE), phones(app, 20), **HERE))
    found = read(client, what)
    assert found["release"] == {"due": "2024-12-16", "made_at": None}
    assert not found.get("items") and not found.get("hours")


def test_the_release_shows_what_enough_people_measured(app: Flask, client: FlaskClient) -> None:
    store_rows(app, *volunteers_rows(unit_id(app, COMMUNE), members(app, 20), **HERE))
    assert make_release(app)
    cells = read(client, "cells")
    assert cells["release"] == {"due": "2024-12-16", "made_at": "2024-12-15T18:00:00+00:00"}
    assert items(client) == {cell(HERE): 40} and cells["n"] == 40
    assert cells["evenness"] is None and cells["least_devices"] == 5
    hours = read(client, "hours")
    assert hours["n"] == 40 and hours["hours"][4][9] == 20  # a Friday at 9
    whole, *rows = read(client, "statistics")["items"]
    assert (whole["n"], whole["devices"], whole["download_mbps"]["median"]) == (40, 20, 48.2)
    assert {row["operator"] for row in rows} == {None, "Viettel"}
    assert len(client.get("/api/v1/statistics?month=2024-11").json["items"]) == 4


def test_devices_and_outings_of_the_list_of_units_are_released_too(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    def devices(network: str, headers: dict[str, str] | None = None) -> Any:
        query = {"month": "2024-11", "unit": COMMUNE, "network": network}
        answer = client.get("/api/v1/coverage", query_string=query, headers=headers)
        (item,) = answer.json["items"]
        return item["devices"], item["outings"]

    commune = unit_id(app, COMMUNE)
    few = {"network": "fixed", "kind": "wifi"}
    store_rows(app, *volunteers_rows(commune, phones(app, 20), **HERE))
    store_rows(app, *volunteers_rows(commune, phones(app, 4), **few, **HERE))
    app.test_cli_runner().invoke(args=["coverage", "refresh"])
    assert devices("mobile") == devices("fixed") == (None, None)
    assert (devices("mobile", admin), devices("fixed", admin)) == ((20, 2), (4, 2))
    make_release(app)
    assert (devices("mobile"), devices("fixed")) == ((20, 2), (None, None))


def test_pages_give_the_day_of_the_release(app: Flask, client: FlaskClient) -> None:
    store_rows(app, *volunteers_rows(unit_id(app, COMMUNE), phones(app, 20), **HERE))
    page = f"/unit/{COMMUNE}?month=2024-11&network=mobile&lang=vi"
    before = client.get(page).text
    assert before.count("Tốc độ mạng của tháng này công bố ngày 16/12/2024.") == 1
    make_release(app)
    after = client.get(page).text
    assert after.count("Số liệu công bố ngày 16/12/2024.") == 1


def test_a_page_of_few_people_says_why_it_is_empty(app: Flask, client: FlaskClient) -> None:
    store_rows(app, *volunteers_rows(unit_id(app, COMMUNE), phones(app, 2), **HERE))
    make_release(app)
    url = f"/unit/{COMMUNE}/speeds?level=commune&month=2024-11&lang=vi"
    page = client.get(url, follow_redirects=True).text
    assert page.count("Có quá ít người đo ở đây") == 1
    assert "Thống kê của dưới 5 tình nguyện viên không được công bố." in page


def test_officials_of_the_area_read_live_figures(app: Flask, client: FlaskClient) -> None:
    store_rows(app, *volunteers_rows(unit_id(app, COMMUNE), phones(app, 1), each=14, **HERE))
    store_rows(app, *volunteers_rows(unit_id(app, COMMUNE), phones(app, 1), each=16, **THERE))
    own = person(app, "official", unit_id(app, "19", level="province"))
    other = person(app, "official", unit_id(app, "01", level="province"))
    assert [item["n"] for item in read(client, "cells", own)["items"]] == [16, 14]
    assert read(client, "hours", own)["n"] == 30 and read(client, "hours", own)["release"] is None
    for what in PARTS:
        assert read(client, what, other) == read(client, what)


def test_a_release_is_made_once_and_stays_after_a_withdrawal(
    app: Flask, client: FlaskClient
) -> None:
    store_rows(app, *volunteers_rows(unit_id(app, COMMUNE), phones(app, 20), **HERE))
    make_release(app)
    before = [client.get(f"{URL}/{what}?month=2024-11").data for what in PARTS]
    with app.app_context():
        db.session.execute(
            update(Measurement).values(device_id=None, latitude=None, longitude=None)
        )
        db.session.commit()
    assert not make_release(app)
    assert [client.get(f"{URL}/{what}?month=2024-11").data for what in PARTS] == before
    with (
        app.app_context(),
        pytest.raises(IntegrityError, match="a release never changes"),
        owner_session() as owner,
    ):
        owner.execute(update(Release).values(made_at=NINE))
    assert [act for act, _ in audit_entries(app, "2024-11")] == ["release.make"]


def test_the_command_makes_what_is_due(app: Flask, clock: FakeClock) -> None:
    """Also after an upgrade: all past months with data have a release from then on."""
    run = app.test_cli_runner()
    commune = unit_id(app, COMMUNE)
    store_rows(app, measurement_row(commune, NINE - timedelta(days=60)), measurement_row(commune))
    clock.now = datetime(2024, 12, 15, 12, tzinfo=UTC)
    assert run.invoke(args=["release", "make"]).output == "2024-09: released\n"
    clock.now += timedelta(hours=6)  # the 16th in Vietnam
    assert run.invoke(args=["release", "make"]).output == "2024-11: released\n"
    assert run.invoke(args=["release", "make"]).output == ""
    again = run.invoke(args=["release", "make", "2024-11"])
    assert again.output == "2024-11: was released before, unchanged\n"
    running = run.invoke(args=["release", "make", "2024-12"])
    assert running.exit_code == 1 and "month is not over" in running.output
    lines = run.invoke(args=["release", "list"]).output.splitlines()
    assert [line[:7] for line in lines] == ["2024-11", "2024-09"]


def test_demo_months_wait_until_the_demo_is_complete(app: Flask, clock: FakeClock) -> None:
    store_rows(app, measurement_row(unit_id(app, COMMUNE)))
    clock.now = datetime(2024, 12, 17, tzinfo=UTC)
    with app.app_context():
        db.session.add(DemoMonth(month="2024-11"))
        db.session.commit()
        assert release.due_months(clock.now) == []
        common = {"registered_at": NINE, "consent_version": "1", "demo": True}
        db.session.add(
            Device(id=release.DEMO_COMPLETE, token_hash=b"1", withdrawal_hash=b"1", **common)
        )
        db.session.commit()
        assert release.due_months(clock.now) == ["2024-11"]


# Who is a volunteer


def test_few_new_and_one_day_phones_show_no_cell(app: Flask, client: FlaskClient) -> None:
    commune = unit_id(app, COMMUNE)
    new = phones(app, 3, NINE - timedelta(days=5))
    store_rows(app, *volunteers_rows(commune, members(app, 4), **HERE))
    store_rows(app, *volunteers_rows(commune, new, **HERE))
    store_rows(app, *volunteers_rows(commune, phones(app, 3), each=1, **HERE))
    make_release(app)
    assert items(client) == {} and read(client, "statistics")["items"] == []


@pytest.mark.parametrize("since", [NINE, NINE - timedelta(days=25)], ids=["now", "last month"])
def test_linked_phones_are_one_person_and_guests_none(
    app: Flask, client: FlaskClient, since: datetime
) -> None:
    commune, ids = unit_id(app, COMMUNE), phones(app, 6)
    store_rows(app, *volunteers_rows(commune, ids, **HERE))
    organisers = organisation(app)
    some_team, some_campaign = team(app, organisers), campaign(app, organisers)
    period = Range(NINE - timedelta(days=30), None)
    with app.app_context():
        linked, guest = Volunteer(), Volunteer()
        db.session.add_all([linked, guest])
        db.session.flush()
        for one, owner in zip(ids, (linked, linked, guest), strict=False):
            db.session.add(DeviceLink(device_id=one, volunteer_id=owner.id, period=period))
        db.session.add(
            Membership(
                volunteer_id=guest.id, campaign_id=some_campaign, team_id=some_team,
                guest_of=linked.id, period=Range(since, since + timedelta(days=1)),
            )
        )  # fmt: skip
        db.session.commit()
        people = release.read_people("2024-11")
    assert people[ids[0]] == people[ids[1]] >= 0 > people[ids[2]]
    assert len({people[one] for one in ids[3:]}) == 3
    make_release(app)
    assert items(client) == {}  # 12 samples of six phones and four volunteers


def test_most_samples_of_one_person_hide_a_cell_and_the_hours(
    app: Flask, client: FlaskClient
) -> None:
    commune, ids = unit_id(app, COMMUNE), members(app, 12)
    store_rows(app, *volunteers_rows(commune, ids, **HERE))
    store_rows(app, *(measurement_row(commune, NINE, device_id=ids[0], **HERE) for _ in range(30)))
    make_release(app)
    assert items(client) == {} and read(client, "hours")["hours"] is None
    assert read(client, "statistics")["items"][0]["n"] == 54


def test_a_cell_hidden_alone_takes_the_smallest_along(app: Flask, client: FlaskClient) -> None:
    commune = unit_id(app, COMMUNE)
    first, second, third = places_of_commune(app)[:3]
    for at, people, each in ((first, 9, 3), (second, 6, 2), (third, 1, 2)):
        store_rows(app, *volunteers_rows(commune, members(app, people), each, **at))
    make_release(app)
    assert list(items(client)) == [cell(first)]


# Attacks


@pytest.mark.parametrize(("days", "shown"), [(2, 0), (4, 0), (5, 3)])
def test_four_free_phones_in_every_cell_show_no_cell_of_a_fifth(
    app: Flask, client: FlaskClient, days: int, shown: int
) -> None:
    """Phones that joined no team count in a cell with samples on five days."""
    commune, places = unit_id(app, COMMUNE), places_of_commune(app)[:9]
    spies, victim = phones(app, 4), members(app, 1)
    for at in places:
        store_rows(app, *volunteers_rows(commune, spies, days, **at))
    for at in places[:3]:
        store_rows(app, *volunteers_rows(commune, victim, **at))
    make_release(app)
    assert len(items(client)) == shown


@pytest.mark.slow
def test_three_free_phones_in_each_of_63_cells_locate_nobody(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    """1.0.0: 62 cells shown; polling `/cells` located 4 of 4 of the next samples."""
    commune, places = unit_id(app, COMMUNE), places_of_commune(app)
    for at in (places * 63)[:63]:
        store_rows(app, *volunteers_rows(commune, phones(app, 3, NINE), 1, **at))
    victim = phones(app, 1)
    before = client.get(f"{URL}/cells?month=2024-11").data
    assert json.loads(before)["items"] == []
    for day, at in enumerate(places[:4]):
        store_rows(
            app, measurement_row(commune, NINE + timedelta(days=day), device_id=victim[0], **at)
        )
        assert client.get(f"{URL}/cells?month=2024-11").data == before  # 0 of 4
    make_release(app)
    assert items(client) == {}  # registered for a day, measured on one


@pytest.mark.long
def test_89_questions_for_the_next_place_show_nothing_of_another_phone(
    app: Flask, client: FlaskClient
) -> None:
    """1.0.0: six "few" cells, among them one of a single phone."""
    asker, answers = register(client), []
    around = sorted(h3.grid_disk(cell(HERE), 5))[:89]
    for turn in range(2):
        found = [
            client.get(
                "/api/v1/next",
                query_string=dict(
                    zip(("latitude", "longitude"), h3.cell_to_latlng(one), strict=True)
                ),
                headers=asker,
            ).data
            for one in around
        ]
        answers.append(found)
        if turn == 0:
            commune = unit_id(app, COMMUNE)
            rows = volunteers_rows(commune, phones(app, 1), 3, **HERE)
            with app.app_context():  # without the counts, which are public
                db.session.add_all([Measurement(**row) for row in rows])
                db.session.commit()
    assert answers[0] == answers[1]
    assert b'"few"' not in b"".join(answers[1])


def test_hours_of_one_phone_are_not_shown(app: Flask, client: FlaskClient) -> None:
    """1.0.0: 30 samples of one phone showed the daily routine of its person."""
    commune, [one] = unit_id(app, COMMUNE), phones(app, 1)
    store_rows(
        app,
        *(
            measurement_row(commune, NINE + timedelta(hours=3 * n), device_id=one, **HERE)
            for n in range(60)
        ),
    )
    make_release(app)
    found = read(client, "hours")
    assert (found["n"], found["hours"]) == (0, None)


@pytest.mark.parametrize("network", ["mobile", "fixed"])
def test_slander_as_an_operator_is_shown_nowhere(
    app: Flask, client: FlaskClient, network: str
) -> None:
    """1.0.0: 40 samples made the text a row of public statistics and of the page."""
    slander, commune = "Viettel lừa đảo — gọi 0900 000 000", unit_id(app, COMMUNE)
    kind = {"network": network, "kind": "wifi" if network == "fixed" else "mobile"}
    store_rows(app, *volunteers_rows(commune, phones(app, 20), operator=slander, **kind, **HERE))
    app.test_cli_runner().invoke(args=["coverage", "refresh"])
    make_release(app)
    own = person(app, "official", unit_id(app, "19", level="province"))
    for headers in (None, own):
        found = read(client, "statistics", headers, network=network)
        assert {item["operator"] for item in found["items"]} == {None, "unknown"}
        page = client.get(f"/unit/{COMMUNE}?month=2024-11&network={network}", headers=headers)
        assert slander not in page.text and "lừa đảo" not in page.text


# Nobody can be followed


def public_bytes(client: FlaskClient) -> dict[str, bytes]:
    """Everything that the public can read of the commune."""
    urls = [f"{URL}/{what}?month=2024-11" for what in (*PARTS, "history")]
    urls += [f"{URL}/cells?month=2024-11&format=geojson", "/api/v1/statistics?month=2024-11"]
    urls += ["/api/v1/coverage?month=2024-11&level=commune&parent=19", "/api/v1/months"]
    urls += ["/ogc/collections/2024-11-mobile/items?limit=400", "/?month=2024-11"]
    urls += [f"/unit/{COMMUNE}?month=2024-11&network=mobile"]
    answers = {url: client.get(url) for url in urls}
    return {url: answer.data for url, answer in answers.items() if answer.status_code == 200}


@pytest.mark.long
@pytest.mark.parametrize("seed", range(6))
def test_moving_one_person_changes_no_byte_before_and_few_cells_after(
    app: Flask, client: FlaskClient, seed: int
) -> None:
    chosen = random.Random(seed)
    commune, places = unit_id(app, COMMUNE), places_of_commune(app)[: chosen.randint(2, 6)]
    ids = members(app, chosen.randint(8, 40))

    def rows_of(one: uuid.UUID) -> list[dict[str, Any]]:
        home = chosen.choice(places)
        return [
            measurement_row(
                commune, NINE + timedelta(days=chosen.randrange(12), hours=chosen.randrange(9)),
                device_id=one, operator=chosen.choice(["Viettel", "VinaPhone", "MobiFone"]), **at,
            )
            for at in (chosen.choice([home, *places]) for _ in range(chosen.randint(2, 6)))
        ]  # fmt: skip

    store_rows(app, *(row for one in ids for row in rows_of(one)))
    moved, to = ids[0], chosen.choice(places)

    def move() -> None:
        with app.app_context():
            mine = update(Measurement).where(Measurement.device_id == moved)
            db.session.execute(mine.values(to))
            db.session.commit()

    with app.app_context():
        people = release.read_people("2024-11")
        there = release._read_cells("2024-11", "mobile", people)
    before = public_bytes(client)
    make_release(app)
    first = items(client)
    with app.app_context():
        release.remove(["2024-11"])
        db.session.commit()
    move()
    assert public_bytes(client) == before
    with app.app_context():
        here = release._read_cells("2024-11", "mobile", people)
    make_release(app)
    second = items(client)
    for name in {*first, *second}:
        if first.get(name) == second.get(name):
            continue
        sides = [dict(found[name].by_person) for found in (there, here) if name in found]
        assert max(len(release.rules.volunteers(side)) for side in sides) >= 5
    others = [json.loads(client.get(f"{URL}/{what}?month=2024-11").data) for what in PARTS[1:]]
    assert others[0]["n"] == 0 or len(ids) >= 10
    assert all(item["devices"] >= 5 for item in others[1]["items"])


def test_an_approved_month_only(app: Flask, client: FlaskClient) -> None:
    app.config["PUBLISH"] = "after_approval"
    store_rows(app, *volunteers_rows(unit_id(app, COMMUNE), phones(app, 20), **HERE))
    make_release(app)
    for what in PARTS:
        assert client.get(f"{URL}/{what}?month=2024-11").json["code"] == "not_published"


def test_next_reveals_no_count_that_waits_for_approval(app: Flask, client: FlaskClient) -> None:
    """1.0.0: `/next` answered `counted` of any commune."""
    app.config["PUBLISH"] = "after_approval"
    mine = register(client)
    post(client, mine, sample(location=location(**HERE)))
    unit = client.get("/api/v1/next", query_string=HERE, headers=mine).json["unit"]
    assert unit["counted"] is unit["target"] is unit["shortfall"] is None


def test_a_released_cell_is_few_for_a_phone(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    store_rows(app, *volunteers_rows(unit_id(app, COMMUNE), members(app, 6), **HERE))
    make_release(app)
    clock.now = datetime(2024, 12, 17, 3, tzinfo=VIETNAM)
    spots = client.get("/api/v1/next", query_string=HERE, headers=register(client)).json["spots"]
    few = {cell(spot) for spot in spots if spot["samples"] == "few"}
    assert few == {cell(HERE)}


def test_claims_make_no_volunteers(app: Flask, client: FlaskClient) -> None:
    """Four phones of a script that only claims do not show the cell of a fifth person."""
    commune = unit_id(app, COMMUNE)
    real, script = members(app, 1), members(app, 4)
    store_rows(app, *volunteers_rows(commune, real, assurance="witnessed", **HERE))
    store_rows(app, *volunteers_rows(commune, script, assurance="claimed", **HERE))
    with app.app_context():
        assert min(release.read_people("2024-11").values()) >= 0
        with counting_from(app, "witnessed"):
            people = release.read_people("2024-11")
    assert people[real[0]] >= 0 > max(people[one] for one in script)
    with counting_from(app, "witnessed", datetime(2024, 12, 1, tzinfo=VIETNAM)):
        make_release(app)  # required since the next month only
    assert items(client) == {RURAL: 10}
