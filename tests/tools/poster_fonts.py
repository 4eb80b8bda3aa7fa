"""Make the fonts of posters from the vendored ones; needs the package `brotli`, which no page does.

python -m tests.tools.poster_fonts
"""

from pathlib import Path
from tempfile import TemporaryDirectory

from fontTools.merge import Merger
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

ROOT = Path(__file__).parents[2] / "backend"
VENDORED = ROOT / "static" / "vendor" / "inter"
FONTS = ROOT / "web" / "setup" / "fonts"
WEIGHTS = {"regular": 450, "bold": 750}
# Tables of layout and variation, which a PDF does not use.
DROPPED = ("STAT", "GSUB", "GPOS", "GDEF", "kern", "MVAR", "HVAR", "avar")


def make_font(name: str, weight: int, folder: Path) -> None:
    """Merge the Latin and the Vietnamese letters of one weight to a TrueType font."""
    parts = []
    for subset in ("latin", "vietnamese"):
        font = TTFont(VENDORED / f"inter-{subset}-wght-normal.woff2")
        font.flavor = None
        font = instantiateVariableFont(font, {"wght": weight})
        for table in DROPPED:
            if table in font:
                del font[table]
        parts.append(str(folder / f"{subset}-{name}.ttf"))
        font.save(parts[-1])
    merged = Merger().merge(parts)
    style = name.title()
    texts = {1: "Inter Posters", 2: style, 4: f"Inter Posters {style}", 6: f"InterPosters-{style}"}
    for record in merged["name"].names:
        record.string = texts.get(record.nameID, record.toUnicode())
    merged.save(FONTS / f"inter-{name}.ttf")


if __name__ == "__main__":
    with TemporaryDirectory() as made:
        for title, boldness in WEIGHTS.items():
            make_font(title, boldness, Path(made))
