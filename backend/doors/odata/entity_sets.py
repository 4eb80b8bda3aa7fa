"""The entity sets: their properties with types, and how many blocks of rows a request reads."""

from collections.abc import Mapping
from dataclasses import dataclass

STRING, INT, DOUBLE, BOOLEAN = "Edm.String", "Edm.Int32", "Edm.Double", "Edm.Boolean"
DATE, TIME = "Edm.Date", "Edm.DateTimeOffset"
# The kinds of backend.doors.odata.filters.
KINDS = {
    STRING: "string", INT: "number", DOUBLE: "number", BOOLEAN: "boolean", DATE: "date",
    TIME: "time",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class EntitySet:
    """An entity set; properties by name with their types, the key first.

    A request reads `blocks_most` blocks of rows and then answers with a link to the rest.
    """

    name: str
    entity: str
    key: tuple[str, ...]
    properties: Mapping[str, str]
    blocks_most: int

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of each property, for filters."""
        return {name: KINDS[edm] for name, edm in self.properties.items()}


def _all(edm: str, *names: str) -> dict[str, str]:
    return dict.fromkeys(names, edm)


UNITS = EntitySet(
    "Units",
    "Unit",
    ("System", "Level", "Code"),
    {
        **_all(STRING, "System", "Level", "Code", "Name", "Type", "ParentCode"),
        **_all(STRING, "ProvinceCode", "Province"),
        **_all(DATE, "ValidFrom", "ValidTo"),
        **_all(DOUBLE, "Latitude", "Longitude"),
    },
    10,
)
COVERAGE = EntitySet(
    "Coverage",
    "UnitMonth",
    ("Month", "Network", "Level", "Code"),
    {
        **_all(STRING, "Month", "Network", "Level", "Code", "Name", "ProvinceCode", "Province"),
        "Demo": BOOLEAN,
        **_all(INT, "Received", "Valid", "Counted"),
        **_all(INT, "Witnessed", "Ticketed", "Claimed", "Imported", "Withdrawn"),
        "Target": INT,
        "Reached": BOOLEAN,
        "Shortfall": INT,
        "Share": DOUBLE,
        "Assessed": BOOLEAN,
        "State": STRING,
        **_all(INT, "DaysLeft", "NeededPerDay", "LastMonth", "Change", "Devices", "Teams"),
    },
    32,
)
CONTRIBUTIONS = EntitySet(
    "Contributions",
    "TeamMonth",
    ("CampaignId", "TeamId", "Month", "Network"),
    {
        **_all(INT, "CampaignId", "TeamId"),
        **_all(STRING, "Month", "Network", "Campaign", "Organisation", "Team"),
        "Demo": BOOLEAN,
        **_all(INT, "Received", "Valid", "Counted", "Witnessed", "Ticketed", "Claimed"),
        **_all(INT, "Guests", "Unlocated", "Needed", "Helped", "Devices", "ActiveDays"),
        "LastDay": DATE,
    },
    60,
)
# Column of a property: metric and field of the API.
SPEEDS = {
    f"{label}{name}": (metric, field)
    for metric, label in (
        ("download_mbps", "DownloadMbps"),
        ("upload_mbps", "UploadMbps"),
        ("ping_ms", "PingMs"),
        ("jitter_ms", "JitterMs"),
        ("ping_download_ms", "PingDownloadMs"),
        ("ping_upload_ms", "PingUploadMs"),
    )
    for field, name in (
        ("mean", "Mean"),
        ("median", "Median"),
        ("median_low", "MedianLow"),
        ("median_high", "MedianHigh"),
        ("device_median", "DeviceMedian"),
        ("device_median_low", "DeviceMedianLow"),
        ("device_median_high", "DeviceMedianHigh"),
        ("p10", "P10"),
        ("p90", "P90"),
    )
}
STATISTICS = EntitySet(
    "Statistics",
    "SpeedGroup",
    ("Month", "Network", "Level", "Code", "Operator", "Technology"),
    {
        **_all(STRING, "Month", "Network", "Level", "Code", "Operator", "Technology"),
        **_all(STRING, "Name", "ProvinceCode", "Province"),
        **_all(BOOLEAN, "Live", "Demo"),
        **_all(INT, "Samples", "Devices"),
        "EffectiveSamples": DOUBLE,
        **_all(DOUBLE, *SPEEDS),
    },
    32,
)
SAMPLES = EntitySet(
    "Samples",
    "Sample",
    ("Id",),
    {
        "Id": STRING,
        "MeasuredAt": TIME,
        "Day": DATE,
        **_all(STRING, "Month", "Code", "Name", "ProvinceCode", "Province"),
        "Device": INT,
        **_all(DOUBLE, "Latitude", "Longitude", "AccuracyM"),
        **_all(STRING, "Network", "Kind", "Source", "Operator", "Technology"),
        **_all(DOUBLE, "DownloadMbps", "UploadMbps", "PingMs", "JitterMs"),
        **_all(DOUBLE, "PingDownloadMs", "PingUploadMs"),
        **_all(BOOLEAN, "Valid", "Counted"),
        **_all(STRING, "Assurance", "Reasons", "Marks"),
    },
    62,
)
ENTITY_SETS = {one.name: one for one in (UNITS, COVERAGE, STATISTICS, CONTRIBUTIONS, SAMPLES)}
