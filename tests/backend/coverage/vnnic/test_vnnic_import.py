"""`POST /vnnic/import`: what VNNIC counted, taken in."""

import io
from typing import Any

import openpyxl
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select

from backend.coverage.vnnic.models import VnnicCount
from backend.coverage.vnnic.reader import parse_samples, parse_speed
from backend.database.extensions import db
from backend.tables.spreadsheets import XLSX
from tests.support import people
from tests.support.clock import FakeClock

URL = "/api/v1/vnnic/import"
CSV = "text/csv"


def send(client: FlaskClient, raw: str | bytes, headers: dict[str, str], kind: str = CSV,
         **query: str) -> Any:  # fmt: skip
    asked = {"month": "2024-11", "dry_run": "false", **query}
    data = raw.encode() if isinstance(raw, str) else raw
    return client.post(URL, data=data, query_string=asked, headers=headers, content_type=kind)


def kept(app: Flask) -> dict[int, int | None]:
    with app.app_context():
        return {row.unit_id: row.samples for row in db.session.scalars(select(VnnicCount))}


def change(client: FlaskClient, headers: Any, state: str, code: str = "19", **more: Any) -> Any:
    level = "province" if code == "19" else None
    body = {"month": "2024-11", "level": level, "state": state, **more}
    return client.post(f"/api/v1/units/{code}/vnnic", json=body, headers=headers)


def public(client: FlaskClient) -> int:
    """Return how many communes of the province the public sees with VNNIC's count."""
    return int(client.get("/api/v1/vnnic?month=2024-11&parent=19").json["summary"]["imported"])


def shown(client: FlaskClient) -> list[dict[str, Any]]:
    """Return the communes of the province that have VNNIC's count for the public."""
    items = client.get("/api/v1/vnnic?month=2024-11&parent=19").json["items"]
    return [one for one in items if one["theirs"]]


def test_a_table_is_a_draft_until_it_is_published_and_can_be_taken_back(
    app: Flask, client: FlaskClient
) -> None:
    official = people.person(app, "official", people.unit_id(app, "19", level="province"))
    send(client, "Mã,Số mẫu\n05443,310\n05446,9\n", official)
    assert public(client) == 0
    seen = change(client, official, "published", preview=True).json
    assert {(one["before"], one["after"]) for one in seen["rows"]} == {(None, 310), (None, 9)}
    assert public(client) == 0
    assert change(client, official, "published").status_code == 200 and public(client) == 2
    send(client, "Mã,Số mẫu\n05443,320\n", official)
    [row] = change(client, official, "published", preview=True).json["rows"]
    assert (row["before"], row["after"], public(client)) == (310, 320, 2)
    assert (row["too_few_before"], row["too_few_after"]) == (False, False)
    change(client, official, "published")
    assert len(change(client, official, "draft").json["rows"]) == 2 and public(client) == 0
    assert change(client, official, "published").status_code == 200 and public(client) == 2
    change(client, official, "draft")
    change(client, official, "removed")
    assert kept(app) == {}
    acts = [
        act
        for act, _ in people.audit_entries(
            app, f"unit:{people.unit_id(app, '19', level='province')}"
        )
    ]
    assert acts.count("vnnic.published") == 3 and acts[-1] == "vnnic.removed"


