"""Drawing: the fonts have every letter, texts are as wide as measured, PDFs can be searched."""

import io
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from unicodedata import normalize

import pytest
from babel.messages.pofile import read_po
from fontTools.ttLib import TTFont
from jinja2 import DictLoader
from PIL import Image, ImageChops

from backend import drawing
from backend.drawing import FAMILY, draw, fitting, pdf, png, text_width, wrap
from backend.i18n.catalogues import LOCALE

TEMPLATES = Path(drawing.__file__).parent / "templates"
LETTERS = "ăâđêôơưàảãáạằẳẵắặầẩẫấậèẻẽéẹềểễếệìỉĩíịòỏõóọồổỗốộờởỡớợùủũúụừửữứựỳỷỹýỵ"
FIGURES = "0123456789≥≤→−·:–%,.()"
# Names of buttons of browsers, in help pages alone; Inter has neither.
NOT_DRAWN = "⋮⋯"
CELL = 24


def svg(body: str, width: int = 200, height: int = 100, family: str = FAMILY) -> str:
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}"'
        f' viewBox="0 0 {width} {height}" font-family="{family}">{body}</svg>'
    )


def image(picture: str, width: int | None = None) -> Image.Image:
    """Return the picture on white, as grey."""
    drawn = Image.open(io.BytesIO(png(picture, width))).convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", drawn.size, "white"), drawn).convert("L")


def catalogue_letters() -> list[str]:
    """Return every character that is visible in a text of either language."""
    found = {*FIGURES, *LETTERS, *LETTERS.upper()}
    for path in Path(LOCALE).rglob("*.po"):
        with path.open("rb") as file:
            for one in read_po(file):
                for texts in (one.id, one.string):
                    found.update(*([texts] if isinstance(texts, str) else texts))
    for path in TEMPLATES.rglob("*.svg"):
        found |= set(path.read_text(encoding="utf-8"))
    return sorted(one for one in found if not one.isspace() and one not in NOT_DRAWN)


def missing(letters: list[str], weight: str, family: str = FAMILY) -> list[str]:
    """Return the letters that are drawn as nothing or as the box of a missing glyph."""
    body = "".join(
        f'<text x="2" y="{CELL * n + 17}" font-weight="{weight}">&#{ord(one)};</text>'
        for n, one in enumerate([*letters, "\ue000"])
    )
    body = f'<g font-size="14">{body}</g>'
    column = image(svg(body, CELL, CELL * (len(letters) + 1), family))
    cells = [column.crop((0, CELL * n, CELL, CELL * (n + 1))) for n in range(len(letters) + 1)]
    box = cells.pop().tobytes()
    return [
        one
        for one, cell in zip(letters, cells, strict=True)
        if cell.tobytes() == box or cell.getextrema()[0] == 255
    ]


@pytest.mark.parametrize("weight", ["normal", "bold"])
def test_every_character_of_both_languages_is_drawn(weight: str) -> None:
    letters = catalogue_letters()
    assert {"ế", "Ẵ", "đ", "ư", "≥", "→"} <= set(letters)
    file = drawing.BOLD if weight == "bold" else drawing.REGULAR
    assert {ord(one) for one in letters} <= set(TTFont(file).getBestCmap())  # no other weight's
    assert missing(letters, weight) == []
    assert missing(["a", "漢"], weight) == ["漢"]
    assert missing(["a"], weight, "Arial") == ["a"]


def test_templates_name_the_only_family() -> None:
    for path in TEMPLATES.rglob("*.svg"):
        named = re.findall(r'font-family[=:]\s*"?([^";}]+)', path.read_text(encoding="utf-8"))
        assert {one.split(",")[0] for one in named} <= {FAMILY}, path


@pytest.mark.parametrize("bold", [False, True])
def test_a_text_is_as_wide_as_measured(bold: bool) -> None:
    text, size = "Phường Phan Đình Phùng: 1.234 ≥ 300", 20
    weight = "bold" if bold else "normal"
    drawn = image(
        svg(f'<text x="0" y="40" font-size="{size}" font-weight="{weight}">{text}</text>', 500)
    )
    left, _, right, _ = ImageChops.invert(drawn).getbbox() or (0, 0, 0, 0)
    assert right - left == pytest.approx(text_width(text, size, bold), abs=3)


def test_a_text_is_wrapped_between_words() -> None:
    text = "Ban Chấp hành Đoàn Thanh niên Cộng sản Hồ Chí Minh tỉnh Thái Nguyên"
    lines = wrap(text, 12, 150)
    assert " ".join(lines) == text and len(lines) > 2
    assert all(text_width(line, 12) <= 150 for line in lines)
    assert wrap(text, 12, 150, most=2) == [lines[0], f"{lines[1]} …"]
    assert wrap("", 12, 150) == [] and wrap("Nghiêng", 12, 1) == ["Nghiêng"]
    assert text_width(text, fitting(text, 12, 150)) == pytest.approx(150)
    assert fitting("ngắn", 12, 150) == 12


def test_a_picture_has_the_wanted_width() -> None:
    assert image(svg("", 200, 101)).size == (200, 101)
    assert image(svg("", 200, 101), 1080).size == (1080, 545)


def test_threads_draw_at_once() -> None:
    picture = svg('<text x="9" y="50">Phường Trưng Vương</text>')
    with ThreadPoolExecutor(4) as threads:
        drawn = set(threads.map(lambda _: png(picture), range(16)))
    assert drawn == {png(picture)}


def test_names_cannot_break_a_picture(monkeypatch: pytest.MonkeyPatch) -> None:
    loader = DictLoader({"name.svg": svg("<text>{{ name }}</text>")})
    monkeypatch.setattr(drawing._templates(), "loader", loader)
    for name in ("</text><script/>", "a\x00\x0b\ufffe", "&lt;", normalize("NFD", "Đỗ Thế Ấn")):
        picture = draw("name.svg", name=name)
        assert "<script" not in picture and png(picture)
    assert "Đỗ Thế Ấn" in picture


@pytest.mark.skipif(not shutil.which("pdftotext"), reason="poppler is not installed")
def test_a_pdf_can_be_searched(tmp_path: Path) -> None:
    pages = [
        svg(f'<text x="50" y="50" font-weight="{weight}">Phường Ái Nghĩa ≥ 300</text>', 595, 842)
        for weight in ("normal", "bold")
    ]
    content = pdf(pages, "Áp phích")
    assert content == pdf(pages, "Áp phích")
    (tmp_path / "a.pdf").write_bytes(content)
    text = subprocess.run(
        ["pdftotext", "a.pdf", "-"], cwd=tmp_path, capture_output=True, check=True
    )
    assert text.stdout.decode().split("\f")[:2] == ["Phường Ái Nghĩa ≥ 300\n\n"] * 2
    fonts = subprocess.run(["pdffonts", "a.pdf"], cwd=tmp_path, capture_output=True, check=True)
    assert fonts.stdout.count(b"yes yes yes") == 2  # embedded, subset, unicode
