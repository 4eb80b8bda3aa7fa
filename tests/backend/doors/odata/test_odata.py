"""OData at `/api/v1/odata/`: pages, filters and orders over the figures of the API."""

from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient

from backend.database.extensions import db
from backend.doors.odata import service
from backend.doors.odata.entity_sets import ENTITY_SETS
from backend.i18n.messages import message
from tests.support import people
from tests.support.contributions import NOON, add_measurement, volunteers
from tests.support.factories import location, network, post, register, sample
from tests.support.uneven_month import uneven_month

ROOT = "/api/v1/odata/"
MONTH = "2024-11"
THIS = f"Month eq '{MONTH}' and Network eq 'mobile'"
EDM = "{http://docs.oasis-open.org/odata/ns/edm}"
# What Power Query sends (documented by Microsoft for OData.Feed).
POWER_QUERY = {
    "OData-MaxVersion": "4.0",
    "MaxDataServiceVersion": "3.0",
    "Accept": "application/json;odata.metadata=minimal;q=1.0,application/json;"
    "odata=minimalmetadata;q=0.9,application/atomsvc+xml;q=0.8,application/atom+xml;q=0.8,"
    "application/xml;q=0.7,text/plain;q=0.7",
}


def get(client: FlaskClient, path: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
    options = {f"${name}": value for name, value in query.items()}
    return client.get(f"{ROOT}{path}", query_string=options or None, headers=headers)


def rows(
    client: FlaskClient, path: str, headers: dict[str, str] | None = None, **query: Any
) -> list[dict[str, Any]]:
    """Return the rows of all pages."""
    answer, found = get(client, path, headers, **query), list[dict[str, Any]]()
    while True:
        assert answer.status_code == 200, answer.text
        found += answer.json["value"]
        link = answer.json.get("@odata.nextLink")
        if link is None:
            return found
        parts = urlsplit(link)
        query_string = dict(parse_qsl(parts.query, keep_blank_values=True))
        answer = client.get(parts.path, query_string=query_string, headers=headers)


def basic(headers: dict[str, str], name: str = "hoa@example.vn") -> dict[str, str]:
    """Return the headers of a token as a password, as Excel sends it."""
    token = headers["Authorization"].removeprefix("Bearer ")
    return {"Authorization": f"Basic {b64encode(f'{name}:{token}'.encode()).decode()}"}


def refused(answer: Any) -> tuple[int, str, str]:
    error = answer.json["error"]
    assert error["message"] and answer.headers["OData-Version"] == "4.0"
    return answer.status_code, error.get("target", ""), error["code"]


@pytest.fixture
def measured(client: FlaskClient) -> None:
    phone = register(client)
    hanoi = location(latitude=21.0285, longitude=105.8542)
    post(
        client, phone,
        sample("2024-11-15T09:00:00+07:00"), sample("2024-11-15T10:00:00+07:00"),
        sample("2024-11-16T10:00:00+07:00"), sample("2024-11-17T09:00:00+07:00", location=hanoi),
        sample("2024-11-15T17:00:00+07:00", network=network(kind="wifi")),
    )  # fmt: skip


def test_the_service_names_its_entity_sets(client: FlaskClient) -> None:
    for path in ("", "/"):
        answer = client.get(f"/api/v1/odata{path}", headers=POWER_QUERY)
        assert answer.status_code == 200 and answer.headers["OData-Version"] == "4.0"
        assert answer.content_type == "application/json;odata.metadata=minimal;charset=utf-8"
        assert answer.json["@odata.context"] == f"http://localhost{ROOT}$metadata"
        assert [one["url"] for one in answer.json["value"]] == list(ENTITY_SETS)


def test_the_metadata_is_csdl_with_every_property(client: FlaskClient) -> None:
    answer = get(client, "$metadata", {**POWER_QUERY, "Accept": "application/xml"})
    assert answer.content_type.startswith("application/xml")
    document = ElementTree.fromstring(answer.data)
    assert document.attrib == {"Version": "4.0"}
    types = {one.attrib["Name"]: one for one in document.iter(f"{EDM}EntityType")}
    sets = {
        one.attrib["Name"]: one.attrib["EntityType"] for one in document.iter(f"{EDM}EntitySet")
    }
    assert list(sets) == list(ENTITY_SETS)
    for name, entity_set in ENTITY_SETS.items():
        kind = types[sets[name].removeprefix("DoSong.")]
        properties = {one.attrib["Name"]: one.attrib for one in kind.iter(f"{EDM}Property")}
        assert {one: found["Type"] for one, found in properties.items()} == entity_set.properties
        key = [one.attrib["Name"] for one in kind.iter(f"{EDM}PropertyRef")]
        assert tuple(key) == entity_set.key
        assert all(properties[one]["Nullable"] == "false" for one in key)


@pytest.mark.usefixtures("measured")
def test_coverage_has_the_figures_of_the_api(client: FlaskClient) -> None:
    for level in ("province", "district", "commune"):
        found = rows(client, "Coverage", filter=f"{THIS} and Level eq '{level}'")
        items = client.get(f"/api/v1/coverage?month={MONTH}&level={level}").json["items"]
        assert [row["Code"] for row in found] == [item["code"] for item in items]
        same = {
            "Received": "received", "Valid": "valid", "Counted": "counted", "Target": "target",
            "Reached": "reached", "Shortfall": "shortfall", "Share": "share", "State": "state",
            "Change": "change", "Teams": "teams",
        }  # fmt: skip
        for row, item in zip(found, items, strict=True):
            assert {one: row[one] for one in same} == {one: item[two] for one, two in same.items()}
            assert row["Claimed"] == item["by_assurance"]["claimed"]
        assert sum(row["Counted"] for row in found) == 3
    (one,) = rows(client, "Coverage", filter=f"{THIS} and Code eq '19'", select="Name,Counted")
    assert one == {"Name": "Tỉnh Thái Nguyên", "Counted": 2}


@pytest.mark.long
@pytest.mark.usefixtures("measured")
def test_pages_have_every_row_once_in_their_order(client: FlaskClient) -> None:
    whole = rows(client, "Coverage", {"Prefer": "odata.maxpagesize=5000"})
    listed = [client.get(f"/api/v1/coverage?month={MONTH}&level={one}").json["found"]
              for one in ("province", "district", "commune")]  # fmt: skip
    assert len(whole) == 2 * sum(listed)
    paged = rows(client, "Coverage", {"Prefer": "odata.maxpagesize=3000"})
    assert paged == whole
    answer = get(
        client, "Coverage", {"Prefer": "odata.maxpagesize=7"}, top=20, skip=60, count="true"
    )
    assert answer.headers["Preference-Applied"] == "odata.maxpagesize=7"
    assert len(answer.json["value"]) == 7 and answer.json["@odata.count"] == len(whole)
    cut = rows(client, "Coverage", {"Prefer": "maxpagesize=7"}, top=20, skip=60)
    assert cut == whole[60:80]
    assert rows(client, "Coverage", top=0) == []
    assert get(client, "Coverage/$count").text == str(len(whole))
    counted = get(client, "Coverage/$count", filter="Counted gt 0 and Level eq 'commune'")
    communes = rows(client, "Coverage", filter="Counted gt 0 and Level eq 'commune'")
    assert int(counted.text) == len(communes) == 3  # two on mobile networks, one on a fixed one


@pytest.mark.usefixtures("measured")
def test_rows_are_sorted_over_all_pages(client: FlaskClient) -> None:
    query = {"filter": f"{THIS} and Level eq 'district'", "orderby": "Counted desc,Code"}
    found = rows(client, "Coverage", {"Prefer": "odata.maxpagesize=100"}, **query)
    assert found == sorted(found, key=lambda row: (-row["Counted"], row["Code"]))
    assert len(found) > 600 and found[0]["Counted"] > 0
    top = get(client, "Coverage", top=3, skip=1, count="true", **query).json
    assert top["value"] == found[1:4] and top["@odata.count"] == len(found)
    assert "@odata.nextLink" not in top
    fixed = f"Month eq '{MONTH}' and Level eq 'district'"
    nulls = rows(client, "Coverage", filter=fixed, orderby="Target", select="Target,Network")
    assert [row["Target"] for row in nulls] == sorted(
        (row["Target"] for row in nulls), key=lambda target: (target is not None, target)
    )
    assert nulls[0] == {"Target": None, "Network": "fixed"} and nulls[-1]["Target"]


def test_a_sparse_filter_answers_early_with_a_link(
    client: FlaskClient, measured: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    few = replace(ENTITY_SETS["Coverage"], blocks_most=2)
    monkeypatch.setattr(service, "ENTITY_SETS", ENTITY_SETS | {"Coverage": few})
    first = get(client, "Coverage", filter="Network eq 'fixed' and Counted eq 99").json
    assert first["value"] == [] and "@odata.nextLink" in first
    assert rows(client, "Coverage", filter="Network eq 'fixed' and Counted eq 1")
    for query in ({"orderby": "Counted"}, {"count": "true", "filter": "Counted gt 0"}):
        answer = get(client, "Coverage", **query)
        assert refused(answer)[0::2] == (400, "odata_narrow")


def test_units_are_those_of_both_systems(client: FlaskClient) -> None:
    (ward,) = rows(
        client, "Units", filter="System eq '2025' and Level eq 'commune' and Code eq '05443'"
    )
    assert ward["ProvinceCode"] == "19" and ward["ValidTo"] is None
    assert int(get(client, "Units/$count", filter="System eq '2025'").text) == 3_321 + 34
    named = rows(client, "Units", filter="contains(Name,'Hà Nội') and Level eq 'province'")
    assert {row["System"] for row in named} == {"2024", "2025"}
    by_name = rows(client, "Units", filter="Level eq 'province'", orderby="Name", select="Name")
    assert len(by_name) == 63 + 34


PHAN = "System='2025',Level='commune',Code='05443'"


def test_a_row_is_shown_by_its_key(app: Flask, client: FlaskClient, measured: None) -> None:
    ward = get(client, f"Units({PHAN})").json
    assert ward.pop("@odata.context").endswith("$metadata#Units/$entity")
    asked = PHAN.replace("=", " eq ").replace(",", " and ")
    assert [ward] == rows(client, "Units", filter=asked)
    month = f"Month='{MONTH}',Network='mobile',Level='province',Code='19'"
    shown = get(client, f"Coverage({month})", select="Name,Counted").json
    assert (shown["Name"], shown["Counted"]) == ("Tỉnh Thái Nguyên", 2)
    official = people.person(app, "official", people.unit_id(app, "19", level="province"))
    own = rows(client, "Samples", official)[-1]
    for key in (f"'{own['Id']}'", f"Id='{own['Id']}'"):
        answer = get(client, f"Samples({key})", official)
        assert answer.json["Day"] == own["Day"] and answer.headers["Cache-Control"] == "no-store"
    assert get(client, f"Samples('{own['Id']}')").status_code == 401


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        (PHAN.replace("05443", "99999"), (404, "", "not_found")),
        (PHAN.removesuffix(",Code='05443'"), (400, "key", "odata_syntax")),
        (f"{PHAN},Name='x'", (400, "key", "odata_syntax")),
        (PHAN.replace("'05443'", "05443 or 1 eq 1"), (400, "key", "odata_syntax")),
        (PHAN.replace("'05443'", "5443"), (400, "$filter", "odata_types")),
        ("", (400, "key", "odata_syntax")),
        (f"{PHAN})?$top=(1", (400, "$top", "unknown_field")),
    ],
)
def test_a_wrong_key_is_refused(
    client: FlaskClient, path: str, expected: tuple[int, str, str]
) -> None:
    assert refused(client.get(f"{ROOT}Units({path})")) == expected


