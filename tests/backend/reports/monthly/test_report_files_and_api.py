"""The files of a report that an official fetches hold the figures of the API's own answers."""

import io
import json
from typing import Any

import pytest
from docx import Document
from flask import Flask
from flask.testing import FlaskClient
from openpyxl import load_workbook

from backend.i18n.formats import number
from tests.support.clock import FakeClock
from tests.support.reports import MONTH, Office


@pytest.fixture
def office(app: Flask, client: FlaskClient, clock: FakeClock) -> Office:
    made = Office(app, client, clock)
    made.measured(6, 11, 16)
    made.measured(7, day=16, status="failed", download_mbps=None)
    return made


def fetched(office: Office, report: int, name: str) -> io.BytesIO:
    answer = office.show(report, f"/files/{name}")
    assert answer.status_code == 200, answer.text
    return io.BytesIO(answer.data)


@pytest.mark.slow
def test_workbook_and_letter_tell_what_coverage_tells(office: Office) -> None:
    report = office.draft()
    query = f"month={MONTH}&parent=19&network=mobile"
    found: dict[str, Any] = office.client.get(f"/api/v1/coverage?{query}").json
    book = load_workbook(fetched(office, report, "report.xlsx"), data_only=True)
    lines = [
        row for row in book["Xã, phường"].iter_rows(min_row=3, values_only=True)
        if row[0] == "Di động"
    ]  # fmt: skip
    assert [(row[1], *row[4:7], row[8], row[10]) for row in lines] == [
        (one["code"], one["received"], one["valid"], one["counted"], one["target"],
         one["shortfall"])
        for one in found["items"]
    ]  # fmt: skip
    totals = next(
        row for row in book["Xã, phường"].iter_rows(values_only=True)
        if row[0] == "Tổng di động"
    )  # fmt: skip
    names = ("received", "valid", "counted")
    assert list(totals[4:7]) == [found["summary"][name] for name in names] == [4, 3, 3]
    letter = Document(fetched(office, report, "report.docx"))
    samples = next(t for t in letter.tables if t.rows[0].cells[1].text == "Đã nhận")
    assert [cell.text for cell in samples.rows[1].cells][:4] == [
        "Di động", *(number(found["summary"][name], "vi") for name in names)
    ]  # fmt: skip


def test_one_file_of_a_draft_is_rendered_without_the_others(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = office.draft()
    for other in ("_letter", "_workbook", "render_csv", "build_tables"):
        monkeypatch.delattr(f"backend.reports.files.rendering.{other}")
    figures = json.load(fetched(office, report, "report.json"))
    assert figures["sections"]["samples"]["mobile"]["received"] == 4
    assert office.show(report, "/files/report.pdf").status_code == 404


@pytest.mark.slow
def test_the_letterhead_of_the_office_stands_in_its_letter(office: Office) -> None:
    url = "/api/v1/units/19/letterhead"
    head = office.client.get(url, headers=office.headers).json
    names = ("superior", "agency", "symbol", "place", "recipients", "titles", "signer", "copies")
    wanted = {name: head[name] for name in names} | {"titles": ["Q. GIÁM ĐỐC"]}
    changed = office.client.put(
        url, json=wanted, headers=office.headers | {"If-Match": f'"{head["version"]}"'}
    )
    assert changed.status_code == 200, changed.text
    letter = Document(fetched(office, office.draft(), "report.docx"))
    ends = [table.rows[0].cells[1].text for table in letter.tables]
    assert any(text.startswith("Q. GIÁM ĐỐC") for text in ends)
