"""The QR code of a join code, and the style of the page on which it is printed."""

import base64
import hashlib
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import segno

from backend.errors import Problem

TEMPLATES = Path(__file__).parents[1] / "templates" / "campaigns"
SVG_SCALE = 8  # of one module


def require_operator(config: Mapping[str, Any]) -> None:
    """Raise 409 where the operator has no name: it is the controller whom a poster must name."""
    if not config["OPERATOR_NAME"]:
        raise Problem(409, "operator_unnamed")


def content(base_url: str, code: str) -> str:
    """Return the text of the QR code: the measuring page, with the code in the fragment."""
    return f"{base_url}do/#{code}"


def short_address(base_url: str, code: str) -> str:
    """Return a short address to type, which redirects to the measuring page."""
    return f"{base_url}j/{code}".partition("://")[2]


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


def _code(text: str) -> segno.QRCode:
    """Return a code of which a quarter may be damaged: posters hang outside."""
    return segno.make_qr(text, error="q")
