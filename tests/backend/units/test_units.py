"""GET /units, /units/{code} and /units/{code}/geometry: the dated list."""

from datetime import UTC, datetime
from typing import Any

import pytest
from flask.testing import FlaskClient
from shapely import Point
from shapely.geometry import shape

from backend.http.paging import encode_cursor


def get(client: FlaskClient, path: str, **query: Any) -> tuple[int, Any]:
    answer = client.get(f"/api/v1/units{path}", query_string=query)
    return answer.status_code, answer.get_json(force=True)


def codes(client: FlaskClient, **query: Any) -> list[str]:
    status, page = get(client, "", **query)
    assert status == 200, page
    return [item["code"] for item in page["items"]]


def everything(client: FlaskClient, **query: Any) -> list[dict[str, Any]]:
    found, cursor = [], None
    while True:
        page = get(client, "", limit=500, **query, **({"cursor": cursor} if cursor else {}))[1]
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            return found


@pytest.mark.slow
@pytest.mark.parametrize(
    ("day", "level", "count"),
    [
        ("2024-11-30", "province", 63),
        ("2024-11-30", "district", 696),  # 691, and five island districts without communes
        ("2024-11-30", "commune", 10_040),
        ("2025-06-30", "commune", 10_040),
        ("2025-07-01", "province", 34),
        ("2025-07-01", "commune", 3_321),
    ],
)
def test_each_day_has_the_units_of_its_system(
    client: FlaskClient, day: str, level: str, count: int
) -> None:
    items = everything(client, as_of=day, level=level)
    assert len({item["code"] for item in items}) == len(items) == count
    assert {item["level"] for item in items} == {level}
    assert {item["system"] for item in items} == {"2024" if day < "2025-07" else "2025"}


def test_without_a_day_it_is_today_in_vietnam(client: FlaskClient, clock: Any) -> None:
    clock.now = datetime(2025, 6, 30, 16, 59, tzinfo=UTC)
    assert len(get(client, "", level="province")[1]["items"]) == 63
    clock.now = datetime(2025, 6, 30, 17, 0, tzinfo=UTC)
    assert len(get(client, "", level="province")[1]["items"]) == 34


def test_a_province_has_its_districts_and_communes(client: FlaskClient) -> None:
    parts = {"as_of": "2024-11-30", "parent": "19", "limit": 500}
    assert len(codes(client, **parts, level="district")) == 9
    assert len(codes(client, **parts, level="commune")) == 172
    in_district = codes(client, as_of="2024-11-30", parent="169", level="commune")
    assert 0 < len(in_district) < 172
    assert set(in_district) < set(codes(client, **parts, level="commune"))


def test_a_commune_tells_what_is_above_it(client: FlaskClient) -> None:
    status, unit = get(client, "/05443", as_of="2024-11-30")
    assert status == 200
    assert unit["name"] == "Phường Trưng Vương"
    assert unit["parent"] == {"code": "164", "name": "Thành phố Thái Nguyên"}
    assert unit["province"] == {"code": "19", "name": "Tỉnh Thái Nguyên"}
    assert (unit["valid_from"], unit["valid_to"]) == (None, "2025-06-30")
    assert unit["as_of"] == "2024-11-30"


def test_the_same_code_is_another_unit_after_the_reform(client: FlaskClient) -> None:
    assert get(client, "/05443", as_of="2024-11-30")[1]["name"] == "Phường Trưng Vương"
    unit = get(client, "/05443", as_of="2025-07-01")[1]
    assert unit["name"] == "Phường Phan Đình Phùng"
    assert unit["parent"] == unit["province"] == {"code": "19", "name": "Tỉnh Thái Nguyên"}
    assert (unit["valid_from"], unit["valid_to"]) == ("2025-07-01", None)


def test_answers_say_that_they_rest_on_the_approximate_set(client: FlaskClient) -> None:
    expected = {"set": "approximate-2024", "quality": "approximate"}
    assert get(client, "", as_of="2024-11-30")[1]["boundaries"] == expected
    assert get(client, "/05443", as_of="2024-11-30")[1]["boundaries"] == expected
    feature = get(client, "/05443/geometry", as_of="2024-11-30")[1]
    assert feature["properties"]["boundaries"] == expected


@pytest.mark.parametrize("words", ["dong hy", "ĐỒNG HỶ", "Xã  Đồng Hỷ", "05692"])
def test_search_works_without_diacritics(client: FlaskClient, words: str) -> None:
    items = get(client, "", q=words, level="commune", as_of="2025-08-01")[1]["items"]
    assert ("05692", "Xã Đồng Hỷ") in [(item["code"], item["name"]) for item in items]


def test_search_takes_its_words_literally(client: FlaskClient) -> None:
    assert codes(client, q="%") == codes(client, q="_") == []


