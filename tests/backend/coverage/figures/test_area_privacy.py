"""An official of another area gets what the public gets, byte for byte, by whatever door.

Asked are all addresses that take a unit, with the lists and searches in which one could show:
who is served by an address that is not listed here fails the first test.
"""

import re
from functools import cached_property
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.support import people
from tests.support.access.world import World
from tests.support.factories import HERE, post, register, sample

# What a request may learn of an answer, but for its own number and the time that it took.
TOLD = ("Content-Type", "Content-Length", "Content-Disposition", "ETag", "Last-Modified", "Link")
WITHIN = "month=2024-10&network=mobile"
# Lists and searches that tell of units without one in their path.
QUESTIONS = (
    "/?month=2024-10",
    f"/api/v1/alerts?{WITHIN}",
    "/api/v1/campaigns",
    f"/api/v1/coverage?{WITHIN}&parent=19",
    f"/api/v1/coverage?{WITHIN}&parent=19&format=csv",
    "/api/v1/openapi.json",
    "/api/v1/organisations",
    "/api/v1/places?unit=19",
    "/api/v1/reports",
    "/api/v1/reports?unit=19",
    "/api/v1/reports?month=2024-10",
    "/api/v1/reports/deadlines?month=2024-10",
    f"/api/v1/statistics?{WITHIN}",
    "/api/v1/targets",
    "/api/v1/units?q=thai+nguyen",
    f"/api/v1/vnnic?{WITHIN}&parent=19",
    f"/map/figures?{WITHIN}",
    "/search?q=thai+nguyen",
)
OF_CLUSTER = f"/api/v1/coverage?{WITHIN}&cluster="  # and its number
# What the public does not see at all, and of what it sees less.
HIDDEN = {
    "/api/v1/units/<code>/exclusions",
    "/api/v1/units/<code>/hamlets",
    "/api/v1/units/<code>/letterhead",
    "/api/v1/units/<code>/measurements",
    "/api/v1/units/<code>/measurements/<identity>",
    "/api/v1/units/<code>/no-connection-notes",
    "/api/v1/units/<code>/outreach",
    "/api/v1/units/<code>/places",
    "/api/v1/units/<code>/places/proposals",
    "/api/v1/units/<code>/signals",
    "/api/v1/units/<code>/steering",
    "/api/v1/reports/<int:report_id>",
    "/api/v1/reports/<int:report_id>/figures",
    "/api/v1/reports/<int:report_id>/remarks",
}
LESS = {
    "/api/v1/units/<code>/cells",
    "/api/v1/units/<code>/hours",
    "/api/v1/units/<code>/statistics",
    "/unit/<code>",  # with the hours and statistics
    # Exact, with another tag and the samples of teams.
    OF_CLUSTER,
    f"/api/v1/coverage?{WITHIN}&parent=19",
    f"/api/v1/coverage?{WITHIN}&parent=19&format=csv",
    "/api/v1/reports",
    "/api/v1/reports?unit=19",
    "/api/v1/reports?month=2024-10",
    "/api/v1/reports/deadlines?month=2024-10",
}


# Lists of a province alone, which its communes do not have.
OF_PROVINCES = ("/hamlets", "/places", "/places/proposals", "/steering")
# Pages of whoever signed in lead all others to the sign-in: the access matrix holds them.
OF_MEMBERS = ("/admin", "/campaigns", "/desk")


NAMING = ("/units/<code>", "/unit/<code>", "report_id", "cluster_id")


def with_a_unit(app: Flask) -> list[str]:
    """The addresses of the app that name a unit, a report or cluster of one, as rules."""
    return sorted(
        rule.rule
        for rule in app.url_map.iter_rules()
        if "GET" in (rule.methods or set())
        and not rule.rule.startswith(OF_MEMBERS)
        and any(named in rule.rule for named in NAMING)
    )


