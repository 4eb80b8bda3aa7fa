"""Ask sources for the sealed reports of the last months, or take one from files; store them.

What an answer is, an earlier edition or a lie, is decided per source and month: nothing of one
source stops another.
"""

from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime

import orjson
from sqlalchemy import select, text
from sqlalchemy.dialects.postgresql import insert

from backend.accounts.audit import record_command
from backend.clock import local_day, month_before, month_end, this_month
from backend.database.extensions import db
from backend.errors import Problem
from backend.fields import Json
from backend.http.addresses import Networks
from backend.http.pinned_client import Answer, get
from backend.outbox import service as outbox
from backend.outbox.service import NewEvent
from backend.reports.collector.models import CollectedReport
from backend.reports.collector.service import Source, list_sources, networks_of
from backend.reports.collector.verification import (
    Sealed,
    SealStatement,
    Wanted,
    read_statement,
    verify,
)
from backend.units.service import UnitRow, find

# Reports are due before day 15; those that come late, and further editions, by day 20.
LAST_DAY = 20
# Further editions of a month come for some weeks.
MONTHS = 3
# A report of a province of 168 communes has 0.3 MB.
MAX_BYTES = 5_000_000
# Of one answer, on a line of 2 Mbps.
TIMEOUT_S = 30.0
# Sources that are asked at the same time: a slow one delays no other.
AT_ONCE = 8
# Problems of the client by those of a source; any other is an answer that is no report.
PROBLEMS = frozenset(
    {"timeout", "refused", "broken", "tls", "name_unknown", "address_forbidden", "too_large"}
)
RECEIVED, UNCHANGED, NONE_YET = "received", "unchanged", "no approved report yet"
FINE = frozenset({RECEIVED, UNCHANGED, NONE_YET})

STATE = text("""
    insert into report_source_states (province_id, asked_at, failed_since, problem, month)
    select province_id, :now, case when cast(:problem as text) is not null then :now end,
        :problem, :month
    from report_sources where province_id = :province
    on conflict (province_id) do update set asked_at = excluded.asked_at,
        problem = excluded.problem, month = excluded.month,
        failed_since = case when excluded.problem is not null
            then coalesce(report_source_states.failed_since, excluded.failed_since) end
""")


@dataclass(frozen=True, slots=True)
class Question:
    """A month of a source to ask for, and the editions of it that are stored."""

    unit: UnitRow  # the province on the month's last day
    month: str
    stored: Mapping[int, str]  # digest by edition

    @property
    def wanted(self) -> Wanted:
        return Wanted(self.unit.system, self.unit.code, self.month)

    @property
    def latest(self) -> tuple[int, str] | None:
        """Edition and digest of the latest one that is stored."""
        return max(self.stored.items(), default=None)


@dataclass(frozen=True, slots=True)
class Result:
    """What became of a month of a source."""

    month: str
    outcome: str  # of FINE, or the code of a problem


@dataclass(frozen=True, slots=True)
class Found:
    """What a source answered about a month: a report, else what became of the question."""

    question: Question
    sealed: Sealed | None = None
    outcome: str = UNCHANGED


class Unreachable(Problem):
    """A source does not answer: its other months are not asked for."""


def months_due(now: datetime) -> list[str]:
    """Return the last months whose reports are collected, the newest first."""
    months, month = [], this_month(now)
    for _ in range(MONTHS):
        month = month_before(month)
        months.append(month)
    return months


def is_due(now: datetime) -> bool:
    """Return whether reports are collected today."""
    return local_day(now).day <= LAST_DAY


