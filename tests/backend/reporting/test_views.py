"""The views for analysts: the figures of the API, and nothing about a person."""

import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg.rows import dict_row
from sqlalchemy import text

from backend.clock import month_end
from backend.coverage.figures.month import listing_on
from backend.coverage.statistics import refresh
from backend.coverage.targets.models import Target
from backend.database.extensions import db, owner_session
from backend.measurements.recording.models import DemoMonth
from backend.measurements.recording.reasons import NOT_VALID
from backend.reporting.definitions import FIGURES, METRICS, PARTS, THREE, VIEWS
from backend.server.postgres.embedded import EmbeddedPostgres
from backend.units.catalogue import LEVELS_OF
from tests.support import people
from tests.support.contributions import NOON, add_measurement, volunteers
from tests.support.measurements import measurement_row, store_rows
from tests.support.uneven_month import uneven_month

MONTH, LATER_MONTH = "2024-11", "2025-08"
NETWORKS = ("mobile", "fixed")
DAY = timedelta(days=1)
DASHBOARD = Path(__file__).parents[3] / "config" / "deploy" / "reporting" / "dashboard.json"

Rows = list[dict[str, Any]]


class Analyst:
    """A connection of the role that reads the views."""

    def __init__(self, connection: psycopg.Connection[dict[str, Any]]) -> None:
        self.connection = connection

    def read(self, statement: str, *values: Any) -> Rows:
        return self.connection.execute(statement, values).fetchall()


@pytest.fixture
def analyst(app: Flask, postgres: EmbeddedPostgres) -> Iterator[Analyst]:
    with psycopg.connect(
        postgres.reporting_url, autocommit=True, row_factory=dict_row
    ) as connection:
        yield Analyst(connection)


class Seeded:
    """Two months of two systems, with targets, teams and a release."""

    def __init__(self, app: Flask, client: FlaskClient) -> None:
        self.app, self.client = app, client
        self.admin = people.person(app, "admin")
        uneven_month(app)
        self._set_targets()
        self._lose_samples()
        self._earn()
        self._earn()
        self._measure_later()
        with app.app_context():
            refresh.refresh(datetime(2025, 9, 1, tzinfo=UTC))
            db.session.add(DemoMonth(month=LATER_MONTH))
            db.session.commit()

    def get(self, path: str, **query: Any) -> Any:
        answer = self.client.get(f"/api/v1{path}", query_string=query, headers=self.admin)
        assert answer.status_code == 200, answer.text
        return answer.json

    def _set_targets(self) -> None:
        """An own target by another basis, an exempt commune, and the first one of a province."""
        exempt, own = people.unit_id(self.app, "05446"), people.unit_id(self.app, "05443")
        province = people.unit_id(self.app, "19", level="province")
        common = {"network": "mobile", "valid_from": date(2024, 11, 1), "source": "test"}
        rows = [
            {"level": "commune", "unit_id": own, "threshold": 450, "basis": "valid"},
            {"level": "commune", "unit_id": exempt, "threshold": None, "basis": "valid"},
            {"level": "province", "unit_id": province, "threshold": 1_600, "basis": "received"},
            {"level": "commune", "unit_id": own, "threshold": 440, "basis": "received",
             "purpose": "assessment"},
        ]  # fmt: skip
        with self.app.app_context(), owner_session() as owner:
            owner.add_all([Target(**common, **row) for row in rows])

    def _lose_samples(self) -> None:
        here = people.unit_id(self.app, "05443")
        lost = [(here, "repeat"), (here, "repeat"), (here, "failed_test"), (None, "fix_stale"),
                (None, "position_missing")]  # fmt: skip
        rows = [
            measurement_row(unit, NOON, reasons=[why], valid=why not in NOT_VALID, counted=False)
            for unit, why in lost
        ]
        store_rows(self.app, *rows)
        gone = {"device_id": None, "received_at": None, "measured_at": None, "marks": ["withdrawn"]}
        store_rows(self.app, measurement_row(here, NOON, **gone),
                   measurement_row(here, NOON, assurance="witnessed", network="fixed"))  # fmt: skip

    def _earn(self) -> None:
        if not hasattr(self, "campaign"):
            union = people.organisation(self.app)
            self.teams = [people.team(self.app, union, name) for name in ("Đội A", "Đội B")]
            province = people.unit_id(self.app, "19", level="province")
            self.campaign = people.campaign(self.app, union, province, last_day=date(2025, 8, 31))
            self.people = volunteers(self.app, "An", None)
        here, there = people.unit_id(self.app, "05443"), people.unit_id(self.app, "05446")
        (first, second), (an, nameless) = self.teams, self.people
        mine = {"volunteer": an}
        with self.app.app_context():
            for n in range(3):
                add_measurement(self.campaign, first, NOON + n * DAY, here, **mine)
            add_measurement(self.campaign, first, NOON, there, category="repeat", **mine)
            add_measurement(self.campaign, first, NOON, None, category="outside_communes", **mine)
            add_measurement(
                self.campaign, first, NOON, there, category="over_cap", volunteer=nameless
            )
            add_measurement(self.campaign, second, NOON, here, volunteer=nameless, guest=True)
            add_measurement(self.campaign, second, NOON + DAY, there, network="fixed")
            db.session.commit()

    def _measure_later(self) -> None:
        at = datetime(2025, 8, 10, 3, tzinfo=UTC)
        unit = people.unit_id(self.app, "05443", system="2025")
        store_rows(self.app, *(measurement_row(unit, at + n * DAY) for n in range(4)))


