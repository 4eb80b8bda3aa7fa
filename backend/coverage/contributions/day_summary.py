"""A day of a campaign in a few Vietnamese lines, to paste into a group of volunteers."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from backend.accounts.access import Actor
from backend.clock import local_day, month_start
from backend.coverage.contributions import needed
from backend.coverage.contributions.figures import Figures, figures, total
from backend.coverage.contributions.leaderboard import places
from backend.coverage.contributions.query import Seen, ask, see
from backend.coverage.contributions.service import rows
from backend.errors import invalid
from backend.i18n.formats import number
from backend.i18n.messages import message
from backend.measurements.recording.reasons import BY_CODE
from backend.units.catalogue import APPROXIMATE
from backend.units.service import set_on

# More names than these are not read in a message on a phone.
TEAMS_TOLD = 3


@dataclass(frozen=True, slots=True)
class Day:
    """What is told of a day."""

    campaign: str
    day: date
    figures: Figures
    so_far: Figures  # of the month, up to and with the day
    teams: int
    best: Sequence[tuple[int, str, int]]  # place, name, samples
    by_needed: bool
    demo: bool
    approximate: bool


def summarise_day(
    actor: Actor, campaign_id: int, query: Mapping[str, Any], now: datetime
) -> tuple[date, list[str]]:
    """Tell a day of a campaign in lines."""
    seen = see(actor, campaign_id)
    day = query["day"] or local_day(now)
    if day > local_day(now):
        raise invalid("day", "out_of_range")
    return day, lines(_read(seen, day))


def _read(seen: Seen, day: date) -> Day:
    asked = ask(seen, "team", {"from_": day, "to": day, "month": f"{day:%Y-%m}"})
    targets = needed.refresh(asked.months)
    so_far = replace(asked, first=month_start(asked.months[0]))
    teams = figures(asked, targets)
    by_needed = any(one.needed is not None for one in teams.values())
    rank = "needed" if by_needed else "counted"
    active = set_on(day)
    best = [(p, k) for p, k in places(teams, rank) if p <= TEAMS_TOLD and getattr(teams[k], rank)]
    names = rows(asked, {key: teams[key] for _, key in best}, "vi")
    return Day(
        seen.campaign.name,
        day,
        total(asked, targets),
        total(so_far, targets),
        len(teams),
        [(p, row["name"], row[rank]) for (p, _), row in zip(best, names, strict=True)][:TEAMS_TOLD],
        by_needed,
        seen.campaign.demo,
        active is None or active.quality == APPROXIMATE,
    )


def lines(told: Day) -> list[str]:
    """The words; a pure function of what is told."""
    one, month = told.figures, told.so_far
    result = [f"{told.campaign} – ngày {told.day:%d/%m/%Y}"]
    if one.received == 0:
        result.append("Ngày này chưa có mẫu nào.")
    else:
        result.append(
            f"{_number(one.counted)} mẫu được tính trong {_number(one.received)} mẫu nhận được, "
            f"từ {_number(told.teams)} đội."
        )
    if one.needed is not None and one.received:
        result.append(f"{_number(one.needed)} mẫu đo ở nơi còn thiếu.")
    if one.guests:
        result.append(f"{_number(one.guests)} mẫu do người dân được hướng dẫn tự đo.")
    result += _best(told) + _lost(one)
    result.append(f"Từ đầu tháng: {_number(month.counted)} mẫu được tính" + _helped(month) + ".")
    return [*result, footing(approximate=told.approximate, demo=told.demo)]


def _number(n: int) -> str:
    return number(n, "vi")


def _best(told: Day) -> list[str]:
    if not told.best:
        return []
    what = "mẫu còn cần" if told.by_needed else "mẫu được tính"
    named = "; ".join(f"{place}. {name} ({_number(n)})" for place, name, n in told.best)
    return [f"Nhiều {what} nhất: {named}."]


def _lost(one: Figures) -> list[str]:
    if not one.reasons:
        return []
    code, n = next(iter(one.reasons.items()))
    words = BY_CODE[code].message("vi") if code in BY_CODE else message(code, "vi")
    return [f"Hay mất mẫu nhất ({_number(n)}): {words}"]


def _helped(month: Figures) -> str:
    if not month.helped:
        return ""
    return f", góp phần đưa {_number(month.helped)} xã, phường đạt mục tiêu"


def footing(*, approximate: bool, demo: bool) -> str:
    """What stands below every message of figures: whose they are, and what they rest on."""
    words = ["Theo số liệu Đo Sóng."]
    if approximate:
        words.append("Ranh giới xã, phường gần đúng.")
    if demo:
        words.append("Số liệu minh họa, không có thật.")
    return " ".join(words)
