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
    """Return the text of the QR code: the measuring page, with the code in the fragment."""
    return f"{base_url}do/#{code}"


def short_address(base_url: str, code: str) -> str:
    """Return a short address to type, which redirects to the measuring page."""
    return f"{base_url}j/{code}".partition("://")[2]


def as_png(text: str) -> bytes:
    """Draw a QR code as PNG."""
    return _draw(text, "png", PNG_SCALE)


def as_svg(text: str) -> bytes:
    """Draw a QR code as SVG."""
    return _draw(text, "svg", SVG_SCALE)


def inline_svg(text: str) -> str:
    """Draw a QR code as SVG within a page."""
    return str(_code(text).svg_inline(scale=SVG_SCALE, omitsize=True, svgclass="qr"))


@cache
def style() -> str:
    """Return the style, which is part of the page: a saved page still prints."""
    return (TEMPLATES / "poster.css").read_text(encoding="utf-8")


@cache
def policy() -> str:
    """Return the content security policy: the page loads only its style."""
    digest = base64.b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return (
        f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'; "
        "frame-ancestors 'none'"
    )


def _draw(text: str, kind: str, scale: int) -> bytes:
    image = io.BytesIO()
    _code(text).save(image, kind=kind, scale=scale)
    return image.getvalue()


def _code(text: str) -> segno.QRCode:
    """Return a code of which a quarter may be damaged: posters hang outside."""
    return segno.make_qr(text, error="q")