@pytest.fixture
def seeded(app: Flask, client: FlaskClient, clock: Any) -> Seeded:
    clock.now = datetime(2025, 9, 1, tzinfo=UTC)
    return Seeded(app, client)


@pytest.mark.long
def test_every_view_has_the_figures_of_the_api(seeded: Seeded, analyst: Analyst) -> None:
    compare_months(seeded, analyst)
    for month, levels in ((MONTH, LEVELS_OF["2024"]), (LATER_MONTH, LEVELS_OF["2025"])):
        for level in levels:
            compare_units(seeded, analyst, month, level)
            for network in NETWORKS:
                compare_coverage(seeded, analyst, month, level, network)
                compare_days(seeded, analyst, month, level, network)
        for network in NETWORKS:
            compare_reasons(seeded, analyst, month, network)
            compare_speeds(seeded, analyst, month, network)
        compare_contributions(seeded, analyst, month)


def compare_months(seeded: Seeded, analyst: Analyst) -> None:
    rows = analyst.read("select * from months order by month")
    assert [(row["month"], row["system"]) for row in rows] == [
        (MONTH, "2024"), (LATER_MONTH, "2025"),
    ]  # fmt: skip
    assert rows[0]["first_day"] == date(2024, 11, 1) and rows[0]["last_day"] == date(2024, 11, 30)
    made_at = seeded.client.get(f"/api/v1/statistics?month={MONTH}").json["release"]["made_at"]
    assert rows[0]["released_at"] == datetime.fromisoformat(made_at)
    assert rows[1]["released_at"] is None


def compare_units(seeded: Seeded, analyst: Analyst, month: str, level: str) -> None:
    rows = analyst.read(
        "select u.* from units u join months m on m.system = u.system"
        " and (u.valid_from is null or u.valid_from <= m.last_day)"
        " and (u.valid_to is null or u.valid_to >= m.last_day)"
        " where m.month = %s and u.level = %s",
        month, level,
    )  # fmt: skip
    names = ("code", "name", "level", "latitude", "longitude")
    items = seeded.get("/coverage", month=month, level=level)["items"]
    assert len(rows) == len(items)
    assert {tuple(row[one] for one in names) for row in rows} == {
        tuple(item[one] for one in names) for item in items
    }


def compare_coverage(
    seeded: Seeded, analyst: Analyst, month: str, level: str, network: str
) -> None:
    rows = analyst.read(
        "select * from coverage where month = %s and level = %s and network = %s",
        month, level, network,
    )  # fmt: skip
    found = {row["code"]: row for row in rows}
    answer = seeded.get("/coverage", month=month, level=level, network=network)
    assert len(rows) == len(found) == len(answer["items"])
    assert {row["demo"] for row in rows} == {answer["demo"]}
    same = ("name", *THREE, "target", "reached", "shortfall", "share", "assessed")
    for item in answer["items"]:
        row = found[item["code"]]
        assert {name: row[name] for name in same} == {name: item[name] for name in same}
        assert {part: row[part] for part in PARTS} == item["by_assurance"]


