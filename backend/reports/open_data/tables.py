"""Tables of the open data of a month, with the figures of the API."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from backend.accounts.access import PUBLIC
from backend.clock import month_end
from backend.coverage.figures.service import CoverageQuery, coverage
from backend.coverage.figures.unit_access import published
from backend.coverage.statistics.cells import released_cells
from backend.coverage.statistics.iqb import rate
from backend.coverage.statistics.no_connection import country_places
from backend.coverage.statistics.service import released_statistics
from backend.errors import Problem
from backend.i18n.catalogues import N_, NP_, Language, gettext
from backend.measurements.recording.rules import NETWORKS
from backend.units.catalogue import Boundaries
from backend.units.service import UnitRow, units_on

Type = Literal["string", "integer", "number", "boolean"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: name, type as in a Data Package, meaning."""

    name: str
    type: Type
    meaning: str  # in English
    parts: Mapping[str, str] = field(default_factory=dict)  # values of placeholders
    key: bool = False  # part of the primary key

    def serialize(self) -> dict[str, str]:
        """Return the field of a Data Package, described in both languages."""
        meaning = f"{self._meaning('vi')} / {self._meaning('en')}"
        return {"name": self.name, "type": self.type, "description": meaning}

    def _meaning(self, language: Language) -> str:
        parts = {name: gettext(text, language) for name, text in self.parts.items()}
        return gettext(self.meaning, language).format(**parts)


MONTH = Column("month", "string", N_("Month, YYYY-MM"), key=True)
NETWORK = Column("network", "string", N_("mobile or fixed lines"), key=True)
PLACE = (
    Column("level", "string", N_("Level of the unit"), key=True),
    Column("code", "string", N_("Official code of the unit"), key=True),
)
DEVICES = Column("devices", "integer", N_("Devices that measured; empty: of too few people"))
# Meaning of a figure of a metric; "median" and "mean" are translated.
SPEED = N_("{metric}, {figure}; empty: too few samples")
METRICS = {
    "download_mbps": N_("Download, Mbit/s"),
    "upload_mbps": N_("Upload, Mbit/s"),
    "ping_ms": N_("Latency, ms"),
    "jitter_ms": N_("Jitter, ms"),
    "ping_download_ms": N_("Latency during a download, ms"),
    "ping_upload_ms": N_("Latency during an upload, ms"),
}
FIGURES = {
    "median": N_("median of all tests"),
    "mean": N_("mean"),
    "p10": N_("p10"),
    "p90": N_("p90"),
}
DEVICE_MEDIAN = N_("median in which each device weighs the same")
# Figures with limits of 95 % intervals, also of the median that is shown.
LIMITED = {name: FIGURES[name] for name in ("median", "p10", "p90")}
LIMITED |= {"device_median": DEVICE_MEDIAN}
LIMITS = {
    "low": N_("{metric}, {figure}: lower limit of the interval (95 %)"),
    "high": N_("{metric}, {figure}: upper limit of the interval (95 %)"),
}
WORTH = N_("{metric}: effective n, number of independent samples that tell as much")


def _of_metric(
    metric: str, figure: str, meaning: str, *, type: Type = "number", of: str = ""
) -> Column:
    """Return the column of a figure of a metric; `of` is the figure in words."""
    parts = {"metric": METRICS[metric], **({"figure": of} if of else {})}
    return Column(f"{metric}_{figure}", type, meaning, parts)


# A sample with a small data cap counts without a speed.
COUNT = N_("{metric}, number of samples that measured it; empty: too few")
MEASURED = tuple(
    _of_metric(metric, "n", COUNT, type="integer") for metric in ("download_mbps", "upload_mbps")
)
SPEEDS = tuple(
    _of_metric(metric, figure, SPEED, of=words)
    for metric in METRICS
    for figure, words in FIGURES.items()
)
INTERVALS = tuple(
    column
    for metric in METRICS
    for column in (
        _of_metric(metric, "effective_n", WORTH),
        _of_metric(metric, "device_median", SPEED, of=DEVICE_MEDIAN),
        *(
            _of_metric(metric, f"{figure}_{limit}", meaning, of=words)
            for figure, words in LIMITED.items()
            for limit, meaning in LIMITS.items()
        ),
    )
)

