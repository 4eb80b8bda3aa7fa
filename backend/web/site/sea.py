"""Labels at sea on every map of Vietnam: Hoàng Sa, Trường Sa, and the name of the sea.

Boundary sets draw the islands as specks, some not at all; so they are marked where they lie,
whatever set is active and however small the map is.
"""

from dataclasses import dataclass

Point = tuple[float, float]  # longitude, latitude


@dataclass(frozen=True, slots=True)
class Archipelago:
    """Islands of a province, the position of their label, and their unit codes."""

    name: str
    province: str
    label: Point
    islands: tuple[Point, ...]
    codes: dict[str, str]  # by system of units


ARCHIPELAGOS = (
    Archipelago(
        "Quần đảo Hoàng Sa",
        "Đà Nẵng",
        (112.0, 14.7),
        (
            (111.61, 16.53),  # Hoàng Sa
            (111.51, 16.45),  # Quang Ảnh
            (111.59, 16.51),  # Hữu Nhật
            (111.71, 16.45),  # Quang Hoà
            (111.20, 15.78),  # Tri Tôn
            (112.34, 16.84),  # Phú Lâm
            (112.73, 16.67),  # Linh Côn
            (112.27, 16.97),  # đảo Cây
            (112.51, 16.06),  # Bông Bay
            (111.50, 17.10),  # Đá Bắc
        ),
        {"2024": "498", "2025": "20333"},
    ),
    Archipelago(
        "Quần đảo Trường Sa",
        "Khánh Hòa",
        (113.7, 6.75),
        (
            (111.92, 8.65),  # Trường Sa
            (112.35, 8.93),  # Trường Sa Đông
            (111.67, 8.67),  # Đá Lát
            (112.91, 7.89),  # An Bang
            (113.32, 8.18),  # Thuyền Chài
            (113.70, 8.97),  # Phan Vinh
            (113.98, 8.81),  # Tốc Tan
            (114.33, 9.89),  # Sinh Tồn
            (114.37, 10.18),  # Nam Yết
            (114.37, 10.38),  # Ba Bình
            (114.48, 10.37),  # Sơn Ca
            (114.28, 11.05),  # Thị Tứ
            (114.33, 11.43),  # Song Tử Tây
            (115.02, 11.08),  # Bến Lạc
            (115.83, 10.73),  # Vĩnh Viễn
        ),
        {"2024": "576", "2025": "22736"},
    ),
)
SEA = ("Biển Đông", (113.2, 12.6))
# West, south, east, north of the country with its seas.
COUNTRY_BOX = (101.9, 5.7, 118.0, 23.7)
# North-west and south-east corners of the inset beside maps of a part of the country.
INSET = ((107.5, 17.9), (118.0, 5.9))
