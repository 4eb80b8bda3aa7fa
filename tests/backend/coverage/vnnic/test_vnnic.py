"""`GET /vnnic`: VNNIC's own count beside ours, with likely reasons."""

from datetime import datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st

from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.vnnic.service import REASONS, Pair, likely
from tests.support import people
from tests.support.clock import FakeClock
from tests.support.factories import HERE, location, post, register, sample

URL = "/api/v1/vnnic"
PROVINCE = {"month": "2024-11", "parent": "19"}


def take_in(client: FlaskClient, app: Flask, table: str, **query: str) -> None:
    asked = {"month": "2024-11", "dry_run": "false", **query}
    kind = "application/json" if table.startswith("[") else "text/csv"
    answer = client.post(f"{URL}/import", data=table.encode(), query_string=asked,
                         headers=people.person(app, "admin"), content_type=kind)  # fmt: skip
    assert answer.status_code == 200, answer.text
    assert answer.json["totals"]["error"] == 0, answer.json["rows"]
    for province in ("01", "19"):
        body = {"month": "2024-11", "level": "province", "state": "published"}
        url, headers = f"/api/v1/units/{province}/vnnic", people.person(app, "admin")
        assert client.post(url, json=body, headers=headers).status_code == 200


def compared(client: FlaskClient, code: str, **query: str) -> dict[str, Any]:
    answer = client.get(URL, query_string=PROVINCE | query)
    assert answer.status_code == 200, answer.text
    [found] = [item for item in answer.json["items"] if item["code"] == code]
    return dict(found)


def commune_of(client: FlaskClient) -> str:
    """The commune in which samples of the factories lie."""
    asked = {**HERE, "at": "2024-11-15T00:00:00Z"}
    return str(client.post("/api/v1/units/locate", json=asked).json["unit"]["code"])


def test_ours_theirs_and_the_difference(app: Flask, client: FlaskClient) -> None:
    code, phone = commune_of(client), register(client)
    post(client, phone, sample("2024-11-10T09:00:00+07:00"))
    post(client, phone, sample("2024-11-10T09:05:00+07:00"))  # a repeat
    take_in(client, app, f"Mã xã,Số mẫu,Download\n{code},2,48.5\n")
    item = compared(client, code)
    assert item["ours"] == {"received": 2, "valid": 2, "counted": 1}
    assert (item["theirs"]["samples"], item["theirs"]["download_mbps"]) == (2, 48.5)
    assert item["difference"] == -1
    assert item["likely"] == ["table_early", "repeats_weighed_otherwise",
                              "approximate_boundaries"]  # fmt: skip


def test_what_was_not_imported_is_no_zero(app: Flask, client: FlaskClient) -> None:
    code = commune_of(client)
    post(client, register(client), sample())
    item = compared(client, code)
    assert (item["theirs"], item["difference"], item["likely"]) == (None, None, ["not_imported"])


