"""The parts of an official letter: head, paragraphs, tables, annexes, signature. Pure.

The Word file and the preview on the page show the same parts.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import cast

from backend.clock import VIETNAM, month_end
from backend.reports.content import labels
from backend.reports.content.figures import Report, sections_of
from backend.reports.content.labels import LetterheadContent, default_letterhead
from backend.reports.content.references import cite_all, cite_documents
from backend.reports.files import annexes
from backend.reports.files.annexes import Annex, TablePart
from backend.reports.files.tables import Column, Row, Table

NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
ADDRESSED, COPIES = "Kính gửi:", "Nơi nhận:"
# The words of the head and the end, for the preview.
WORDS = {"nation": NATION, "motto": MOTTO, "to": ADDRESSED, "copies": COPIES}
COMMITTEE, JOINT = "ỦY BAN NHÂN DÂN ", " VÀ "
# Characters of an agency's name on one line of the head.
MAX_AGENCY = 22
# The usual first line of copies; a report that is addressed to nobody lists its recipients there.
AS_ABOVE = "Như trên"
# Characters of a line and lines of a page at 14 points between the margins, for the estimate.
LINE_CHARACTERS, PAGE_LINES = 76, 42
# A letter is read and signed; what is longer belongs into annexes.
MAX_PAGES = 3
# Lines of head, addressees, closing and signature.
FRAME_LINES = 26


@dataclass(frozen=True, slots=True)
class Head:
    """What stands above the text; the number and the day are completed by hand."""

    superior: str | None
    agency: Sequence[str]  # lines
    number: str
    subject: str | None  # below the number of a công văn
    place_and_day: str
    title: Sequence[str]  # BÁO CÁO and its subject; empty for a công văn
    recipients: Sequence[str]


@dataclass(frozen=True, slots=True)
class Section:
    """A numbered section of the text; paragraphs alone where it has no title."""

    name: str
    title: str
    paragraphs: Sequence[str]
    table: TablePart | None = None
    detail: str = ""  # names the annex with the tables


@dataclass(frozen=True, slots=True)
class LetterContent:
    """A letter in reading order."""

    head: Head
    opening: str
    sections: Sequence[Section]
    closing: str
    copies: Sequence[str]
    titles: Sequence[str]
    signer: str | None
    annexes: Sequence[Annex]
    attached_to: str  # below the title of an annex
    pages: int = field(default=1)  # estimated, without annexes


def compose_letter(report: Report, tables: Mapping[str, Table]) -> LetterContent:
    """Return the letter of a report."""
    letterhead = letterhead_of(report)
    kind = kind_of(report)
    attached = annexes.list_annexes(report, tables)
    sections = list(_sections(report, tables, attached))
    copies = letterhead["copies"]
    if kind == "report":
        copies = letterhead["recipients"] + [one for one in copies if one != AS_ABOVE]
    return LetterContent(
        head=head_of(report, letterhead),
        opening=_opening(report, tables),
        sections=sections,
        closing=f"Trên đây là báo cáo kết quả đo {_where(report)}, {labels.BY_OUR_COUNT}./.",
        copies=copies,
        titles=letterhead["titles"],
        signer=letterhead["signer"],
        annexes=attached,
        attached_to=attached_to(kind, letterhead, _year(report)),
        pages=_estimate(sections),
    )


def kind_of(report: Report) -> str:
    """Return the kind of the letter: `official_letter` (công văn) or `report` (báo cáo)."""
    chosen = report.get("letter")
    return chosen["kind"] if chosen else "official_letter"


def letterhead_of(report: Report) -> LetterheadContent:
    """Return the report's letterhead with the signature chosen in the draft."""
    unit, stored = report["unit"], report["letterhead"]
    letterhead = (
        cast(LetterheadContent, dict(stored))
        if stored is not None
        else default_letterhead(
            unit["level"], unit["name"], unit["province"], month_end(report["month"])
        )
    )
    if chosen := report.get("letter"):
        letterhead["titles"] = chosen["titles"] or letterhead["titles"]
        letterhead["signer"] = chosen["signer"] or letterhead["signer"]
    return letterhead


def head_of(report: Report, letterhead: LetterheadContent) -> Head:
    """Return the head of a report's letter."""
    subject = f"kết quả đo chất lượng mạng {labels.month(report['month'])}"
    of_kind = kind_of(report) == "report"
    office = letterhead["symbol"].partition("-")[0]
    return Head(
        superior=letterhead["superior"],
        agency=agency_lines(letterhead["agency"]),
        number=number_line(f"BC-{office}" if of_kind else letterhead["symbol"]),
        subject=None if of_kind else f"V/v báo cáo {subject}",
        place_and_day=place_and_day(letterhead, _year(report)),
        title=("BÁO CÁO", f"{subject.capitalize()} {_area(report)}") if of_kind else (),
        recipients=() if of_kind else letterhead["recipients"],
    )


