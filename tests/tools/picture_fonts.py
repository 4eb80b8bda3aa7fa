"""Make the fonts of pictures and posters from Inter's variable font; needs the package `brotli`.

npm pack inter-ui@4.1.1 && tar xzf inter-ui-4.1.1.tgz
python -m tests.tools.picture_fonts package/variable/InterVariable.woff2
"""

import sys
from pathlib import Path

from fontTools.subset import Options, Subsetter
from fontTools.ttLib import TTFont
from fontTools.varLib.instancer import instantiateVariableFont

FONTS = Path(__file__).parents[2] / "backend" / "fonts"
# Weight in the variable font and weight that the file states, by name of the file.
WEIGHTS = {"regular": (450, 400), "bold": (700, 700)}
OPTICAL_SIZE = 14
# First and last letters: Latin with all of Vietnamese, marks, punctuation, ₫, arrows, mathematics.
LETTERS = (
    (0x20, 0x7E), (0xA0, 0x17F), (0x1A0, 0x1A1), (0x1AF, 0x1B0), (0x300, 0x304), (0x309, 0x309),
    (0x323, 0x323), (0x1EA0, 0x1EF9), (0x2010, 0x2027), (0x202F, 0x203A), (0x20AB, 0x20AC),
    (0x2116, 0x2122), (0x2190, 0x2193), (0x2212, 0x2212), (0x2248, 0x2248), (0x2260, 0x2265),
    (0x25A0, 0x25CF), (0x2713, 0x2717),
)  # fmt: skip
# Without them resvg, fpdf2 and Pillow measure a text alike.
LAYOUT_TABLES = ("GSUB", "GPOS", "GDEF", "kern")
VARIATION_TABLES = ("STAT", "MVAR", "HVAR", "avar")


def make_font(source: Path, style: str, drawn: int, stated: int) -> None:
    """Write one weight with the letters of pictures as TrueType."""
    font = TTFont(source)
    font.flavor = None
    font = instantiateVariableFont(font, {"wght": drawn, "opsz": OPTICAL_SIZE})
    options = Options(hinting=False, notdef_outline=True, layout_features=[])
    options.drop_tables += [*LAYOUT_TABLES, *VARIATION_TABLES]
    subsetter = Subsetter(options)
    subsetter.populate(unicodes=[one for first, last in LETTERS for one in range(first, last + 1)])
    subsetter.subset(font)
    bold = stated >= 600
    font["OS/2"].usWeightClass = stated
    font["OS/2"].fsSelection = 1 << 5 if bold else 1 << 6
    font["head"].macStyle = int(bold)
    texts = {1: "Inter", 2: style.title(), 4: f"Inter {style.title()}", 6: f"Inter-{style.title()}"}
    for record in font["name"].names:
        record.string = texts.get(record.nameID, record.toUnicode())
    font.save(FONTS / f"inter-{style}.ttf")


if __name__ == "__main__":
    for title, (weight, named) in WEIGHTS.items():
        make_font(Path(sys.argv[1]), title, weight, named)