@pytest.mark.slow
def test_statistics_are_released_for_the_public_and_live_for_the_own_area(
    app: Flask, client: FlaskClient, clock: Any
) -> None:
    uneven_month(app)
    clock.now = datetime(2024, 12, 20, tzinfo=UTC)
    public = rows(client, "Statistics", filter=THIS)
    assert public and not any(row["Live"] for row in public)
    province = people.unit_id(app, "19", level="province")
    official = people.person(app, "official", province)
    own = basic(official)
    other = basic(people.person(app, "official", people.unit_id(app, "01", level="province")))
    assert rows(client, "Statistics", other, filter=THIS) == public
    live = rows(client, "Statistics", own, filter=THIS)
    assert {row["Level"] for row in live if not row["Live"]} == {"country"}
    for headers, found in (({}, public), (official, live)):
        for code, level in (("19", "province"), ("05443", "commune")):
            answer = client.get(
                f"/api/v1/units/{code}/statistics?month={MONTH}&level={level}", headers=headers
            )
            mine = [row for row in found if (row["Code"], row["Level"]) == (code, level)]
            assert len(mine) == len(answer.json["items"]) > 0
            for row, item in zip(mine, answer.json["items"], strict=True):
                assert row["Operator"] == (item["operator"] or "all")
                assert (row["Samples"], row["Devices"]) == (item["n"], item["devices"])
                speed = item["download_mbps"]
                assert row["DownloadMbpsMedian"] == (speed["median"] if speed else None)
                loaded = item["ping_download_ms"]
                assert row["PingDownloadMsMedian"] == (loaded["median"] if loaded else None)
                assert row["PingUploadMsMedian"] is item["ping_upload_ms"] is None
    admin = rows(client, "Statistics", basic(people.person(app, "admin")), filter=THIS)
    assert all(row["Live"] for row in admin)
    country = [row for row in admin if row["Code"] == "VN" and row["Operator"] == "all"]
    assert country[0]["Name"] == "Việt Nam"


