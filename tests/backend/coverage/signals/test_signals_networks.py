"""same_network, backdated, share_of_one_device over the API; the list of carriers' networks."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from backend.database.extensions import db
from backend.monitoring.checks import CheckContext
from backend.monitoring.checks import signals as signals_check
from backend.witness.models import CarrierNetwork, TicketRow
from backend.witness.networks import CarrierNetworks, NetworkSet
from tests.backend.coverage.signals.test_signals_scans import PROVINCE, Area, kinds
from tests.support.factories import post, register, sample
from tests.support.people import audit_entries
from tests.support.signals import NINE
from tests.support.signals import add_rows as add
from tests.support.speed_tests import witnessed
from tests.tools.signal_months.farms import HONEST_ON_LINES, line_is_flagged
from tests.tools.signal_months.month import Month

FARM, CARRIER = b"farm", b"carrier"
LINK = text("""
    with person as (insert into volunteers default values returning id)
    insert into device_links (device_id, volunteer_id, period)
    select d.id, person.id, tstzrange('2024-01-01', null) from devices d, person
    where d.id = any(:devices)
""")


@pytest.fixture
def area(app: Flask, client: FlaskClient) -> Iterator[Area]:
    with app.app_context():
        yield Area(app, client)


def load(app: Flask, path: Path, content: str) -> Any:
    path.write_text(content, "utf-8")
    return app.test_cli_runner().invoke(args=["signals", "networks", str(path)])


def listed(area: Area) -> None:
    row = CarrierNetwork(prefix="171.224.0.0/12", operator="Viettel", loaded_at=NINE)
    db.session.add(row)
    db.session.commit()


def of_network(area: Area, **of: Any) -> list[dict[str, Any]]:
    """The signals after a day's samples, sent in the morning, were searched."""
    area.app.extensions["clock"].now = NINE + timedelta(hours=5)
    area.run("signals", "find", "--again")
    return [one for one in area.read()["items"] if one["kind"] == "same_network"]


def test_a_farm_on_one_network_is_found_within_the_day(area: Area) -> None:
    listed(area)
    add(area.one, "farm", 50, 2, begin=NINE, prefix=FARM, outside=True)
    add(area.two, "farmtoo", 3, 2, begin=NINE, prefix=FARM, outside=True)
    found = of_network(area)
    one = next(each for each in found if each["evidence"]["facts"]["case"] == "prefix")
    assert one["evidence"]["devices"] == 53 and one["evidence"]["measurements"] == 106
    assert len(one["units"]) == 2 and "53 thiết bị" in one["message"]
    [of_two] = [each for each in area.commune(area.two)["items"] if each["kind"] == "same_network"]
    assert len(of_two["devices"]) == 3  # those in the commune
    assert area.read()["networks_note"] is None


def test_a_finding_of_a_network_outlives_the_digests(area: Area) -> None:
    listed(area)
    add(area.one, "farm", 12, 1, begin=NINE, prefix=FARM, outside=True)
    before = of_network(area)
    db.session.execute(text("update tickets set prefix = null"))
    db.session.commit()
    area.app.extensions["clock"].now += timedelta(days=8)
    add(area.one, "later", 1, 5, begin=NINE + timedelta(days=2))
    area.run("signals", "find", "--again")
    after = [one for one in area.read()["items"] if one["kind"] == "same_network"]
    assert after == before


def test_two_hundred_honest_phones_behind_one_carrier_are_no_signal(area: Area) -> None:
    listed(area)
    add(area.one, "people", 200, 3, begin=NINE, prefix=CARRIER, outside=False)
    assert of_network(area) == []


def test_without_a_list_only_very_many_phones_are_shown_with_caution(area: Area) -> None:
    add(area.one, "few", 29, 1, begin=NINE, prefix=FARM)
    assert of_network(area) == []
    add(area.two, "many", 40, 1, begin=NINE, prefix=CARRIER)
    [one] = of_network(area)
    assert one["evidence"]["facts"]["case"] == "unlisted"
    assert "nhà mạng" in one["may_be"] and "chưa" in area.read()["networks_note"].lower()


