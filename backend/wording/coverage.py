"""Words of coverage and its targets."""

TEXTS: dict[str, tuple[str, str]] = {
    "target_overlaps": (
        "Đã có mục tiêu cho cùng cấp, mạng, mục đích và địa bàn trong một phần của khoảng ngày này;"
        " hãy kết thúc mục tiêu đó trước.",
        "There is a target of this level, network, purpose and unit on some of these days; let it"
        " end first.",
    ),
    "not_published": (
        "Số liệu tháng này chưa được công bố.",
        "The figures of this month are not published yet.",
    ),
    "not_of_this_level": (
        "Đơn vị không thuộc cấp đã nêu.",
        "The unit is not of that level.",
    ),
}
