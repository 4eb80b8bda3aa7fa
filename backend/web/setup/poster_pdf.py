"""Posters of teams as one PDF: an A4 page for each, drawn as vectors with embedded fonts."""

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import segno

if TYPE_CHECKING:
    from matplotlib.font_manager import FontProperties
    from matplotlib.path import Path as Outline
    from PIL.ImageFont import FreeTypeFont

FONTS = Path(__file__).parents[2] / "fonts"
# Millimetres of an A4 page, and a margin that every printer can print.
WIDE, HIGH, MARGIN = 210.0, 297.0, 12.0
MM = 1 / 25.4
POINTS_PER_MM = 72 / 25.4
# The palette of all pictures: that of the pages.
INK, SOFT, ACCENT, PALE = "#14212b", "#4b5b68", "#0b5a7c", "#e6f1f6"
PAPER, LINE, LAND, DEMO = "#ffffff", "#d9e0e6", "#dfe4e8", "#4f2ea3"
QR_MM = 92.0
# Labels of the country's inset: parts of its width and height, size in points.
INSET_LABELS = (
    ("Biển Đông", 0.68, 0.54, 4.6),
    ("QĐ. Hoàng Sa", 0.74, 0.33, 3.6),
    ("(Đà Nẵng)", 0.74, 0.372, 3.6),
    ("QĐ. Trường Sa", 0.76, 0.63, 3.6),
    ("(Khánh Hòa)", 0.76, 0.672, 3.6),
)
STEPS = (
    ("Quét mã", "bằng máy ảnh. Đang ở Zalo, Facebook thì mở lại bằng Chrome hoặc Safari."),
    ("Đồng ý", "sau khi đọc: trang không hỏi tên, không hỏi số điện thoại."),
    ("Bấm “Đo”", "ở nơi bạn đang đứng. Đo thêm ở chỗ khác thì góp thêm một mẫu."),
)
PRIVACY = (
    "Mỗi lần đo gửi vị trí chính xác của điện thoại, thời điểm, tốc độ và thông tin mạng. Vị trí "
    "là dữ liệu cá nhân nhạy cảm: giữ nhiều nhất {days} ngày, không công bố. Tham gia là tự "
    "nguyện; có thể rời đội hoặc rút lại sự đồng ý bất cứ lúc nào ngay trên trang. Người chưa đủ "
    "16 tuổi cần cha, mẹ hoặc người giám hộ đồng ý. Bên kiểm soát dữ liệu: {operator}."
)


@dataclass(frozen=True, slots=True)
class AreaShape:
    """A commune of a poster's map, in millimetres of a box of its width 1."""

    unit_id: int
    outline: "Outline"


@dataclass(frozen=True, slots=True)
class AreaMap:
    """The communes of a campaign's area, its height for a width of 1, and the country's inset."""

    shapes: tuple[AreaShape, ...]
    land: "Outline"  # all of them
    height: float
    country: "Outline | None"
    country_height: float
    islands: tuple[tuple[float, float], ...]


@dataclass(frozen=True, slots=True)
class PosterTexts:
    """What all posters of a campaign share."""

    organisation: str
    campaign: str
    first_day: date
    last_day: date
    area: str
    telephone: str | None  # as read aloud: 0912 345 678
    operator: str
    retention_days: int
    demo: bool
    logo: bytes | None
    map: AreaMap | None


@dataclass(frozen=True, slots=True)
class PosterTeam:
    """A team's code and its home on the map."""

    name: str
    code: str
    link: str  # the content of the QR code
    address: str  # to type
    home: str | None
    home_id: int | None
    expires: datetime | None = None


def posters(texts: PosterTexts, teams: Iterable[PosterTeam]) -> bytes:
    """Return the posters of teams as a PDF."""
    import matplotlib
    from matplotlib.backends.backend_pdf import PdfPages
    from matplotlib.figure import Figure

    out = io.BytesIO()
    # Fonts as TrueType: small, and the text can be searched.
    with matplotlib.rc_context({"pdf.fonttype": 42, "pdf.compression": 6}):
        meta = {"Title": texts.campaign, "Creator": None, "Producer": None, "CreationDate": None}
        with PdfPages(out, metadata=meta) as pages:
            for team in teams:
                figure = Figure((WIDE * MM, HIGH * MM), facecolor=PAPER)
                _draw(_Page(figure), texts, team)
                pages.savefig(figure)
    return out.getvalue()


