"""Coverage of a cluster of communes: its officials, the public, and what either could subtract."""

import re
from datetime import UTC, datetime
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from backend.accounts.access import Actor, Grant
from backend.accounts.models import User
from backend.database.extensions import db
from backend.organisations.clusters import make_cluster
from backend.units.index import unit_index
from backend.units.models import Unit
from tests.support.clock import FakeClock
from tests.support.daily_counts import count
from tests.support.people import cluster as old_cluster
from tests.support.people import grant, person, unit_id

ADMIN = Actor(user_id=1, grants=(Grant("admin", "system"),))
MONTH = "2025-08"
# Huyện Đồng Hỷ, Huyện Võ Nhai and Huyện Phú Lương, until June 2025.
DISTRICTS = ("169", "170", "168")
ADDED = ("received", "valid", "counted")


class KhuVuc:
    """Today's communes of three former districts of Thái Nguyên, with samples in some."""

    def __init__(self, app: Flask, client: FlaskClient, clock: FakeClock) -> None:
        self.app, self.client = app, client
        clock.now = datetime(2025, 8, 20, 3, tzinfo=UTC)
        with app.app_context():
            index = unit_index()
            former = [index.find("2024", code) for code in DISTRICTS]
            heirs = [one.unit for old in former if old for one in index.heirs(old) if one.likely]
            self.units = {unit.code: unit.id for unit in heirs}
            self.id = make_cluster(ADMIN, "Khu vực Bắc", self.units.values(), clock.now)
        self.codes = list(self.units)
        for at, code in enumerate(self.codes[:6]):
            count(app, code, ("2025-08-05", 40 + 110 * at), system="2025")
            count(app, code, ("2025-08-06", 7), system="2025", category="repeat")

    def official(self, *communes: int) -> dict[str, str]:
        """Return the headers of an official of the cluster, or of each of some communes."""
        if not communes:
            return person(self.app, "official", self.id, kind="cluster")
        headers = person(self.app, name=f"{len(communes)}@example.vn")
        with self.app.app_context():
            name = f"{len(communes)}@example.vn"
            user = db.session.scalars(select(User.id).where(User.name == name)).one()
        for one in communes:
            grant(self.app, user, "official", one)
        return headers

    def get(self, url: str, headers: dict[str, str] | None = None, **query: Any) -> Any:
        asked = {"month": MONTH} | query
        return self.client.get(url, query_string=asked, headers=headers or {})

    def coverage(self, headers: dict[str, str] | None = None, **query: Any) -> Any:
        return self.get("/api/v1/coverage", headers, **({"cluster": self.id} | query))


def found(answer: Any) -> tuple[int, bytes]:
    """All that an answer tells, without the number of the request."""
    body = re.sub(rb'"request_id": ?"[0-9a-f]{32}"', b"", answer.data)
    return answer.status_code, body


@pytest.fixture
def khu_vuc(app: Flask, client: FlaskClient, clock: FakeClock) -> KhuVuc:
    return KhuVuc(app, client, clock)


def test_its_communes_are_those_of_the_districts_by_most_of_their_ground(khu_vuc: KhuVuc) -> None:
    answer = khu_vuc.coverage().json
    assert len(answer["items"]) == len(khu_vuc.codes) > 6
    assert {one["code"] for one in answer["items"]} == set(khu_vuc.codes)
    assert (answer["cluster"], answer["parent"], answer["unit"]) == (khu_vuc.id, None, None)
    counted = [40 + 110 * at for at in range(6)]
    assert answer["summary"]["counted"] == sum(counted)
    assert answer["summary"]["reached"] == sum(one >= 300 for one in counted) == 3
    assert answer["summary"]["units"] == len(khu_vuc.codes)


def test_the_public_gets_nothing_that_its_communes_do_not_tell(khu_vuc: KhuVuc) -> None:
    """Each item is that of the province's list, each sum the sum of these: nothing to subtract."""
    own = khu_vuc.coverage().json
    listed = {
        one["code"]: one
        for one in khu_vuc.get("/api/v1/coverage", parent="19", level="commune").json["items"]
    }
    assert own["items"] == [listed[one["code"]] for one in own["items"]]
    summary = own["summary"]
    for name in ADDED:
        assert summary[name] == sum(one[name] for one in own["items"])
    for name, samples in summary["by_assurance"].items():
        assert samples == sum(one["by_assurance"][name] for one in own["items"])
    for name, samples in summary["reasons"].items():
        assert samples == sum(one["reasons"].get(name, 0) for one in own["items"])
    assert summary["of_teams"] is None and own["exact"] is False
    # Phones, outings and teams are in no sum: people measure in several communes.
    assert not {"devices", "outings", "teams"} & summary.keys()


@pytest.mark.parametrize(
    "url",
    [
        "statistics", "alerts", "vnnic", "units/19/cells", "units/19/hours", "units/19/statistics",
        "units/19/history", "units/19/no-connection", "units/19/measurements",
    ],
)  # fmt: skip
def test_nothing_but_counts_takes_a_cluster(khu_vuc: KhuVuc, url: str) -> None:
    official = khu_vuc.official()
    for headers in ({}, official):
        answers = [
            khu_vuc.get(f"/api/v1/{url}", headers, **query)
            for query in ({}, {"cluster": khu_vuc.id})
        ]
        assert answers[1].status_code == 422 or found(answers[0]) == found(answers[1])


