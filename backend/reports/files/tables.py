"""A report's figures as tables: the workbook, the CSV files and the letter show these rows."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from backend.coverage.statistics.quantiles import REFERENCES
from backend.i18n import formats
from backend.measurements.recording.reasons import BY_CODE
from backend.reports.content.figures import NETWORKS, SECTIONS, Report
from backend.reports.files import table_columns as columns
from backend.reports.files.canonical import canonical, digest
from backend.reports.files.table_columns import VALUES, Column

Row = Mapping[str, Any]
FIGURES = ("median", "mean", "p10", "p90")


@dataclass(frozen=True, slots=True)
class Table:
    """One table: its name in CSV, its title on a sheet, its columns and rows."""

    name: str
    title: str  # Excel takes 31 characters
    columns: tuple[Column, ...]
    rows: Sequence[Row]

    def of(self, network: str) -> list[Row]:
        """The rows of a network."""
        return [row for row in self.rows if row["network"] == network]

    def picked(self, *keys: str) -> tuple[Column, ...]:
        """Some of the columns, in the order that is asked for."""
        by_key = {column.key: column for column in self.columns}
        return tuple(by_key[key] for key in keys)


def tables(report: Report) -> dict[str, Table]:
    """Every table by name, the data dictionary last."""
    found = report["sections"]
    made = [
        Table("report", "Báo cáo", columns.REPORT, [_report(report)]),
        Table("samples", "Số mẫu", columns.SAMPLES, _by_network(found["samples"])),
        Table("reasons", "Lý do không tính", columns.REASONS, _reasons(report, "reasons")),
        Table("unlocated", "Không rõ địa bàn", columns.REASONS, _reasons(report, "unlocated")),
        Table("reached", "Mức đạt", columns.REACHED, _by_network(found["reached"])),
        Table("communes", "Từng xã, phường", columns.COMMUNES, _by_network(found["communes"])),
        Table("lacking", "Chưa đạt", columns.LACKING, _by_network(found["lacking"])),
        Table("quality", "Chất lượng", columns.QUALITY, _quality(report)),
        Table("teams", "Tổ, đội", columns.TEAMS, [dict(row) for row in found["teams"]]),
        Table("vnnic", "VNNIC", columns.VNNIC, [dict(row) for row in found["vnnic"] or []]),
        Table("texts", "Lời", columns.TEXTS, list(_texts(report))),
        Table("notes", "Ghi chú", columns.NOTES, [dict(note) for note in found["notes"]]),
    ]
    dictionary = [
        {"table": table.name, **{name: getattr(column, name) for name in DESCRIBED}}
        for table in made
        for column in table.columns
    ]
    made.append(Table("dictionary", "Từ điển dữ liệu", columns.DICTIONARY, dictionary))
    return {table.name: table for table in made}


DESCRIBED = ("key", "head", "kind", "meaning")


def plain(value: Any) -> Any:
    """A value as programs read it: lists joined, everything else as it is."""
    return "; ".join(value) if isinstance(value, list) else value


def shown(column: Column, value: Any) -> str:
    """A value as a Vietnamese reader writes it."""
    if value is None:
        return column.empty or "–"
    if column.kind == "share":
        return formats.percent(value, "vi")
    if column.kind == "decimal":
        return formats.number(value, "vi", 1)
    if column.kind == "whole":
        return formats.number(value, "vi")
    if column.kind == "moment":
        return formats.moment(datetime.fromisoformat(value))
    return column.named.get(value, str(plain(value))) if _hashable(value) else str(plain(value))


def _hashable(value: Any) -> bool:
    return not isinstance(value, list)


def _report(report: Report) -> Row:
    names = ("month", "edition", "made_at", "rules", "demo")
    told: dict[str, Any] = {name: report[name] for name in names}  # type: ignore[literal-required]
    nothing = {"set": None, "quality": None}
    return {
        **report["unit"],
        **told,
        **nothing,
        **(report["boundaries"] or {}),
        "digest": digest(canonical(report)),
    }


def _by_network(section: Mapping[str, Any]) -> list[Row]:
    """Rows of a section, each with its network; one alone stands for a list of one."""
    return [
        {"network": network, **row}
        for network in NETWORKS
        if network in section
        for row in (section[network] if isinstance(section[network], list) else [section[network]])
    ]


def _reasons(report: Report, kind: str) -> list[Row]:
    """The largest loss of each network first: JSON that is kept knows no order of keys."""
    samples = report["sections"]["samples"]
    lost = {network: samples[network][kind] for network in NETWORKS if network in samples}  # type: ignore[literal-required]
    return [
        {"network": network, "reason": code, "words": _reason(code), "n": n}
        for network, reasons in lost.items()
        for code, n in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _reason(code: str) -> str:
    return BY_CODE[code].message("vi") if code in BY_CODE else code


def _quality(report: Report) -> list[Row]:
    return [_flat(row) for row in _by_network(report["sections"]["quality"])]


def _flat(row: Row) -> Row:
    """Spreads and shares side by side; null where there were too few samples."""
    spreads = {
        f"{value}_{figure}": row[value][figure] if row[value] else None
        for value in VALUES
        for figure in FIGURES
    }
    shares = {f"share_{one.code}": row["references"].get(one.code) for one in REFERENCES}
    return {name: cell for name, cell in row.items() if name not in VALUES} | spreads | shares


def _texts(report: Report) -> Iterable[Row]:
    for section in SECTIONS:
        for source, texts in (("remark", report["remarks"]), ("proposed", report["proposed"])):
            if texts.get(section):
                yield {"section": section, "source": source, "text": texts[section]}
                break
