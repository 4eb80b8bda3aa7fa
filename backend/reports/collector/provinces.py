"""The table of provinces: each by its sealed report of a month, collected or of this server.

A report of this server stands there by its seal too, never by live figures.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Annotated, NamedTuple, TypedDict

from sqlalchemy import text

from backend.accounts.access import SYSTEM, Actor, require
from backend.clock import local_day, month_end, month_start
from backend.database.extensions import db
from backend.errors import Problem, invalid, or_404
from backend.reports.collector.service import Source, list_sources
from backend.reports.collector.verification import (
    Keys,
    NetworkFigures,
    ReportFigures,
    Sealed,
    SealStatement,
    Wanted,
    read_figures,
    read_statement,
    verify,
)
from backend.reports.content.figures import Network, canonical_json, digest
from backend.reports.monthly.seals import SignedStatement, Trusted, seal_problem
from backend.reports.monthly.service import deadline
from backend.units.service import UnitRow, find, units_on

# What must be equal in two reports, so that communes that reached the target add up.
FIELDS = ("target", "counts_from", "rules", "boundaries", "demo")

LATEST_COLLECTED = text("""
    select distinct on (unit_id) unit_id, edition, content, statement, signature, approved_at,
        received_at, by_file, min(received_at) over (partition by unit_id) as first_at
    from collected_reports where month = :month
    order by unit_id, edition desc
""")
LATEST_OWN = text("""
    select distinct on (unit_id) id, unit_id, edition, content, digest, statement, signature,
        key_number, approved_at, min(approved_at) over (partition by unit_id) as first_at
    from reports where month = :month and approved_at is not null and unit_id = any(:units)
    order by unit_id, edition desc
""")


class Basis(NamedTuple):
    """What a report's figures of a network rest on; communes of reports that differ do not add."""

    target: int | None
    counts_from: str | None
    rules: int
    boundaries: str | None
    demo: bool


class SharedBasis(TypedDict):
    """What most of the verified reports rest on; null: no report is verified."""

    target: int | None  # samples of a commune
    counts_from: str | None  # the assurance from which samples count
    rules: int | None
    boundaries: str | None  # name of the set
    demo: bool | None


class ProvinceRow(TypedDict):
    """A province by the latest edition of its sealed report; numbers are null without one."""

    code: str
    name: str
    received_by: Annotated[str | None, "own_server, source, file; null: no report"]
    report_id: int | None  # of this server
    edition: int | None
    approved_at: datetime | None  # by the clock of its server
    received_at: datetime | None
    verified: Annotated[bool, "the seal fits the bytes and a registered key, now"]
    problem: Annotated[str | None, "a code: of the report, else of the source's last answer"]
    late: Annotated[bool, "no report, or its first edition was received, after the deadline"]
    counted: int | None
    communes: int | None  # with a target, where there is one
    reached: int | None  # with as many counted samples as the target; null: no target
    share: float | None  # reached of communes, 0 to 1
    differs: Annotated[list[str], f"of {', '.join(FIELDS)}: what is not as in most reports"]
    summed: bool  # verified, and nothing differs


class ProvinceTable(TypedDict):
    """The provinces of a month; sums are of the rows that are `summed`."""

    month: str
    network: str
    deadline: date  # reports are received before it
    provinces: int
    received: int
    verified: int
    summed: int
    basis: SharedBasis
    counted: int
    communes: int
    reached: int | None
    share: float | None
    items: list[ProvinceRow]


class StoredReport(NamedTuple):
    """An edition as it is stored: bytes, seal, times."""

    received_by: str
    report_id: int | None
    edition: int
    sealed: Sealed
    approved_at: datetime
    received_at: datetime
    first_at: datetime  # when the first edition was received
    figures: ReportFigures | None
    problem: str | None


@dataclass(frozen=True, slots=True)
class View:
    """What all rows of a table are compared with."""

    network: Network
    common: Basis | None  # what most of the verified reports rest on
    due: date
    today: date


def require_collector(actor: Actor) -> None:
    """Raise 404 for a person who may not read the reports of the whole country."""
    require(actor, "report.read", SYSTEM, hidden=True)


def list_provinces(
    actor: Actor, month: str, network: Network, now: datetime, trusted: Trusted
) -> ProvinceTable:
    """Return every province of a month by its sealed report."""
    require_collector(actor)
    if month_start(month) > local_day(now):
        raise invalid("month", "month_in_future")
    units = units_on(month_end(month), "province")
    sources = {source.code: source for source in list_sources()}
    stored = read_reports(month, units, sources, trusted)
    common = _most_common((stored[code] for code in sorted(stored)), network)
    view = View(network, common, deadline(month), local_day(now))
    rows = [_row(one, stored.get(one.code), sources.get(one.code), view) for one in units]
    return _table(month, view, rows)


def read_reports(
    month: str, units: Sequence[UnitRow], sources: Mapping[str, Source], trusted: Trusted
) -> dict[str, StoredReport]:
    """Return the latest edition of each province's report, verified now, by code.

    Of a province with a source what was collected, of any other the report of this server.
    """
    by_id = {one.id: one for one in units}
    found: dict[str, StoredReport] = {}
    for row in db.session.execute(LATEST_COLLECTED, {"month": month}):
        unit = by_id.get(row.unit_id)
        if unit is None or (source := sources.get(unit.code)) is None:
            continue
        sealed = Sealed(bytes(row.content), row.statement, bytes(row.signature))
        figures, problem = _verified(sealed, source.registered, unit, month)
        found[unit.code] = StoredReport(
            "file" if row.by_file else "source", None, row.edition, sealed, row.approved_at,
            row.received_at, row.first_at, figures, problem,
        )  # fmt: skip
    own = [one.id for one in units if one.code not in sources]
    for row in db.session.execute(LATEST_OWN, {"month": month, "units": own}):
        sealed = Sealed(row.content.encode(), row.statement, bytes(row.signature))
        seal = SignedStatement(row.statement, sealed.signature, row.key_number)
        figures, problem = _own(sealed, seal, trusted)
        found[by_id[row.unit_id].code] = StoredReport(
            "own_server", row.id, row.edition, sealed, row.approved_at, row.approved_at,
            row.first_at, figures, problem,
        )  # fmt: skip
    return found


