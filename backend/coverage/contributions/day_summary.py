"""Summary of a campaign's day in a few Vietnamese lines, for group chats."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from backend.accounts.access import Actor
from backend.clock import local_day, month_start
from backend.coverage.contributions.figures import Figures, sums, total
from backend.coverage.contributions.files import reason
from backend.coverage.contributions.query import CampaignAccess, build_query, campaign_access
from backend.coverage.contributions.service import places, rank_of, rows
from backend.errors import invalid
from backend.i18n.formats import number
from backend.units.catalogue import APPROXIMATE
from backend.units.service import set_on

# A message on a phone has room for few names.
MAX_TEAMS = 3

DEMO_TEXT = "Số liệu minh họa, không có thật."


def summarise_day(
    actor: Actor, campaign_id: int, parameters: Mapping[str, Any], now: datetime
) -> tuple[date, list[str]]:
    """Return the day and the lines of its summary."""
    access = campaign_access(actor, campaign_id)
    day = parameters["day"] or local_day(now)
    if day > local_day(now):
        raise invalid("day", "out_of_range")
    return day, lines(_read(access, day))


def _read(access: CampaignAccess, day: date) -> dict[str, Any]:
    """Return the facts of a summary."""
    query = build_query(access, "team", {"from_": day, "to": day, "month": f"{day:%Y-%m}"})
    so_far = replace(query, first=month_start(query.months[0]))
    teams = sums(query)
    rank = rank_of(teams)
    active = set_on(day)
    best = [(p, k) for p, k in places(teams, rank) if p <= MAX_TEAMS and getattr(teams[k], rank)]
    names = rows(query, {key: teams[key] for _, key in best}, "vi")
    placed = [(p, row["name"], row[rank]) for (p, _), row in zip(best, names, strict=True)]
    return {
        "campaign": access.campaign.name,
        "day": day,
        "figures": total(query),
        "so_far": total(so_far),  # of the month, up to and including the day
        "teams": len(teams),
        "best": placed[:MAX_TEAMS],
        "by_needed": rank == "needed",
        "demo": access.campaign.demo,
        "approximate": active is None or active.quality == APPROXIMATE,
    }


def lines(summary: Mapping[str, Any]) -> list[str]:
    """Return the lines of a summary; pure."""
    one: Figures = summary["figures"]
    month: Figures = summary["so_far"]
    result = [f"{summary['campaign']} – ngày {summary['day']:%d/%m/%Y}"]
    if one.received == 0:
        result.append("Ngày này chưa có mẫu nào.")
    else:
        result.append(
            f"{number(one.counted)} mẫu được tính trong {number(one.received)} mẫu nhận được, "
            f"từ {number(summary['teams'])} đội."
        )
    if one.needed is not None and one.received:
        result.append(f"{number(one.needed)} mẫu góp vào mục tiêu.")
    if one.guests:
        result.append(f"{number(one.guests)} mẫu do người dân được hướng dẫn tự đo.")
    result += _best(summary) + _lost(one)
    so_far = f"Cả chiến dịch từ đầu tháng: {number(month.counted)} mẫu được tính"
    if month.helped:
        so_far += f", góp phần đưa {number(month.helped)} xã, phường đạt mục tiêu"
    result.append(so_far + ".")
    return [*result, footer(approximate=summary["approximate"], demo=summary["demo"])]


def _best(summary: Mapping[str, Any]) -> list[str]:
    if not summary["best"]:
        return []
    kind = "mẫu góp vào mục tiêu" if summary["by_needed"] else "mẫu được tính"
    named = "; ".join(f"{place}. {name} ({number(n)})" for place, name, n in summary["best"])
    return [f"Nhiều {kind} nhất: {named}."]


def _lost(one: Figures) -> list[str]:
    if not one.reasons:
        return []
    code, n = next(iter(one.reasons.items()))
    return [
        f"Lý do không được tính nhiều nhất: {reason(code, 'vi').rstrip('.')} ({number(n)} mẫu)."
    ]


def footer(*, approximate: bool, demo: bool) -> str:
    """Return the last line of a message with figures: source and caveats."""
    sentences = ["Theo số liệu Đo Sóng."]
    if approximate:
        sentences.append("Ranh giới xã, phường gần đúng.")
    if demo:
        sentences.append(DEMO_TEXT)
    return " ".join(sentences)