def test_contributions_are_those_of_own_campaigns(app: Flask, client: FlaskClient) -> None:
    union = people.organisation(app)
    first, second = (people.team(app, union, name) for name in ("Đội A", "Đội B"))
    province = people.unit_id(app, "19", level="province")
    campaign = people.campaign(app, union, province)
    people.take_part(app, campaign, first, second)
    here, (an,) = people.unit_id(app, "05443"), volunteers(app, "An")
    with app.app_context():
        for team in (first, first, second):
            add_measurement(campaign, team, NOON, here, volunteer=an)
        db.session.commit()
    organiser = basic(people.person(app, "organiser", union))
    found = rows(client, "Contributions", organiser, filter=THIS)
    assert {row["Team"]: row["Counted"] for row in found} == {"Đội A": 2, "Đội B": 1}
    assert found[0]["LastDay"] == "2024-11-05" and found[0]["Claimed"] == 2
    leader = basic(people.person(app, "team_leader", first))
    assert [row["Team"] for row in rows(client, "Contributions", leader)] == ["Đội A"]
    stranger = basic(people.person(app, "organiser", people.organisation(app, "Sở KH&CN")))
    assert rows(client, "Contributions", stranger) == []
    assert refused(get(client, "Contributions"))[0] == 401


@pytest.mark.long
@pytest.mark.usefixtures("measured")
def test_samples_are_those_of_the_own_area(app: Flask, client: FlaskClient) -> None:
    province = people.unit_id(app, "19", level="province")
    headers = people.person(app, "official", province)
    month = f"Month eq '{MONTH}'"
    found = rows(client, "Samples", basic(headers), filter=month)
    listed = client.get(f"/api/v1/units/19/measurements?month={MONTH}", headers=headers).json[
        "items"
    ]
    assert [row["Id"] for row in found] == [item["id"] for item in listed]
    assert len(found) == 4
    for row, item in zip(found, listed, strict=True):
        assert (row["Device"], row["Latitude"], row["Counted"]) == (
            item["device"], item["position"]["latitude"], item["counted"],
        )  # fmt: skip
        assert row["Reasons"].split() == [one["code"] for one in item["reasons"]]
    day = rows(client, "Samples", basic(headers), filter="Day eq 2024-11-16")
    assert [row["MeasuredAt"] for row in day] == ["2024-11-16T03:00:00Z"]
    late = rows(client, "Samples", basic(headers), filter="MeasuredAt gt 2024-11-15T05:00:00Z")
    assert len(late) == 2
    hanoi = people.person(app, "official", people.unit_id(app, "01", level="province"))
    assert {row["ProvinceCode"] for row in rows(client, "Samples", basic(hanoi), filter=month)} == {
        "01"
    }
    commune = people.person(app, "official", people.unit_id(app, "05443"))
    assert {row["Code"] for row in rows(client, "Samples", basic(commune), filter=month)} <= {
        "05443"
    }
    assert (
        rows(client, "Samples", basic(people.person(app, "organiser", people.organisation(app))))
        == []
    )
    everything = rows(client, "Samples", basic(people.person(app, "admin")), filter=month)
    assert len(everything) == 5
    answer = get(client, "Samples", basic(headers), top=1)
    assert answer.headers["Cache-Control"] == "no-store"