def compare_days(seeded: Seeded, analyst: Analyst, month: str, level: str, network: str) -> None:
    rows = analyst.read(
        "select * from days where month = %s and level = %s and network = %s",
        month, level, network,
    )  # fmt: skip
    with seeded.app.app_context():
        listing = listing_on(month_end(month))
        stored = db.session.execute(
            text("select * from unit_days where month = :month and network = :network"),
            {"month": month, "network": network},
        )
        sums: dict[tuple[int, date], Counter[str]] = defaultdict(Counter)
        for row in stored:
            if (unit_id := listing.containing[level].get(row.unit_id)) is not None:
                sums[unit_id, row.day] += Counter({name: getattr(row, name) for name in THREE})
    codes = {unit.id: unit.code for unit in listing.levels[level]}
    expected = {
        (codes[unit_id], day): tuple(numbers[name] for name in THREE)
        for (unit_id, day), numbers in sums.items()
    }
    assert {
        (row["code"], row["day"]): tuple(row[name] for name in THREE) for row in rows
    } == expected


def compare_reasons(seeded: Seeded, analyst: Analyst, month: str, network: str) -> None:
    rows = analyst.read("select * from reasons where month = %s and network = %s", month, network)
    assert all(row["effect"] == ("not_valid" if row["reason"] in NOT_VALID else "not_counted")
               for row in rows)  # fmt: skip
    answer = seeded.get("/coverage", month=month, level="commune", network=network)
    expected = {
        (item["code"], reason): n
        for item in answer["items"]
        for reason, n in item["reasons"].items()
    }
    inside = {(row["code"], row["reason"]): row["samples"] for row in rows if row["code"]}
    assert inside == expected
    outside = {row["reason"]: row["samples"] for row in rows if not row["code"]}
    unlocated = answer["summary"]["unlocated"]
    assert {name: n for name, n in unlocated.items() if n} == {
        name: n for name, n in outside.items() if name in unlocated
    }


def compare_speeds(seeded: Seeded, analyst: Analyst, month: str, network: str) -> None:
    anybody = seeded.client.get
    for view, ask in (("statistics", seeded.get), ("released_statistics", None)):
        for level, code in (("country", None), ("province", "19"), ("commune", "05443")):
            rows = analyst.read(
                f"select * from {view} where month = %s and network = %s and level = %s"
                " and code is not distinct from %s",
                month, network, level, code,
            )  # fmt: skip
            path = f"/units/{code}/statistics" if code else "/statistics"
            query = {"month": month, "network": network, **({"level": level} if code else {})}
            answer = (
                ask(path, **query) if ask else anybody(f"/api/v1{path}", query_string=query).json
            )
            key = ("operator", "technology")
            found = {tuple(row[name] for name in key): row for row in rows}
            assert len(rows) == len(answer["items"])
            if month == MONTH and network == "mobile":
                assert any(row["download_mbps_median"] for row in rows)
            for item in answer["items"]:
                row = found[tuple(item[name] for name in key)]
                names = ("n", "devices", "effective_n")
                assert {name: row[name] for name in names} == {name: item[name] for name in names}
                for metric in METRICS:
                    shown = item[metric] or dict.fromkeys(FIGURES)
                    assert {name: row[f"{metric}_{name}"] for name in FIGURES} == {
                        name: shown[name] for name in FIGURES
                    }


def compare_contributions(seeded: Seeded, analyst: Analyst, month: str) -> None:
    rows = analyst.read("select * from contributions where month = %s", month)
    for network in (*NETWORKS, "unknown"):
        if network == "unknown":
            assert not [row for row in rows if row["network"] == network]
            continue
        answer = seeded.get(
            f"/campaigns/{seeded.campaign}/contributions", by="team", month=month, network=network
        )
        found = {row["team"]: row for row in rows if row["network"] == network}
        assert len(found) == len(answer["items"])
        for item in answer["items"]:
            row = found[item["name"]]
            same = (*THREE, "guests", "unlocated", "active_days")
            assert {name: row[name] for name in same} == {name: item[name] for name in same}
            assert str(row["last_day"]) == item["last_day"]
            assert {part: row[part] for part in item["by_assurance"]} == item["by_assurance"]