class _Page:
    """A page measured in millimetres from its upper left corner."""

    def __init__(self, figure: Any) -> None:
        self.axes = figure.add_axes((0, 0, 1, 1))
        self.axes.set_xlim(0, WIDE)
        self.axes.set_ylim(HIGH, 0)
        self.axes.axis("off")

    def text(
        self, x: float, y: float, words: str, size: float, colour: str = INK, *,
        bold: bool = False, align: str = "left",
    ) -> None:  # fmt: skip
        """Write a line; y is its baseline, the size is in points."""
        self.axes.text(x, y, words, fontsize=size, color=colour, ha=align, va="baseline",
                       fontproperties=_font(bold), parse_math=False)  # fmt: skip

    def block(
        self, x: float, y: float, words: str, size: float, width: float, colour: str = INK, *,
        bold: bool = False, lines: int = 99, leading: float = 1.32,
    ) -> float:  # fmt: skip
        """Write a text wrapped to a width and return the y below it; too long a text ends in …."""
        step = size / POINTS_PER_MM * leading
        rows = wrap(words, size, width, bold)
        if len(rows) > lines:
            rows = [*rows[: lines - 1], f"{rows[lines - 1]} …"]
        for row in rows:
            y += step
            self.text(x, y, row, size, colour, bold=bold)
        return y

    def box(self, x: float, y: float, wide: float, high: float, colour: str, *,
            round_mm: float = 0.0, edge: str | None = None) -> None:  # fmt: skip
        from matplotlib.patches import FancyBboxPatch

        style = f"round,pad=0,rounding_size={round_mm}" if round_mm else "square,pad=0"
        self.axes.add_artist(FancyBboxPatch(
            (x, y), wide, high, boxstyle=style, facecolor=colour,
            edgecolor=edge or "none", linewidth=1.2 if edge else 0,
        ))  # fmt: skip

    def shape(self, outline: "Outline", x: float, y: float, scale: float, colour: str,
              edge: str = PAPER, line: float = 0.4) -> None:  # fmt: skip
        from matplotlib.patches import PathPatch
        from matplotlib.transforms import Affine2D

        moved = outline.transformed(Affine2D().scale(scale).translate(x, y))
        self.axes.add_artist(PathPatch(moved, facecolor=colour, edgecolor=edge, linewidth=line))

    def picture(self, png: bytes, x: float, y: float, wide: float, high: float) -> None:
        """Place a picture in the middle of a box, in its own shape."""
        import numpy as np
        from PIL import Image

        pixels = np.asarray(Image.open(io.BytesIO(png)).convert("RGBA"))
        scale = min(wide / pixels.shape[1], high / pixels.shape[0])
        w, h = pixels.shape[1] * scale, pixels.shape[0] * scale
        left, top = x + (wide - w) / 2, y + (high - h) / 2
        self.axes.imshow(pixels, extent=(left, left + w, top + h, top), aspect="auto", zorder=3)
        self.axes.set_xlim(0, WIDE)
        self.axes.set_ylim(HIGH, 0)


def _draw(page: _Page, texts: PosterTexts, team: PosterTeam) -> None:
    _head(page, texts)
    _call(page, texts)
    _code(page, team)
    _about(page, texts, team)
    _steps(page)
    _foot(page, texts, team)


def _head(page: _Page, texts: PosterTexts) -> None:
    """Draw the band with the logo and the organisation."""
    page.box(0, 0, WIDE, 34, ACCENT)
    left = MARGIN
    if texts.logo:
        page.box(MARGIN, 6, 22, 22, PAPER, round_mm=3)
        page.picture(texts.logo, MARGIN + 1.5, 7.5, 19, 19)
        left += 28
    width = WIDE - left - MARGIN - 38
    size = fitting(texts.organisation, 17, width * 2 - 20, True)
    rows = len(wrap(texts.organisation, size, width, True))
    page.block(
        left, 14.5 - 4 * min(rows, 2), texts.organisation, size, width, PAPER, bold=True, lines=2
    )
    page.text(WIDE - MARGIN, 17, "Đo Sóng", 17, PAPER, bold=True, align="right")
    page.text(WIDE - MARGIN, 23.5, "đo chất lượng mạng", 9, PAPER, align="right")