def test_a_token_is_the_password_and_reads_alone(app: Flask, client: FlaskClient) -> None:
    headers = people.person(app, "admin")
    for name in ("", "hoa@example.vn"):
        assert get(client, "Contributions", basic(headers, name)).status_code == 200
    assert get(client, "Contributions", headers).status_code == 200  # as a bearer too
    for wrong in ("", "dsp_x", headers["Authorization"][7:-1]):
        answer = get(client, "Units", basic({"Authorization": f"Bearer {wrong}"}))
        assert refused(answer) == (401, "", "unauthorized")
        assert answer.headers["WWW-Authenticate"].startswith("Basic realm=")
    # Elsewhere a password is no token, and nothing can be changed with it.
    assert client.get("/api/v1/users", headers=basic(headers)).status_code == 401
    body = {"name": "Mới", "type": "other"}
    assert (
        client.post("/api/v1/organisations", json=body, headers=basic(headers)).status_code == 401
    )
    assert client.post(f"{ROOT}Units", json={}, headers=basic(headers)).status_code == 405


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"$filter": "Colour eq 1"}, (400, "$filter.Colour", "unknown_field")),
        ({"$filter": "Counted eq 'x'"}, (400, "$filter", "odata_types")),
        ({"$filter": " or ".join(["Counted eq 1"] * 26)}, (400, "$filter", "odata_complex")),
        ({"$select": "Code,Colour"}, (400, "$select.Colour", "unknown_field")),
        ({"$orderby": "Colour"}, (400, "$orderby.Colour", "unknown_field")),
        ({"$orderby": "Code sideways"}, (400, "$orderby", "odata_syntax")),
        ({"$orderby": "Code,Name,Month,Level,Valid,Counted"}, (400, "$orderby", "wrong_length")),
        ({"$top": "-1"}, (400, "$top", "not_whole")),
        ({"$skip": "9999999999"}, (400, "$skip", "out_of_range")),
        ({"$count": "yes"}, (400, "$count", "not_bool")),
        ({"$format": "application/json;colour=red"}, (400, "$format", "not_one_of")),
        ({"$skiptoken": "x"}, (400, "$skiptoken", "not_cursor")),
        ({"$skiptoken": "WyJ4IiwwLDAsbnVsbF0="}, (400, "$skiptoken", "not_cursor")),
        ({"$expand": "Units"}, (501, "$expand", "odata_not_supported")),
        ({"colour": "1"}, (400, "colour", "unknown_field")),
        ({"$filter": "Code eq '\x00'"}, (400, "$filter", "has_nul")),
    ],
)
@pytest.mark.usefixtures("measured")
def test_a_wrong_option_is_refused_with_its_name_and_reason(
    client: FlaskClient, query: dict[str, str], expected: tuple[int, str, str]
) -> None:
    assert refused(client.get(f"{ROOT}Coverage", query_string=query)) == expected


