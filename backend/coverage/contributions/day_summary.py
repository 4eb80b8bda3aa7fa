"""Summary of a campaign's day in a few Vietnamese lines, as text or picture, for group chats."""

import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime
from typing import Any

from PIL import Image, ImageDraw

from backend.accounts.access import Actor
from backend.clock import local_day, month_start
from backend.coverage.contributions import needed
from backend.coverage.contributions.day_map import DayMap, day_map
from backend.coverage.contributions.figures import Figures, figures, sums, total
from backend.coverage.contributions.files import reason
from backend.coverage.contributions.query import CampaignAccess, build_query, campaign_access
from backend.coverage.contributions.service import places, rows
from backend.errors import invalid
from backend.fonts import BOLD, NORMAL, Fonts, fonts_of, text_length, write_text
from backend.i18n.formats import number
from backend.units.catalogue import APPROXIMATE
from backend.units.service import set_on

# A message on a phone has room for few names.
TEAMS_MOST = 3

# Wide enough to be readable on a phone without zooming, small enough for any group chat.
WIDTH, MARGIN = 1080, 64
TITLE_PX, LEAD_PX, TEXT_PX, SOURCE_PX, NAME_PX = 46, 40, 34, 28, 20
# The map of the area at most, and the country beside it.
MAP_MOST, COUNTRY_PX = (640, 620), 280
# Line height as a share of the font size: Vietnamese has high diacritics.
LEADING, GAP = 1.4, 0.35
# The palette of the pages.
PAPER, INK, SOFT, ACCENT, PALE = "#ffffff", "#14212b", "#4b5b68", "#0b5a7c", "#e6f1f6"
DEMO_GROUND = "#ede7fb"
DEMO_TEXT = "Số liệu minh họa, không có thật."


@dataclass(frozen=True, slots=True)
class DaySummary:
    """The facts of a summary."""

    campaign: str
    day: date
    figures: Figures
    so_far: Figures  # of the month, up to and including the day
    teams: int
    best: Sequence[tuple[int, str, int]]  # place, name, samples
    by_needed: bool
    demo: bool
    approximate: bool


def summarise_day(
    actor: Actor, campaign_id: int, parameters: Mapping[str, Any], now: datetime
) -> tuple[date, list[str]]:
    """Return the day and the lines of its summary."""
    access = campaign_access(actor, campaign_id)
    day = parameters["day"] or local_day(now)
    if day > local_day(now):
        raise invalid("day", "out_of_range")
    return day, lines(_read(access, day))


def day_picture(
    actor: Actor, campaign_id: int, parameters: Mapping[str, Any], now: datetime
) -> tuple[date, bytes]:
    """Return the day and the picture of its summary, with a map of the area."""
    day, written = summarise_day(actor, campaign_id, parameters, now)
    access = campaign_access(actor, campaign_id)
    query = build_query(access, "unit", {"from_": day, "to": day, "month": f"{day:%Y-%m}"})
    counted = {unit: one.counted for (_, unit), one in sums(query).items()}
    return day, draw(written, day_map(campaign_id, counted, day, MAP_MOST, COUNTRY_PX))


def _read(access: CampaignAccess, day: date) -> DaySummary:
    query = build_query(access, "team", {"from_": day, "to": day, "month": f"{day:%Y-%m}"})
    targets = needed.refresh(query.months)
    so_far = replace(query, first=month_start(query.months[0]))
    teams = figures(query, targets)
    by_needed = any(one.needed is not None for one in teams.values())
    rank = "needed" if by_needed else "counted"
    active = set_on(day)
    best = [(p, k) for p, k in places(teams, rank) if p <= TEAMS_MOST and getattr(teams[k], rank)]
    names = rows(query, {key: teams[key] for _, key in best}, "vi")
    return DaySummary(
        access.campaign.name,
        day,
        total(query, targets),
        total(so_far, targets),
        len(teams),
        [(p, row["name"], row[rank]) for (p, _), row in zip(best, names, strict=True)][:TEAMS_MOST],
        by_needed,
        access.campaign.demo,
        active is None or active.quality == APPROXIMATE,
    )


def lines(summary: DaySummary) -> list[str]:
    """Return the lines of a summary; pure."""
    one, month = summary.figures, summary.so_far
    result = [f"{summary.campaign} – ngày {summary.day:%d/%m/%Y}"]
    if one.received == 0:
        result.append("Ngày này chưa có mẫu nào.")
    else:
        result.append(
            f"{_number(one.counted)} mẫu được tính trong {_number(one.received)} mẫu nhận được, "
            f"từ {_number(summary.teams)} đội."
        )
    if one.needed is not None and one.received:
        result.append(f"{_number(one.needed)} mẫu góp vào mục tiêu.")
    if one.guests:
        result.append(f"{_number(one.guests)} mẫu do người dân được hướng dẫn tự đo.")
    result += _best(summary) + _lost(one)
    so_far = f"Từ đầu tháng: {_number(month.counted)} mẫu được tính"
    if month.helped:
        so_far += f", góp phần đưa {_number(month.helped)} xã, phường đạt mục tiêu"
    result.append(so_far + ".")
    return [*result, footer(approximate=summary.approximate, demo=summary.demo)]