def collect(now: datetime) -> dict[str, list[Result]]:
    """Ask every source with an address; store and commit what is new. Results by province's code.

    Without a transaction while sources answer.
    """
    sources = [source for source in list_sources() if source.url]
    questions = {one.code: list(_questions(one.code, now)) for one in sources}
    networks = {one.code: networks_of(one.url) for one in sources if one.url}
    db.session.commit()

    def ask(source: Source) -> list[Found]:
        assert source.url is not None
        return _ask(source.url, questions[source.code], networks[source.code])

    with ThreadPoolExecutor(AT_ONCE) as pool:
        answered = list(pool.map(ask, sources))
    results: dict[str, list[Result]] = {}
    for source, found in zip(sources, answered, strict=True):
        results[source.code] = [_result(source, one, now) for one in found]
        _note_state(source, results[source.code], now)
    return results


def _questions(code: str, now: datetime) -> Iterator[Question]:
    for month in months_due(now):
        try:
            unit = find(month_end(month), code, "province")
        except Problem:  # there was no such province
            continue
        yield Question(unit, month, _stored(unit.id, month))


def _stored(unit_id: int, month: str) -> dict[int, str]:
    query = select(CollectedReport.edition, CollectedReport.digest)
    rows = db.session.execute(query.filter_by(unit_id=unit_id, month=month))
    return {row.edition: row.digest for row in rows}


# Asking: without the database


def _ask(url: str, questions: Sequence[Question], allowed: Networks) -> list[Found]:
    found = []
    for question in questions:
        try:
            found.append(_ask_month(url, question, allowed))
        except Unreachable as problem:
            return [*found, Found(question, outcome=problem.code)]
        except Problem as problem:
            found.append(Found(question, outcome=problem.code))
    return found


def _ask_month(url: str, question: Question, allowed: Networks) -> Found:
    """Return the sealed report of a month; without a seal where it is stored, or none is listed."""
    asked = f"month={question.month}&unit={question.unit.code}&state=approved"
    listed = read_list(_read(f"{url}/api/v1/reports?{asked}", allowed), question)
    if listed is None:
        return Found(question, outcome="source_missing" if question.stored else NONE_YET)
    if listed.claimed == question.latest:
        return Found(question)
    content = _read(f"{url}/api/v1/reports/{listed.id}/files/report.json", allowed)
    return Found(question, Sealed(content, listed.statement, listed.signature))


def _read(url: str, allowed: Networks) -> bytes:
    answer = get(url, allowed, MAX_BYTES, TIMEOUT_S)
    if answer.succeeded:
        return answer.content
    raise _problem_of(answer)


def _problem_of(answer: Answer) -> Problem:
    if answer.error == "too_large":
        return Problem(422, "source_too_large")
    if answer.status is not None:
        redirects = 300 <= answer.status < 400
        return Problem(422, "source_redirects" if redirects else "source_http_error")
    known = answer.error if answer.error in PROBLEMS else "broken"
    return Unreachable(502, f"source_{known}")


@dataclass(frozen=True, slots=True)
class Listed:
    """A report in the list of a source, which nothing has verified."""

    id: int
    claimed: tuple[int, str]  # edition and digest
    statement: str
    signature: bytes


def read_list(content: bytes, question: Question) -> Listed | None:
    """Return the latest sealed edition of the wanted report in a list; 422 for another answer."""
    try:
        items = orjson.loads(content)["items"]
        found = [_item(item) for item in items if _is_wanted(item, question)]
    except (KeyError, TypeError, ValueError):
        raise Problem(422, "source_not_report") from None
    return max(found, key=lambda one: one.claimed, default=None)


def _is_wanted(item: dict[str, Json], question: Question) -> bool:
    unit = item["unit"]
    if not isinstance(unit, dict) or item["seal"] is None:
        return False
    return (unit["level"], unit["code"], item["month"]) == (
        "province",
        question.unit.code,
        question.month,
    )


def _item(item: dict[str, Json]) -> Listed:
    seal = item["seal"]
    number, edition, listed_digest = item["id"], item["edition"], item["digest"]
    if not (isinstance(number, int) and isinstance(edition, int) and isinstance(seal, dict)):
        raise TypeError("not a report")
    return Listed(number, (edition, str(listed_digest)), *read_seal(seal))