def _call(page: _Page, texts: PosterTexts) -> None:
    page.text(MARGIN, 55, "Quét mã, đo mạng 1 phút", 37, ACCENT, bold=True)
    words = f"Mỗi phép đo giúp biết nơi nào ở {texts.area} sóng còn yếu."
    page.block(MARGIN, 57, words, 15, WIDE - 2 * MARGIN, INK, lines=2)
    if texts.demo:
        page.box(WIDE - MARGIN - 62, 36, 62, 7.5, DEMO, round_mm=2)
        page.text(WIDE - MARGIN - 31, 41.2, "SỐ LIỆU MINH HỌA, không thật", 9, PAPER,
                  bold=True, align="center")  # fmt: skip


TOP = 75.0  # of the code and of what stands beside it


def _code(page: _Page, team: PosterTeam) -> None:
    """Draw the QR code with its quiet zone, the letters and the address below it."""
    side = QR_MM + 8
    page.box(MARGIN, TOP, side, side + 34, PAPER, round_mm=5, edge=ACCENT)
    page.shape(qr_outline(team.link), MARGIN + 4, TOP + 4, QR_MM, "#000000", "none", 0)
    middle = MARGIN + side / 2
    page.text(middle, TOP + side + 3, "Mã tham gia", 10.5, SOFT, align="center")
    page.text(middle, TOP + side + 16, f"{team.code[:4]} {team.code[4:]}", 32, INK,
              bold=True, align="center")  # fmt: skip
    page.text(middle, TOP + side + 26, team.address, fitting(team.address, 11, side - 6, False),
              SOFT, align="center")  # fmt: skip


def _about(page: _Page, texts: PosterTexts, team: PosterTeam) -> None:
    """Write the team and the campaign, and draw the area with the team's home."""
    left = MARGIN + QR_MM + 8 + 9
    width = WIDE - MARGIN - left
    page.text(left, TOP + 4, "Đội", 10.5, SOFT)
    y = page.block(left, TOP + 4.5, team.name, 19, width, INK, bold=True, lines=4, leading=1.2)
    y = page.block(left, y + 3, texts.campaign, 12.5, width, ACCENT, bold=True, lines=3)
    days = f"{texts.first_day:%d/%m/%Y} – {texts.last_day:%d/%m/%Y}"
    y = page.block(left, y + 0.5, days, 11.5, width, SOFT)
    if team.expires:
        y = page.block(left, y, f"Mã dùng được đến {team.expires:%H:%M %d/%m/%Y}", 10, width, SOFT)
    if texts.map:
        bottom = TOP + QR_MM + 42
        _map(page, texts.map, team, (left, y + 4, width, bottom - y - 4))


INSET_MM = 25.0


def _map(page: _Page, area: AreaMap, team: PosterTeam, box: tuple[float, ...]) -> None:
    """Draw the area with the team's home, and beside it the country with its islands."""
    left, top, width, height = box
    label = 7.0 if team.home else 0.0
    room = width - INSET_MM - 3
    scale = min(room, (height - label) / area.height)
    x = left + (room - scale) / 2
    page.shape(area.land, x, top, scale, LAND)
    home = next((one for one in area.shapes if one.unit_id == team.home_id), None)
    if home is not None:
        page.shape(home.outline, x, top, scale, ACCENT)
    _country(page, area, left + width - INSET_MM, top)
    if team.home:
        page.box(left, top + height - 3, 3, 3, ACCENT)
        size = fitting(team.home, 10.5, width - 5, True)
        page.text(left + 5, top + height, team.home, size, ACCENT, bold=True)


