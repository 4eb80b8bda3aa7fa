"""The text and the tables of a plan of action (kế hoạch hành động). Pure.

Head, annex, signature and Word file are those of the letter of a report.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import NamedTuple, TypedDict

from backend.clock import VIETNAM, month_before
from backend.i18n.formats import moment, number
from backend.reports.content import labels
from backend.reports.content.figures import OutreachFigures
from backend.reports.content.labels import LetterheadContent
from backend.reports.content.proposals import MAX_NAMED, tell_outreach, tell_residents
from backend.reports.files import letter as parts
from backend.reports.files.annexes import MAX_COMMUNES, ROMAN, Annex, Part, TablePart, TextPart
from backend.reports.files.rendering import render_composed
from backend.reports.files.tables import Column

# Communes of a mean: fewer say more about one place than about what works.
MIN_COMMUNES = 5
# Two pages of the annex; the page of the plan has all teams.
MAX_TEAMS = 60
HEADINGS = (
    "Tình hình và mục tiêu",
    "Kết quả tuyên truyền và kinh nghiệm tháng trước",
    "Các đội và thời gian đo",
    "Năng lực còn thiếu",
    "Tổ chức thực hiện",
)


class CommuneNeed(TypedDict):
    """A commune that lacks samples, and what the plan brings it."""

    name: str
    target: int  # samples
    shortfall: int  # samples missing to the target
    planned: int  # samples of teams until the end
    missing: int  # samples that no team measures
    teams: str  # names


class TeamWork(TypedDict):
    """What a team measures until the end."""

    name: str
    home: str  # name of its commune; empty: unknown
    per_day: int  # samples: its capacity
    samples: int  # until the end
    days: int  # of work at its capacity
    places: str  # names of the communes, those with most samples first


class Means(NamedTuple):
    """Communes, and means of them in a month; None: not known."""

    communes: int
    teams: float | None
    devices: float | None  # phones with counted samples
    outings: float | None
    residents: float | None  # whom volunteers helped


class GoodPlaces(NamedTuple):
    """The communes that reached their target in a month, beside the others."""

    reached: Means
    others: Means


@dataclass(frozen=True, slots=True)
class ActionPlan:
    """The facts of a plan of action: an area from a day until the end of its plan."""

    agency: str  # who makes it, as in a sentence
    place: str  # name of the unit, or of the campaign's area, as in a sentence
    campaign: str | None  # name of the only campaign; None: all of the area
    month: str  # YYYY-MM
    network: str
    first_day: date
    last_day: date
    units: int  # communes with a target
    threshold: int | None  # samples; None: the communes have different targets
    needs: Sequence[CommuneNeed]  # the largest shortfall first
    teams: Sequence[TeamWork]  # those with most samples first
    usual_per_day: int  # samples of a usual team: what further teams are computed with
    good: GoodPlaces | None  # None: too few communes of either kind
    outreach: OutreachFigures | None  # of the month before; None: none was entered
    residents: int | None  # helped in the month before; None: too few to tell
    references: Sequence[str]  # documents that the plan answers
    at: datetime
    demo: bool
    vnnic_day: date | None = None  # of VNNIC's newest table, where it steers; None: our count does

    @property
    def days_left(self) -> int:
        """The days of the plan."""
        return (self.last_day - self.first_day).days + 1

    @property
    def reached(self) -> int:
        """The communes at their target."""
        return self.units - len(self.needs)

    @property
    def filled(self) -> int:
        """The communes that the plan brings to their target."""
        return sum(not one["missing"] for one in self.needs)

    @property
    def more_teams(self) -> int:
        """The usual teams that measure what the plan leaves missing."""
        missing = sum(one["missing"] for one in self.needs)
        return -(-missing // (self.usual_per_day * self.days_left))


def compose_plan(plan: ActionPlan, head: LetterheadContent) -> parts.LetterContent:
    """Return the plan in the parts of a letter."""
    year, month = plan.at.astimezone(VIETNAM).year, labels.month(plan.month)
    subject = f"ành động {month} về đo chất lượng mạng trên địa bàn {plan.place}"
    request = f"Thực hiện {'; '.join(plan.references)}, " if plan.references else ""
    office = head["symbol"].partition("-")[0]
    texts = (_aims(plan), _month_before(plan), _work(plan), _lacking(plan), _acts(plan))
    sections = [
        parts.Section(heading, heading, [one for one in text if one], numeral)
        for numeral, heading, text in zip(ROMAN, HEADINGS, texts, strict=True)
    ]
    return parts.LetterContent(
        head=parts.Head(
            superior=head["superior"],
            agency=parts.agency_lines(head["agency"]),
            number=parts.number_line(f"KH-{office}" if office else "KH"),
            subject=None,
            place_and_day=parts.place_and_day(head, year),
            title=("KẾ HOẠCH", f"H{subject}"),
            recipients=(),
        ),
        opening=f"{request}{plan.agency} ban hành Kế hoạch h{subject}, như sau:",
        sections=sections,
        closing=f"Trên đây là Kế hoạch hành động {month} trên địa bàn {plan.place}./.",
        copies=head["recipients"] + [one for one in head["copies"] if one != parts.AS_ABOVE],
        signature=parts.Signature(head["titles"], head["signer"]),
        annexes=_annexes(plan),
        attached_to=parts.attached_to("plan", {**head, "agency": plan.agency}, year),
    )


# I


def _aims(plan: ActionPlan) -> list[str]:
    at, kind = plan.at.astimezone(VIETNAM), labels.NETWORKS_LONG[plan.network]
    target = f"{_n(plan.threshold)} mẫu" if plan.threshold else "chỉ tiêu"
    counted_by = labels.counted_by(plan.vnnic_day)
    now = (
        f"Đến {at.hour} giờ {at.minute:02} phút ngày {at:%d/%m/%Y}, {counted_by},"
        f" {_n(plan.reached)} trên {_n(plan.units)} đơn vị cấp xã đạt {target} {kind}"
    )
    if not plan.needs:
        return [f"{now}.", "Mục tiêu: giữ kết quả, tiếp tục đo để có thêm máy và buổi đo."]
    missing = sum(one["shortfall"] for one in plan.needs)
    most = _named([(one["name"], one["shortfall"]) for one in plan.needs])
    return [
        f"{now}; {_n(len(plan.needs))} đơn vị còn thiếu {_n(missing)} mẫu (chi tiết tại Phụ lục),"
        f" thiếu nhiều nhất là {most}.",
        f"Mục tiêu: đến hết ngày {plan.last_day:%d/%m/%Y}, các đơn vị này đạt chỉ tiêu của tháng.",
    ]


# II


def _month_before(plan: ActionPlan) -> list[str]:
    before = labels.month(month_before(plan.month))
    told = tell_outreach("Các xã, phường", plan.outreach) or [
        f"Về tuyên truyền, hướng dẫn: chưa ghi nhận hoạt động nào trong {before}."
    ]
    return [*told, tell_residents(plan.residents), _good(plan.good, before)]


MEANS = {
    "teams": "đội",
    "devices": "máy",
    "outings": "buổi đo",
    "residents": "người dân được hướng dẫn",
}


def _good(good: GoodPlaces | None, month: str) -> str:
    """Return what communes that reached their target had, beside the others."""
    if good is None:
        return ""
    known = [
        name
        for name in MEANS
        if getattr(good.reached, name) is not None and getattr(good.others, name) is not None
    ]
    if not known:
        return ""
    return (
        f"Nơi làm tốt: trong {month}, {_n(good.reached.communes)} đơn vị đạt chỉ tiêu bình quân có"
        f" {_means(good.reached, known)}; {_n(good.others.communes)} đơn vị chưa đạt có"
        f" {_means(good.others, known)}. Các số này cho thấy nơi đạt đã làm gì, không chứng minh"
        " nguyên nhân."
    )


def _means(means: Means, known: Sequence[str]) -> str:
    listed = [f"{number(getattr(means, name), 'vi', 1)} {MEANS[name]}" for name in known]
    return " và ".join(filter(None, [", ".join(listed[:-1]), listed[-1]]))


# III


def _work(plan: ActionPlan) -> list[str]:
    if not plan.needs:
        return ["Các đội tiếp tục đo đều trong tháng."]
    if not plan.teams:
        within = f" của chiến dịch “{plan.campaign}”" if plan.campaign else ""
        return [f"Chưa có đội nào{within} được xếp đo tại các đơn vị còn thiếu mẫu."]
    per_day = sum(one["per_day"] for one in plan.teams)
    samples = sum(one["samples"] for one in plan.teams)
    within = f" trong khuôn khổ chiến dịch “{plan.campaign}”" if plan.campaign else ""
    return [
        f"Có {_n(len(plan.teams))} đội{within}, mỗi ngày đo được khoảng {_n(per_day)} mẫu, dự kiến"
        f" đo {_n(samples)} mẫu trong {plan.days_left} ngày, từ ngày {plan.first_day:%d/%m/%Y} đến"
        f" hết ngày {plan.last_day:%d/%m/%Y}, đưa {_n(plan.filled)} trên {_n(len(plan.needs))} đơn"
        " vị còn thiếu đạt chỉ tiêu. Nơi đo và số ngày của từng đội tại Phụ lục."
    ]


# IV


def _lacking(plan: ActionPlan) -> list[str]:
    left = [one for one in plan.needs if one["missing"]]
    if not left:
        return ["Các đội hiện có đủ sức đo số mẫu còn thiếu."]
    left.sort(key=lambda one: -one["missing"])
    missing = sum(one["missing"] for one in left)
    most = _named([(one["name"], one["missing"]) for one in left])
    return [
        f"Ngoài kế hoạch trên còn {_n(missing)} mẫu chưa có đội đo tại {_n(len(left))} đơn vị,"
        f" nhiều nhất là {most}. Cần thêm khoảng {_n(plan.more_teams)} đội như các đội hiện có"
        f" (khoảng {_n(plan.usual_per_day)} mẫu mỗi ngày) trong {plan.days_left} ngày."
    ]


# V


def _acts(plan: ActionPlan) -> list[str]:
    named = " có tên tại Phụ lục" if plan.needs else ""
    return [
        f"1. Ủy ban nhân dân các xã, phường{named} cử một đầu mối; chỉ đạo tổ công nghệ số cộng"
        " đồng, Đoàn Thanh niên phối hợp với các đội; tuyên truyền, hướng dẫn người dân tự đo.",
        f"2. Các đội đo{' theo Phụ lục' if plan.teams else ''}, ở nhiều vị trí, bằng nhiều máy; mẫu"
        " lặp lại của cùng thiết bị, cùng vị trí trong 4 giờ không được tính.",
        f"3. {plan.agency} theo dõi hằng ngày, bố trí thêm đội tại các đơn vị chưa có đội đo và"
        f" tổng hợp kết quả sau ngày {plan.last_day:%d/%m/%Y}.",
    ]


# The annex

NEEDS = (
    Column("name", "Đơn vị", "Tên đơn vị hành chính"),
    Column("target", "Chỉ tiêu", "Số mẫu cần có trong tháng", "whole"),
    Column("shortfall", "Còn thiếu", "Số mẫu còn thiếu để đạt", "whole"),
    Column("planned", "Các đội đo", "Số mẫu các đội dự kiến đo", "whole"),
    Column("missing", "Chưa có đội", "Số mẫu chưa có đội đo", "whole"),
    Column("teams", "Đội", "Các đội đo tại đơn vị"),
)
TEAMS = (
    Column("name", "Đội", "Tên đội"),
    Column("home", "Địa bàn", "Xã, phường của đội"),
    Column("per_day", "Mẫu/ngày", "Sức đo của đội trong ngày", "whole"),
    Column("samples", "Số mẫu", "Số mẫu dự kiến đo", "whole"),
    Column("days", "Số ngày", "Số ngày đo với sức đo đó", "whole"),
    Column("places", "Nơi đo", "Các xã, phường, nhiều mẫu nhất trước"),
)


def _annexes(plan: ActionPlan) -> list[Annex]:
    """Return the annex: what each commune lacks, and what each team measures."""
    found: list[Part] = []
    if plan.needs:
        rows = plan.needs[:MAX_COMMUNES]
        columns = [one for one in NEEDS if one.key != "target" or plan.threshold is None]
        found.append(TablePart("Đơn vị còn thiếu mẫu", columns, rows, numbered=True))
        found += _others(len(plan.needs) - len(rows), "đơn vị")
    if plan.teams:
        listed = plan.teams[:MAX_TEAMS]
        found.append(TablePart("Các đội", TEAMS, listed, numbered=True))
        found += _others(len(plan.teams) - len(listed), "đội")
    if not found:
        return []
    found.append(
        TextPart(f"Số liệu {labels.counted_by(plan.vnnic_day)}, lập lúc {moment(plan.at)}.")
    )
    title = f"Nơi đo, đội đo {labels.NETWORKS_LONG[plan.network]} {labels.month(plan.month)}"
    return [Annex(title, frozenset(), found)]


def _others(left: int, what: str) -> list[Part]:
    return [TextPart(f"Còn {_n(left)} {what} khác, xem trên Đo Sóng.")] if left > 0 else []


def _named(found: Sequence[tuple[str, int]]) -> str:
    """Name the first communes with their samples."""
    return ", ".join(f"{labels.within(name)} ({_n(n)})" for name, n in found[:MAX_NAMED])


def _n(value: int) -> str:
    return number(value, "vi")


def render_plan(plan: ActionPlan, head: LetterheadContent) -> bytes:
    """Return the plan as a Word file in the form of Decree 30/2020/NĐ-CP."""
    title = f"Kế hoạch hành động {labels.month(plan.month)}, {plan.place}"
    return render_composed(compose_plan(plan, head), title, head["agency"], plan.at, demo=plan.demo)
