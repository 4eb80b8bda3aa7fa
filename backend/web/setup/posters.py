"""Posters of teams as one PDF: an A4 page for each, from an SVG template."""

from collections.abc import Iterable, Mapping
from itertools import groupby
from typing import Any

import segno

from backend.drawing import draw, pdf


def posters(texts: Mapping[str, Any], teams: Iterable[Mapping[str, Any]]) -> bytes:
    """Return the posters of teams as a PDF; `texts` is what all posters of a campaign share."""
    pages = (draw("web/setup/poster.svg", texts=texts, team=team, qr=qr(team["link"]))
             for team in teams)  # fmt: skip
    return pdf(pages, texts["campaign"])


def qr(text: str) -> tuple[str, int]:
    """Return a QR code as a path with a quiet zone of two modules, and its side in modules.

    A quarter of it may be damaged: posters hang outside.
    """
    rows, path = segno.make_qr(text, error="q").matrix, ""
    for y, row in enumerate(rows, 2):
        x = 2
        for dark, modules in groupby(row):
            wide = len(list(modules))
            path += f"M{x},{y}h{wide}v1h-{wide}z" if dark else ""
            x += wide
    return path, len(rows) + 4
