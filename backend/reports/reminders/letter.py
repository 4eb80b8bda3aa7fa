"""The letter that urges communes to measure (công văn đôn đốc): its text and Word file. Pure."""

import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from docx.document import Document as Letter
from docx.shared import Cm, Pt

from backend.clock import VIETNAM
from backend.i18n import formats
from backend.reports.content import labels
from backend.reports.content.labels import LetterheadContent
from backend.reports.files.canonical import remove_times
from backend.reports.files.docx_elements import (
    add_columns,
    add_line,
    add_rule,
    add_table,
    new_letter,
    number_pages,
)
from backend.reports.files.docx_letter import (
    AGENCY_RULE_CM,
    LEFT_CM,
    MOTTO_RULE_CM,
    RIGHT_CM,
    add_end,
)
from backend.reports.files.letter import MOTTO, NATION
from backend.reports.files.tables import Column
from geo.gazetteer import plain

# As many communes are named one by one as addressees; of more the annex is the list.
NAMED_MOST = 5
STATES = {
    "silent": "Không có mẫu mới",
    "will_miss": "Khó đạt",
    "behind": "Chậm tiến độ",
}
MISSED = "Không đạt"
COLUMNS = (
    Column("name", "Đơn vị", "Tên đơn vị hành chính"),
    Column("has", "Đã có", "Số mẫu được so với mục tiêu", "whole"),
    Column("target", "Mục tiêu", "Số mẫu cần có trong tháng", "whole"),
    Column("shortfall", "Còn thiếu", "Số mẫu còn thiếu để đạt", "whole"),
    Column("needed_per_day", "Cần mỗi ngày", "Số mẫu cần mỗi ngày còn lại", "whole"),
    Column("last_day", "Mẫu gần nhất", "Ngày có mẫu gần nhất"),
    Column("state", "Tình trạng", "Tình trạng so với tiến độ"),
)
RUNNING_ONLY = frozenset({"needed_per_day", "last_day"})


@dataclass(frozen=True, slots=True)
class Situation:
    """The facts of a letter: an area in a month on a network, and the communes it addresses."""

    unit_name: str
    month: str
    network: str
    units: int  # with a target
    reached: int
    threshold: int | None  # None: the communes have different targets
    days_left: int | None  # None: the month is over
    communes: Sequence[Mapping[str, Any]]  # those addressed, the largest shortfall first
    request: str  # the documents that ask for the samples, as cited; empty: none
    due: date | None  # before which the communes report
    silent_days: int
    at: datetime
    demo: bool


@dataclass(frozen=True, slots=True)
class ReminderLetter:
    """The parts of a letter in reading order."""

    subject: str
    recipients: list[str]
    opening: str
    findings: str
    asks: list[str]
    closing: str
    columns: Sequence[Column]
    rows: list[dict[str, Any]]
    to: str = "Kính gửi"
    annex: str = "Phụ lục"


def compose_reminder(one: Situation, head: LetterheadContent) -> ReminderLetter:
    """Return the letter to the communes that lack samples."""
    keys = [column for column in COLUMNS if one.days_left or column.key not in RUNNING_ONLY]
    return ReminderLetter(
        subject=f"V/v đôn đốc đo chất lượng mạng {labels.month(one.month)}",
        recipients=_recipients(one),
        opening=_opening(one, head),
        findings=_findings(one),
        asks=_asks(one, head),
        closing=f"{_agency(head)} đề nghị Ủy ban nhân dân các {_kinds(one)} quan tâm, chỉ đạo thực"
        " hiện./.",
        columns=keys,
        rows=[_row(commune, one) for commune in one.communes],
    )


def _kinds(one: Situation) -> str:
    """Return the types of the addressed communes: xã, phường."""
    kinds = ("xã", "phường", "đặc khu", "thị trấn")
    named = [str(commune["name"]).casefold() for commune in one.communes]
    return ", ".join(kind for kind in kinds if any(name.startswith(kind) for name in named))


def _recipients(one: Situation) -> list[str]:
    if len(one.communes) <= NAMED_MOST:
        return [f"Ủy ban nhân dân {labels.within(unit['name'])}" for unit in one.communes]
    return [f"Ủy ban nhân dân các {_kinds(one)} (theo danh sách tại Phụ lục)"]