class Area:
    """A commune with samples of one phone, a draft report, an exclusion; who asks about it."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.world = app, World(app, client, "official")
        self.client = app.test_client(use_cookies=False)
        self.own = self.world.headers
        phone = register(client)
        bodies = [sample(f"2024-10-{day}T09:00:00+07:00") for day in range(10, 16)]
        post(client, phone, *bodies)
        self.sample = str(bodies[0]["id"])
        self.code = client.post("/api/v1/units/locate", json=HERE).json["unit"]["code"]
        out = {"month": "2024-10", "measurements": [self.sample], "reason": "giả"}
        made = client.post("/api/v1/units/19/exclusions", json=out, headers=self.own)
        assert made.status_code == 200, made.text
        draft = {"unit": "19", "month": "2024-10"}
        report = client.post("/api/v1/reports", json=draft, headers=self.own)
        assert report.status_code == 201, report.text
        self.report = report.json["id"]
        self.cluster = people.cluster(app, (self.code,))

    @cached_property
    def others(self) -> dict[str, dict[str, str]]:
        """Those whose area is another one, in each way of having one."""
        neighbour = people.unit_id(self.app, "05755")
        far = people.cluster(self.app, ("05755", "00001"))
        deputy = people.person(self.app, name="lan@example.vn", password_hash="x")
        lent = {
            "name": "lan@example.vn", "unit": {"system": "2024", "code": "01"}, "reason": "nghỉ",
            "valid_to": "2024-12-01T00:00:00+07:00",
        }  # fmt: skip
        hanoi = self.world.headers_of("other official")
        assert self.client.post("/api/v1/deputies", json=lent, headers=hanoi).status_code == 201
        return {
            "of another province": hanoi,
            "of another commune": people.person(self.app, "official", neighbour),
            "of another cluster": people.person(self.app, "official", far, kind="cluster"),
            "a deputy elsewhere": deputy,
            "an organiser": self.world.headers_of("organiser"),
        }

    def urls(self) -> list[str]:
        return [*map(self.url, [*with_a_unit(self.app), OF_CLUSTER]), *QUESTIONS]

    def url(self, rule: str) -> str:
        """An address about the commune, its report or sample, and the month of all of them."""
        if rule == OF_CLUSTER:
            return f"{rule}{self.cluster}"
        paths = {"identity": self.sample, "code": self.code, "report_id": self.report}
        paths["cluster_id"] = self.cluster
        if rule.endswith(OF_PROVINCES):
            paths["code"] = "19"
        paths |= {"name": "figures.json", "attachment_id": 1, "kind": "speeds"}
        paths["form"] = "slide" if "slide" in rule else "svg"
        filled = re.sub(r"<(?:[^<>]+:)?(\w+)>", lambda part: str(paths[part[1]]), rule)
        return f"{filled}?{WITHIN}"

    def get(self, url: str, headers: dict[str, str], method: str = "GET") -> TestResponse:
        # Read whole, so that a file is closed again.
        return self.client.open(url, method=method, headers=headers, buffered=True)


@pytest.fixture
def area(app: Flask, client: FlaskClient) -> Area:
    return Area(app, client)


def found(answer: TestResponse) -> tuple[Any, ...]:
    """All that an answer tells, without the number of the request."""
    body = re.sub(rb'"request_id": ?"[0-9a-f]{32}"', b"", answer.data)
    return answer.status_code, body, [answer.headers.get(name) for name in TOLD]


@pytest.mark.slow
def test_all_that_the_official_alone_sees_is_known(area: Area, app: Flask) -> None:
    """Else the tests below could pass because nothing is hidden at all."""
    more, less = set(), set()
    for rule in [*with_a_unit(app), OF_CLUSTER, *QUESTIONS]:
        url = rule if rule in QUESTIONS else area.url(rule)
        own, public = found(area.get(url, area.own)), found(area.get(url, {}))
        if public[0] == 404 and own[0] == 200:
            more.add(rule)
        elif own != public:
            less.add(rule)
    assert more == HIDDEN and less == LESS


@pytest.mark.slow
def test_others_get_what_the_public_gets(area: Area) -> None:
    for url in area.urls():
        public = found(area.get(url, {}))
        assert public[0] < 500, url
        for who, headers in area.others.items():
            assert found(area.get(url, headers)) == public, (who, url)


@pytest.mark.slow
def test_a_tag_that_the_official_was_told_opens_nothing(area: Area) -> None:
    """Neither a 304 nor a 412 tells another that they hold the official's version."""
    tags = {}
    for url in area.urls():
        tag = area.get(url, area.own).headers.get("ETag")
        if tag and found(area.get(url, area.own)) != found(area.get(url, {})):
            tags[url] = tag
    assert tags
    for url, tag in tags.items():
        for condition in ("If-None-Match", "If-Match"):
            for headers in ({}, *area.others.values()):
                asked, guessed = (
                    found(area.get(url, headers | {condition: one})) for one in (tag, '"guessed"')
                )
                assert asked == guessed, (condition, url)


@pytest.mark.slow
def test_the_head_of_an_answer_tells_no_more(area: Area) -> None:
    area.client = FlaskClient(area.app, area.app.response_class)  # the document has no heads
    for url in area.urls():
        other = area.others["of another province"]
        assert found(area.get(url, other, "HEAD")) == found(area.get(url, {}, "HEAD")), url


@pytest.mark.slow
def test_what_is_hidden_is_answered_as_what_is_not_there(area: Area) -> None:
    """A unit, a sample or a report of another area, and one that there is not."""
    nowhere = {
        f"/api/v1/units/{area.code}/signals": "/api/v1/units/99999/signals",
        f"/api/v1/units/{area.code}/measurements/{area.sample}": (
            f"/api/v1/units/{area.code}/measurements/00000000-0000-0000-0000-000000000007"
        ),
        f"/api/v1/reports/{area.report}": "/api/v1/reports/999999",
    }
    for there, absent in nowhere.items():
        for headers in ({}, *area.others.values()):
            assert found(area.get(there, headers)) == found(area.get(absent, headers)), there