def test_its_official_sees_what_officials_of_its_communes_see(khu_vuc: KhuVuc, app: Flask) -> None:
    with app.app_context():
        old = {unit.code for unit in db.session.scalars(select(Unit).where(Unit.system == "2024"))}
    former = [code for code in khu_vuc.codes if code in old][:2]
    count(app, former[0], ("2025-06-05", 9))
    app.extensions["hourly_counts"] = True
    own, of_each = khu_vuc.official(), khu_vuc.official(*khu_vuc.units.values())
    asked: list[tuple[str, dict[str, Any]]] = [
        ("coverage", {"cluster": khu_vuc.id}),
        ("coverage", {"cluster": khu_vuc.id, "format": "csv"}),
        ("coverage", {"parent": "19", "level": "commune"}),
        ("alerts", {"parent": "19"}),
        *[("coverage", {"unit": code}) for code in khu_vuc.codes],
        *[(f"units/{code}/signals", {}) for code in khu_vuc.codes],
        *[(f"units/{code}/measurements", {}) for code in khu_vuc.codes],
        *[(f"units/{code}/cells", {}) for code in khu_vuc.codes],
        *[("coverage", {"unit": code, "month": "2025-06"}) for code in former],
        *[(f"units/{code}/measurements", {"month": "2025-06"}) for code in former],
        ("units/19/measurements", {}),
    ]
    exact = 0
    for url, query in asked:
        answers = [khu_vuc.get(f"/api/v1/{url}", one, **query) for one in (own, of_each)]
        assert answers[0].status_code == answers[1].status_code, (url, query)
        if answers[0].status_code < 300:
            assert answers[0].data == answers[1].data, (url, query)
            assert answers[0].headers.get("ETag") == answers[1].headers.get("ETag"), (url, query)
            exact += b'"exact":true' in answers[0].data
    assert exact >= len(khu_vuc.codes) + 1
    assert khu_vuc.get("/map/figures", own).data == khu_vuc.get("/map/figures", of_each).data
    # Of the months with districts, the cluster's official sees those that became all of it, too.
    june = {"month": "2025-06"}
    maps = [khu_vuc.get("/map/figures", one, **june).json["levels"] for one in (own, of_each)]
    assert maps[0]["commune"] == maps[1]["commune"] != {}


def test_whoever_lacks_one_of_its_communes_gets_the_public_s_answer(
    khu_vuc: KhuVuc, app: Flask
) -> None:
    app.test_cli_runner().invoke(args=["coverage", "copy-counts", "--everything"])
    app.extensions["hourly_counts"] = True
    count(app, khu_vuc.codes[0], ("2025-08-20", 5), system="2025")  # known to officials alone
    public = khu_vuc.coverage()
    first, *others = khu_vuc.units.values()
    for headers in (khu_vuc.official(*others), khu_vuc.official(first)):
        answer = khu_vuc.coverage(headers)
        assert (answer.data, answer.headers["ETag"]) == (public.data, public.headers["ETag"])
    exact = khu_vuc.coverage(khu_vuc.official()).json["summary"]["counted"]
    assert exact == public.json["summary"]["counted"] + 5


def test_an_unpublished_month_is_its_officials_alone(khu_vuc: KhuVuc, app: Flask) -> None:
    app.config["PUBLISH"] = "after_approval"
    first, *_ = khu_vuc.units.values()
    for headers in ({}, person(app, "official", unit_id(app, "01", "2025", "province"))):
        answer = khu_vuc.coverage(headers)
        assert (answer.status_code, answer.json["code"]) == (404, "not_published")
    of_one = khu_vuc.coverage(khu_vuc.official(first)).json
    assert len(of_one["items"]) == 1 and of_one["unpublished"] == len(khu_vuc.codes) - 1
    assert len(khu_vuc.coverage(khu_vuc.official()).json["items"]) == len(khu_vuc.codes)


@pytest.mark.parametrize(
    ("query", "status", "field"),
    [
        ({"cluster": "999999"}, 404, None),
        ({"cluster": "x"}, 422, "cluster"),
        ({"parent": "19"}, 422, "cluster"),
        ({"unit": "05443"}, 422, "cluster"),
        ({"level": "province"}, 422, "level"),
        ({"month": "2025-06"}, 404, None),  # when none of its communes existed
    ],
)
def test_what_is_wrong_is_told(
    khu_vuc: KhuVuc, query: dict[str, str], status: int, field: str | None
) -> None:
    answer = khu_vuc.coverage(**query)
    assert answer.status_code == status, answer.text
    if field:
        assert [one["field"] for one in answer.json["errors"]] == [field]


def test_a_cluster_of_before_the_reform_has_its_own_months(app: Flask, client: FlaskClient) -> None:
    count(app, "05443", ("2024-11-05", 12))
    made = old_cluster(app, ("05443", "05452"))
    answer = client.get(f"/api/v1/coverage?month=2024-11&cluster={made}").json
    assert {one["code"]: one["counted"] for one in answer["items"]} == {"05443": 12, "05452": 0}


def test_letters_stay_with_communes_and_the_province(khu_vuc: KhuVuc) -> None:
    code, commune = next(iter(khu_vuc.units.items()))
    asked = {"unit": code, "month": "2025-07", "level": "commune"}
    statuses = [
        khu_vuc.client.post("/api/v1/reports", json=asked, headers=headers).status_code
        for headers in (khu_vuc.official(), khu_vuc.official(commune))
    ]
    assert statuses == [403, 201]
    assert unit_id(khu_vuc.app, code, "2025") == commune
