"""Words of open data."""

TEXTS: dict[str, tuple[str, str]] = {
    "data_of_running_month": (
        "Tháng chưa kết thúc nên chưa công bố dữ liệu mở.",
        "The month is not over: its open data is not published yet.",
    ),
}
