"""Two months of the demo, recomputed from their rows by other code: no figure differs.

`tests/support/recomputed` reads the samples with their verdicts and the tables of decisions, and
imports nothing of the product. Its figures are compared with what the API answers about every unit:
coverage for an official and for the public, contributions of every team, speeds of every group, and
what the monthly release shows of them.
"""

import math
import os
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import Engine, select, text

from backend.batch.executor import Executor
from backend.campaigns.models import Campaign
from backend.coverage.statistics.refresh import refresh
from backend.database.extensions import db
from backend.demo import service as demo
from backend.units.setup import setup
from tests.support import people
from tests.support.boundary_sets import units_restored
from tests.support.clock import FakeClock
from tests.support.recomputed import counts, publication, speeds
from tests.support.recomputed.tables import LEVELS, METRICS, Month

NOW = datetime(2026, 12, 2, 3, 0, tzinfo=UTC)
MONTHS = ("2024-11", "2026-11")
NETWORKS = ("mobile", "fixed")
ONE_LESS = text("""
    delete from measurements where id = (
        select min(id::text)::uuid from measurements where counted and day = '2026-11-20')
""")
# Sums in another order differ by rounding errors.
TOLERANCE = 1e-9


@dataclass
class Product:
    """The answers of the API, and their comparison with recomputed figures."""

    app: Flask
    client: FlaskClient
    admin: dict[str, str]
    compared: int = 0  # figures that are not 0 or null
    differences: list[Any] = field(default_factory=list)

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Any:
        answer = self.client.get(f"/api/v1/{path}", headers=headers or {})
        assert answer.status_code == 200, (path, answer.text[:300])
        return answer.json

    def items(self, path: str, headers: Mapping[str, str] | None = None) -> list[Any]:
        """Return the items of all pages of coverage."""
        page = self.get(path, headers)
        found: list[Any] = page["items"]
        while page["next"]:
            page = self.get(f"{path}&cursor={page['next']}", headers)
            found += page["items"]
        return found

    def compare(self, where: str, theirs: Mapping[Any, Any], ours: Mapping[Any, Any]) -> None:
        """Note what differs; of a row in both, the recomputed fields."""
        for key in theirs.keys() ^ ours.keys():
            self.differences.append((where, key, "only on one side"))
        for key in theirs.keys() & ours.keys():
            for name, value in ours[key].items():
                self.compared += bool(value)
                if not is_equal(theirs[key][name], value):
                    self.differences.append((where, key, name, theirs[key][name], value))


def is_equal(theirs: Any, ours: Any) -> bool:
    """Return whether an answer has a recomputed value; of an object all recomputed fields."""
    if isinstance(ours, dict) and isinstance(theirs, dict):
        return all(is_equal(theirs.get(name), value) for name, value in ours.items())
    if isinstance(ours, float) and isinstance(theirs, int | float):
        return math.isclose(theirs, ours, rel_tol=TOLERANCE)
    return bool(theirs == ours)


@pytest.fixture
def units(built: Flask) -> Iterator[None]:
    """The official polygons where BOUNDARIES_DIR has them, else the built-in cells."""
    folder = os.environ.get("BOUNDARIES_DIR")
    with units_restored(built):
        if folder:
            with built.app_context():
                setup(Path(built.config["VAR_DIR"]), Path(folder), lambda line: None)
                db.session.remove()
            built.extensions["locator"].refresh()
        yield


@pytest.fixture
def product(units: None, app: Flask, clock: FakeClock) -> Product:
    clock.now = NOW
    with app.app_context(), Executor(workers=2) as executor:
        demo.load(NOW, lambda done, of: None, executor, people=False)
        refresh(NOW, executor=executor)
        db.session.remove()
    return Product(app, app.test_client(), people.person(app, "admin"))