@pytest.mark.slow
def test_names_come_in_vietnamese_order(client: FlaskClient) -> None:
    names = [i["name"] for i in everything(client, as_of="2024-11-30", level="district")]
    assert names.index("Huyện Ba Bể") < names.index("Huyện Ba Vì") < names.index("Huyện Bác Ái")
    assert names.index("Huyện Cẩm Khê") < names.index("Huyện Chợ Mới")
    assert names.index("Huyện Duy Tiên" if "Huyện Duy Tiên" in names else "Huyện Duy Xuyên") < (
        names.index("Huyện Đà Bắc")
    )
    assert names.index("Quận 2" if "Quận 2" in names else "Quận 3") < names.index("Quận 10")


def test_pages_follow_each_other_without_gap_or_overlap(client: FlaskClient) -> None:
    query = {"as_of": "2024-11-30", "parent": "19", "level": "commune"}
    whole = [item["code"] for item in everything(client, **query)]
    paged, cursor = [], None
    while cursor is not None or not paged:
        page = get(client, "", limit=50, **query, **({"cursor": cursor} if cursor else {}))[1]
        assert len(page["items"]) <= 50
        paged += [item["code"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert paged == whole


def test_an_island_without_communes_is_district_and_commune(client: FlaskClient) -> None:
    as_commune = get(client, "/318", as_of="2024-11-30")[1]
    as_district = get(client, "/318", as_of="2024-11-30", level="district")[1]
    assert (as_commune["level"], as_district["level"]) == ("commune", "district")
    assert as_commune["parent"] == {"code": "318", "name": "Huyện Bạch Long Vĩ"}
    assert codes(client, as_of="2024-11-30", parent="318") == ["318"]


@pytest.mark.parametrize(
    ("day", "name"),
    [("2024-11-30", "Hoàng Sa"), ("2025-08-01", "Hoàng Sa"), ("2025-08-01", "Trường Sa")],
)
def test_the_archipelagos_are_part_of_every_set(client: FlaskClient, day: str, name: str) -> None:
    items = get(client, "", as_of=day, q=name, level="commune")[1]["items"]
    found = [item for item in items if item["name"].endswith(name)]
    assert found
    assert not any(item["no_boundary"] for item in found)


def test_the_geometry_of_a_commune_holds_its_centre(client: FlaskClient) -> None:
    feature = get(client, "/05443/geometry", as_of="2024-11-30")[1]
    assert (feature["type"], feature["id"]) == ("Feature", "05443")
    centre = feature["properties"]["centre"]
    area = shape(feature["geometry"])
    assert area.is_valid
    assert area.distance(Point(centre["longitude"], centre["latitude"])) < 0.01


def test_a_thinned_geometry_is_smaller_and_nearly_the_same(client: FlaskClient) -> None:
    whole = shape(get(client, "/19/geometry", as_of="2024-11-30")[1]["geometry"])
    thin = shape(get(client, "/19/geometry", as_of="2024-11-30", tolerance_m=900)[1]["geometry"])
    assert thin.is_valid and len(thin.wkb) < len(whole.wkb)
    assert whole.symmetric_difference(thin).area < whole.area / 50


def test_the_geometry_of_a_province_is_that_of_its_communes(client: FlaskClient) -> None:
    province = shape(get(client, "/19/geometry", as_of="2024-11-30")[1]["geometry"])
    commune = shape(get(client, "/05443/geometry", as_of="2024-11-30")[1]["geometry"])
    assert province.intersection(commune).area == pytest.approx(commune.area)
    assert province.area > 50 * commune.area


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("/99999", {}),
        ("/99999/geometry", {}),
        ("/164", {"as_of": "2025-07-01"}),
        ("/05443", {"as_of": "2024-11-30", "level": "province"}),
        ("/05%00443", {}),
        ("", {"parent": "99"}),
    ],
)
def test_what_is_not_there_is_404(client: FlaskClient, path: str, query: dict[str, str]) -> None:
    status, problem = get(client, path, **query)
    assert (status, problem["code"]) == (404, "unit_unknown")


@pytest.mark.parametrize(
    "cursor", ["ê", encode_cursor("none"), encode_cursor("A", 999_999_999_999)]
)
def test_a_cursor_that_cannot_be_read_is_422(client: FlaskClient, cursor: str) -> None:
    status, problem = get(client, "", cursor=cursor)
    assert status == 422
    assert [(e["field"], e["code"]) for e in problem["errors"]] == [("cursor", "not_cursor")]


def test_there_is_no_district_after_the_reform(client: FlaskClient) -> None:
    status, problem = get(client, "", as_of="2025-07-01", level="district")
    assert (status, problem["code"]) == (422, "level_unknown_then")