def test_a_table_says_to_which_day_it_counts(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = clock.now.replace(year=2024, month=11, day=20)
    admin = people.person(app, "admin")
    early = send(client, "Mã,Số mẫu\n05443,154\n", admin, day="2024-11-09")
    assert (early.status_code, early.json["day"]) == (200, "2024-11-09")
    change(client, admin, "published")
    [found] = shown(client)
    assert (found["theirs"]["samples"], found["theirs"]["day"]) == (154, "2024-11-09")
    assert "table_early" in found["likely"]
    # The same number of a later day is news: it still holds.
    later = send(client, "Mã,Số mẫu\n05443,154\n", admin)
    assert (later.json["day"], later.json["totals"]["update"]) == ("2024-11-20", 1)
    again = send(client, "Mã,Số mẫu\n05443,154\n", admin, day="2024-11-09")
    assert again.json["totals"]["unchanged"] == 1
    assert [one["theirs"]["day"] for one in shown(client)] == ["2024-11-09"]


@pytest.mark.parametrize(
    ("day", "code"),
    [
        ("2024-11-21", "day_in_future"),
        ("2024-10-31", "vnnic_day_before_month"),
        ("hôm qua", "not_day"),
    ],
)
def test_the_day_of_a_table_is_of_its_month_and_past(
    app: Flask, client: FlaskClient, clock: FakeClock, day: str, code: str
) -> None:
    clock.now = clock.now.replace(year=2024, month=11, day=20)
    admin = people.person(app, "admin")
    answer = send(client, "Mã,Số mẫu\n05443,154\n", admin, day=day)
    assert answer.status_code == 422
    assert [(one["field"], one["code"]) for one in answer.json["errors"]] == [("day", code)]
    assert kept(app) == {}


@pytest.mark.parametrize("head", ["Đơn vị hành chính", "Xã, phường", "Tên xã, phường", "ĐVHC"])
def test_tables_are_read_as_offices_head_them(app: Flask, client: FlaskClient, head: str) -> None:
    table = f'STT,"{head}",Số mẫu\n1,"Phường Trưng Vương",40\n,Tổng cộng,40\n'
    official = people.person(app, "official", people.unit_id(app, "19", level="province"))
    totals = send(client, table, official).json["totals"]
    assert (totals["create"], totals["error"], totals["rows"]) == (1, 0, 1)


@pytest.mark.parametrize("wrong", ["Nhà trọ", "Xã Không Có", ""])
def test_the_only_column_of_names_is_that_of_the_units(
    app: Flask, client: FlaskClient, wrong: str
) -> None:
    names = ("Phường Trưng Vương", "P. Đồng Quang", "Túc Duyên", "Phường Hoàng Văn Thụ", wrong)
    rows = "".join(f"{n},Đội {n},{name},40\n" for n, name in enumerate(names, 1))
    table = f"STT,Người đo,Nơi đo,Số mẫu\n{rows},,Tổng cộng,200\n"
    official = people.person(app, "official", people.unit_id(app, "19", level="province"))
    answer = send(client, table, official).json
    assert (answer["totals"]["create"], answer["totals"]["error"]) == (4, 1)
    assert answer["columns"] == {"samples": "Số mẫu", "name": "Nơi đo"}
    assert answer["ignored_columns"] == ["STT", "Người đo"]


@pytest.mark.parametrize(
    "table",
    [
        "STT,Nơi đo,Số mẫu\n1,Nhà trọ,40\n",
        "STT,Nơi đo,Số mẫu\n1,Phường Trưng Vương,40\n2,Nhà trọ,1\n",  # every second cell
        "STT,Nơi đo,Số mẫu\n1,,40\n",
    ],
)
def test_a_table_without_a_column_of_units_is_refused_once(
    app: Flask, client: FlaskClient, table: str
) -> None:
    admin = people.person(app, "admin") | {"Accept-Language": "vi"}
    answer = send(client, table, admin)
    assert answer.status_code == 422
    [error] = answer.json["errors"]
    assert error["code"] == "vnnic_no_unit_column" and "“STT, Nơi đo, Số mẫu”" in error["message"]


def test_of_two_columns_of_names_none_is_guessed(app: Flask, client: FlaskClient) -> None:
    table = "Nơi đo,Nơi ở,Số mẫu\nPhường Trưng Vương,Túc Duyên,40\n"
    assert send(client, table, people.person(app, "admin")).status_code == 422


def test_errors_say_what_is_wrong_where_and_how_to_write_it(
    app: Flask, client: FlaskClient, clock: FakeClock
) -> None:
    clock.now = clock.now.replace(year=2025)
    admin = people.person(app, "admin")
    table = "Mã,Đơn vị,Số mẫu\n05443,,310\n05443,,9\n05446,,-5\n,Thị trấn Đu,7\n"
    answer = send(client, table, admin | {"Accept-Language": "vi"}, month="2025-08")
    messages = [[one["message"] for one in row["errors"]] for row in answer.json["rows"]]
    assert "hàng 2" in messages[1][0] and "ví dụ 1310" in messages[2][0]
    assert answer.json["rows"][3]["errors"][0]["code"] == "place_was_which"
    assert "Xã Phú Lương" in answer.json["rows"][3]["errors"][0]["candidates"][0]


def test_only_the_own_area_is_published(app: Flask, client: FlaskClient) -> None:
    province = people.person(app, "official", people.unit_id(app, "19", level="province"))
    send(client, "Mã,Số mẫu\n05443,310\n", province)
    hanoi = people.person(app, "official", people.unit_id(app, "01", level="province"))
    commune = people.person(app, "official", people.unit_id(app, "05446"))
    for stranger, code in ((hanoi, "19"), (hanoi, "05443"), (commune, "19"), (commune, "05443")):
        for state in ("published", "draft", "removed"):
            for preview in (True, False):
                answer = change(client, stranger, state, code, preview=preview)
                assert answer.status_code == 403 and "rows" not in answer.json
    assert public(client) == 0 and len(kept(app)) == 1


def codes(answer: Any) -> list[list[str]]:
    return [[error["code"] for error in row["errors"]] for row in answer.json["rows"]]


def test_a_table_by_code_or_by_name_with_type_and_province(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    table = (
        "VNNIC - i-Speed;;;;\nMã xã;Xã/Phường;Quận/Huyện;Tỉnh/Thành phố;Số mẫu\n"
        "5443;Phường Trưng Vương;;;1.310\n;Phường Quang Trung;TP Thái Nguyên;Thái Nguyên;12\n"
    )
    answer = send(client, table, admin)
    assert answer.status_code == 200, answer.text
    assert answer.json["totals"] == {
        "rows": 2, "create": 2, "update": 0, "unchanged": 0, "error": 0,
    }, answer.json  # fmt: skip
    assert answer.json["columns"]["samples"] == "Số mẫu"
    assert answer.json["rows"][0]["notes"][0]["code"] == "code_padded"
    assert kept(app)[people.unit_id(app, "05443")] == 1310
    assert sorted(str(n) for n in kept(app).values()) == ["12", "1310"]


def test_what_is_ambiguous_is_listed_and_never_guessed(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    answer = send(client, "Đơn vị,Số mẫu\nXã Tân Lập,310\nXã Không Có,1\n,5\n", admin)
    assert codes(answer) == [["vnnic_unit_ambiguous"], ["vnnic_unit_unknown"], ["required"]]
    assert len(answer.json["rows"][0]["errors"][0]["candidates"]) > 1
    assert kept(app) == {}


@pytest.mark.slow
def test_a_code_that_means_another_place_by_now(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    """05443 was Trưng Vương until June 2025 and is Phan Đình Phùng since."""
    table = "Mã,Tên,Số mẫu\n05443,Phường Phan Đình Phùng,310\n"
    answer = send(client, table, admin)
    assert codes(answer) == [["vnnic_code_not_name"]] and kept(app) == {}
    assert "Trưng Vương" in answer.json["rows"][0]["errors"][0]["candidates"][0]


def test_again_is_no_change_and_a_new_figure_is_one(
    app: Flask, client: FlaskClient, admin: dict[str, str]
) -> None:
    table = "Mã,Số mẫu,Ping\n05443,310,21.5\n05446,9,30\n"
    outcomes = []
    for sent in (table, table, table.replace("310", "311")):
        outcomes.append([row["outcome"] for row in send(client, sent, admin).json["rows"]])
        change(client, admin, "published")
    assert outcomes == [["create"] * 2, ["unchanged"] * 2, ["update", "unchanged"]]
    assert kept(app)[people.unit_id(app, "05443")] == 311
    acts = people.audit_entries(app, "vnnic:2024-11:mobile")
    assert [details["totals"]["update"] for _, details in acts] == [0, 0, 1]
    assert all(len(details["file"]) == 64 for _, details in acts)


def test_a_dry_run_keeps_nothing(app: Flask, client: FlaskClient, admin: dict[str, str]) -> None:
    answer = send(client, "Mã,Số mẫu\n05443,310\n", admin, dry_run="true")
    assert answer.json["rows"][0]["outcome"] == "create"
    assert kept(app) == {} and people.audit_entries(app, "vnnic:2024-11:mobile") == []


def test_a_workbook(app: Flask, client: FlaskClient, admin: dict[str, str]) -> None:
    book, out = openpyxl.Workbook(), io.BytesIO()
    for row in (["Mã xã", "Số mẫu", "Tốc độ tải xuống (Mbps)"], ["05443", 310, 48.25]):
        book.active.append(row)
    book.save(out)
    answer = send(client, out.getvalue(), admin, XLSX)
    assert answer.json["totals"]["create"] == 1, answer.json
    with app.app_context():
        assert db.session.scalars(select(VnnicCount)).one().download_mbps == 48.25


def test_an_official_reaches_their_area_alone(app: Flask, client: FlaskClient) -> None:
    official = people.person(app, "official", people.unit_id(app, "19", level="province"))
    hoan_kiem = "00073"  # in Hà Nội
    answer = send(client, f"Mã,Số mẫu\n05443,310\n{hoan_kiem},310\n", official)
    assert codes(answer) == [[], ["vnnic_outside_area"]]
    assert list(kept(app)) == [people.unit_id(app, "05443")]


def test_an_official_of_a_cluster_reaches_its_communes(app: Flask, client: FlaskClient) -> None:
    area = people.cluster(app, ("05443",))
    official = people.person(app, "official", area, kind="cluster")
    answer = send(client, "Mã,Số mẫu\n05443,310\n05446,310\n", official)
    assert codes(answer) == [[], ["vnnic_outside_area"]]
    assert kept(app) == {people.unit_id(app, "05443"): 310}
    over = people.person(app, "official", people.unit_id(app, "05443"), kind="cluster")
    assert codes(send(client, "Mã,Số mẫu\n05443,311\n", over)) == [["vnnic_outside_area"]]


def test_a_unit_twice_and_figures_that_are_none(client: FlaskClient, admin: dict[str, str]) -> None:
    table = "Mã,Số mẫu,Ping\n05443,310,\n05443,9,\n05446,nhiều,-\n05449,5,nhanh\n"
    assert codes(send(client, table, admin)) == [
        [], ["vnnic_unit_twice"], ["vnnic_not_samples"], ["vnnic_not_speed"],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("atlas", "wrong"),
    [
        ("[1]", [["not_object"]]),
        ('[{"code": "19", "value": true}]', [["vnnic_not_samples"]]),
        ('[{"value": 3}]', [["required"]]),
        ('[{"code": "19", "value": 1e400}]', [["vnnic_not_samples"]]),
        ('[{"code": "19", "value": -3}]', [["vnnic_not_samples"]]),
        ('[{"code": "99", "value": 3}]', [["vnnic_unit_unknown"]]),
    ],
)
def test_places_of_the_atlas_that_cannot_be_used(
    client: FlaskClient, admin: dict[str, str], atlas: str, wrong: list[list[str]]
) -> None:
    assert codes(send(client, atlas, admin, "application/json")) == wrong


@pytest.mark.parametrize(
    ("raw", "kind", "status", "code"),
    [
        ("{}", "application/json", 422, "not_list"),
        ("[" * 5_000, "application/json", 422, "not_json"),
        ("[{}" + ", {}" * 5_000 + "]", "application/json", 422, "too_many_rows"),
        ("Mã,Số mẫu\n05443,310\n", "text/plain", 415, "vnnic_not_table"),
        ("x" * 4_100_000, CSV, 413, "too_large"),
    ],
)
def test_a_file_that_is_none(
    client: FlaskClient, admin: dict[str, str], raw: str, kind: str, status: int, code: str
) -> None:
    answer = send(client, raw, admin, kind)
    assert answer.status_code == status
    found = answer.json["errors"][0]["code"] if status == 422 else answer.json["code"]
    assert found == code


def test_a_month_that_has_not_begun(client: FlaskClient, admin: dict[str, str]) -> None:
    answer = send(client, "Mã,Số mẫu\n05443,310\n", admin, month="2024-12")
    assert answer.json["errors"][0]["code"] == "month_in_future"


@given(st.integers(0, 99_999_999), st.sampled_from([",", ".", " ", ""]))
def test_a_count_is_read_as_people_write_it(n: int, between: str) -> None:
    assert parse_samples(f"{n:,}".replace(",", between)) == n


@given(st.floats(0.001, 9_999, allow_nan=False).map(lambda x: round(x, 3)), st.sampled_from(".,"))
def test_a_speed_is_read_with_either_sign(speed: float, sign: str) -> None:
    assert parse_speed(f"{speed:.3f}".replace(".", sign)) == (speed or None)