@pytest.mark.parametrize(
    ("name", "accept", "status"),
    [
        ("Units", "application/atom+xml", 406), ("Units", "application/xml", 406),
        ("Units", "*/*", 200), ("Units", "application/json;odata.metadata=minimal", 200),
        ("Units", "application/atom+xml,application/json;q=0.5", 200),
        ("$metadata", "application/json", 406), ("$metadata", "application/xml", 200),
        ("Units?$format=atom", "*/*", 406), ("$metadata?$format=json", "*/*", 406),
        ("$metadata?$format=xml", "application/json", 200),
        ("Units?$format=json", "application/atom+xml", 200),
    ],
)  # fmt: skip
def test_a_form_that_does_not_exist_is_refused(
    client: FlaskClient, name: str, accept: str, status: int
) -> None:
    answer = client.get(f"/api/v1/odata/{name}", headers={"Accept": accept})
    assert answer.status_code == status
    assert status == 200 or answer.json["error"]["code"] == "odata_form"


def test_errors_have_the_form_of_the_standard(client: FlaskClient) -> None:
    assert refused(get(client, "Nothing")) == (404, "", "not_found")
    assert refused(get(client, "Units", {"OData-MaxVersion": "3.0"}))[2] == "odata_version"
    twice = client.get(f"{ROOT}Units?$top=1&$top=2")
    assert refused(twice) == (400, "$top", "unknown_field")
    vietnamese = get(client, "Units", {"Accept-Language": "vi"}, filter="x eq 1").json["error"]
    assert vietnamese["message"] == message("unknown_field", "vi")


