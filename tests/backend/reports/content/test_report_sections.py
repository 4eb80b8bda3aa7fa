"""What stands in a report's sections: coverage's figures, and sentences made of them."""

import re
from datetime import UTC, date, datetime, timedelta
from typing import Any, cast

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select, text

from backend.clock import VIETNAM
from backend.database.extensions import db
from backend.i18n.catalogues import catalogue
from backend.measurements.recording.reasons import NOT_COUNTED, NOT_VALID
from backend.reports.content import labels, proposals
from backend.reports.content.figures import Lacking, ReportUnit, Samples, TeamRow
from backend.reports.content.references import LETTERS, OWN_DEFAULT, cite
from backend.reports.files import annexes
from backend.reports.monthly.checklist import check
from backend.reports.monthly.models import ReportRow
from backend.reports.monthly.service import compose
from backend.units.catalogue import system_on
from backend.units.models import Unit
from tests.support import people
from tests.support import report_content as content
from tests.support.factories import HERE, THERE, network
from tests.support.reports import Office
from tests.support.requirements import counting_from


def commune(office: Office) -> dict[str, Any]:
    """The commune in which samples of the factories lie."""
    asked = {**HERE, "at": "2024-11-15T00:00:00Z"}
    return dict(office.client.post("/api/v1/units/locate", json=asked).json["unit"])


@pytest.mark.slow
def test_sentences_are_vietnamese_and_name_whose_count_it_is(office: Office) -> None:
    office.measured(9, 10, 16)
    proposed = office.show(office.draft(), "/figures").json["proposed"]
    assert proposed["results"].splitlines() == [
        "Trong tháng 11 năm 2024, trên địa bàn tỉnh Thái Nguyên, Đo Sóng thu nhận 3 mẫu đo băng"
        " rộng di động (hợp lệ 3, được tính 2). Mẫu băng rộng di động được tính đều chỉ do"
        " điện thoại báo.",
        "Theo số liệu Đo Sóng, 0/9 huyện (0,00%), 0/172 xã, phường (0,00%) đạt từ 300 mẫu được tính"
        " băng rộng di động trở lên (theo Công văn số 5691/BTTTT-CVT ngày 31 tháng 12 năm 2024 của"
        " Bộ Thông tin và Truyền thông).",
    ]
    lacking, reasons = proposed["shortcomings"].splitlines()
    assert lacking.startswith("Còn 172 xã, phường thiếu mẫu băng rộng di động, thiếu nhiều nhất là")
    assert reasons == (
        "Lý do chính khiến mẫu băng rộng di động không được tính: mẫu lặp lại của cùng thiết bị,"
        " cùng vị trí trong 4 giờ (1 mẫu)."
    )
    assert proposed["tasks"] == "Tiếp tục đo băng rộng di động tại 172 xã, phường chưa đạt."
    assert proposed.keys() == {"results", "shortcomings", "tasks"}  # nothing to say of the others


def test_a_letter_speaks_to_no_volunteer() -> None:
    cap = "vượt số mẫu tối đa được tính của một thiết bị trong tháng tại một xã, phường"
    assert labels.reason("commune_cap") == cap
    assert labels.reason("unproven") == "mẫu chưa được máy chủ đo xác nhận"
    for code in (*NOT_VALID, *NOT_COUNTED):
        assert not re.search("hãy|bạn|máy này|điện thoại này", labels.reason(code)), code


def test_vnnic_s_count_is_that_of_the_unit_only_if_it_has_all_communes() -> None:
    row = {"network": "mobile", "ours": 33, "theirs": 412}
    both: Any = {"vnnic": [row], "communes": {"mobile": [None]}}
    said = proposals._vnnic("mobile", UNIT, both)
    assert said == "Theo VNNIC, xã Phú Lương có 412 mẫu băng rộng di động; theo Đo Sóng, 33 mẫu."
    some: Any = {"vnnic": [row], "communes": {"mobile": [None, None]}}
    assert "của 1/2 xã, phường: 412 mẫu; theo Đo Sóng, các nơi này có 33" in proposals._vnnic(
        "mobile", UNIT, some
    )


