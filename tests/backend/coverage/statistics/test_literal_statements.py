"""Statements are written out; the conditions that several of them share are the same in each."""

import pytest
from sqlalchemy import TextClause

from backend.coverage.statistics import cells, refresh, release, service
from backend.coverage.statistics.quantiles import METRICS
from backend.demo import service as demo
from backend.measurements.privacy import removal
from backend.measurements.recording import counting
from backend.measurements.recording.reasons import measured_value
from backend.witness.hosts import NEUTRAL
from tests.support.sql_statements import CATEGORY

OF_SPEEDS = (refresh.OF_COMMUNES, refresh.OF_COUNTRY, release.SAMPLES, release.POSITIONS)
OF_SAMPLES = (
    *OF_SPEEDS,
    *(release.PEOPLE, release.HOURS, release.MOMENTS, service.HOURS, cells.UNIT_POSITIONS),
)


def spaced(statement: TextClause | str) -> str:
    """Return a statement with single blanks, and none inside brackets."""
    words = str(statement).replace("(", " ( ").replace(")", " ) ")
    return " ".join(words.split())


@pytest.mark.parametrize("statement", OF_SAMPLES)
def test_samples_at_operators_hosts_are_in_no_figure(statement: TextClause | str) -> None:
    assert spaced(NEUTRAL) in spaced(statement)


@pytest.mark.parametrize("statement", OF_SPEEDS)
def test_speeds_of_capped_samples_are_missing(statement: TextClause | str) -> None:
    text = spaced(statement)
    places = [text.index(spaced(measured_value(metric))) for metric in METRICS]
    assert places == sorted(places)  # POSITIONS names no column: the order tells which is which


def test_hours_of_the_week_have_the_download_of_capped_samples_as_missing() -> None:
    assert spaced(f"{measured_value('download_mbps')} as value") in spaced(release.MOMENTS)


@pytest.mark.parametrize("statement", [refresh.STALE, refresh.STALE_COUNTRIES])
def test_statistics_of_archived_months_stay(statement: TextClause) -> None:
    assert spaced("month not in (select month from archived_months)") in spaced(statement)


@pytest.mark.parametrize("statement", [counting.DIFFERENCES, demo.REMOVE, removal.SUMS])
def test_samples_leave_the_categories_that_they_were_counted_in(statement: TextClause) -> None:
    assert spaced(CATEGORY) in spaced(statement)