@pytest.mark.parametrize(("phones", "each"), [(40, 1), (12, 3), (3, 5)])
def test_a_farm_on_a_fixed_line_is_found_when_the_page_is_opened(
    area: Area, phones: int, each: int
) -> None:
    begin = area.app.extensions["clock"].now = NINE
    pace = {"step": timedelta(minutes=4)} | ({"every": "1 second"} if each == 1 else {})
    add(
        area.one,
        "farm",
        phones,
        each,
        begin=begin,
        network="fixed",
        prefix=FARM,
        spread=0.02,
        **pace,
    )
    area.app.extensions["clock"].now += timedelta(hours=2)
    assert area.read(search=False)["searching"]
    assert area.run("jobs", "run") == "jobs done: 1"
    answer = area.read(search=False)
    [one] = [each for each in answer["items"] if each["kind"] == "same_network"]
    assert answer["as_of"] == area.app.extensions["clock"].now.isoformat()
    assert one["evidence"]["facts"]["case"] == "fixed"
    assert (one["evidence"]["devices"], len(one["devices"])) == (phones, phones)
    assert "Wi-Fi" in one["message"] and "nhà" in one["may_be"]


@pytest.mark.parametrize(
    "people",
    [
        {"spread": 0.0},  # a hall, or a vehicle in which all go the same way
        {"each": 2, "spread": 0.02},  # homes: each person stays in one
        {"outside": False, "spread": 0.02},  # a router behind a carrier of the list
    ],
)
def test_homes_halls_and_vehicles_on_one_line_are_no_signal(
    area: Area, people: dict[str, Any]
) -> None:
    values = {"phones": 30, "each": 5, "begin": NINE, "network": "fixed", "prefix": FARM} | people
    add(area.one, "people", **values)
    assert of_network(area) == []


@pytest.mark.parametrize("habit", HONEST_ON_LINES)
def test_honest_people_on_one_line_are_seldom_a_signal(habit: Callable[[Month], None]) -> None:
    assert sum(line_is_flagged(seed, habit) for seed in range(3_000, 3_010)) <= 1


def test_rotating_networks_are_found_by_their_share(area: Area) -> None:
    listed(area)
    add(area.one, "rotating", 5, 8, begin=NINE, prefix=b"x", outside=True)
    db.session.execute(text("update tickets set prefix = sha256(id::text::bytea)"))
    db.session.commit()
    [one] = of_network(area)
    assert one["evidence"]["facts"] | {"unit": ""} == {
        "case": "outside", "unit": "", "counted": 40, "share": 1.0,
    }  # fmt: skip
    assert len(one["devices"]) == 5 and "40" in one["message"]


def test_the_doctor_warns_while_samples_come_and_no_list_is_loaded(area: Area) -> None:
    context = CheckContext(area.app.config, "", NINE)

    def warned() -> bool:
        return any("No list of the carriers" in str(one.what) for one in signals_check(context))

    assert not warned()  # nothing was measured yet
    add(area.one, "people", 2, 1, begin=NINE, prefix=CARRIER)
    assert warned()
    listed(area)
    assert not warned()


@pytest.mark.parametrize(("phones", "shown"), [((12,), 1), ((6, 6), 0), ((7, 7), 2), ((12, 2), 1)])
def test_a_farm_of_twelve_on_four_networks_shows_in_one_commune(
    area: Area, tmp_path: Path, phones: tuple[int, ...], shown: int
) -> None:
    """Three tests a phone; spread over communes it shows from seven phones in one of them on."""
    made = "prefix,operator\n171.224.0.0/12,Viettel\n"
    assert load(area.app, tmp_path / "networks.csv", made).exit_code == 0
    for commune, number in zip((area.one, area.two), phones, strict=False):
        add(commune, f"farm{commune}", number, 3, begin=NINE, prefix=FARM, outside=True)
    four_networks = """
        with phones as (select id, dense_rank() over (order by device_id) % 4 as n from tickets)
        update tickets set prefix = sha256(n::text::bytea) from phones where phones.id = tickets.id
    """
    db.session.execute(text(four_networks))
    db.session.commit()
    found = of_network(area)
    assert [one["evidence"]["facts"]["case"] for one in found] == ["outside"] * shown


def test_samples_without_a_ticket_have_no_network(area: Area) -> None:
    listed(area)
    add(area.one, "claims", 60, 2, begin=NINE)
    assert of_network(area) == []