def _opening(one: Situation, head: LetterheadContent) -> str:
    request = f"Thực hiện {one.request}, " if one.request else ""
    return (
        f"{request}{_agency(head)} theo dõi kết quả đo chất lượng dịch vụ truy nhập Internet"
        f" {labels.month(one.month)} trên địa bàn {labels.within(one.unit_name)},"
        f" {labels.BY_OUR_COUNT}."
    )


def _findings(one: Situation) -> str:
    """Return how many communes reached the target, and how many lack how much."""
    at = one.at.astimezone(VIETNAM)
    until = f"Đến {at.hour} giờ {at.minute:02} phút ngày {at:%d/%m/%Y}" if one.days_left else (
        f"Kết thúc {labels.month(one.month)}"
    )  # fmt: skip
    target = f"{_number(one.threshold)} mẫu" if one.threshold else "chỉ tiêu"
    missing = sum(int(unit["shortfall"]) for unit in one.communes)
    text = (
        f"{until}, {_number(one.reached)} trên {_number(one.units)} đơn vị cấp xã đạt {target}"
        f" {labels.NETWORKS_LONG[one.network]}. {_number(len(one.communes))} đơn vị có tên tại Phụ"
        f" lục chưa đạt, còn thiếu {_number(missing)} mẫu"
    )
    silent = sum(unit["group"] == "silent" for unit in one.communes)
    if one.days_left and silent:
        text += (
            f", trong đó {_number(silent)} đơn vị không có mẫu nào trong {one.silent_days} ngày qua"
        )
    return f"{text}."


def _asks(one: Situation, head: LetterheadContent) -> list[str]:
    """Return what the communes are asked to do, one by one."""
    if one.days_left:
        first = (
            "Chỉ đạo tổ công nghệ số cộng đồng, phối hợp với Đoàn Thanh niên tổ chức đo tại các"
            f" thôn, tổ dân phố; trong {one.days_left} ngày còn lại bảo đảm mỗi ngày có đủ số mẫu"
            " nêu tại Phụ lục."
        )
    else:
        first = (
            "Rà soát nguyên nhân; chỉ đạo tổ công nghệ số cộng đồng, phối hợp với Đoàn Thanh niên"
            " tổ chức đo đều ngay từ đầu tháng, bảo đảm đạt chỉ tiêu các tháng tiếp theo."
        )
    contact = f"Cử một đầu mối theo dõi, gửi họ tên, số điện thoại về {_agency(head)}"
    if one.due:
        contact += (
            f"; báo cáo kết quả {labels.month(one.month)} trước ngày {one.due.day}"
            f" {labels.month(f'{one.due:%Y-%m}')}"
        )
    return [
        first,
        "Đo ở nhiều vị trí, bằng nhiều máy; mẫu lặp lại của cùng thiết bị, cùng vị trí trong 4 giờ"
        " không được tính.",
        f"{contact}.",
    ]


def _agency(head: LetterheadContent) -> str:
    """Return the issuing agency as in a sentence: Sở Khoa học và Công nghệ."""
    name = head["agency"]
    known = ("Khoa học và Công nghệ", "Thông tin và Truyền thông")
    for department in known:
        if name == f"Sở {department}".upper():
            return f"Sở {department}"
    return "Ủy ban nhân dân" if name.startswith("ỦY BAN NHÂN DÂN") else name.capitalize()


def _row(unit: Mapping[str, Any], one: Situation) -> dict[str, Any]:
    state = STATES.get(unit["group"], "") if one.days_left else MISSED
    last = unit["last_day"]
    return {
        **{name: unit[name] for name in ("name", "target", "shortfall", "needed_per_day")},
        "has": unit["has"],
        "last_day": f"{last:%d/%m/%Y}" if last else "–",
        "state": state,
    }


def _number(value: float) -> str:
    return formats.number(value, "vi")


def file_name(unit_name: str, month: str) -> str:
    """Return the name of the file: CV-don-doc-2026-11-tinh-thai-nguyen.docx."""
    words = "".join(one if one.isalnum() else " " for one in plain(unit_name)).split()
    return f"CV-don-doc-{month}-{'-'.join(words)}.docx"