BAROMETER = {
    "score": Column(
        "iqb",
        "number",
        N_(
            "Internet Quality Barometer (IQB), 0 to 1, by medians and without packet loss;"
            " empty: a median is missing"
        ),
    ),
    "low": Column(
        "iqb_low", "number", N_("IQB if all that the intervals leave unclear is not met")
    ),
    "high": Column("iqb_high", "number", N_("IQB if all that the intervals leave unclear is met")),
}

# Of a group of samples: all of a unit, or those of an operator and technology.
GROUP = (DEVICES, *MEASURED, *SPEEDS, *INTERVALS, *BAROMETER.values())

UNITS = (
    MONTH,
    NETWORK,
    *PLACE,
    Column("name", "string", N_("Name of the unit")),
    Column("type", "string", N_("Type of the unit")),
    Column("province_code", "string", N_("Code of its province")),
    Column("province", "string", N_("Its province")),
    Column("longitude", "number", NP_("longitude", "Of a point inside, degrees")),
    Column("latitude", "number", NP_("latitude", "Of a point inside, degrees")),
    Column("received", "integer", N_("Samples received")),
    Column("valid", "integer", N_("Valid samples")),
    Column("counted", "integer", N_("Valid samples that are no repeats")),
    Column("of_teams", "integer", N_("Of these, by teams")),
    Column("witnessed", "integer", N_("Of these, confirmed by the measuring host")),
    Column("ticketed", "integer", N_("Of these, measured at a registered host")),
    Column("claimed", "integer", N_("Of these, reported by the phone alone")),
    Column("imported", "integer", N_("Of these, imported from files")),
    Column("withdrawn", "integer", N_("Of these, withdrawn")),
    Column("target", "integer", N_("Target; empty: none")),
    Column("reached", "boolean", N_("Reached, by Đo Sóng's count")),
    *GROUP,
)
SPEED_ROWS = (
    MONTH,
    NETWORK,
    *PLACE,
    Column("operator", "string", N_("Operator, or all"), key=True),
    Column("technology", "string", N_("Technology, or all"), key=True),
    Column("n", "integer", N_("Counted samples")),
    *GROUP,
)
CELLS = (
    MONTH,
    NETWORK,
    Column("cell", "string", N_("H3 index of the cell"), key=True),
    Column("longitude", "number", NP_("longitude", "Of its centre, degrees")),
    Column("latitude", "number", NP_("latitude", "Of its centre, degrees")),
    Column("n", "integer", N_("Counted samples")),
    DEVICES,
    *SPEEDS,
    *INTERVALS,
)


NO_CONNECTION = (
    MONTH,
    Column("cell", "string", N_("H3 index of the cell"), key=True),
    Column("resolution", "integer", N_("Resolution of the cell: 8, 7 or 6")),
    Column("longitude", "number", NP_("longitude", "Of its centre, degrees")),
    Column("latitude", "number", NP_("latitude", "Of its centre, degrees")),
    Column("notes", "integer", N_("Notes of volunteers, rounded to 5; no samples")),
    Column("devices", "integer", N_("Devices of volunteers, rounded to 5")),
    Column("operators", "string", N_("Operators that enough volunteers noted")),
    Column("zone", "boolean", N_("Noted on two days or more, and more than was measured")),
)


Row = dict[str, Any]
ALL = "all"


@dataclass(frozen=True, slots=True)
class Table:
    """A table: name, title in both languages, columns, geometry of its rows, and the rows."""

    name: str
    title: str
    columns: tuple[Column, ...]
    shape: Literal["point", "cell"] | None = None
    rows: Sequence[Row] = ()


TABLES = (
    Table("units", "Số mẫu và tốc độ theo đơn vị / Samples and speeds by unit", UNITS, "point"),
    Table(
        "speeds", "Tốc độ theo nhà mạng, công nghệ / Speeds by operator and technology", SPEED_ROWS
    ),
    Table("cells", "Tốc độ theo ô H3 / Speeds by H3 cell", CELLS, "cell"),
    Table(
        "noconnection",
        "Điểm không kết nối được (người đo ghi nhận) / Places without a connection",
        NO_CONNECTION,
        "cell",
    ),
)


@dataclass(frozen=True, slots=True)
class Month:
    """The open data of a month, with its boundary set."""

    month: str
    boundaries: Boundaries | None
    demo: bool
    tables: tuple[Table, ...]


