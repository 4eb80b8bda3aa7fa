"""The annexes of a report's letter: tables and pictures that do not fit into the text. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from backend.reports.content import labels
from backend.reports.content.figures import NETWORKS, Report
from backend.reports.files.tables import Column, Row, Table

ROMAN = ("I", "II", "III", "IV", "V", "VI", "VII", "VIII", "IX")


@dataclass(frozen=True, slots=True)
class TablePart:
    """A table of a letter."""

    title: str
    columns: Sequence[Column]
    rows: Sequence[Row]
    numbered: bool = False  # whether its rows have numbers


@dataclass(frozen=True, slots=True)
class PicturePart:
    """A picture of a letter, drawn by `pictures.py`."""

    network: str
    kind: str  # steps, map, speeds
    caption: str


@dataclass(frozen=True, slots=True)
class TextPart:
    """A paragraph of an annex."""

    text: str


Part = TablePart | PicturePart | TextPart


@dataclass(frozen=True, slots=True)
class Annex:
    """An annex with its own page numbers and orientation."""

    title: str
    sections: frozenset[str]  # of the text, which name this annex
    parts: Sequence[Part]
    landscape: bool = False
    number: str = ""  # Roman; empty for the only annex

    @property
    def heading(self) -> str:
        """Return the annex's name with its number."""
        return f"Phụ lục {self.number}".strip()


def list_annexes(report: Report, tables: Mapping[str, Table]) -> list[Annex]:
    """Return the annexes that have any content, numbered."""
    notes = [TextPart(f"- {one['words']}") for one in report["sections"]["notes"]]
    every = (
        _results(report, tables),
        _communes(report),
        _quality(tables),
        *(_one_table(section, tables) for section in ONE_TABLE),
        Annex(labels.SECTIONS["notes"], frozenset({"notes"}), notes),
    )
    found = [annex for annex in every if annex.parts]
    if len(found) < 2:
        return found
    return [replace(one, number=ROMAN[place]) for place, one in enumerate(found)]


def _results(report: Report, tables: Mapping[str, Table]) -> Annex:
    parts: list[Part] = []
    if tables["samples"].rows:
        parts.append(_part(tables["samples"], "Số mẫu theo loại mạng", SAMPLES))
    if assurance := tables.get("assurance"):
        rows = [row for row in assurance.rows if row["n"]]
        if rows:
            columns = assurance.select_columns("network", "words", "n")
            parts.append(TablePart("Mẫu được tính, theo mức bảo đảm", columns, rows))
    if tables["reasons"].rows:
        title = "Mẫu không được tính, theo lý do chính"
        parts.append(_part(tables["reasons"], title, ("network", "words", "n")))
    if tables["reached"].rows:
        title = f"Số đơn vị đạt mục tiêu, {labels.BY_OUR_COUNT}"
        parts.append(_part(tables["reached"], title, REACHED))
    for network in NETWORKS:
        communes = report["sections"]["communes"].get(network, [])
        if len(communes) > 1 and any(row["target"] is not None for row in communes):
            about = f"xã, phường theo mức so với mục tiêu, {labels.NETWORKS_LONG[network]}"
            parts.append(PicturePart(network, "steps", f"Số {about}"))
            parts.append(PicturePart(network, "map", about.capitalize()))
    return Annex("Số mẫu và mức độ đạt mục tiêu", frozenset({"samples", "reached"}), parts)


SAMPLES = ("network", "received", "valid", "counted")
REACHED = ("network", "level", "units", "reached", "share", "best_share", "threshold", "source")


def _part(table: Table, title: str, keys: Sequence[str]) -> TablePart:
    return TablePart(title, table.select_columns(*keys), table.rows)


def _communes(report: Report) -> Annex:
    """Return one row for each commune, with both networks and the plan side by side."""
    sections = report["sections"]
    by_code: dict[str, dict[str, object]] = {}
    for network in NETWORKS:
        planned = {row["code"]: row["planned"] for row in sections["lacking"].get(network, [])}
        for commune in sections["communes"].get(network, []):
            names = ("code", "name", "parent")
            row = by_code.setdefault(
                commune["code"],
                dict.fromkeys(COMMUNE_KEYS) | {name: commune[name] for name in names},  # type: ignore[literal-required]
            )
            row |= {f"{network}_{name}": commune[name] for name in OF_NETWORK}  # type: ignore[literal-required]
            both = [*(row["planned"] or []), *planned.get(commune["code"], [])]  # type: ignore[misc]
            row["planned"] = list(dict.fromkeys(both)) or None
    rows: list[Row] = list(by_code.values())
    if len(rows) < 2:
        rows = []
    columns = [one for one in COMMUNES if any(row[one.key] is not None for row in rows)]
    part = TablePart("", columns, rows, numbered=True)
    title = "Số liệu từng xã, phường và kế hoạch đo tháng tiếp theo"
    return Annex(title, frozenset({"lacking"}), [part] if rows else [], landscape=True)


OF_NETWORK = {
    "received": "đã nhận",
    "counted": "được tính",
    "target": "mục tiêu",
    "shortfall": "còn thiếu",
}
COMMUNES = (
    Column("code", "Mã", "Mã đơn vị hành chính"),
    Column("name", "Xã, phường", "Tên đơn vị"),
    Column("parent", "Thuộc", "Đơn vị cấp trên"),
    *(
        Column(f"{network}_{name}", f"{labels.NETWORKS[network]}: {head}", head, "whole")
        for network in NETWORKS
        for name, head in OF_NETWORK.items()
    ),
    Column("planned", "Kế hoạch tháng sau", "Chiến dịch đo tại đây trong tháng sau"),
)
COMMUNE_KEYS = tuple(one.key for one in COMMUNES)


def _quality(tables: Mapping[str, Table]) -> Annex:
    """Return the quality of operators in two tables a network, so that no column is cut off."""
    table, parts = tables["quality"], list[Part]()
    keys = [column.key for column in table.columns]
    for network in NETWORKS:
        rows, label = table.rows_of(network), labels.NETWORKS_LONG[network]
        if rows:
            for title, prefixes in QUALITY_TABLES.items():
                chosen = [key for key in keys if key.startswith(prefixes)]
                columns = table.select_columns("operator", "technology", "n", "devices", *chosen)
                parts.append(TablePart(f"{title}, {label}", columns, rows))
            parts.append(PicturePart(network, "speeds", f"Tốc độ tải xuống theo nhà mạng, {label}"))
    return Annex("Chất lượng theo nhà mạng", frozenset({"quality"}), parts, landscape=True)


QUALITY_TABLES = {
    "Tốc độ tải xuống, tải lên (Mbit/s)": ("download_", "upload_"),
    "Độ trễ, biến thiên trễ (ms) và tỷ lệ đạt mức tham chiếu": ("ping_ms_", "jitter_", "share_"),
}


# Sections whose annex is one table: its columns.
ONE_TABLE = {
    "no_connection": ("code", "name", "zones", "places", "areas"),
    "teams": ("organisation", "organisation_type", "team", "received", "counted", "needed"),
    "vnnic": ("network", "code", "name", "ours", "theirs", "difference", "reasons"),
}


def _one_table(section: str, tables: Mapping[str, Table]) -> Annex:
    table, parts = tables.get(section), list[Part]()
    if table and table.rows:
        columns = table.select_columns(*ONE_TABLE[section])
        parts.append(TablePart("", columns, table.rows, numbered=True))
    landscape = section == "vnnic"
    return Annex(labels.SECTIONS[section], frozenset({section}), parts, landscape)
