"""What a connection is good for: the thresholds of the verdict on the measuring page.

They are the least at which a use works, and are stated nowhere else: the page gets them as data.
What a use needs to work well is the IQB's question (backend/coverage/statistics/iqb.py).
docs/measuring.md explains both.
"""

from dataclasses import dataclass
from typing import TypedDict

from backend.i18n.catalogues import N_, Language, gettext


@dataclass(frozen=True, slots=True)
class Use:
    """A use with its least speeds in Mbit/s and its longest ping in ms."""

    code: str
    name: str
    verdict: str  # where no more demanding use is possible
    download_mbps: float
    upload_mbps: float
    ping_ms: float


# The least demanding first; each needs what the ones before it need.
USES = (
    Use("read", N_("News, messages"), N_("Only news and messages"), 0.5, 0.1, 2_000),
    Use("call", N_("Video calls"), N_("Video calls work"), 1.5, 1.0, 400),
    Use("hd", N_("HD video"), N_("Good for HD video"), 6, 1.0, 400),
    Use("uhd", N_("4K video"), N_("Very good: even 4K video"), 25, 3, 200),
)


class UseAnswer(TypedDict):
    """A use of the network, with what it needs at least."""

    code: str
    name: str
    verdict: str  # where no more demanding use is possible
    download_mbps: float
    upload_mbps: float
    ping_ms: float


def serialize_uses(language: Language) -> list[UseAnswer]:
    """Return the uses with their texts, for the page."""
    return [
        {
            "code": one.code,
            "name": gettext(one.name, language),
            "verdict": gettext(one.verdict, language),
            "download_mbps": one.download_mbps,
            "upload_mbps": one.upload_mbps,
            "ping_ms": one.ping_ms,
        }
        for one in USES
    ]
