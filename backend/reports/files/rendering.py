"""A report's files, made of its figures alone: rendered again they are the same bytes."""

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


def render(report: Report, *, draft: bool = False) -> Files:
    """Every file of a report by name; those of a draft say so."""
    made = tables(report)
    mark = labels.mark(demo=report["demo"], draft=draft)
    return {
        "report.docx": letter(report, made, _pictures(report), mark),
        "report.xlsx": workbook(report, made, mark),
        "report.csv.zip": csv_archive(made, mark),
        "report.json": canonical(report),
    }


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
