"""Posters of teams as one PDF: an A4 page for each, from an SVG template."""

from base64 import b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime
from itertools import groupby

import segno

from backend.drawing import draw, pdf
from backend.units.outlines import Drawing


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
    map: Drawing | None

    @property
    def logo_address(self) -> str:
        """The logo as an address that holds it."""
        return f"data:image/png;base64,{b64encode(self.logo or b'').decode()}"


@dataclass(frozen=True, slots=True)
class PosterTeam:
    """A team's code and its home on the map."""

    name: str
    code: str
    link: str  # the content of the QR code
    address: str  # to type
    home: str | None
    home_code: str | None
    expires: datetime | None = None


def posters(texts: PosterTexts, teams: Iterable[PosterTeam]) -> bytes:
    """Return the posters of teams as a PDF."""
    pages = (draw("web/setup/poster.svg", texts=texts, team=team, qr=qr(team.link))
             for team in teams)  # fmt: skip
    return pdf(pages, texts.campaign)


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