def test_reports_have_the_states_of_the_api(app: Flask, client: FlaskClient, analyst: Analyst,
                                            clock: Any) -> None:  # fmt: skip
    from tests.support.reports import Office

    office = Office(app, client, clock)
    office.measured(9)
    body = {"unit": "19", "month": MONTH}
    made = client.post("/api/v1/reports", json=body, headers=office.headers)
    assert made.status_code == 201, made.text
    (row,) = analyst.read("select * from reports")
    (item,) = client.get("/api/v1/reports", headers=office.headers).json["items"]
    assert (row["report_id"], row["month"], row["edition"], row["state"], row["demo"]) == (
        item["id"], item["month"], item["edition"], item["state"], item["demo"],
    )  # fmt: skip
    assert (row["level"], row["code"]) == ("province", "19")


def test_no_view_has_a_position_a_person_or_a_device(analyst: Analyst) -> None:
    listed = analyst.read(
        "select table_name as view, column_name as name, col_description("
        "format('reporting.%%I', table_name)::regclass, ordinal_position) as text"
        " from information_schema.columns where table_schema = %s order by ordinal_position",
        "reporting",
    )
    by_view: dict[str, dict[str, str]] = {}
    for row in listed:
        by_view.setdefault(row["view"], {})[row["name"]] = row["text"]
    assert by_view == {view.name: view.columns for view in VIEWS}
    personal = re.compile(
        "device_|volunteer|user|person|approver|signer|measurement|token|address|position|cell|remark"
    )
    names = {name.replace("device_median", "") for columns in by_view.values() for name in columns}
    assert not {name for name in names if personal.search(name)}
    # Positions are those of units alone.
    located = {view for view, columns in by_view.items() if "latitude" in columns}
    assert located == {"units"}


@pytest.mark.parametrize(
    "statement",
    [
        "select 1 from public.measurements",
        "select 1 from public.unit_months",
        "select 1 from public.users",
        "select 1 from public.units",
        "insert into reporting.units (code) values ('x')",
        "create view reporting.x as select 1",
        "create table public.x (n int)",
        "create temporary table x (n int)",
        "drop view reporting.units",
        "copy (select 1) to program 'true'",
        "select pg_read_file('/etc/hostname')",
        "set role dosong_owner",
    ],
)
def test_the_role_reads_the_views_and_nothing_else(analyst: Analyst, statement: str) -> None:
    analyst.connection.execute("set default_transaction_read_only = off")
    refused = r"permission denied|must be owner|cannot insert into view"
    with pytest.raises(psycopg.Error, match=refused):
        analyst.connection.execute(statement)


def test_a_long_query_ends(analyst: Analyst) -> None:
    assert analyst.read("show statement_timeout") == [{"statement_timeout": "1min"}]
    assert analyst.read("show transaction_read_only") == [{"transaction_read_only": "on"}]


@pytest.mark.slow
def test_the_dashboard_reads_the_views(seeded: Seeded, analyst: Analyst) -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    asked = [target["rawSql"] for panel in dashboard["panels"] for target in panel["targets"]]
    asked += [one["query"] for one in dashboard["templating"]["list"] if one["type"] == "query"]
    values = {"month": MONTH, "network": "mobile", "province": "19"}
    for statement in asked:
        # What Grafana puts there: the value as a text constant.
        bound = re.sub(r"\$\{(\w+):sqlstring\}", lambda found: f"'{values[found[1]]}'", statement)
        assert "$" not in bound
        rows = analyst.read(bound.replace("%", "%%"))
        assert rows or "reporting.reports" in statement, bound


def test_the_dashboard_has_the_form_of_grafana() -> None:
    dashboard = json.loads(DASHBOARD.read_text(encoding="utf-8"))
    assert dashboard["schemaVersion"] >= 36 and dashboard["uid"]
    panels = dashboard["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: set[tuple[int, int]] = set()
    for panel in panels:
        at = panel["gridPos"]
        cells = {
            (x, y)
            for x in range(at["x"], at["x"] + at["w"])
            for y in range(at["y"], at["y"] + at["h"])
        }
        assert not cells & taken and at["x"] + at["w"] <= 24
        taken |= cells
        assert all(target["datasource"] == panel["datasource"] for target in panel["targets"])
