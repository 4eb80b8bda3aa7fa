"""Verify a sealed report of another server: pure, from its bytes, its seal and registered keys."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import orjson
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from backend.errors import Problem
from backend.fields import Json
from backend.reports.content.figures import NETWORKS, Network, digest

# Times and numbers that PostgreSQL stores; no report is outside of them.
YEARS = range(2020, 2100)
MAX_NUMBER = 2**31 - 1
MAX_NAME = 200


@dataclass(frozen=True, slots=True)
class Sealed:
    """A report as a source sends it: the bytes of report.json, and its seal."""

    content: bytes
    statement: str
    signature: bytes


@dataclass(frozen=True, slots=True)
class Keys:
    """The registered public keys of a source."""

    valid: frozenset[bytes]
    revoked: frozenset[bytes]


@dataclass(frozen=True, slots=True)
class Wanted:
    """The province, as on the month's last day, and the month of a report."""

    system: str
    code: str
    month: str


@dataclass(frozen=True, slots=True)
class CommuneFigures:
    """A commune of a report, on one network."""

    code: str
    name: str
    counted: int
    target: int | None  # null: none was in force

    @property
    def reached(self) -> bool:
        """Whether it has as many counted samples as its target, whatever the target is about."""
        return self.target is not None and self.counted >= self.target


@dataclass(frozen=True, slots=True)
class NetworkFigures:
    """A report's figures of one network."""

    counted: int
    target: int | None  # of communes; null: none was in force
    communes: tuple[CommuneFigures, ...]


@dataclass(frozen=True, slots=True)
class ReportFigures:
    """What the table of provinces shows of a report."""

    code: str  # of the province
    month: str
    edition: int
    demo: bool
    rules: int
    counts_from: str | None  # null: a report of an earlier version
    boundaries: str | None  # name of the set
    networks: Mapping[Network, NetworkFigures]


@dataclass(frozen=True, slots=True)
class SealStatement:
    """What a seal says about a report."""

    system: str
    level: str
    code: str
    month: str
    edition: int
    digest: str
    approved_at: datetime
    approved_by: str


def verify(sealed: Sealed, keys: Keys, wanted: Wanted) -> tuple[SealStatement, ReportFigures]:
    """Return statement and figures of the wanted report; 422 with the reason for any other.

    Parameters
    ----------
    sealed : Sealed
        Bytes and seal, of a server or a file: nothing about them is known.
    keys : Keys
        Registered keys; those that a source lists itself are never used.
    wanted : Wanted
        The province and the month that were asked for.
    """
    _check_signature(sealed, keys)
    stated = read_statement(sealed.statement)
    if digest(sealed.content) != stated.digest:
        raise Problem(422, "source_altered")
    if (stated.system, stated.level, stated.code) != (wanted.system, "province", wanted.code):
        raise Problem(422, "source_other_unit")
    if stated.month != wanted.month:
        raise Problem(422, "source_other_month")
    figures = read_figures(sealed.content)
    own = (figures.code, figures.month, figures.edition)
    if own != (stated.code, stated.month, stated.edition):
        raise Problem(422, "source_not_report")
    return stated, figures


def _check_signature(sealed: Sealed, keys: Keys) -> None:
    if any(_signed(sealed, key) for key in keys.valid):
        return
    if any(_signed(sealed, key) for key in keys.revoked):
        raise Problem(422, "source_key_revoked")
    raise Problem(422, "source_key_unknown")


def _signed(sealed: Sealed, public_key: bytes) -> bool:
    try:
        Ed25519PublicKey.from_public_bytes(public_key).verify(
            sealed.signature, sealed.statement.encode()
        )
    except (InvalidSignature, ValueError):
        return False
    return True


def read_statement(text: str) -> SealStatement:
    """Return what a seal says; 422 where it is not the statement of an approved report."""
    try:
        stated = _object(orjson.loads(text))
        unit = _object(stated["unit"])
        approved_at = datetime.fromisoformat(_text(stated["approved_at"]))
        approver = _object(stated["approved_by"])
        if approved_at.tzinfo is None or approved_at.year not in YEARS:
            raise ValueError("no time")
        return SealStatement(
            _text(unit["system"]),
            _text(unit["level"]),
            _text(unit["code"]),
            _text(stated["month"]),
            _whole(stated["edition"]),
            _text(stated["digest"]),
            approved_at,
            _text(approver["name"]),
        )
    except (KeyError, ValueError):
        raise Problem(422, "source_not_report") from None


def read_figures(content: bytes) -> ReportFigures:
    """Return the figures of report.json; 422 where it is none."""
    try:
        report = _object(orjson.loads(content))
        sections, boundaries = _object(report["sections"]), report["boundaries"]
        counts_from = report.get("counts_from")
        return ReportFigures(
            code=_text(_object(report["unit"])["code"]),
            month=_text(report["month"]),
            edition=_whole(report["edition"]),
            demo=report["demo"] is not False,
            rules=_whole(report["rules"]),
            counts_from=None if counts_from is None else _text(counts_from),
            boundaries=None if boundaries is None else _text(_object(boundaries)["set"]),
            networks={network: _of_network(sections, network) for network in NETWORKS},
        )
    except (KeyError, ValueError):
        raise Problem(422, "source_not_report") from None


def _of_network(sections: Mapping[str, Json], network: Network) -> NetworkFigures:
    levels = map(_object, _list(_object(sections["reached"])[network]))
    own = next((one for one in levels if one["level"] == "commune"), None)
    rows = map(_object, _list(_object(sections["communes"])[network]))
    return NetworkFigures(
        counted=_whole(_object(_object(sections["samples"])[network])["counted"]),
        target=_optional(own["threshold"]) if own else None,
        communes=tuple(
            CommuneFigures(
                _text(row["code"]),
                _text(row["name"]),
                _whole(row["counted"]),
                _optional(row["target"]),
            )
            for row in rows
        ),
    )


def _object(value: Json) -> dict[str, Json]:
    if not isinstance(value, dict):
        raise ValueError("not an object")
    return value


def _list(value: Json) -> list[Json]:
    if not isinstance(value, list):
        raise ValueError("not a list")
    return value


def _text(value: Json) -> str:
    if not isinstance(value, str) or len(value) > MAX_NAME or "\0" in value:
        raise ValueError("not a short text")
    return value


def _whole(value: Json) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_NUMBER:
        raise ValueError("not a count")
    return value


def _optional(value: Json) -> int | None:
    return None if value is None else _whole(value)
