"""The QR code of a join code, and the style of the page on which it is printed."""

import base64
import hashlib
import io
from functools import cache
from pathlib import Path

import segno

TEMPLATES = Path(__file__).parents[1] / "templates" / "campaigns"
# Pixels of one module: sharp on a poster, and a Zalo message still shows it whole.
PNG_SCALE, SVG_SCALE = 12, 8


def content(base_url: str, code: str) -> str:
    """What the QR code holds: the measuring page, the code in the fragment that no server sees."""
    return f"{base_url}do/#{code}"


def by_hand(base_url: str, code: str) -> str:
    """The same as an address that is short enough to type; the server leads on from it."""
    return f"{base_url}j/{code}".partition("://")[2]


def as_png(text: str) -> bytes:
    """Draw a QR code as PNG."""
    return _drawn(text, "png", PNG_SCALE)


def as_svg(text: str) -> bytes:
    """Draw a QR code as SVG."""
    return _drawn(text, "svg", SVG_SCALE)


def inline_svg(text: str) -> str:
    """Draw a QR code as a part of a page."""
    return str(_code(text).svg_inline(scale=SVG_SCALE, omitsize=True, svgclass="qr"))


@cache
def style() -> str:
    """The page's style, carried in the page: saved to a file, it still prints."""
    return (TEMPLATES / "poster.css").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """What the page may load: nothing but this one style."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _drawn(text: str, kind: str, scale: int) -> bytes:
    drawn = io.BytesIO()
    _code(text).save(drawn, kind=kind, scale=scale)
    return drawn.getvalue()


def _code(text: str) -> segno.QRCode:
    """A quarter of it may be dirty: posters hang outside."""
    return segno.make_qr(text, error="q")
