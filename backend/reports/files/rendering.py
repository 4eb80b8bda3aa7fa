"""Render the files of a report from its figures alone."""

import io
import zipfile
from collections.abc import Callable, Mapping

from backend.reports.content import labels
from backend.reports.content.figures import NETWORKS, Report, canonical_json
from backend.reports.files.pictures import (
    draw_map,
    has_speeds,
    read_shapes,
    speeds_chart,
    steps_chart,
)
from backend.reports.files.tables import Table, build_tables, plain_value
from backend.tables.spreadsheets import csv_file

Files = dict[str, bytes]  # by name
Renderer = Callable[[Report, str | None], bytes]  # with the mark of a draft or a demo

# The letter is completed and signed in the office: the seal is that of the figures.
LETTER = "report.docx"


def render(report: Report) -> Files:
    """Return every file of a report by name."""
    return {name: render_file(name, report) for name in RENDERERS}


def render_file(name: str, report: Report, *, draft: bool = False) -> bytes:
    """Return one file of a report, marked if it is a draft."""
    return RENDERERS[name](report, labels.mark(demo=report["demo"], draft=draft))


PICTURES = ("steps", "map", "speeds")


def has_picture(report: Report, network: str, kind: str) -> bool:
    """Return whether a report has a picture; one commune alone has neither steps nor a map."""
    if kind == "speeds":
        return has_speeds(report["sections"]["quality"].get(network, []))
    communes = report["sections"]["communes"].get(network, [])
    wanted = len(communes) > 1 and any(row["target"] is not None for row in communes)
    return wanted and (kind == "steps" or report["boundaries"] is not None)


def draw_picture(report: Report, network: str, kind: str) -> bytes | None:
    """Return a picture of a report as PNG; None where it has none."""
    if kind not in PICTURES or not has_picture(report, network, kind):
        return None
    if kind == "speeds":
        return speeds_chart(report["sections"]["quality"][network])
    communes = report["sections"]["communes"][network]
    if kind == "steps":
        return steps_chart(communes)
    shapes = read_shapes(report)
    return draw_map(shapes, communes) if shapes else None


def _letter(report: Report, mark: str | None) -> bytes:
    from backend.reports.files.docx_letter import render_letter  # a start need not wait for it

    pictures: dict[tuple[str, str], bytes] = {}
    for network in NETWORKS:
        for kind in PICTURES:
            if picture := draw_picture(report, network, kind):
                pictures[network, kind] = picture
    return render_letter(report, build_tables(report), pictures, mark)


def _workbook(report: Report, mark: str | None) -> bytes:
    from backend.reports.files.xlsx_workbook import render_workbook  # nor for this

    return render_workbook(report, build_tables(report), mark)


def render_csv(tables: Mapping[str, Table], mark: str | None) -> bytes:
    """Return the tables as CSV files in one archive, with the mark as a text file."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        if mark:
            archive.writestr("LUU-Y.txt", f"{mark}\n")
        for name, table in tables.items():
            keys = [column.key for column in table.columns]
            rows = ([plain_value(row[key]) for key in keys] for row in table.rows)
            archive.writestr(f"{name}.csv", csv_file([keys, *rows]))
    return out.getvalue()


RENDERERS: dict[str, Renderer] = {
    LETTER: _letter,
    "report.xlsx": _workbook,
    "report.csv.zip": lambda report, mark: render_csv(build_tables(report), mark),
    "report.json": lambda report, mark: canonical_json(report),
}
