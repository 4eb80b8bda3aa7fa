"""A report's files, made of its figures alone: rendered again they are the same bytes."""

from collections.abc import Callable

from backend.reports.content import labels
from backend.reports.content.figures import NETWORKS, Files, Report
from backend.reports.files.canonical import canonical
from backend.reports.files.charts import speeds_chart, steps_chart
from backend.reports.files.csv_files import csv_archive
from backend.reports.files.docx_body import Pictures
from backend.reports.files.docx_letter import letter
from backend.reports.files.map_shapes import shapes
from backend.reports.files.picture_map import draw_map
from backend.reports.files.tables import tables
from backend.reports.files.xlsx_book import workbook

Renderer = Callable[[Report, str | None], bytes]  # with the words that mark a draft or a demo

RENDERERS: dict[str, Renderer] = {
    "report.docx": lambda report, mark: letter(report, tables(report), _pictures(report), mark),
    "report.xlsx": lambda report, mark: workbook(report, tables(report), mark),
    "report.csv.zip": lambda report, mark: csv_archive(tables(report), mark),
    "report.json": lambda report, mark: canonical(report),
}


def render(report: Report) -> Files:
    """Every file of a report by name."""
    return {name: render_file(name, report) for name in RENDERERS}


def render_file(name: str, report: Report, *, draft: bool = False) -> bytes:
    """One file of a report; that of a draft says so."""
    return RENDERERS[name](report, labels.mark(demo=report["demo"], draft=draft))


def _pictures(report: Report) -> Pictures:
    """What can be drawn of each network; one commune alone has neither steps nor a map."""
    drawn: dict[tuple[str, str], bytes] = {}
    sections, places = report["sections"], shapes(report)
    for network in NETWORKS:
        communes = sections["communes"].get(network, [])
        if len(communes) > 1 and any(row["target"] is not None for row in communes):
            drawn[network, "steps"] = steps_chart(communes)
            if places:
                drawn[network, "map"] = draw_map(places, communes)
        if chart := speeds_chart(sections["quality"].get(network, [])):
            drawn[network, "speeds"] = chart
    return drawn
