"""What a connection is good for: six uses, after M-Lab's Internet Quality Barometer (IQB).

Each use has requirements, and each requirement a threshold and a weight. The score of a use is the
weighted share of its requirements that are met, and the IQB is the mean over the uses, 0 to 1
(Ohlsen, Newcomb and Sermpezis, "The Internet Quality Barometer Framework", IMC 2025,
arXiv:2509.19034). A requirement is judged by a median; its interval may leave it unclear. Figures
that are missing, as packet loss is, are left out with their weights. Pure functions.

Latency is that of the idle line: M-Lab fills its latency with the least round trip of a test (the
queries of its library), and its thresholds are for that. The latency under load is stated beside
the score, and changes none.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import fsum
from typing import Any, Literal, TypedDict

from backend.coverage.statistics.group_figures import leading

# The thresholds and weights of M-Lab's library: its defaults of November 2026.
SOURCE = "M-Lab IQB, arXiv:2509.19034; parameters of 2026-11"
AT_MOST = ("ping_ms", "packet_loss")
# A score without these three would say little.
NEEDED = ("download_mbps", "upload_mbps", "ping_ms")
Met = Literal["yes", "no", "unclear"]
MET: Met = "yes"
UNMET: Met = "no"
UNCLEAR: Met = "unclear"

# Latency under load in ms from which a call beside a transfer may stutter (Zoom recommends at most
# 150), and surely does (the measuring page requires less for a call).
LOADED_MS = {"some": 150, "much": 400}


@dataclass(frozen=True, slots=True)
class Requirement:
    """A figure must be above its threshold, or below it if the metric is one of AT_MOST."""

    metric: str
    threshold: float
    weight: int

    def met(self, value: float) -> bool:
        """Return whether a value meets the requirement."""
        return value < self.threshold if self.metric in AT_MOST else value > self.threshold

    def met_by(self, limits: Sequence[float]) -> Met:
        """Return MET or UNMET where both limits of an interval agree, else UNCLEAR."""
        judged = {self.met(value) for value in limits}
        return UNCLEAR if len(judged) == 2 else MET if True in judged else UNMET


@dataclass(frozen=True, slots=True)
class Use:
    """A use with its requirements; uses weigh the same."""

    code: str
    requirements: tuple[Requirement, ...]


def _use(code: str, *rows: tuple[float, int]) -> Use:
    """Make a use of thresholds and weights for download, upload, ping and packet loss."""
    metrics = ("download_mbps", "upload_mbps", "ping_ms", "packet_loss")
    pairs = zip(metrics, rows, strict=True)
    return Use(code, tuple(Requirement(metric, *row) for metric, row in pairs))


USES = (
    _use("web", (10, 3), (10, 2), (100, 4), (0.01, 4)),
    _use("audio", (10, 4), (5, 1), (100, 3), (0.01, 4)),
    _use("video", (25, 4), (10, 2), (100, 4), (0.01, 4)),
    _use("conference", (25, 4), (25, 4), (50, 4), (0.005, 4)),
    _use("backup", (10, 4), (25, 4), (100, 2), (0.01, 4)),
    _use("gaming", (25, 4), (25, 4), (10, 5), (0.005, 4)),
)


class RequirementRating(TypedDict):
    """A figure that a use needs: above the threshold, a ping below it."""

    metric: str
    threshold: float
    met: Met


class UseRating(TypedDict):
    """The weighted share of the requirements of a use that medians meet, 0 to 1."""

    code: str
    score: float | None  # null: no figure of its requirements is known
    low: float | None  # where unclear requirements are not met
    high: float | None  # where they are met
    requirements: list[RequirementRating]


class Rating(TypedDict):
    """The mean of the scores of six uses, 0 to 1."""

    score: float | None
    low: float | None
    high: float | None
    uses: list[UseRating]


def score(use: Use, is_met: Callable[[Requirement], bool | None]) -> float | None:
    """Return the weighted share of requirements met, from 0 to 1; None without any.

    `is_met` answers None for a requirement whose figure is missing.
    """
    answers = [(requirement.weight, is_met(requirement)) for requirement in use.requirements]
    weights = sum(weight for weight, met in answers if met is not None)
    return sum(weight for weight, met in answers if met) / weights if weights else None


def rate(item: Mapping[str, Any]) -> Rating | None:
    """Return what statistics of one operator and technology are good for.

    Parameters
    ----------
    item : spreads by metric; None is a metric under the minimum effective n

    Returns
    -------
    `score`, with `low` and `high` if what is unclear is not met or met, and `uses`, each with its
    scores and `requirements`; None without a median download, upload or ping.
    """
    if not all(item[metric] for metric in NEEDED):
        return None
    medians = {metric: leading(item[metric]) for metric in NEEDED}
    values = {metric: median.value for metric, median in medians.items()}
    limits = {metric: (median.low, median.high) for metric, median in medians.items()}
    uses = [_rate_use(use, values, limits) for use in USES]
    return {
        "score": _mean(use["score"] for use in uses),
        "low": _mean(use["low"] for use in uses),
        "high": _mean(use["high"] for use in uses),
        "uses": uses,
    }


def _rate_use(
    use: Use, values: Mapping[str, float], limits: Mapping[str, Sequence[float]]
) -> UseRating:
    judged = {
        requirement: requirement.met_by(limits[requirement.metric])
        for requirement in use.requirements
        if requirement.metric in limits
    }

    def scored(met: Sequence[str]) -> float | None:
        return score(
            use, lambda requirement: judged[requirement] in met if requirement in judged else None
        )

    return {
        "code": use.code,
        "score": score(
            use,
            lambda requirement: (
                requirement.met(values[requirement.metric]) if requirement in judged else None
            ),
        ),
        "low": scored([MET]),
        "high": scored([MET, UNCLEAR]),
        "requirements": [
            {"metric": requirement.metric, "threshold": requirement.threshold, "met": met}
            for requirement, met in judged.items()
        ],
    }


def _mean(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    # sum() rounds otherwise from Python 3.12 on.
    return fsum(known) / len(known) if known else None
