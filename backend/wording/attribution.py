"""Words of attribution: who earned what, and the decisions of organisers."""

TEXTS: dict[str, tuple[str, str]] = {
    "team_not_in_campaign": (
        "Đội này không thuộc đơn vị tổ chức chiến dịch.",
        "This team does not belong to the campaign's organiser.",
    ),
    "ids_or_filter": (
        "Hãy chọn bằng danh sách mã hoặc bằng bộ lọc, không dùng cả hai.",
        "Choose by ids or by a filter, not by both.",
    ),
    "too_many_chosen": (
        "Chọn quá nhiều phép đo trong một lần; hãy thu hẹp bộ lọc.",
        "Too many measurements at once; narrow the filter.",
    ),
    "over_cap": (
        "Vượt số mẫu tối đa mỗi thiết bị mỗi ngày của chiến dịch; xã vẫn được tính.",
        "Over the campaign's daily limit of a device; the commune still counts it.",
    ),
    "excluded_in_campaign": (
        "Đơn vị tổ chức loại khỏi số liệu chiến dịch; xã vẫn được tính.",
        "The organiser took it out of the campaign's figures; the commune still counts it.",
    ),
}
