"""The columns of the open data in both languages; the source of its data dictionary."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from backend.i18n.catalogues import N_, NP_, Language, gettext

Type = Literal["string", "integer", "number", "boolean"]


@dataclass(frozen=True, slots=True)
class Column:
    """A column: name, type as in a Data Package, meaning."""

    name: str
    type: Type
    meaning: str  # in English
    parts: Mapping[str, str] = field(default_factory=dict)  # values of placeholders
    key: bool = False  # part of the primary key

    def serialize(self) -> dict[str, str]:
        """Return the field of a Data Package, described in both languages."""
        meaning = f"{self._meaning('vi')} / {self._meaning('en')}"
        return {"name": self.name, "type": self.type, "description": meaning}

    def _meaning(self, language: Language) -> str:
        parts = {name: gettext(text, language) for name, text in self.parts.items()}
        return gettext(self.meaning, language).format(**parts)


MONTH = Column("month", "string", N_("Month, YYYY-MM"), key=True)
NETWORK = Column("network", "string", N_("mobile or fixed lines"), key=True)
PLACE = (
    Column("level", "string", N_("Level of the unit"), key=True),
    Column("code", "string", N_("Official code of the unit"), key=True),
)
DEVICES = Column("devices", "integer", N_("Devices that measured"))
# Meaning of a figure of a metric; "median" and "mean" are translated.
SPEED = N_("{metric}, {figure}; empty: too few samples")
METRICS = {
    "download_mbps": N_("Download, Mbit/s"),
    "upload_mbps": N_("Upload, Mbit/s"),
    "ping_ms": N_("Latency, ms"),
    "jitter_ms": N_("Jitter, ms"),
}
FIGURES = {"median": N_("median"), "mean": N_("mean"), "p10": N_("p10"), "p90": N_("p90")}
SPEEDS = tuple(
    Column(f"{metric}_{figure}", "number", SPEED, {"metric": of_metric, "figure": of_figure})
    for metric, of_metric in METRICS.items()
    for figure, of_figure in FIGURES.items()
)

UNITS = (
    MONTH,
    NETWORK,
    *PLACE,
    Column("name", "string", N_("Name of the unit")),
    Column("type", "string", N_("Type of the unit")),
    Column("province_code", "string", N_("Code of its province")),
    Column("province", "string", N_("Its province")),
    Column("longitude", "number", NP_("longitude", "Of a point inside, degrees")),
    Column("latitude", "number", NP_("latitude", "Of a point inside, degrees")),
    Column("received", "integer", N_("Samples received")),
    Column("valid", "integer", N_("Valid samples")),
    Column("counted", "integer", N_("Valid and representative samples")),
    Column("target", "integer", N_("Target; empty: none")),
    Column("reached", "boolean", N_("Reached, by Đo Sóng's count")),
    DEVICES,
    *SPEEDS,
)
SPEED_ROWS = (
    MONTH,
    NETWORK,
    *PLACE,
    Column("operator", "string", N_("Operator, or all"), key=True),
    Column("technology", "string", N_("Technology, or all"), key=True),
    Column("n", "integer", N_("Counted samples")),
    DEVICES,
    *SPEEDS,
)
CELLS = (
    MONTH,
    NETWORK,
    Column("cell", "string", N_("H3 index of the cell"), key=True),
    Column("longitude", "number", NP_("longitude", "Of its centre, degrees")),
    Column("latitude", "number", NP_("latitude", "Of its centre, degrees")),
    Column("n", "integer", N_("Counted samples")),
    DEVICES,
    *SPEEDS,
)
