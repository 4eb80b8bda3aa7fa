"""Requests to a filled database: those of phones, visitors, officials and jobs."""

import itertools
import json
import random
import uuid
from collections.abc import Callable
from dataclasses import dataclass

from ingest_parts.load import BATCH
from ingest_parts.samples import walk
from speeds_parts.filling import change

from backend.clock import local_day, utc_now
from backend.coverage.statistics import refresh as statistics
from backend.database.extensions import db
from growth_parts.filling import PROVINCE, SYSTEM, TOKEN
from growth_parts.place import Place

CHANGED = 5_000


@dataclass(frozen=True)
class Question:
    """Something that is done again and again, and measured."""

    name: str
    act: Callable[[Place, int], object]  # at a place, for the so many-th time
    times: int = 50
    prepare: Callable[[Place], object] = lambda place: None
    in_process: bool = False  # in the bench's own, not in the server's


def _post(place: Place, number: int, size: int) -> None:
    """Samples of a phone that has not sent any since the filling."""
    phone = random.Random(f"{size} {number}").randrange(place.filled.phones)
    some = [one | {"id": str(uuid.uuid4())} for one in itertools.islice(walk(phone), size)]
    body = some[0] if size == 1 else {"measurements": some}
    answer = json.loads(place.ask("/api/v1/measurements", TOKEN.format(phone), body))
    outcomes = {one["outcome"] for one in answer.get("results", [answer])}
    assert outcomes == {"accepted"}, outcomes


def _of_phone(path: str) -> Callable[[Place, int], object]:
    """Use another phone each time, whose rows are not cached."""

    def ask(place: Place, number: int) -> bytes:
        phone = random.Random(f"{path} {number}").randrange(place.filled.phones)
        return place.ask(path, TOKEN.format(phone))

    return ask


def _coverage(query: str) -> Callable[[Place, int], object]:
    month = f"{local_day(utc_now()):%Y-%m}"
    return lambda place, number: place.ask(f"/api/v1/coverage?month={month}&{query}")


def _contributions(place: Place, number: int) -> bytes:
    path = f"/api/v1/campaigns/1/contributions?by=team&month={place.filled.month}"
    return place.ask(path, place.filled.organiser)


def _samples(place: Place, number: int) -> bytes:
    path = f"/api/v1/units/{PROVINCE}/measurements?level=province&month={place.filled.month}"
    return place.ask(f"{path}&limit=100", place.filled.official)


def _figures(place: Place, number: int) -> bytes:
    return place.ask(f"/api/v1/reports/{place.report}/figures", place.filled.official)


def _files(place: Place, number: int) -> bytes:
    """Request a file of a draft report."""
    return place.ask(f"/api/v1/reports/{place.report}/files/report.docx", place.filled.official)


def _change(place: Place) -> None:
    """What a morning brings to one province, before its statistics are computed again."""
    with place.app.app_context():
        change(place.owner_url, CHANGED, PROVINCE, f"{place.filled.month}-14", SYSTEM)
        statistics.fold_all()
        db.session.commit()


def _refresh(place: Place, number: int) -> None:
    with place.app.app_context():
        found = statistics.refresh(utc_now(), place.filled.month)
        db.session.remove()
        assert found, "nothing was marked"


QUESTIONS = (
    Question("a post of one sample", lambda place, number: _post(place, number, 1)),
    Question(f"a post of {BATCH}", lambda place, number: _post(place, number, BATCH), 20),
    Question("coverage: the country by province", _coverage("level=province")),
    Question(
        "coverage: a province by commune", _coverage(f"level=commune&parent={PROVINCE}")
    ),
    Question(
        "coverage: the 100 communes that lack most",
        _coverage("level=commune&sort=-shortfall&limit=100"),
    ),
    Question("contributions of 500 teams", _contributions),
    Question("a phone's own list", _of_phone("/api/v1/measurements")),
    Question("the export of a phone", _of_phone("/api/v1/devices/me/export")),
    Question("a province's samples, 100 of them", _samples),
    Question(
        f"statistics of a month after {CHANGED:,} changes", _refresh, 3, _change, in_process=True
    ),
    Question("figures of a province's report", _figures, 10),
    Question("its files: letter, workbook, CSV, JSON", _files, 3),
)  # fmt: skip