def test_an_address_has_so_many_requests_an_hour(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("backend.doors.odata.views.PER_HOUR", 2)
    for _ in range(2):
        assert get(client, "Units", top=1).status_code == 200
    answer = get(client, "Units", top=1)
    assert refused(answer) == (429, "", "too_many_requests") and answer.headers["Retry-After"]
    assert get(client, "$metadata").status_code == 200


def test_unchanged_rows_are_not_sent_again(client: FlaskClient) -> None:
    first = get(client, "Units", top=5)
    again = get(client, "Units", {"If-None-Match": first.headers["ETag"]}, top=5)
    assert again.status_code == 304 and not again.data


def test_figures_that_wait_for_approval_are_not_shown(
    app: Flask, client: FlaskClient, measured: None
) -> None:
    app.config["PUBLISH"] = "after_approval"
    assert rows(client, "Coverage", filter=THIS) == []
    province = people.unit_id(app, "19", level="province")
    own = rows(client, "Coverage", basic(people.person(app, "official", province)), filter=THIS)
    assert {row["ProvinceCode"] for row in own} == {"19"}
    assert get(client, "Coverage/$count", filter=THIS).text == "0"


def test_the_requests_of_power_query_are_answered(client: FlaskClient, measured: None) -> None:
    """Root, metadata, a preview of 1,000 rows, a count, and a folded selection."""
    for path, query in (
        ("", {}), ("$metadata", {}), ("Coverage", {"$top": "1000"}),
        ("Coverage", {"$count": "true", "$top": "0"}),
        ("Coverage", {"$filter": f"{THIS} and Level eq 'commune'", "$select": "Code,Counted",
                      "$orderby": "Counted desc", "$top": "200"}),
        ("Coverage/$count", {}),
    ):  # fmt: skip
        answer = client.get(f"{ROOT}{path}", query_string=query or None, headers=POWER_QUERY)
        assert answer.status_code == 200, (path, query, answer.text)
        assert answer.headers["OData-Version"] == "4.0"
    bare = client.get(
        f"{ROOT}Coverage?$top=1", headers={"Accept": "application/json;odata.metadata=none"}
    )
    assert "@odata.context" not in bare.json


@pytest.mark.parametrize(
    "kind", ["JSON", "application/json; odata.metadata=none;odata.streaming=true"]
)
def test_json_has_parameters(client: FlaskClient, kind: str) -> None:
    answer = client.get(f"{ROOT}Coverage", query_string={"$format": kind, "$top": "1"})
    assert answer.status_code == 200 and answer.json["value"] == []