def read_seal(seal: Mapping[str, Json]) -> tuple[str, bytes]:
    """Return statement and signature of a seal as the API shows it; ValueError for another."""
    statement, signature = seal["statement"], seal["signature"]
    if not isinstance(statement, str) or not isinstance(signature, str) or "\0" in statement:
        raise ValueError("no seal")
    return statement, bytes.fromhex(signature)


# Storing


def _result(source: Source, found: Found, now: datetime) -> Result:
    """Verify and store what a source answered about a month."""
    question = found.question
    if found.sealed is None:
        return Result(question.month, found.outcome)
    try:
        stated, _ = verify(found.sealed, source.registered, question.wanted)
        return Result(question.month, _store(question, found.sealed, stated, now, by_file=False))
    except Problem as problem:
        return Result(question.month, problem.code)


def _store(
    question: Question, sealed: Sealed, stated: SealStatement, now: datetime, *, by_file: bool
) -> str:
    """Store a verified edition and commit; 422 for one that is earlier than, or unlike, a stored.

    An edition that is stored is never replaced.
    """
    latest = question.latest
    if latest is not None and stated.edition < latest[0]:
        raise Problem(422, "source_earlier")
    known = question.stored.get(stated.edition)
    if known is not None:
        if known != stated.digest:
            raise Problem(422, "source_changed")
        return UNCHANGED
    row = insert(CollectedReport).values(
        unit_id=question.unit.id,
        month=question.month,
        edition=stated.edition,
        digest=stated.digest,
        content=sealed.content,
        statement=sealed.statement,
        signature=sealed.signature,
        approved_at=stated.approved_at,
        received_at=now,
        by_file=by_file,
    )
    db.session.execute(row.on_conflict_do_nothing())  # another process has just stored it
    db.session.commit()
    return RECEIVED


def _note_state(source: Source, results: Sequence[Result], now: datetime) -> None:
    """Store whether a source was right, and add an event when something new is wrong; commit."""
    wrong = next((one for one in results if one.outcome not in FINE), None)
    problem, month = (wrong.outcome, wrong.month) if wrong else (None, None)
    values = {"province": source.province_id, "now": now, "problem": problem, "month": month}
    db.session.execute(STATE, values)
    if wrong is not None and wrong.outcome != source.problem:
        data = {"problem": wrong.outcome}
        outbox.add(NewEvent("source.failed", source.province_id, wrong.month, data))
    db.session.commit()


def take(content: bytes, seal: bytes, now: datetime) -> tuple[str, SealStatement, str]:
    """Store a report that was brought as files; return the province, the statement, the outcome.

    `seal` is the answer of the API about the report, or about its digest. 422 as for a source that
    answers so, 404 for a province without a source.
    """
    sealed = Sealed(content, *_seal_of(seal))
    claimed = read_statement(sealed.statement)
    source = next((one for one in list_sources() if one.code == claimed.code), None)
    if source is None:
        raise Problem(404, "source_unknown")
    if not _is_over(claimed.month, now):
        raise Problem(422, "source_other_month")
    unit = find(month_end(claimed.month), claimed.code, "province")
    question = Question(unit, claimed.month, _stored(unit.id, claimed.month))
    stated, _ = verify(sealed, source.registered, question.wanted)
    outcome = _store(question, sealed, stated, now, by_file=True)
    record_command("source.take", f"unit:{unit.id}", month=stated.month, digest=stated.digest)
    db.session.commit()
    return source.name, stated, outcome


def _seal_of(content: bytes) -> tuple[str, bytes]:
    """Return statement and signature of a file that has a seal; 422 for another one."""
    try:
        return read_seal(orjson.loads(content)["seal"])
    except (KeyError, TypeError, ValueError):
        raise Problem(422, "source_no_seal") from None


def _is_over(month: str, now: datetime) -> bool:
    try:
        return month_end(month) < local_day(now)
    except ValueError:
        return False