@pytest.mark.long
def test_no_figure_of_two_months_differs_from_its_rows(product: Product, owner: Engine) -> None:
    with owner.connect() as connection:
        for month in (Month(connection, name) for name in MONTHS):
            compare_contributions(product, month)
            for network in NETWORKS:
                shown = publication.shown(month, month.counted(network))
                compare_coverage(product, month, network, shown)
                compare_speeds(product, month, network, shown)
                for least, stored, most in counts.needed_bounds(month, network):
                    assert least <= stored <= most
    assert product.differences == []
    assert product.compared > 20_000

    with owner.begin() as connection:  # a figure that is not of its rows is found
        connection.execute(ONE_LESS)
        for network in NETWORKS:
            compare_coverage(product, Month(connection, "2026-11"), network, set())
    assert {difference[2] for difference in product.differences} >= {"received", "valid", "counted"}


def test_the_recomputation_imports_nothing_of_the_product() -> None:
    sources = list(Path(speeds.__file__).parent.glob("*.py"))
    assert len(sources) == 4
    for source in sources:
        assert not re.search(r"^\s*(from|import) (backend|geo|config)", source.read_text(), re.M)


def compare_coverage(product: Product, month: Month, network: str, shown: set[speeds.Node]) -> None:
    """Compare the coverage of every unit, exact and as the public sees it."""
    for level in LEVELS:
        path = f"coverage?month={month.month}&network={network}&level={level}"
        exact = counts.coverage(month, network, level)
        ids = {row.code: row.id for row in month.units.values() if row.level == level}
        public = {
            code: publication.coverage_item(item, (ids[code], speeds.ALL, speeds.ALL) in shown)
            for code, item in exact.items()
        }
        for headers, ours in ((product.admin, exact), (None, public)):
            if ours:  # a system without districts has none
                items = product.items(path, headers)
                product.compare(path, {item["code"]: item for item in items}, ours)


def compare_contributions(product: Product, month: Month) -> None:
    """Compare what each team of each campaign contributed."""
    with product.app.app_context():
        campaigns = list(db.session.execute(select(Campaign.id, Campaign.organisation_id)))
        db.session.remove()
    found = 0
    for campaign, organisation in campaigns:
        ours = counts.contributions(month, campaign)
        organiser = people.person(product.app, "organiser", organisation)
        path = f"campaigns/{campaign}/contributions?by=team&month={month.month}"
        if ours:
            theirs = {item["id"]: item for item in product.get(path, organiser)["items"]}
            product.compare(path, theirs, ours)
            found += len(ours)
    assert found > 10


def compare_speeds(product: Product, month: Month, network: str, shown: set[speeds.Node]) -> None:
    """Compare the speeds of each unit and the country: as computed last, and as released."""
    groups = speeds.of_country(month, network)
    for unit, path in statistics_paths(month, network, {node[0] for node in groups}):
        exact = {node: figures(group) for node, group in groups.items() if node[0] == unit}
        product.compare(path, rows_of(unit, product.get(path, product.admin)), exact)
        released = {node: publication.significant(exact[node]) for node in exact.keys() & shown}
        product.compare(f"released {path}", rows_of(unit, product.get(path)), released)


def statistics_paths(month: Month, network: str, measured: set[int]) -> Iterator[tuple[int, str]]:
    """Yield the addresses of the country (unit 0) and of all units of the measured provinces."""
    query = f"month={month.month}&network={network}"
    yield 0, f"statistics?{query}"
    for row in month.units.values():
        if (row.province_id or row.id) in measured:
            yield row.id, f"units/{row.code}/statistics?level={row.level}&{query}"


def rows_of(unit: int, answer: Any) -> dict[speeds.Node, Any]:
    """Return the rows of an answer by group."""
    return {(unit, item["operator"] or "", item["technology"] or ""): item
            for item in answer["items"]}  # fmt: skip


def figures(group: speeds.Group) -> dict[str, Any]:
    """Return the fields of a row that are recomputed; medians of too few phones are null."""
    download = group.medians.get("download_mbps")
    return {
        "n": group.n,
        "devices": group.devices,
        "effective_n": download.effective_n if download else None,
        "more_devices": download.missing if download else None,
        **{
            metric: {
                "n": median.n,
                "device_effective_n": median.effective_n,
                "device_median": median.median,
                "device_median_low": median.low,
                "device_median_high": median.high,
            }
            if (median := group.medians.get(metric)) and median.missing == 0
            else None
            for metric in METRICS
        },
    }
