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
from backend.reports.files.canonical import canonical_json, digest
from backend.reports.files.table_columns import VALUES, Column

Row = Mapping[str, Any]
FIGURES = ("median", "mean", "p10", "p90")


@dataclass(frozen=True, slots=True)
class Table:
    """A table of a report: name in CSV, title on a sheet, columns, rows."""

    name: str
    title: str  # at most 31 characters, for Excel
    columns: tuple[Column, ...]
    rows: Sequence[Row]

    def rows_of(self, network: str) -> list[Row]:
        """Return the rows of a network."""
        return [row for row in self.rows if row["network"] == network]

    def select_columns(self, *keys: str) -> tuple[Column, ...]:
        """Return the named columns, in the order given."""
        by_key = {column.key: column for column in self.columns}
        return tuple(by_key[key] for key in keys)


def build_tables(report: Report) -> dict[str, Table]:
    """Return every table by name, the data dictionary last."""
    sections = report["sections"]
    built = [
        Table("report", "Báo cáo", columns.REPORT, [_report(report)]),
        Table("samples", "Số mẫu", columns.SAMPLES, _by_network(sections["samples"])),
        Table("reasons", "Lý do không tính", columns.REASONS, _reasons(report, "reasons")),
        Table("unlocated", "Không rõ địa bàn", columns.REASONS, _reasons(report, "unlocated")),
        Table("reached", "Mức đạt", columns.REACHED, _by_network(sections["reached"])),
        Table("communes", "Từng xã, phường", columns.COMMUNES, _by_network(sections["communes"])),
        Table("lacking", "Chưa đạt", columns.LACKING, _by_network(sections["lacking"])),
        Table("quality", "Chất lượng", columns.QUALITY, _quality(report)),
        Table("teams", "Tổ, đội", columns.TEAMS, [dict(row) for row in sections["teams"]]),
        Table("vnnic", "VNNIC", columns.VNNIC, [dict(row) for row in sections["vnnic"] or []]),
        Table("texts", "Lời", columns.TEXTS, list(_texts(report))),
        Table("notes", "Ghi chú", columns.NOTES, [dict(note) for note in sections["notes"]]),
    ]
    dictionary = [
        {"table": table.name, **{name: getattr(column, name) for name in DESCRIBED}}
        for table in built
        for column in table.columns
    ]
    built.append(Table("dictionary", "Từ điển dữ liệu", columns.DICTIONARY, dictionary))
    return {table.name: table for table in built}


DESCRIBED = ("key", "head", "kind", "meaning")


def plain_value(value: Any) -> Any:
    """Return a value for programs: lists joined, everything else unchanged."""
    return "; ".join(value) if isinstance(value, list) else value


def format_cell(column: Column, value: Any) -> str:
    """Return a value as Vietnamese text."""
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
    if isinstance(value, list):
        return str(plain_value(value))
    return column.named.get(value, str(value))


def _report(report: Report) -> Row:
    names = ("month", "edition", "made_at", "rules", "demo")
    details: dict[str, Any] = {name: report[name] for name in names}  # type: ignore[literal-required]
    nothing = {"set": None, "quality": None}
    return {
        **report["unit"],
        **details,
        **nothing,
        **(report["boundaries"] or {}),
        "digest": digest(canonical_json(report)),
    }


def _by_network(section: Mapping[str, Any]) -> list[Row]:
    """Return the rows of a section with their network; a section may have one row or a list."""
    return [
        {"network": network, **row}
        for network in NETWORKS
        if network in section
        for row in (section[network] if isinstance(section[network], list) else [section[network]])
    ]


def _reasons(report: Report, kind: str) -> list[Row]:
    """Return the reasons of each network, the most frequent first: stored JSON sorts its keys."""
    samples = report["sections"]["samples"]
    counts = {network: samples[network][kind] for network in NETWORKS if network in samples}  # type: ignore[literal-required]
    return [
        {"network": network, "reason": code, "words": _reason(code), "n": n}
        for network, reasons in counts.items()
        for code, n in sorted(reasons.items(), key=lambda pair: (-pair[1], pair[0]))
    ]


def _reason(code: str) -> str:
    return BY_CODE[code].message("vi") if code in BY_CODE else code


def _quality(report: Report) -> list[Row]:
    return [_flat(row) for row in _by_network(report["sections"]["quality"])]


def _flat(row: Row) -> Row:
    """Flatten spreads and shares into columns; null where there were too few samples."""
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