def render_reminder(one: Situation, head: LetterheadContent) -> bytes:
    """Return the letter as a Word file in the form of Decree 30/2020/NĐ-CP."""
    content, document = compose_reminder(one, head), new_letter()
    properties, mark = document.core_properties, labels.mark(demo=one.demo, draft=False)
    properties.title = content.subject
    properties.author = properties.last_modified_by = head["agency"]
    properties.created = properties.modified = one.at
    properties.language, properties.comments = "vi-VN", mark or ""
    number_pages(document, mark)
    _add_head(document, content, head, one.at)
    _address(document, content.recipients)
    for text in (content.opening, content.findings):
        document.add_paragraph(text, "Thân")
    whom = f"{_agency(head)} đề nghị Ủy ban nhân dân các {_kinds(one)} có tên tại Phụ lục:"
    document.add_paragraph(whom, "Thân")
    for number, ask in enumerate(content.asks, 1):
        document.add_paragraph(f"{number}. {ask}", "Thân")
    document.add_paragraph(content.closing, "Thân").paragraph_format.keep_with_next = True
    add_end(document, head)
    _add_annex(document, one, content)
    out = io.BytesIO()
    document.save(out)
    return remove_times(out.getvalue())


def _add_head(
    letter: Letter, content: ReminderLetter, head: LetterheadContent, at: datetime
) -> None:
    """Add the agency, the nation, number and day to fill in, the subject and the addressees."""
    left, right = add_columns(letter, (LEFT_CM, RIGHT_CM))
    if head["superior"]:
        add_line(left, "Đầu thư", head["superior"])
    add_line(left, "Đầu thư đậm", head["agency"])
    add_rule(add_line(left, "Đầu thư", ""), AGENCY_RULE_CM)
    add_line(left, "Giữa", f"Số:          /{head['symbol']}").paragraph_format.space_before = Pt(6)
    add_line(left, "Đầu thư", content.subject).paragraph_format.space_before = Pt(6)
    add_line(right, "Đầu thư đậm", NATION)
    add_line(right, "Giữa đậm", MOTTO)
    add_rule(add_line(right, "Đầu thư", ""), MOTTO_RULE_CM)
    dated = f"{head['place']}, ngày       tháng       năm {at.astimezone(VIETNAM).year}"
    add_line(right, "Giữa nghiêng", dated).paragraph_format.space_before = Pt(6)


def _address(letter: Letter, recipients: Sequence[str]) -> None:
    """Add the addressees, one on the line of its heading or several below it."""
    if len(recipients) == 1:
        line = letter.add_paragraph(f"Kính gửi: {recipients[0]}.", "Kính gửi")
        line.paragraph_format.left_indent = Cm(2.5)
        line.paragraph_format.space_before = line.paragraph_format.space_after = Pt(14)
        return
    first = letter.add_paragraph("Kính gửi:", "Kính gửi")
    first.paragraph_format.left_indent, first.paragraph_format.space_before = Cm(2.5), Pt(14)
    for place, recipient in enumerate(recipients, 1):
        last = place == len(recipients)
        line = letter.add_paragraph(f"- {recipient}{'.' if last else ';'}", "Kính gửi")
        line.paragraph_format.left_indent = Cm(3.5)
        line.paragraph_format.space_after = Pt(14 if last else 3)


def _add_annex(letter: Letter, one: Situation, content: ReminderLetter) -> None:
    """Add the table of the communes on new pages."""
    letter.add_paragraph("Phụ lục", "Phụ lục").paragraph_format.page_break_before = True
    network = labels.NETWORKS_LONG[one.network]
    title = f"Đơn vị cấp xã còn thiếu mẫu {network} {labels.month(one.month)}"
    letter.add_paragraph(title.upper(), "Phụ lục")
    reference = "(Kèm theo Công văn số          ngày       tháng       năm          )"
    letter.add_paragraph(reference, "Giữa nghiêng")
    add_table(letter, "", content.columns, content.rows, numbered=True)
    note = f"Số liệu {labels.BY_OUR_COUNT}, lập lúc {formats.moment(one.at)}."
    letter.add_paragraph(note, "Ghi chú")