def read_month(month: str, now: datetime) -> Month:
    """Read all public figures of a month: if reports are required, of approved provinces alone."""
    shown = published(PUBLIC, month)
    units = [unit for unit in units_on(month_end(month)) if shown is None or unit.id in shown]
    if not units:
        raise Problem(409, "not_published")
    speeds = {network: released_statistics(month, network) for network in NETWORKS}
    answers = {
        (network, level): coverage(CoverageQuery(month, level, network), now)
        for network in NETWORKS
        for level in dict.fromkeys(unit.level for unit in units)
    }
    first = next(iter(answers.values()))
    items = {
        (network, level, item["code"]): item
        for (network, level), answer in answers.items()
        for item in answer["items"]
    }
    places = country_places(month, shown)
    rows: tuple[Iterable[Row], ...] = (
        _units(month, units, items, speeds),
        _speeds(month, units, speeds),
        _cells(month, shown),
        ({"month": month, **one, "operators": "; ".join(one["operators"])} for one in places),
    )
    tables = tuple(replace(one, rows=list(each)) for one, each in zip(TABLES, rows, strict=True))
    return Month(month, first["boundaries"], first["demo"], tables)


def _units(
    month: str,
    units: Sequence[UnitRow],
    items: Mapping[tuple[str, str, str], Mapping[str, Any]],
    speeds: Mapping[str, Mapping[int, Sequence[Mapping[str, Any]]]],
) -> Iterable[Row]:
    named = ("level", "code", "name", "type", "province_code", "province", "longitude", "latitude")
    counted = ("received", "valid", "counted", "of_teams", "target", "reached")
    for network in NETWORKS:
        for unit in units:
            item = items[network, unit.level, unit.code]
            rows = speeds[network].get(unit.id, ())
            whole = next((row for row in rows if not (row["operator"] or row["technology"])), None)
            yield {
                "month": month,
                "network": network,
                **{name: getattr(unit, name) for name in named},
                **{name: item[name] for name in counted},
                **item["by_assurance"],
                **_figures(whole),
            }


def _speeds(
    month: str,
    units: Sequence[UnitRow],
    speeds: Mapping[str, Mapping[int, Sequence[Mapping[str, Any]]]],
) -> Iterable[Row]:
    for network in NETWORKS:
        for unit in units:
            for row in speeds[network].get(unit.id, ()):
                # Columns of the primary key are never empty.
                groups = {name: row[name] or ALL for name in ("operator", "technology")}
                yield {
                    "month": month, "network": network, "level": unit.level, "code": unit.code,
                    **groups, "n": row["n"], **_figures(row),
                }  # fmt: skip


def _cells(month: str, shown: frozenset[int] | None) -> Iterable[Row]:
    for network in NETWORKS:
        for cell in released_cells(month, network, shown):
            yield {
                "month": month, "network": network, "cell": cell["cell"],
                "longitude": cell["longitude"], "latitude": cell["latitude"], "n": cell["n"],
                "devices": cell["devices"], **_spreads(cell),
            }  # fmt: skip


def _figures(row: Mapping[str, Any] | None) -> Row:
    """Return the values of the columns of a group; null where there were too few samples."""
    names = [column.name for column in MEASURED]
    spreads = [row[name.removesuffix("_n")] if row else None for name in names]
    rated: Mapping[str, Any] = (rate(row) if row else None) or {}
    return {
        "devices": row["devices"] if row else None,
        **{name: one["n"] if one else None for name, one in zip(names, spreads, strict=True)},
        **_spreads(row),
        **{column.name: rated.get(name) for name, column in BAROMETER.items()},
    }


GIVEN = (
    *FIGURES,
    *("effective_n", "device_median"),
    *(f"{figure}_{limit}" for figure in LIMITED for limit in LIMITS),
)


def _spreads(row: Mapping[str, Any] | None) -> Row:
    """Return the figures of every metric as columns; null where there were too few samples."""
    # Cells of earlier releases lack what was not a metric then.
    spreads = {metric: row.get(metric) if row else None for metric in METRICS}
    return {
        f"{metric}_{figure}": spread.get(figure) if spread else None
        for metric, spread in spreads.items()
        for figure in GIVEN
    }