def _number(n: int) -> str:
    return number(n, "vi")


def _best(summary: DaySummary) -> list[str]:
    if not summary.best:
        return []
    kind = "mẫu góp vào mục tiêu" if summary.by_needed else "mẫu được tính"
    named = "; ".join(f"{place}. {name} ({_number(n)})" for place, name, n in summary.best)
    return [f"Nhiều {kind} nhất: {named}."]


def _lost(one: Figures) -> list[str]:
    if not one.reasons:
        return []
    code, n = next(iter(one.reasons.items()))
    return [f"Hay mất mẫu nhất ({_number(n)}): {reason(code, 'vi')}"]


def footer(*, approximate: bool, demo: bool) -> str:
    """Return the last line of a message with figures: source and caveats."""
    sentences = ["Theo số liệu Đo Sóng."]
    if approximate:
        sentences.append("Ranh giới xã, phường gần đúng.")
    if demo:
        sentences.append(DEMO_TEXT)
    return " ".join(sentences)


def draw(lines: Sequence[str], drawn: DayMap | None = None) -> bytes:
    """Return a PNG: the first line on a band, the others and the map below it, then the source."""
    title, *rest = lines
    source = rest.pop() if len(rest) > 1 else ""
    band, y = _lay(title, float(MARGIN), TITLE_PX, BOLD, PAPER)
    height = y + MARGIN * 0.35
    y = height + MARGIN * 0.7
    laid = []
    for n, line in enumerate(rest):
        rows, y = _lay(line, y, LEAD_PX if n == 0 else TEXT_PX, BOLD if n == 0 else NORMAL, INK)
        laid += rows
    map_top = y + MARGIN * 0.2
    if drawn:
        y = map_top + max(drawn.area.height, _beside_height(drawn))
    y += MARGIN * 0.3
    foot, end = _lay(source, y + MARGIN * 0.3, SOURCE_PX, NORMAL, SOFT) if source else ([], y)
    image = Image.new("RGB", (WIDTH, round(end) + MARGIN // 3), PAPER)
    canvas = ImageDraw.Draw(image)
    canvas.rectangle((0, 0, WIDTH, round(height)), fill=ACCENT)
    if source:
        demo = DEMO_TEXT in source
        canvas.rectangle((0, round(y), WIDTH, image.height), fill=DEMO_GROUND if demo else PALE)
    for top, piece, size, weight, colour in [*band, *laid, *foot]:
        write_text(canvas, (MARGIN, top + size), piece, fonts_of(size, weight), colour)
    if drawn:
        _place_map(image, canvas, drawn, round(map_top))
    out = io.BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _beside_height(drawn: DayMap) -> int:
    return drawn.country.height + round(SOURCE_PX * LEADING * (len(drawn.legend) + 1.5))


def _place_map(image: Image.Image, canvas: ImageDraw.ImageDraw, drawn: DayMap, top: int) -> None:
    """Draw the area on the left; on the right the country with its islands, and the legend."""
    image.paste(drawn.area, (MARGIN, top))
    left = WIDTH - MARGIN - COUNTRY_PX
    image.paste(drawn.country, (left, top))
    small = fonts_of(NAME_PX, BOLD)
    for name, (x, y) in drawn.names:
        at = left + min(x, COUNTRY_PX - text_length(name, small) / 2 - 4)
        write_text(canvas, (at - text_length(name, small) / 2, top + y), name, small, INK)
    y = top + drawn.country.height + SOURCE_PX * LEADING * 1.2
    fonts = fonts_of(SOURCE_PX, NORMAL)
    write_text(canvas, (left, y), "Mẫu trong ngày", fonts_of(SOURCE_PX, BOLD), INK)
    for colour, label in drawn.legend:
        y += SOURCE_PX * LEADING
        box = (left, round(y) - SOURCE_PX + 6, left + 36, round(y) + 2)
        canvas.rectangle(box, fill=colour, outline=SOFT)
        write_text(canvas, (left + 50, y), label, fonts, INK)


Row = tuple[float, str, int, int, str]  # its top, text, size, weight and colour


def _lay(line: str, y: float, size: int, weight: int, colour: str) -> tuple[list[Row], float]:
    """Return the rows of a wrapped line from y on, and the y below them."""
    rows: list[Row] = []
    for piece in wrapped(line, fonts_of(size, weight)):
        rows.append((y, piece, size, weight, colour))
        y += size * LEADING
    return rows, y + size * GAP


def wrapped(line: str, fonts: Fonts) -> Iterable[str]:
    """Wrap a line between words at the width of the picture."""
    piece = ""
    for word in line.split():
        longer = f"{piece} {word}".strip()
        if piece and text_length(longer, fonts) > WIDTH - 2 * MARGIN:
            yield piece
            longer = word
        piece = longer
    yield piece
