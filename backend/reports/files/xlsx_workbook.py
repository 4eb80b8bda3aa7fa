"""Render a report's tables as a workbook: typed cells, filters, sums as formulas."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from xlsxwriter import Workbook
from xlsxwriter.utility import xl_col_to_name

from backend.clock import VIETNAM
from backend.i18n import formats
from backend.reports.content.figures import NETWORKS, Report
from backend.reports.content.labels import BY_OUR_COUNT
from backend.reports.content.labels import NETWORKS as NETWORK_WORDS
from backend.reports.files.tables import Column, Row, Table, plain_value

FORMATS = {
    "whole": "#,##0",
    "share": "0.00%",
    "decimal": "#,##0.0",
    "moment": "dd/mm/yyyy hh:mm",
    "text": "@",
}
TITLE_ROW, HEAD_ROW, FIRST_ROW = 0, 1, 2
# In characters: a date with time fits, heads of numbers break into lines.
NUMBER_WIDTH, MAX_WIDTH = 16, 80


def render_workbook(report: Report, tables: Mapping[str, Table], mark: str | None) -> bytes:
    """Return a workbook with a sheet for each table."""
    out = io.BytesIO()
    made = datetime.fromisoformat(report["made_at"]).astimezone(VIETNAM).replace(tzinfo=None)
    with Workbook(out, {"in_memory": True}) as book:
        title = ", ".join(
            (report["unit"]["name"], f"tháng {formats.month(report['month'])}", BY_OUR_COUNT)
        )
        book.set_properties({"title": title, "author": "Đo Sóng", "created": made})
        book.set_calc_mode("auto")
        for table in tables.values():
            _Sheet(book, for_people(table)).fill(title, mark)
    return out.getvalue()


def for_people(table: Table) -> Table:
    """Return a table without the codes of notes, which only programs read in the other files."""
    if table.name != "notes":
        return table
    return replace(table, columns=table.select_columns("words"))


class _Sheet:
    """Writer of one sheet."""

    def __init__(self, book: Workbook, table: Table) -> None:
        self.table = table
        self.sheet = book.add_worksheet(table.title)
        self.bold = book.add_format({"bold": True, "font_size": 12})
        self.alarm = book.add_format({"bold": True, "font_size": 12, "font_color": "#b00020"})
        head = {
            "bold": True,
            "text_wrap": True,
            "valign": "top",
            "bg_color": "#e3ebf5",
            "border": 1,
        }
        self.head = book.add_format(head)
        self.cells = {kind: book.add_format({"num_format": f}) for kind, f in FORMATS.items()}
        total = {"bold": True, "top": 1}
        self.totals = {
            kind: book.add_format({"num_format": f, **total}) for kind, f in FORMATS.items()
        }

    def fill(self, title: str, mark: str | None) -> None:
        """Write title, head, rows and sums; freeze and filter the head."""
        heading = " · ".join(filter(None, (self.table.title, mark, title)))
        self.sheet.write_string(TITLE_ROW, 0, heading, self.alarm if mark else self.bold)
        for place, column in enumerate(self.table.columns):
            self.sheet.write_string(HEAD_ROW, place, column.head, self.head)
            self.sheet.write_comment(HEAD_ROW, place, column.meaning)
            self.sheet.set_column(place, place, _width(column, self.table.rows))
        for number, row in enumerate(self.table.rows, FIRST_ROW):
            for place, column in enumerate(self.table.columns):
                self._write(number, place, column, row[column.key])
        last = FIRST_ROW + len(self.table.rows) - 1
        self.sheet.freeze_panes(FIRST_ROW, 0)
        self.sheet.autofilter(HEAD_ROW, 0, max(last, HEAD_ROW), len(self.table.columns) - 1)
        self.sheet.repeat_rows(HEAD_ROW)
        self.sheet.set_landscape()
        self.sheet.set_paper(9)  # A4
        self.sheet.fit_to_pages(1, 0)
        if self.table.rows and any(column.summed for column in self.table.columns):
            self._sum(last)

    def _write(self, number: int, place: int, column: Column, value: Any) -> None:
        style = self.cells[column.kind]
        if value is None:
            if column.empty:
                self.sheet.write_string(number, place, column.empty, style)
        elif column.kind == "moment":
            local = datetime.fromisoformat(value).astimezone(VIETNAM).replace(tzinfo=None)
            self.sheet.write_datetime(number, place, local, style)
        elif column.kind == "text":
            text = str(plain_value(value)) if isinstance(value, list) else column.named.get(value)
            self.sheet.write_string(number, place, text or str(value), style)  # never a formula
        else:
            self.sheet.write_number(number, place, value, style)

    def _sum(self, last: int) -> None:
        """Write a row of sums, one for each network where the table has networks."""
        by_network = self.table.columns[0].key == "network"
        networks = [n for n in NETWORKS if self.table.rows_of(n)] if by_network else [None]
        for number, network in enumerate(networks, last + 2):
            named = f"Tổng {NETWORK_WORDS[network].lower()}" if network else "Tổng cộng"
            self.sheet.write_string(number, 0, named, self.totals["text"])
            rows = self.table.rows_of(network) if network else self.table.rows
            for place, column in enumerate(self.table.columns[1:], 1):
                if column.summed:
                    formula, style = _formula(place, last, network), self.totals[column.kind]
                    # The value of the formula, for programs that do not compute it.
                    total = sum(row[column.key] or 0 for row in rows)
                    self.sheet.write_formula(number, place, formula, style, total)
                else:
                    self.sheet.write_blank(number, place, None, self.totals["text"])


def _formula(place: int, last: int, network: str | None) -> str:
    """Return the formula of a sum over all rows, or over those of a network."""
    letter = xl_col_to_name(place)
    cells = f"{letter}{FIRST_ROW + 1}:{letter}{last + 1}"
    if network is None:
        return f"=SUM({cells})"
    return f'=SUMIF($A${FIRST_ROW + 1}:$A${last + 1},"{NETWORK_WORDS[network]}",{cells})'


def _width(column: Column, rows: Sequence[Row]) -> int:
    """Return the width that fits the longest cell, at most MAX_WIDTH."""
    if column.kind != "text":
        return NUMBER_WIDTH
    longest = max((len(str(plain_value(row[column.key]))) for row in rows), default=0)
    return min(max(longest, len(column.head)) + 2, MAX_WIDTH)