def test_a_letter_names_speeds_with_their_phones_and_no_rank() -> None:
    rows = [content.quality("Viettel", None, 900, 52.125), content.quality("FPT", None, 20, 0)]
    assert proposals._quality("mobile", cast(Any, rows)) == (
        "Tốc độ tải xuống băng rộng di động (trung vị, mỗi máy tính như nhau):"
        " Viettel 52,1 Mbit/s (900 mẫu của 100 máy)."
    )


def test_a_letter_says_of_its_median_what_pages_say() -> None:
    said = catalogue("vi").gettext("down: median in which every phone weighs the same")
    assert said == f"tải xuống: {labels.MEDIAN_IS}"
    assert labels.MEDIAN_IS in annexes.SPEEDS_NOTE
    assert "tình nguyện viên, không phải mẫu ngẫu nhiên" in annexes.SPEEDS_NOTE
    assert "download_mbps_interval" not in annexes.SPEEDS


UNIT: ReportUnit = {
    "code": "05710", "name": "Xã Phú Lương", "level": "commune", "type": "xã",
    "province": "Tỉnh Thái Nguyên",
}  # fmt: skip


def test_a_letter_cites_no_default_of_the_installation() -> None:
    [ministry] = LETTERS
    assert [cite(ministry), cite(OWN_DEFAULT), cite(None)] == [LETTERS[ministry], None, None]
    assert cite("12/KH-UBND (01/02/2026)") == "12/KH-UBND (01/02/2026)"


def test_no_target_of_a_new_installation_rests_on_a_letter_of_one_province(app: Flask) -> None:
    with app.app_context():
        sources = set(db.session.scalars(text("select distinct source from targets")))
        system = system_on(date(2026, 11, 1))
        provinces = select(Unit.name).where(Unit.level == "province", Unit.system == system)
        names = [name.removeprefix("Thành phố ").removeprefix("Tỉnh ")
                 for name in db.session.scalars(provinces)]  # fmt: skip
    assert OWN_DEFAULT in sources
    assert not [(one, name) for one in sources for name in names if name in one]


@pytest.mark.slow
def test_a_commune_speaks_of_itself(office: Office) -> None:
    office.measured(9, 10, 16)
    begun = office.begin(unit=commune(office)["code"], level="commune").json
    proposed = office.show(begun["id"], "/figures").json["proposed"]
    assert "có 2 mẫu được tính băng rộng di động, chưa đạt mục tiêu 300 mẫu" in proposed["results"]
    assert proposed["shortcomings"].startswith("Còn thiếu 298 mẫu băng rộng di động.")
    assert proposed["tasks"].startswith("Tổ chức đo để đạt 300 mẫu")


def test_teams_are_counted_once() -> None:
    rows = [team(f"Tổ {n}", campaign=one) for n in (1, 2) for one in ("Tháng ba", "Hè")]
    rows.append(team("Đội 1", campaign="Hè", type="youth", organisation="Huyện Đoàn"))
    sentence = proposals._teams(rows)
    assert sentence.startswith(
        "Có 1 đội thanh niên (Huyện Đoàn); 2 tổ công nghệ số cộng đồng (Xã Phú Lương) tham gia đo"
        " trong khuôn khổ 2 chiến dịch."
    )


def test_common_nouns_are_small_inside_a_sentence() -> None:
    """By annex II of Decree 30/2020: but of names of people and numbers."""
    unit = cast(ReportUnit, {"level": "province", "name": "Tỉnh Thái Nguyên"})
    names = ("Xã Ngân Sơn", "Phường Quan Triều", "Phường Phan Đình Phùng")
    rows = [cast(Lacking, {"name": name, "shortfall": 288}) for name in names]
    assert proposals._lacking("mobile", unit, rows).endswith(
        " xã Ngân Sơn (thiếu 288), phường Quan Triều (thiếu 288),"
        " Phường Phan Đình Phùng (thiếu 288)."
    )
    assert labels.within("Thành phố Hồ Chí Minh") == "Thành phố Hồ Chí Minh"
    assert labels.within("Phường 1") == "Phường 1"