def test_not_enough_samples_is_null(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    clock.now = clock.now.replace(month=12)
    code = commune_of(client)
    take_in(client, app, f"Mã xã,Số mẫu,Ghi chú,Download\n{code},0,,Không đủ số mẫu\n")
    item = compared(client, code)
    assert item["theirs"]["samples"] is None and item["difference"] is None
    assert item["likely"] == ["not_enough_for_vnnic"]


def test_provinces_by_the_atlas(app: Flask, client: FlaskClient, clock: FakeClock) -> None:
    clock.now = clock.now.replace(month=12)
    atlas = (
        '[{"code": "19", "value": 64595, "download": 90.68, "upload": 20, "ping": 21.5,'
        ' "jitter": 3}, {"code": "01", "value": 0, "download": 0, "upload": 0, "ping": 0,'
        ' "jitter": 0}]'
    )
    take_in(client, app, atlas)
    answer = client.get(URL, query_string={"month": "2024-11"}).json
    items = {item["code"]: item for item in answer["items"]}
    assert answer["level"] == "province" and len(items) == 63
    assert items["19"]["theirs"] | {"imported_at": None} == {
        "samples": 64595, "download_mbps": 90.68, "upload_mbps": 20.0, "ping_ms": 21.5,
        "jitter_ms": 3.0, "source": "atlas", "day": "2024-12-20",
        "imported_at": None,
    }  # fmt: skip
    assert items["19"]["likely"] == ["ispeed_alone", "approximate_boundaries"]
    assert items["01"]["theirs"]["samples"] is items["01"]["theirs"]["download_mbps"] is None
    assert answer["summary"] == {
        "units": 63, "imported": 2, "compared": 1, "counted": 0, "theirs": 64595,
    }  # fmt: skip


def test_the_list_of_reasons_comes_in_both_languages(client: FlaskClient) -> None:
    shown = client.get(URL, query_string=PROVINCE).json["reasons"]
    english = client.get(
        URL, query_string=PROVINCE, headers={"Accept-Language": "en"}
    ).json["reasons"]  # fmt: skip
    assert [one["code"] for one in shown] == [one.code for one in REASONS]
    assert all(a["words"] != b["words"] for a, b in zip(shown, english, strict=True))


@pytest.mark.slow
def test_pages_show_both_counts_where_one_was_imported(app: Flask, client: FlaskClient) -> None:
    code = commune_of(client)
    post(client, register(client), sample("2024-11-10T09:00:00+07:00"))
    pages = [f"/unit/19?month=2024-11&level={level}" for level in ("commune", "district")]
    own = f"/unit/{code}?month=2024-11"
    words = "7 mẫu; Đo Sóng đếm 1."
    assert words not in client.get(own).text
    take_in(client, app, f"Mã xã,Số mẫu\n{code},7\n")
    assert words in client.get(own).text
    # One of the province's communes is not the province.
    assert not any("Theo VNNIC" in client.get(page).text for page in pages)
    listed = client.get(URL, query_string=PROVINCE).json
    rows = "".join(f"{one['code']},7\n" for one in listed["items"])
    take_in(client, app, f"Mã xã,Số mẫu\n{rows}")
    assert all("Theo VNNIC" in client.get(page).text for page in pages)


def test_a_page_finds_the_same_figures_once(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    questions: list[CoverageQuery] = []

    def noted(asked: CoverageQuery, now: datetime) -> dict[str, Any]:
        questions.append(asked)
        return coverage(asked, now)

    monkeypatch.setattr("backend.web.public.service.coverage", noted)
    for page, times in (("/", 1), ("/unit/19", 2), (f"/unit/{commune_of(client)}", 1)):
        assert client.get(f"{page}?month=2024-11").status_code == 200
        assert len(questions) == times
        questions.clear()


@pytest.mark.slow
def test_another_network_and_month_are_apart(app: Flask, client: FlaskClient) -> None:
    code = commune_of(client)
    take_in(client, app, f"Mã xã,Số mẫu\n{code},7\n")
    assert compared(client, code, network="fixed")["theirs"] is None
    assert compared(client, code, month="2024-10")["theirs"] is None


def test_a_sample_elsewhere_is_not_in_it(app: Flask, client: FlaskClient) -> None:
    code = commune_of(client)
    post(client, register(client), sample(location=location(latitude=10.8, longitude=106.6)))
    assert compared(client, code)["ours"]["received"] == 0


def test_strange_questions(client: FlaskClient) -> None:
    assert client.get(URL, query_string={"month": "2025-12"}).status_code == 422
    assert client.get(URL, query_string=PROVINCE | {"parent": "99"}).status_code == 404


counts = st.integers(0, 1_000)


@given(counts, counts, st.none() | counts, st.booleans())
def test_a_reason_is_told_where_and_only_where_counts_differ(
    counted: int, repeats: int, theirs: int | None, approximate: bool
) -> None:
    pair = Pair(
        received=counted + repeats, counted=counted, lost={"repeat": repeats}, theirs=theirs,
        imported=True, table_early=False, no_boundary=False, approximate=approximate,
    )  # fmt: skip
    shown = likely(pair)
    assert bool(shown) == (theirs != counted)
    assert ("own_client_alone" in shown) == (theirs is not None and theirs < counted)
    assert ("ispeed_alone" in shown) == (theirs is not None and theirs > counted + repeats)
