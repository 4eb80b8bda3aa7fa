"""The letter that asks operators to act on places without coverage. Pure.

Head, annex, signature and Word file are those of the letter of a report.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TypedDict

from backend.clock import VIETNAM
from backend.i18n.formats import number
from backend.places.answers import ALL_OPERATORS, HEADER
from backend.reports.content import labels
from backend.reports.content.labels import LetterheadContent
from backend.reports.files import letter as parts
from backend.reports.files.annexes import Annex, TablePart, TextPart
from backend.reports.files.rendering import render_composed
from backend.reports.files.tables import Column

# The provincial branch of an operator; Vietnamobile has none.
BRANCHES: Mapping[str, str] = {
    "Viettel": "Viettel {province}",
    "VinaPhone": "VNPT {province}",
    "MobiFone": "MobiFone {province}",
    "Vietnamobile": "Công ty Cổ phần Viễn thông Di động Vietnamobile",
}
NUMBER, ANSWER, MEASURE, FINISHED = (HEADER[one][0] for one in (0, 7, 8, 9))
COLUMNS = (
    Column("id", NUMBER, "Mã của điểm trong danh sách của cơ quan"),
    Column("name", HEADER[1][0], "Thôn, bản; nơi không có tên thôn: vị trí đến 1 km"),
    Column("unit", HEADER[2][0], "Đơn vị cấp xã"),
    Column("operator", HEADER[4][0], "Nhà mạng không có sóng"),
    Column("month", HEADER[5][0], "Tháng cơ quan ghi nhận"),
    Column("kinds", HEADER[6][0], "Loại căn cứ"),
)


class LetterRow(TypedDict):
    """A row of the annex, as written."""

    id: str
    name: str  # with the position to 1 km where there is no hamlet
    unit: str
    operator: str
    month: str  # MM/YYYY
    kinds: str


@dataclass(frozen=True, slots=True)
class OperatorLetter:
    """The facts of a letter: the places of a province that operators are told of."""

    province: str  # name
    rows: Sequence[LetterRow]
    operators: Sequence[str]  # addressed
    request: str  # the documents that the office's letters answer; empty: none
    at: datetime
    demo: bool


def compose_letter(one: OperatorLetter, head: LetterheadContent) -> parts.LetterContent:
    """Return the letter to the operators of some places."""
    year, agency = one.at.astimezone(VIETNAM).year, labels.agency_name(head["agency"])
    place = labels.place_name(one.province)
    request = f"Thực hiện {one.request}, " if one.request else ""
    asked = "đơn vị" if len(one.operators) == 1 else "các đơn vị"
    asks = [f"{n}. {ask}" for n, ask in enumerate(_asks(agency, year), 1)]
    return parts.LetterContent(
        head=parts.Head(
            superior=head["superior"],
            agency=parts.agency_lines(head["agency"]),
            number=parts.number_line(head["symbol"]),
            subject="V/v xử lý các điểm không có sóng, sóng yếu",
            place_and_day=parts.place_and_day(head, year),
            title=(),
            recipients=[BRANCHES[name].format(province=place) for name in one.operators],
        ),
        opening=f"{request}{agency} rà soát các điểm không có sóng hoặc sóng yếu thông tin di động"
        f" trên địa bàn {labels.within(one.province)}.",
        sections=[
            parts.Section(
                "asks", "", [_findings(one), f"{agency} đề nghị {asked} thực hiện:", *asks]
            )
        ],
        closing=f"{agency} đề nghị {asked} quan tâm, phối hợp thực hiện./.",
        copies=head["copies"],
        signature=parts.Signature(head["titles"], head["signer"]),
        annexes=[_annex(one)],
        attached_to=parts.attached_to("official_letter", head, year),
    )


def _findings(one: OperatorLetter) -> str:
    """Return how many places the annex has, by operator."""
    at = one.at.astimezone(VIETNAM)
    counted = Counter(row["operator"] for row in one.rows)
    listed = [
        f"{number(n, 'vi')} điểm của {name if name != ALL_OPERATORS else 'mọi nhà mạng'}"
        for name, n in sorted(counted.items(), key=lambda item: (-item[1], item[0]))
    ]
    communes = len({row["unit"] for row in one.rows})
    return (
        f"Đến ngày {at:%d/%m/%Y}, có {number(len(one.rows), 'vi')} điểm tại"
        f" {number(communes, 'vi')} xã, phường cần xử lý: {'; '.join(listed)} (danh sách tại Phụ"
        " lục)."
    )


def _asks(agency: str, year: int) -> list[str]:
    """Return what operators are asked to do, one by one."""
    return [
        "Kiểm tra hiện trạng phủ sóng tại từng điểm nêu tại Phụ lục; có phương án xử lý (trạm hoặc"
        " giải pháp khác) và ngày hoàn thành của từng điểm; nêu rõ lý do nếu chưa có kế hoạch.",
        f"Điền các cột “{ANSWER}”, “{MEASURE}”, “{FINISHED}” của bảng tính gửi kèm, giữ nguyên cột"
        f" “{NUMBER}”; gửi văn bản trả lời và bảng tính về {agency} trước ngày …… tháng …… năm"
        f" {year}.",
        f"Thông báo cho {agency} khi xử lý xong từng điểm để tổ chức đo lại.",
    ]


def _annex(one: OperatorLetter) -> Annex:
    note = TextPart(
        f"Cột “{HEADER[6][0]}” nêu loại căn cứ trong 12 tháng gần nhất; không kèm dữ liệu của"
        " người đo. Vị trí làm tròn đến 1 km."
    )
    table = TablePart("", COLUMNS, one.rows)
    return Annex("Các điểm không có sóng, sóng yếu cần xử lý", frozenset(), [table, note])


def render_letter(one: OperatorLetter, head: LetterheadContent) -> bytes:
    """Return the letter as a Word file in the form of Decree 30/2020/NĐ-CP."""
    content = compose_letter(one, head)
    return render_composed(
        content, content.head.subject or "", head["agency"], one.at, demo=one.demo
    )
