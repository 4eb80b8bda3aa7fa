"""Every place that shows a count, a median or an operator of a unit shows the same."""

import io
import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zipfile import ZipFile

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import update

from backend.campaigns.models import Campaign
from backend.coverage.figures.unit_access import unit_month
from backend.coverage.statistics import refresh
from backend.coverage.statistics.group_figures import leading
from backend.coverage.statistics.public_speeds import public_speeds
from backend.database.extensions import db
from backend.i18n.formats import number
from backend.units.service import find
from tests.support.clock import FakeClock
from tests.support.contributions import add_measurement
from tests.support.daily_counts import count
from tests.support.factories import register
from tests.support.measurements import (
    NINE,
    make_release,
    measurement_row,
    members,
    phones,
    store_rows,
    volunteers_rows,
)
from tests.support.people import (
    account,
    add_membership,
    campaign,
    organisation,
    person,
    sign_in,
    take_part,
    team,
    unit_id,
)
from tests.support.reports import Office

HERE, PROVINCE, MONTH = "05443", "19", "2024-11"
OF_MONTH = f"month={MONTH}&lang=vi"
FEW = ("Vietnamobile", "MobiFone")
READERS = ("public", "phone", "official", "organiser")


def plain(page: str) -> str:
    """Return the words of a page or a picture."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page))


class Country:
    """A commune of many phones, one operator of nine and one of three, and who reads of it."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, app.test_client(use_cookies=False)
        with app.app_context():
            at = find(NINE.date(), HERE)
        self.at = f"latitude={at.latitude}&longitude={at.longitude}"
        commune = unit_id(app, HERE)
        rows = volunteers_rows(commune, members(app, 40), each=3)
        rows += volunteers_rows(commune, members(app, 9), each=9, operator="VinaPhone")
        for operator in FEW:  # two, so that neither is the rest of a sum
            rows += volunteers_rows(commune, members(app, 3), each=12, operator=operator)
        store_rows(app, *rows)
        with app.app_context():
            refresh.refresh(NINE)
        app.extensions["hourly_counts"] = True
        app.test_cli_runner().invoke(args=["coverage", "copy-counts", "--everything"])
        # Who measured alone since then is in exact counts only.
        store_rows(
            app, measurement_row(commune, NINE + timedelta(days=4), device_id=phones(app, 1)[0])
        )
        self.headers: dict[str, dict[str, str]] = {
            "public": {},
            "phone": register(client),
            "official": person(app, "official", unit_id(app, PROVINCE, level="province")),
            "organiser": person(app, "organiser", organisation(app), name="o@example.vn"),
        }

    def get(self, reader: str, address: str) -> Any:
        answer = self.client.get(address, headers=self.headers[reader], buffered=True)
        if answer.status_code in (401, 403) and reader != "official":
            answer = self.client.get(address, buffered=True)
        assert answer.status_code == 200, (reader, address, answer.text[:300])
        return answer

    def counts(self, reader: str) -> dict[str, int]:
        """Return the commune's counted samples wherever a reader meets them."""

        def json(address: str) -> Any:
            return self.get(reader, address).json

        def found(pattern: str, address: str) -> int:
            match = re.search(pattern, plain(self.get(reader, address).text))
            assert match, (reader, address, pattern)
            return int(match.group(1).replace(".", ""))

        code = f"Month eq '{MONTH}' and Level eq 'commune' and Code eq '{HERE}'"
        coverage = f"/api/v1/coverage?month={MONTH}&unit={HERE}"
        row = self.get(reader, f"{coverage}&format=csv").text.splitlines()
        [of_csv] = [dict(zip(row[0].split(","), row[1].split(","), strict=False))]
        history = json(f"/api/v1/units/{HERE}/history?network=mobile")
        counts = {
            "API": json(coverage)["items"][0]["counted"],
            "CSV": int(of_csv["counted"]),
            "OData": json(f"/api/v1/odata/Coverage?$filter={code}")["value"][0]["Counted"],
            "OGC": json(f"/ogc/collections/{MONTH}-mobile/items/{HERE}")["properties"]["counted"],
            "map": json(f"/map/figures?month={MONTH}")["levels"]["commune"][HERE][1],
            "history": next(one for one in history["items"] if one["month"] == MONTH)["counted"],
            "page": found(r"([\d.]+) trên 300 mẫu", f"/unit/{HERE}?{OF_MONTH}"),
            "form": found(r"([\d.]+) trên 300 mẫu", f"/unit/{HERE}/widget?{OF_MONTH}"),
            "board": found(r"([\d.]+) / 300", f"/unit/{HERE}/wall?{OF_MONTH}"),
            "picture": found(r"([\d.]+) / 300 mẫu", f"/unit/{HERE}/picture.png?{OF_MONTH}"),
            "briefing": found(r"([\d.]+) / 300", f"/unit/{HERE}/wall.slide.png?{OF_MONTH}"),
        }
        if reader == "phone":
            counts["phone"] = json(f"/api/v1/next?{self.at}")["unit"]["counted"]
        return counts


