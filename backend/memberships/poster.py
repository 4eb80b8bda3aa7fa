"""What a poster says of a team's join code: its address, as text and as a QR code."""

import segno

from backend.database.extensions import setting
from backend.errors import Problem

SVG_SCALE = 8  # of one module


def require_operator() -> None:
    """Raise 409 where the operator has no name: it is the controller whom a poster must name."""
    if not setting("OPERATOR_NAME"):
        raise Problem(409, "operator_unnamed")


def content(base_url: str, code: str) -> str:
    """Return the text of the QR code: the measuring page, with the code in the fragment."""
    return f"{base_url}do/#{code}"


def short_address(base_url: str, code: str) -> str:
    """Return a short address to type, which redirects to the measuring page."""
    return f"{base_url}j/{code}".partition("://")[2]


def inline_svg(text: str) -> str:
    """Draw a QR code as SVG within a page; a quarter of it may be damaged: posters hang outside."""
    code = segno.make_qr(text, error="q")
    return str(code.svg_inline(scale=SVG_SCALE, omitsize=True, svgclass="qr"))
