"""The parts of an official letter: head, paragraphs, tables, annexes, signature. Pure.

The Word file and the preview on the page show the same parts.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple, cast

from backend.clock import VIETNAM, month_end
from backend.reports.content import labels
from backend.reports.content.figures import NETWORKS, SECTIONS, Report
from backend.reports.content.labels import LetterheadContent, default_letterhead
from backend.reports.files import annexes
from backend.reports.files.annexes import ROMAN, Annex, TablePart
from backend.reports.files.tables import COUNTED, NETWORK, RECEIVED, VALID, Column, Row
from geo.gazetteer import plain

NATION = "CỘNG HÒA XÃ HỘI CHỦ NGHĨA VIỆT NAM"
MOTTO = "Độc lập - Tự do - Hạnh phúc"
# The content type of its Word file.
DOCX = "application/vnd.openxmlformats-officedocument.wordprocessingml.document"
ADDRESSED, COPIES = "Kính gửi:", "Nơi nhận:"
# The words of the head and the end, for the preview.
WORDS = {"nation": NATION, "motto": MOTTO, "to": ADDRESSED, "copies": COPIES}
COMMITTEE, JOINT = "ỦY BAN NHÂN DÂN ", " VÀ "
# Characters of an agency's name on one line of the head.
MAX_AGENCY = 22
# The usual first line of copies; a report that is addressed to nobody lists its recipients there.
AS_ABOVE = "Như trên"
# Characters of a line and lines of a page at 14 points between the margins, for the estimate.
LINE_CHARACTERS, PAGE_LINES = 76, 44
# A letter is read and signed; what is longer belongs into annexes.
MAX_PAGES = 2
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
    """A section of the text; paragraphs alone where it has no heading. Empty: left out."""

    name: str
    heading: str
    paragraphs: Sequence[str]
    number: str = ""  # of a section with content: I, II …
    table: TablePart | None = None
    detail: str = ""  # names the annexes with the tables


class Signature(NamedTuple):
    """The lines above a signature, and the name of the signer."""

    titles: Sequence[str]
    name: str | None


@dataclass(frozen=True, slots=True)
class LetterContent:
    """A letter in reading order."""

    head: Head
    opening: str
    sections: Sequence[Section]
    closing: str
    copies: Sequence[str]
    signature: Signature
    annexes: Sequence[Annex]
    attached_to: str  # below the title of an annex
    pages: int = field(default=1)  # estimated, without annexes


def compose_letter(report: Report, signature: Signature | None = None) -> LetterContent:
    """Return the letter of a report; before its approval without the name of the signer."""
    letterhead = letterhead_of(report)
    kind = kind_of(report)
    attached = annexes.list_annexes(report)
    sections = list(_sections(report, attached))
    copies = letterhead["copies"]
    if kind == "report":
        copies = letterhead["recipients"] + [one for one in copies if one != AS_ABOVE]
    return LetterContent(
        head=head_of(report, letterhead),
        opening=_opening(report),
        sections=sections,
        closing=f"Trên đây là báo cáo kết quả đo {_where(report)}, {labels.BY_OUR_COUNT}./.",
        copies=copies,
        signature=signature or proposed_signature(report),
        annexes=attached,
        attached_to=attached_to(kind, letterhead, _year(report)),
        pages=_estimate(sections),
    )


def kind_of(report: Report) -> str:
    """Return the kind of the letter: `official_letter` (công văn) or `report` (báo cáo)."""
    return report["letter"]["kind"]


def letterhead_of(report: Report) -> LetterheadContent:
    """Return the report's letterhead."""
    unit, stored = report["unit"], report["letterhead"]
    if stored is not None:
        return cast(LetterheadContent, dict(stored))
    return default_letterhead(
        unit["level"], unit["name"], unit["province"], month_end(report["month"])
    )


def proposed_signature(report: Report) -> Signature:
    """Return the usual lines without a name: it is asked at approval."""
    return Signature(letterhead_of(report)["titles"], None)


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
    letter = labels.ATTACHED_TO[kind]
    return f"(Kèm theo {letter} số      ngày     tháng     năm {year} của {agency})"


def file_name(kind: str, month: str, place: str) -> str:
    """Return the name of a Word file: CV-don-doc-2026-11-tinh-thai-nguyen.docx."""
    words = "".join(one if one.isalnum() else " " for one in plain(place)).split()
    return f"{kind}-{month}-{'-'.join(words)}.docx"


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


def _opening(report: Report) -> str:
    """Return the first sentence, which names the documents that the report answers."""
    letterhead = letterhead_of(report)
    cited, office = "; ".join(letterhead["references"]), labels.agency_name(letterhead["agency"])
    done = f"{office} báo cáo kết quả đo chất lượng dịch vụ truy nhập Internet {_where(report)}"
    start = f"Thực hiện {cited}, " if cited else ""
    return f"{start}{done}, tính {labels.BY_OUR_COUNT}, như sau:"


def _sections(report: Report, attached: Sequence[Annex]) -> Iterator[Section]:
    """Return the sections; those with content are numbered and name their annexes."""
    numbers = iter(ROMAN)
    for name, heading in zip(SECTIONS, letterhead_of(report)["headings"], strict=True):
        text = text_of(report, name)
        if not text:
            yield Section(name, heading, ())
            continue
        named = [one.heading for one in attached if name in one.sections]
        detail = f"(Chi tiết tại {', '.join(named)}.)" if named else ""
        table = main_table(report) if name == "results" else None
        yield Section(name, heading, text.splitlines(), next(numbers), table, detail)


def text_of(report: Report, section: str) -> str:
    """Return the proposed sentences and the official's words, or the words alone if rewritten."""
    remark, facts = report["remarks"].get(section), report["proposed"].get(section)
    alone = section in report["rewritten"]
    return "\n".join(filter(None, (remark,) if remark and alone else (facts, remark)))


def main_table(report: Report) -> TablePart | None:
    """Return the one table of the text: the three numbers and the result against the target."""
    sections = report["sections"]
    rows: list[Row] = []
    for network in NETWORKS:
        samples = sections["samples"].get(network)
        reached = sections["reached"].get(network, [])
        own = reached[-1] if reached else None
        if not samples or not (samples["received"] or (own and own["threshold"])):
            continue
        target = next((one["target"] for one in sections["communes"].get(network, [])), None)
        result = {one.key: own[one.key] if own else None for one in RESULT}  # type: ignore[literal-required]
        rows.append({"network": network, **samples, **result, "target": target})
    if not rows:
        return None
    of_commune = report["unit"]["level"] == "commune"  # whose target stands beside its counts
    columns = [NETWORK, RECEIVED, VALID, COUNTED, *((TARGET,) if of_commune else RESULT)]
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
        if section.paragraphs:
            lines += 2 + bool(section.detail)
            lines += sum(1 + len(one) // LINE_CHARACTERS for one in section.paragraphs)
            lines += 3 + len(section.table.rows) if section.table else 0
    return -(-lines // PAGE_LINES)