def test_the_assurance_of_all_samples_repeats_no_total() -> None:
    row = {"by_assurance": {"witnessed": 5448, "ticketed": 0}}
    said = proposals._assurance("mobile", cast(Samples, row))
    assert said == "Mẫu băng rộng di động được tính đều được máy chủ đo xác nhận."


def test_networks_of_a_team_are_never_added() -> None:
    rows = [team("Tổ 10", counted=407), team("Tổ 10", network="fixed", counted=33)]
    rows += [team("Tổ 1", counted=90), team("Tổ 2", network="fixed", counted=40)]
    assert proposals._teams(rows) == (
        "Có 3 tổ công nghệ số cộng đồng (Xã Phú Lương) tham gia đo. Nhiều mẫu băng rộng di động"
        " được tính nhất là Tổ 10: 407 mẫu. Nhiều mẫu băng rộng cố định được tính nhất là Tổ 2:"
        " 40 mẫu."
    )


def team(name: str, **changes: Any) -> TeamRow:
    row = {
        "network": "mobile", "campaign": "Tháng ba", "organisation": "Xã Phú Lương",
        "organisation_type": "community_digital_team",
        "team": name, "type": "community_digital", "received": 5, "counted": 4, "needed": 4,
    }  # fmt: skip
    return cast(TeamRow, row | changes)


def test_what_is_planned_is_who_measures_there_next(office: Office) -> None:
    organisation = people.organisation(office.app)
    december = {"first_day": date(2024, 12, 1), "last_day": date(2024, 12, 31)}
    district = people.unit_id(office.app, "164", level="district")
    people.campaign(office.app, organisation, district, name="Tháng Mười hai", **december)
    people.campaign(office.app, organisation, district, name="Nháp", state="draft", **december)
    people.campaign(office.app, organisation, district, name="Tháng Mười một")
    fixed = {**december, "networks": ["fixed"]}
    people.campaign(office.app, organisation, district, name="Internet tại nhà", **fixed)
    figures = office.show(office.draft(), "/figures").json
    lacking = figures["sections"]["lacking"]["mobile"]
    planned = {row["parent"]: row["planned"] for row in lacking}
    assert planned.pop("Thành phố Thái Nguyên") == ["Tháng Mười hai"]
    assert set(map(tuple, planned.values())) == {()}
    assert "nằm trong địa bàn của chiến dịch: Tháng Mười hai." in figures["proposed"]["tasks"]


@pytest.mark.slow
def test_teams_have_what_lies_in_the_unit_alone(office: Office) -> None:
    """A campaign over a whole province: the report of one commune tells what was taken there."""
    province = people.unit_id(office.app, "19", level="province")
    union = people.organisation(office.app)
    digital = people.organisation(office.app, "Tổ CNSCĐ", type="community_digital_team")
    campaign = people.campaign(office.app, union, province, networks=["mobile", "fixed"])
    since = datetime(2024, 11, 1, tzinfo=UTC)
    for name, owner, kind, place in (
        ("Đội 1", union, "youth", HERE),
        ("Tổ 2", digital, "community_digital", {"latitude": 21.8, "longitude": 105.6}),
    ):
        team = people.team(office.app, owner, name, type=kind)
        phone = office.phone()
        people.add_membership(office.app, phone, campaign, team, since)
        at = {**place, "accuracy_m": 9.0}
        office.late([(3, 6), (3, 11)], phone=phone, location=at)
        if name == "Đội 1":
            office.late([(4, 6)], phone=phone, location=at, network=network(kind="wifi"))
    whole = office.show(office.draft(), "/figures").json
    rows = whole["sections"]["teams"]
    assert [(row["network"], row["team"], row["counted"]) for row in rows] == [
        ("mobile", "Đội 1", 2),
        ("mobile", "Tổ 2", 2),
        ("fixed", "Đội 1", 1),
    ]
    assert "1 đội thanh niên (Tỉnh Đoàn Thái Nguyên)" in whole["proposed"]["direction"]
    assert "1 tổ công nghệ số cộng đồng (Tổ CNSCĐ)" in whole["proposed"]["direction"]
    here = office.begin(unit=commune(office)["code"], level="commune").json["id"]
    row, _fixed = office.show(here, "/figures").json["sections"]["teams"]
    assert (row["team"], row["organisation_type"], row["counted"], row["needed"]) == (
        "Đội 1",
        "youth_union",
        2,
        2,
    )


