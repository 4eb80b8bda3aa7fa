"""The letter that urges communes to measure (công văn đôn đốc). Pure.

Head, annex, signature and Word file are those of the letter of a report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from backend.clock import VIETNAM, local_day, month_after, month_end
from backend.coverage.alerts.groups import Group
from backend.coverage.alerts.overview import AreaUnit
from backend.i18n.formats import moment, number
from backend.reports.content import labels
from backend.reports.content.labels import LetterheadContent
from backend.reports.files import letter as parts
from backend.reports.files.annexes import Annex, TablePart, TextPart
from backend.reports.files.rendering import render_composed
from backend.reports.files.tables import Column, Row, format_cell

# With fewer days left in a month, its target is out of reach: the letter asks for the next month.
LEAST_DAYS = 5
# As many communes are named one by one as addressees; of more the annex is the list.
MAX_NAMED = 5
TASKS: dict[Group, str] = {
    "not_started": "Chưa bắt đầu",
    "needs_teams": "Cần thêm đội",
    "out_of_reach": "Không kịp",
    "missed": "Không đạt",
}
COLUMNS = (
    Column("name", "Đơn vị", "Tên đơn vị hành chính"),
    Column("has", "Đã có", "Số mẫu được so với mục tiêu", "whole"),
    Column("own", "Đo Sóng", "Số mẫu được tính theo Đo Sóng", "whole"),
    Column("devices", "Số máy", "Số thiết bị đã đo", "whole"),
    Column("outings", "Buổi đo", "Số buổi đo: mỗi đội, mỗi ngày một buổi", "whole"),
    Column("target", "Mục tiêu", "Số mẫu cần có trong tháng", "whole"),
    Column("shortfall", "Còn thiếu", "Số mẫu còn thiếu để đạt", "whole"),
    Column("needed_per_day", "Cần mỗi ngày", "Số mẫu cần mỗi ngày còn lại", "whole"),
    Column("last_day", "Mẫu gần nhất", "Ngày có mẫu gần nhất"),
    Column("task", "Tình trạng", "Việc cần làm ở đơn vị"),
)


class AddressedCommune(AreaUnit):
    """A commune that lacks samples; `shortfall` and `needed_per_day` by the count that steers."""

    has: int | None  # samples that are compared with its target; None: too few for VNNIC
    own: int  # these by our count


@dataclass(frozen=True, slots=True)
class Situation:
    """The facts of a letter: an area in a month on a network, and the communes it addresses."""

    unit_name: str
    month: str
    network: str
    units: int  # with a target, and in VNNIC's tables where these steer
    reached: int  # by the count that steers
    threshold: int | None  # None: the communes have different targets
    days_left: int | None  # None: the month is over
    communes: Sequence[AddressedCommune]  # those addressed, the largest shortfall first
    request: str  # the documents that the office's letters answer; empty: none
    due: date | None  # before which the communes report
    silent_days: int
    at: datetime
    demo: bool
    vnnic_day: date | None = None  # of VNNIC's newest table, where it steers; None: our count does

    @property
    def reachable(self) -> bool:
        """Whether the month has enough days left for a demand."""
        return (self.days_left or 0) >= LEAST_DAYS


def compose_reminder(one: Situation, head: LetterheadContent) -> parts.LetterContent:
    """Return the letter to the communes that lack samples."""
    year, agency = one.at.astimezone(VIETNAM).year, _agency(head)
    named = [str(commune["name"]).casefold() for commune in one.communes]
    types = ("xã", "phường", "đặc khu", "thị trấn")
    kinds = ", ".join(type for type in types if any(name.startswith(type) for name in named))
    recipients = [f"Ủy ban nhân dân {labels.within(unit['name'])}" for unit in one.communes]
    if len(recipients) > MAX_NAMED:
        recipients = [f"Ủy ban nhân dân các {kinds} (theo danh sách tại Phụ lục)"]
    request = f"Thực hiện {one.request}, " if one.request else ""
    requested = (
        f"{agency} đề nghị Ủy ban nhân dân các {kinds} có tên tại Phụ lục thực hiện"
        " các nội dung sau:"
    )
    asks = [f"{number}. {ask}" for number, ask in enumerate(_asks(one, head), 1)]
    return parts.LetterContent(
        head=parts.Head(
            superior=head["superior"],
            agency=parts.agency_lines(head["agency"]),
            number=parts.number_line(head["symbol"]),
            subject=f"V/v đôn đốc đo chất lượng mạng {labels.month(one.month)}",
            place_and_day=parts.place_and_day(head, year),
            title=(),
            recipients=recipients,
        ),
        opening=f"{request}{agency} theo dõi kết quả đo chất lượng dịch vụ truy nhập Internet"
        f" {labels.month(one.month)} trên địa bàn {labels.within(one.unit_name)},"
        f" {labels.counted_by(one.vnnic_day)}.",
        sections=[parts.Section("asks", "", [_findings(one), requested, *asks])],
        closing=f"{agency} đề nghị Ủy ban nhân dân các {kinds} quan tâm, chỉ đạo thực hiện./.",
        copies=head["copies"],
        signature=parts.Signature(head["titles"], head["signer"]),
        annexes=[_annex(one)],
        attached_to=parts.attached_to("official_letter", head, year),
    )


def _annex(situation: Situation) -> Annex:
    """Return the table of the addressed communes; what all have in common stands once above it."""
    absent = set() if situation.days_left else {"last_day"}
    absent |= set() if situation.reachable else {"needed_per_day"}
    absent |= set() if situation.vnnic_day else {"own"}
    if situation.threshold and {unit["target"] for unit in situation.communes} == {
        situation.threshold
    }:
        absent.add("target")  # the text has it
    columns = [column for column in COLUMNS if column.key not in absent]
    rows = [
        {
            **unit,
            "last_day": f"{unit['last_day']:%d/%m/%Y}" if unit["last_day"] else "–",
            "task": TASKS.get(unit["group"], ""),
        }
        for unit in situation.communes
    ]
    common = [column for column in columns if _is_common(column, rows)]
    shared = "; ".join(f"{one.head}: {format_cell(one, rows[0][one.key])}" for one in common)
    table = TablePart("", [one for one in columns if one not in common], rows, numbered=True)
    note = TextPart(
        f"Số liệu {labels.counted_by(situation.vnnic_day)}, lập lúc {moment(situation.at)}."
    )
    title = f"Đơn vị cấp xã còn thiếu mẫu {labels.NETWORKS_LONG[situation.network]}"
    return Annex(
        f"{title} {labels.month(situation.month)}",
        frozenset(),
        [*([TextPart(f"Tất cả đơn vị trong bảng: {shared}.")] if shared else []), table, note],
    )


# What a commune is named and asked by stays in its row.
OF_EACH = ("name", "has", "own", "shortfall")


def _is_common(column: Column, rows: Sequence[Row]) -> bool:
    """Return whether a column has the same value in several rows, and in no other."""
    values = {row[column.key] for row in rows}
    return column.key not in OF_EACH and len(rows) > 1 and len(values) == 1


def _findings(one: Situation) -> str:
    """Return how many communes reached the target, and how many lack how much."""
    at = one.at.astimezone(VIETNAM)
    until = f"Đến {at.hour} giờ {at.minute:02} phút ngày {at:%d/%m/%Y}" if one.days_left else (
        f"Kết thúc {labels.month(one.month)}"
    )  # fmt: skip
    target = f"{number(one.threshold)} mẫu" if one.threshold else "chỉ tiêu"
    missing = sum(unit["shortfall"] or 0 for unit in one.communes)
    text = (
        f"{until}, {number(one.reached)} trên {number(one.units)} đơn vị cấp xã đạt {target}"
        f" {labels.NETWORKS_LONG[one.network]}. {number(len(one.communes))} đơn vị có tên tại Phụ"
        f" lục chưa đạt, còn thiếu {number(missing)} mẫu"
    )
    silent = sum("silent" in unit["states"] for unit in one.communes)
    if one.days_left and silent:
        text += (
            f", trong đó {number(silent)} đơn vị không có mẫu nào trong {one.silent_days} ngày qua"
        )
    return f"{text}."


def _asks(one: Situation, head: LetterheadContent) -> list[str]:
    """Return what the communes are asked to do, one by one."""
    if one.reachable:
        first = (
            "Chỉ đạo tổ công nghệ số cộng đồng, phối hợp với Đoàn Thanh niên tổ chức đo tại các"
            f" thôn, tổ dân phố; trong {one.days_left} ngày còn lại bảo đảm mỗi ngày có đủ số mẫu"
            " nêu tại Phụ lục."
        )
    else:
        following = month_after(one.month) if one.days_left else f"{local_day(one.at):%Y-%m}"
        first = (
            "Rà soát nguyên nhân; chỉ đạo tổ công nghệ số cộng đồng, phối hợp với Đoàn Thanh niên"
            f" tổ chức đo đều ngay từ đầu {labels.month(following)}, bảo đảm đạt chỉ tiêu của tháng"
            f"{_daily(one.threshold, following)}."
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


def _daily(threshold: int | None, month: str) -> str:
    """Return how many samples a day reach the target of a month."""
    return f" (khoảng {-(-threshold // month_end(month).day)} mẫu mỗi ngày)" if threshold else ""


def _agency(head: LetterheadContent) -> str:
    return labels.agency_name(head["agency"])


def render_reminder(one: Situation, head: LetterheadContent) -> bytes:
    """Return the letter as a Word file in the form of Decree 30/2020/NĐ-CP."""
    content = compose_reminder(one, head)
    return render_composed(
        content, content.head.subject or "", head["agency"], one.at, demo=one.demo
    )