def test_the_bit_is_stored_at_receipt(
    area: Area, app: Flask, client: FlaskClient, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The process may have read the list of another test a moment ago.
    monkeypatch.setitem(app.extensions, "carrier_networks", CarrierNetworks())
    content = "prefix,operator\n203.0.112.0/22,VNPT\n2001:db8::/32,VNPT"
    loaded = load(app, tmp_path / "n.csv", content)
    assert loaded.output.strip() == "networks: 2"
    [(act, details)] = audit_entries(app, "networks")
    assert act == "signals.networks"
    assert (details["networks"], details["operators"]) == (2, ["VNPT"])
    for address in ("203.0.113.9", "198.51.100.7", "2001:db8:7::1"):
        phone = app.test_client()
        phone.environ_base["REMOTE_ADDR"] = address
        headers = register(phone)
        app.extensions["clock"].now += timedelta(minutes=1)
        at = app.extensions["clock"].now.isoformat()
        assert post(phone, headers, sample(at, test=witnessed(phone, headers))).status_code == 201
    rows = db.session.scalars(select(TicketRow).order_by(TicketRow.used_at)).all()
    assert [row.outside for row in rows] == [False, True, False]


@pytest.mark.parametrize(
    ("content", "where", "reason"),
    [
        ("prefix;operator\n", "line 1", "prefix,operator"),
        ("prefix,operator\n171.224.0.0/12,\n", "line 2", "operator"),
        ("prefix,operator\n171.224.0.1/12,Viettel\n", "line 2", "24 bits"),
        ("prefix,operator\n171.224.0.0/12,V\n171.224.1.0/25,V\n", "line 3", "24 bits"),
        ("prefix,operator\n0.0.0.0/0,Everybody\n", "line 2", "24 bits"),
        ("prefix,operator\n", "line 2", "no network"),
    ],
)
def test_a_bad_list_changes_nothing(
    area: Area, app: Flask, tmp_path: Path, content: str, where: str, reason: str
) -> None:
    listed(area)
    result = load(app, tmp_path / "n.csv", content)
    assert result.exit_code == 1
    assert where in result.output and reason in result.output
    assert db.session.scalars(select(CarrierNetwork.prefix)).all() == ["171.224.0.0/12"]


def test_networks_contain_prefixes() -> None:
    networks = NetworkSet(["171.224.0.0/12", "27.64.5.0/24", "2402:800::/32"])
    inside = ("171.224.0.0/24", "171.239.255.0/24", "27.64.5.0/24", "2402:800:77::/48")
    outside = ("171.240.0.0/24", "27.64.4.0/24", "2402:801::/48", "1.0.0.0/24")
    assert all(map(networks.contains, inside)) and not any(map(networks.contains, outside))
    assert not NetworkSet(())


def test_samples_added_after_a_month_are_found(area: Area) -> None:
    area.app.extensions["clock"].now = NINE + timedelta(days=20)
    add(area.one, "people", 6, 15)
    assert "backdated" not in kinds(area.commune(area.one))
    add(area.one, "afterwards", 40, 1, received_at=area.app.extensions["clock"].now)
    [one] = [each for each in area.read()["items"] if each["kind"] == "backdated"]
    assert one["evidence"]["devices"] == 40
    facts = one["evidence"]["facts"]
    assert (facts["days"], facts["before"], facts["share"]) == (34, 0, 0.31)


def test_samples_before_their_registration_are_found_though_none_counts(area: Area) -> None:
    late = {"registered_at": NINE, "reasons": ["before_registration"]}
    add(area.one, "made", 300, 1, **late)
    [one] = area.commune(area.one)["items"]
    assert (one["kind"], one["evidence"]["facts"]["before"]) == ("backdated", 300)


def test_linked_phones_are_one_person(area: Area) -> None:
    add(area.one, "people", 10, 12)
    add(area.one, "two", 2, 80)
    assert "share_of_one_device" not in kinds(area.commune(area.one))
    names = text("select id from devices where id in (md5('two1')::uuid, md5('two2')::uuid)")
    db.session.execute(LINK, {"devices": list(db.session.execute(names).scalars())})
    db.session.commit()
    add(area.one, "onemore", 1, 1)
    [one] = area.read(f"{PROVINCE}&kind=share_of_one_device")["items"]
    assert one["evidence"]["devices"] == 2
    facts = one["evidence"]["facts"]
    assert (facts["counted"], facts["share"], facts["network"]) == (281, 0.57, "mobile")