Checked = tuple[ReportFigures | None, str | None]  # figures, or why the report is not verified


def _verified(sealed: Sealed, keys: Keys, unit: UnitRow, month: str) -> Checked:
    try:
        return verify(sealed, keys, Wanted(unit.system, unit.code, month))[1], None
    except Problem as problem:
        return None, problem.code


def _own(sealed: Sealed, seal: SignedStatement, trusted: Trusted) -> Checked:
    try:
        figures = read_figures(sealed.content)
    except Problem as problem:
        return None, problem.code
    wrong = seal_problem(seal, digest(sealed.content), trusted)
    return (None, wrong) if wrong else (figures, None)


def _basis(figures: ReportFigures, network: Network) -> Basis:
    target = figures.networks[network].target
    return Basis(target, figures.counts_from, figures.rules, figures.boundaries, figures.demo)


def _most_common(reports: Iterable[StoredReport], network: Network) -> Basis | None:
    """Return what most of the verified reports rest on; of several the first by code."""
    found = Counter(_basis(one.figures, network) for one in reports if one.figures)
    return found.most_common(1)[0][0] if found else None


def _row(
    unit: UnitRow, stored: StoredReport | None, source: Source | None, view: View
) -> ProvinceRow:
    row: ProvinceRow = {
        "code": unit.code,
        "name": unit.name,
        "received_by": None,
        "report_id": None,
        "edition": None,
        "approved_at": None,
        "received_at": None,
        "verified": False,
        "problem": source.problem if source else None,
        "late": view.today >= view.due,
        "counted": None,
        "communes": None,
        "reached": None,
        "share": None,
        "differs": [],
        "summed": False,
    }
    if stored is None:
        return row
    row["received_by"], row["report_id"] = stored.received_by, stored.report_id
    row["edition"], row["approved_at"] = stored.edition, stored.approved_at
    row["received_at"], row["late"] = stored.received_at, local_day(stored.first_at) >= view.due
    row["problem"] = stored.problem or row["problem"]
    if stored.figures:
        _fill(row, stored.figures, view)
    return row


def _fill(row: ProvinceRow, figures: ReportFigures, view: View) -> None:
    """Add the figures of a verified report to its row."""
    own = figures.networks[view.network]
    row["verified"], row["counted"] = True, own.counted
    row["communes"], row["reached"] = count_reached(own)
    row["share"] = _share(row["reached"], row["communes"])
    basis = _basis(figures, view.network)
    assert view.common is not None  # this report is one of those that it is made of
    row["differs"] = [name for name in FIELDS if getattr(basis, name) != getattr(view.common, name)]
    row["summed"] = not row["differs"]


def count_reached(own: NetworkFigures) -> tuple[int, int | None]:
    """Return the communes, those with a target where there is one, and how many reached it."""
    with_target = [one for one in own.communes if one.target is not None]
    if not with_target:
        return len(own.communes), None
    return len(with_target), sum(one.reached for one in with_target)


def _share(reached: int | None, communes: int | None) -> float | None:
    return reached / communes if reached is not None and communes else None


def _table(month: str, view: View, rows: list[ProvinceRow]) -> ProvinceTable:
    summed = [row for row in rows if row["summed"]]
    communes = sum(row["communes"] or 0 for row in summed)
    no_target = view.common is None or view.common.target is None
    reached = None if no_target else sum(row["reached"] or 0 for row in summed)
    common = view.common
    return {
        "month": month,
        "network": view.network,
        "deadline": view.due,
        "provinces": len(rows),
        "received": sum(row["received_by"] is not None for row in rows),
        "verified": sum(row["verified"] for row in rows),
        "summed": len(summed),
        "basis": {
            "target": common.target if common else None,
            "counts_from": common.counts_from if common else None,
            "rules": common.rules if common else None,
            "boundaries": common.boundaries if common else None,
            "demo": common.demo if common else None,
        },
        "counted": sum(row["counted"] or 0 for row in summed),
        "communes": communes,
        "reached": reached,
        "share": _share(reached, communes),
        "items": rows,
    }


# A single province


class Collected(NamedTuple):
    """A collected report of a province, verified now, and what its seal says."""

    unit: UnitRow
    report: StoredReport
    statement: SealStatement


def show_collected(actor: Actor, code: str, month: str) -> Collected:
    """Return the latest collected report of a province; 404 without one."""
    require_collector(actor)
    unit, stored = _collected(code, month)
    return Collected(unit, stored, read_statement(stored.sealed.statement))


def seal_file(sealed: Sealed) -> bytes:
    """Return a seal as a file, in the form of the API, with which a program verifies the bytes."""
    seal = {"statement": sealed.statement, "signature": sealed.signature.hex()}
    return canonical_json({"seal": {**seal, "algorithm": "Ed25519"}})


def _collected(code: str, month: str) -> tuple[UnitRow, StoredReport]:
    unit = find(month_end(month), code, "province")
    source = next((one for one in list_sources() if one.code == code), None)
    if source is None:
        raise Problem(404, "not_found")
    stored = read_reports(month, [unit], {code: source}, frozenset()).get(code)
    return unit, or_404(stored)