@pytest.mark.slow
def test_a_report_of_one_commune(office: Office) -> None:
    office.measured(9, 16)
    office.measured(9, location={**THERE, "accuracy_m": 9.0, "latitude": 21.8, "longitude": 105.6})
    code = commune(office)["code"]
    report = office.begin(unit=code, level="commune").json["id"]
    sections = office.show(report, "/figures").json["sections"]
    assert sections["samples"]["mobile"]["received"] == 2
    assert [row["level"] for row in sections["reached"]["mobile"]] == ["commune"]
    (row,) = sections["communes"]["mobile"]
    assert (row["code"], row["of_teams"], sections["samples"]["mobile"]["of_teams"]) == (code, 0, 0)
    office.is_demo()
    assert office.act(report, "freeze").status_code == 200


@pytest.mark.slow
def test_vnnic_stands_beside_where_it_was_imported(office: Office) -> None:
    office.measured(9, 16)
    code = commune(office)["code"]
    admin = people.person(office.app, "admin")
    answer = office.client.post(
        "/api/v1/vnnic/import",
        data=f"Mã xã,Số mẫu\n{code},5\n".encode(),
        query_string={"month": "2024-11", "dry_run": "false"},
        headers=admin,
        content_type="text/csv",
    )
    assert answer.status_code == 200, answer.text
    report = office.draft()
    assert office.show(report, "/figures").json["sections"]["vnnic"] is None
    body = {"month": "2024-11", "state": "published"}
    office.client.post(f"/api/v1/units/{code}/vnnic", json=body, headers=admin)
    figures = office.show(report, "/figures").json
    [row] = figures["sections"]["vnnic"]
    assert (row["code"], row["network"]) == (code, "mobile")
    assert (row["ours"], row["theirs"], row["difference"]) == (2, 5, -3)
    assert row["reasons"] and all(reason.endswith(".") for reason in row["reasons"])
    assert "VNNIC có số liệu băng rộng di động của 1/172 xã" in figures["proposed"]["results"]
    with office.app.app_context():
        row = db.session.get_one(ReportRow, report)
        checked = check(compose(row, office.clock.now), row.unit_id, office.clock.now)
    [item] = [one for one in checked["items"] if one["code"].startswith("vnnic")]
    assert (item["network"], item["n"], item["of"], item["done"]) == ("mobile", 1, 172, False)
    office.is_demo()
    office.frozen_of(office.client.get("/api/v1/reports", headers=admin).json["items"][0]["id"])


def test_a_month_after_the_reform_has_no_districts(
    app: Flask, client: FlaskClient, office: Office
) -> None:
    office.clock.now = datetime(2026, 2, 3, tzinfo=UTC)
    unit = people.unit_id(app, "19", "2025", "province")
    office.headers = people.person(app, "official", unit)
    report = office.begin(month="2026-01").json["id"]
    sections = office.show(report, "/figures").json["sections"]
    assert [row["level"] for row in sections["reached"]["fixed"]] == ["province", "commune"]
    of_province, of_communes = sections["reached"]["fixed"]
    assert (of_province["threshold"], of_communes["threshold"]) == (None, 300)
    assert of_communes["source"] == "Mức mặc định của Đo Sóng"


@pytest.mark.slow
def test_a_report_says_that_claims_count(office: Office) -> None:
    office.measured(9)
    report = office.draft()

    def notes() -> set[str]:
        return {one["code"] for one in office.show(report, "/figures").json["sections"]["notes"]}

    begin_of_december = datetime(2024, 12, 1, tzinfo=VIETNAM)
    with counting_from(office.app, "claimed"):
        assert "note_claims" in notes()
        with counting_from(office.app, "witnessed", begin_of_december):
            assert "note_claims" in notes()
        with counting_from(office.app, "witnessed", begin_of_december - timedelta(days=1)):
            assert "note_claims" not in notes()
