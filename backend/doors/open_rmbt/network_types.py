"""Numbers of network types as Open-RMBT sends them."""

from typing import Final

_2G, _3G, _4G, _5G = "2G", "3G", "4G", "5G"
# 40 is LTE where NR is announced but not used; 101 to 105 name no single generation.
GENERATIONS: Final = {
    **dict.fromkeys((1, 2, 4, 5, 6, 7, 11, 12, 14), _2G),
    **dict.fromkeys((3, 8, 9, 10, 15), _3G),
    **dict.fromkeys((13, 19, 40), _4G),
    **dict.fromkeys((20, 41), _5G),
}
MOBILE: Final = frozenset(GENERATIONS) | {0, 101, 102, 103, 104, 105}
WIFI: Final = 99
GENERAL_MOBILE: Final = 105
KINDS: Final = {WIFI: "wifi", 106: "ethernet"}
VPN: Final = 108


def kind_of(number: float | None) -> str:
    """Return the kind of a network: mobile, wifi, ethernet or unknown."""
    if number is None:
        return "unknown"
    return "mobile" if number in MOBILE else KINDS.get(int(number), "unknown")
