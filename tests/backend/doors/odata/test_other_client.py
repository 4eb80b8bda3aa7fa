"""OData read by a client of other authors, python-odata, over HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
import requests
from flask import Flask
from odata import ODataService
from odata.exceptions import ODataError
from requests.auth import HTTPBasicAuth

from tests.support import people
from tests.support.live_server import serving_app
from tests.support.measurements import measurement_row, store_rows

NOW = datetime(2025, 8, 20, 5, tzinfo=UTC)


@pytest.fixture
def address(app: Flask) -> Iterator[str]:
    unit = people.unit_id(app, "05443", system="2025")
    at = datetime(2025, 8, 10, 3, tzinfo=UTC)
    store_rows(app, *(measurement_row(unit, at, latitude=21.5, longitude=105.8) for _ in range(3)))
    with serving_app(app, lambda: NOW) as url:
        yield f"{url}/api/v1/odata/"


def service_at(address: str, password: str | None = None) -> ODataService:
    auth = HTTPBasicAuth("hoa@example.vn", password) if password else None
    with requests.Session() as session:
        return ODataService(
            address, reflect_entities=True, session=session, auth=auth, quiet_progress=True
        )


@pytest.mark.slow
def test_it_reads_every_commune_with_paging_and_filter(address: str) -> None:
    service = service_at(address)
    assert set(service.entities) == {"Units", "Coverage", "Statistics", "Contributions", "Samples"}
    coverage = service.entities["Coverage"]
    query = service.query(coverage)
    query = query.filter(coverage.Month == "2025-08").filter(coverage.Network == "mobile")
    communes = list(query.filter(coverage.Level == "commune"))
    assert len(communes) == len({one.Code for one in communes}) == 3_321
    measured = list(query.filter(coverage.Level == "commune").filter(coverage.Counted > 0))
    assert [(one.Code, one.Counted, one.Reached) for one in measured] == [("05443", 3, False)]
    ordered = query.filter(coverage.Level == "province").order_by(coverage.Counted.desc())
    assert ordered.limit(1).first().Code == "19"
    units = service.entities["Units"]
    named = service.query(units).filter(units.Name.contains("Thái Nguyên"))
    assert "19" in {one.Code for one in named}


def test_it_reads_samples_with_a_token(address: str, app: Flask) -> None:
    province = people.unit_id(app, "19", system="2025", level="province")
    token = people.person(app, "official", province)["Authorization"].removeprefix("Bearer ")
    service = service_at(address, token)
    samples = service.entities["Samples"]
    found = list(service.query(samples).filter(samples.Month == "2025-08"))
    assert [one.Code for one in found] == ["05443"] * 3
    anonymous = service_at(address)
    with pytest.raises(ODataError):
        list(anonymous.query(anonymous.entities["Samples"]))