def number_line(symbol: str) -> str:
    """Return the line of the number, which is completed by hand, and the symbol."""
    return f"Số:          /{symbol}"


def place_and_day(letterhead: LetterheadContent, year: int) -> str:
    """Return the place and the day, which is completed by hand."""
    return f"{letterhead['place']}, ngày       tháng       năm {year}"


def attached_to(kind: str, letterhead: LetterheadContent, year: int) -> str:
    """Return the line below the title of an annex, which names the letter of a kind."""
    agency = labels.agency_name(letterhead["agency"])
    letter = labels.LETTER_KINDS[kind]
    return f"(Kèm theo {letter} số      ngày     tháng     năm {year} của {agency})"


def agency_lines(agency: str) -> list[str]:
    """Return an agency's name in lines: ỦY BAN NHÂN DÂN stands above the unit's name.

    A name that is longer than its column breaks before its last VÀ, not before its last word.
    """
    if agency.startswith(COMMITTEE):
        return [COMMITTEE.strip(), agency.removeprefix(COMMITTEE)]
    first, joint, last = agency.rpartition(JOINT)
    return [first, f"{JOINT.lstrip()}{last}"] if joint and len(agency) > MAX_AGENCY else [agency]


def _year(report: Report) -> int:
    return datetime.fromisoformat(report["made_at"]).astimezone(VIETNAM).year


def _area(report: Report) -> str:
    return f"trên địa bàn {labels.within(report['unit']['name'])}"


def _where(report: Report) -> str:
    return f"{labels.month(report['month'])} {_area(report)}"


def _opening(report: Report, tables: Mapping[str, Table]) -> str:
    """Return the first sentence, which names the documents that the report answers."""
    if "references" in report:
        cited = cite_documents(report["references"])
    else:  # frozen before version 1.1
        cited = cite_all(row["source"] for row in tables["reached"].rows)
    office = labels.agency_name(letterhead_of(report)["agency"])
    done = f"{office} báo cáo kết quả đo chất lượng dịch vụ truy nhập Internet {_where(report)}"
    start = f"Thực hiện {cited}, " if cited else ""
    return f"{start}{done}, tính {labels.BY_OUR_COUNT}, như sau:"


def _sections(
    report: Report, tables: Mapping[str, Table], attached: Sequence[Annex]
) -> Iterator[Section]:
    for name in sections_of(report):
        numbers = [one.heading for one in attached if name in one.sections]
        yield Section(
            name,
            labels.SECTIONS[name],
            text_of(report, name).splitlines(),
            main_table(report, tables) if name == "samples" else None,
            f"(Chi tiết tại {', '.join(numbers)}.)" if numbers else "",
        )


def text_of(report: Report, section: str) -> str:
    """Return the official's remark, else the proposed sentences."""
    return report["remarks"].get(section) or report["proposed"].get(section, "")


def main_table(report: Report, tables: Mapping[str, Table]) -> TablePart | None:
    """Return the one table of the text: the three numbers and the result against the target."""
    samples, communes = tables["samples"], report["sections"]["communes"]
    if not samples.rows:
        return None
    rows: list[Row] = []
    for row in samples.rows:
        reached = report["sections"]["reached"].get(row["network"], [])
        own = reached[-1] if reached else None
        target = next((one["target"] for one in communes.get(row["network"], [])), None)
        result = {one.key: own[one.key] if own else None for one in RESULT}  # type: ignore[literal-required]
        rows.append({**row, **result, "target": target})
    columns = [*samples.select_columns("network", "received", "valid", "counted"), TARGET]
    if report["unit"]["level"] != "commune":
        columns += RESULT
    return TablePart("Kết quả theo loại mạng", columns, rows)


TARGET = Column("target", "Mục tiêu", "Số mẫu cần có trong tháng", "whole")
RESULT = (
    Column("reached", "Xã, phường đạt", "Số đơn vị cấp xã đạt", "whole"),
    Column("units", "Trên tổng số", "Số đơn vị cấp xã", "whole"),
    Column("share", "Tỷ lệ đạt", "Đạt chia cho số đơn vị", "share"),
)


def _estimate(sections: Sequence[Section]) -> int:
    """Return about how many pages the text takes, so that the official is warned."""
    lines = FRAME_LINES
    for section in sections:
        lines += 2 + bool(section.detail)
        lines += sum(1 + len(one) // LINE_CHARACTERS for one in section.paragraphs)
        lines += 3 + len(section.table.rows) if section.table else 0
    return -(-lines // PAGE_LINES)