def _country(page: _Page, area: AreaMap, x: float, y: float) -> None:
    if area.country is None:
        return
    high = INSET_MM * area.country_height
    page.box(x, y, INSET_MM, high, PALE, edge=LINE)
    page.shape(area.country, x, y, INSET_MM, "#9fb6c4", "none", 0)
    for across, down in area.islands:
        page.box(x + across * INSET_MM - 0.2, y + down * INSET_MM - 0.2, 0.4, 0.4, ACCENT)
    for words, across, down, size in INSET_LABELS:
        page.text(x + across * INSET_MM, y + down * high, words, size, SOFT, align="center")


def _steps(page: _Page) -> None:
    top = TOP + QR_MM + 52
    column = (WIDE - 2 * MARGIN) / len(STEPS)
    for n, (title, words) in enumerate(STEPS, 1):
        x = MARGIN + (n - 1) * column
        page.box(x, top, 9, 9, ACCENT, round_mm=4.5)
        page.text(x + 4.5, top + 6.4, str(n), 14, PAPER, bold=True, align="center")
        page.text(x + 12, top + 6.6, title, 16, INK, bold=True)
        page.block(x, top + 10, words, 10.5, column - 5, SOFT)


def _foot(page: _Page, texts: PosterTexts, team: PosterTeam) -> None:
    if texts.telephone:
        page.box(MARGIN, 250, WIDE - 2 * MARGIN, 15, PALE, round_mm=4)
        page.text(MARGIN + 6, 260, "Cần giúp? Gọi", 13, INK)
        page.text(MARGIN + 44, 260.4, texts.telephone, 20, ACCENT, bold=True)
    words = PRIVACY.format(days=texts.retention_days, operator=texts.operator)
    page.block(MARGIN, 267, words, 7.8, WIDE - 2 * MARGIN, SOFT)


def qr_outline(text: str) -> "Outline":
    """Return a QR code with a quiet zone of two modules as an outline in a square of side 1.

    A quarter of it may be damaged: posters hang outside.
    """
    from matplotlib.path import Path as Outline

    rows = segno.make_qr(text, error="q").matrix
    module = 1 / (len(rows) + 4)
    points: list[tuple[float, float]] = []
    codes: list[int] = []
    for y, row in enumerate(rows):
        for start, end in _runs(row):
            left, right = (start + 2) * module, (end + 2) * module
            top, low = (y + 2) * module, (y + 3) * module
            points += [(left, top), (right, top), (right, low), (left, low), (left, top)]
            codes += [1, 2, 2, 2, 79]
    return Outline(points, codes)


def _runs(row: Sequence[int]) -> list[tuple[int, int]]:
    """Return the begin and the end of each run of dark modules."""
    edges = [n for n in range(len(row) + 1)
             if bool(row[n - 1] if n else 0) != bool(row[n] if n < len(row) else 0)]  # fmt: skip
    return list(zip(edges[::2], edges[1::2], strict=True))


def wrap(words: str, size: float, width: float, bold: bool) -> list[str]:
    """Wrap a text between words at a width in millimetres."""
    rows: list[str] = []
    for word in words.split():
        longer = f"{rows[-1]} {word}" if rows else word
        if rows and measure(longer, size, bold) <= width:
            rows[-1] = longer
        else:
            rows.append(word)
    return rows


def fitting(words: str, size: float, width: float, bold: bool) -> float:
    """Return the largest size, at most `size`, in which a line fits in a width."""
    return min(size, size * width / max(measure(words, size, bold), 1e-6))


def measure(words: str, size: float, bold: bool) -> float:
    """Return the width of a line in millimetres."""
    return _measured(bold).getlength(words) / 100 * size / POINTS_PER_MM


@cache
def _measured(bold: bool) -> "FreeTypeFont":
    from PIL import ImageFont

    return ImageFont.truetype(_file(bold), 100)


@cache
def _font(bold: bool) -> "FontProperties":
    from matplotlib.font_manager import FontProperties

    return FontProperties(fname=str(_file(bold)))


def _file(bold: bool) -> Path:
    return FONTS / ("inter-bold.ttf" if bold else "inter-regular.ttf")