@pytest.fixture
def country(
    app: Flask, client: FlaskClient, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> Country:
    for module in ("sharing", "views"):  # pictures are sent as the texts from which they are drawn
        monkeypatch.setattr(f"backend.web.public.{module}.png", lambda svg, *_: svg.encode())
    return Country(app, client)


def test_a_campaign_shows_the_public_count_of_its_commune(app: Flask, country: Country) -> None:
    """The leader's page, the organiser's, the plan, the summary, and phones after the end."""
    run_by, commune = organisation(app, "Huyện Đoàn"), unit_id(app, HERE)
    running = campaign(app, run_by, commune)
    mine = team(app, run_by, home_unit_id=commune)
    take_part(app, running, mine)
    person_of = add_membership(app, country.headers["phone"], running, mine, NINE)
    with app.app_context():  # of nobody whom the public counts know yet
        add_measurement(running, mine, NINE + timedelta(days=4), commune, volunteer=person_of)
        db.session.commit()
    for role, scope in (("team_leader", mine), ("organiser", run_by)):
        account(app, f"{role}@example.vn", role, scope)
    pages = {
        "leader": ("team_leader", f"/teams/{mine}", r"([\d.]+)/300 mẫu"),
        "organiser": ("organiser", "", r"Của mọi người: đã có ([\d.]+) trên 300 mẫu"),
        "summary": ("organiser", "/summary", r"các nơi còn lại thiếu ([\d.]+) mẫu"),
        "plan": ("organiser", "/plan", r"thiếu ([\d.]+) mẫu"),
    }
    counts = {}
    for place, (role, path, pattern) in pages.items():
        browser = app.test_client()
        sign_in(browser, f"{role}@example.vn")
        answer = browser.get(f"/campaigns/{running}{path}", query_string={"lang": "vi"})
        match = re.search(pattern, plain(answer.text))
        assert match, (place, answer.text)
        counts[place] = int(match.group(1))
    with app.app_context():
        db.session.execute(update(Campaign).filter_by(id=running).values(state="closed"))
        db.session.commit()
    [ended] = country.get("phone", "/api/v1/memberships/ended").json["items"]
    counts["ended"] = ended["unit"]["counted"]
    public = country.counts("public")["page"]
    lack = 300 - public
    assert counts == dict.fromkeys(("leader", "organiser", "ended"), public) | {
        "summary": lack, "plan": lack,
    }  # fmt: skip
    assert ended["counted"] == 1  # the own one, apart


# Forms to embed, boards, pictures to share, and lists of the whole country show officials the
# public counts too.
FOR_EVERYBODY = {"form", "board", "briefing", "OGC", "OData", "picture"}


@pytest.mark.parametrize("reader", READERS)
def test_a_commune_has_one_count_everywhere(country: Country, reader: str) -> None:
    counts = country.counts(reader)
    own = {name: n for name, n in counts.items() if name not in FOR_EVERYBODY}
    assert len(set(own.values())) == 1, counts
    public = 40 * 3 + 9 * 9 + 2 * 3 * 12
    assert set(own.values()) == {public + 1 if reader == "official" else public}
    assert {counts[name] for name in FOR_EVERYBODY} == {public}


@pytest.mark.parametrize("reader", READERS)
def test_a_province_has_one_number_of_reached_communes(
    app: Flask, country: Country, reader: str
) -> None:
    count(app, "05446", ("2024-11-12", 310))
    app.test_cli_runner().invoke(args=["coverage", "copy-counts", "--everything"])
    addresses = {
        "page": (f"/unit/{PROVINCE}", r"(\d+) trên (\d+) xã, phường đạt"),
        "form": (f"/unit/{PROVINCE}/widget", r"(\d+) trên (\d+) xã, phường đạt"),
        "board": (f"/unit/{PROVINCE}/wall", r"(\d+) / (\d+)"),
        "briefing": (f"/unit/{PROVINCE}/wall.slide.png", r"(\d+) / (\d+)"),
        "picture": (f"/unit/{PROVINCE}/picture.png", r"(\d+) / (\d+)"),
        "country": ("/", r"Tỉnh Thái Nguyên nhận .*? (\d+) / (\d+)"),
    }
    shown = {}
    for place, (address, pattern) in addresses.items():
        text = plain(country.get(reader, f"{address}?{OF_MONTH}").text)
        match = re.search(pattern, text)
        assert match, place
        shown[place] = match.groups()
    answer = country.get(reader, f"/api/v1/coverage?month={MONTH}&unit={PROVINCE}").json
    communes = answer["items"][0]["communes"]
    shown["API"] = str(communes["reached"]), str(communes["units"])
    assert shown == dict.fromkeys(shown, ("1", "172"))


def medians(country: Country, reader: str, unit: str, level: str) -> dict[str, set[str]]:
    """Return by place the medians of the operators that the public may see, as written."""

    bar = r"(Viettel|VinaPhone|Vietnamobile|MobiFone|Tất cả nhà mạng) [^\d]*?([\d.]+,\d)"
    places = {
        "speeds": f"/network-speed?unit={unit}&{OF_MONTH}",
        "page": f"/unit/{unit}?{OF_MONTH}",
    }
    found = {}
    for name, address in places.items():
        found[name] = set(map(":".join, re.findall(bar, plain(country.get(reader, address).text))))
    answer = country.get("public", f"/api/v1/units/{unit}/statistics?month={MONTH}").json
    found["API"] = {
        f"{one['operator'] or 'Tất cả nhà mạng'}:{number(leading(spread).value, 'vi', 1)}"
        for one in answer["items"]
        if not one["technology"] and (spread := one["download_mbps"])
    }
    return found


@pytest.mark.parametrize("reader", ["public", "official"])
def test_released_medians_and_operators_are_the_same_everywhere(
    app: Flask, country: Country, clock: FakeClock, reader: str
) -> None:
    make_release(app)
    for unit, level in ((HERE, "commune"), (PROVINCE, "province")):
        shown = medians(country, reader, unit, level)
        assert shown["API"] and not any(few in one for few in FEW for one in shown["API"])
        for place in ("speeds", "page"):
            assert shown["API"] <= shown[place], (unit, place, shown)
            extra = {one.partition(":")[0] for one in shown[place] - shown["API"]}
            assert extra <= (set(FEW) if reader == "official" else set()), (place, shown)
        page = plain(country.get(reader, f"/network-speed?unit={unit}&{OF_MONTH}").text)
        assert "tải xuống: trung vị, mỗi máy tính như nhau" in page and "một nửa" not in page
        picture = country.get(reader, f"/network-speed/speeds.svg?unit={unit}&{OF_MONTH}").text
        assert not any(few in picture for few in FEW)
        rows = country.get(
            "public",
            f"/api/v1/odata/Statistics?$filter=Month eq '{MONTH}' and Level eq '{level}'"
            f" and Code eq '{unit}' and Technology eq 'all'",
        ).json["value"]
        assert {one["Operator"] for one in rows} == {"all", "Viettel", "VinaPhone"}


@pytest.mark.parametrize("released", [False, True])
def test_a_letter_has_the_medians_that_the_release_has(
    app: Flask, client: FlaskClient, clock: FakeClock, released: bool
) -> None:
    Country(app, client)
    if released:
        make_release(app)
    office = Office(app, client, clock, PROVINCE)
    office.is_demo()  # for which built-in boundaries are enough
    figures = office.show(office.frozen(), "/figures").json
    with app.app_context():
        month = unit_month(PROVINCE, "province", MONTH, "mobile", datetime(2024, 12, 5, tzinfo=UTC))
        public = {one["operator"]: one for one in public_speeds(month) if not one["technology"]}
    of_letter = {
        one["operator"]: one
        for one in figures["sections"]["quality"]["mobile"]
        if not one["technology"]
    }
    assert of_letter.keys() == public.keys() == {None, "Viettel", "VinaPhone"}
    for operator, row in of_letter.items():
        spread = public[operator]["download_mbps"]
        assert row["download_mbps"] == spread
        if operator and spread:
            said = f"{operator} {number(leading(spread).value, 'vi', 1)} Mbit/s"
            assert said in figures["proposed"]["results"]


@pytest.mark.parametrize(("unit", "level"), [(PROVINCE, "province"), (HERE, "commune")])
def test_no_file_of_a_letter_names_an_operator_of_few(
    app: Flask, client: FlaskClient, clock: FakeClock, unit: str, level: str
) -> None:
    Country(app, client)
    office = Office(app, client, clock, PROVINCE)
    office.is_demo()
    report = office.frozen_of(int(office.begin(unit=unit, level=level).json["id"]))
    for name in ("report.docx", "report.xlsx", "report.csv.zip"):
        with ZipFile(io.BytesIO(office.show(report, f"/files/{name}").data)) as archive:
            told = "".join(
                archive.read(one).decode("utf-8", "replace") for one in archive.namelist()
            )
        assert "Viettel" in told and "VinaPhone" in told, name
        assert not any(few in told for few in FEW), name
    told = office.show(report, "/files/report.json").text
    assert "Viettel" in told and not any(few in told for few in FEW)
