"""Words of what officials decide in their area."""

TEXTS: dict[str, tuple[str, str]] = {
    "ids_or_device": (
        "Hãy nêu các mẫu hoặc số của một thiết bị, không nêu cả hai.",
        "Name measurements or the number of one device, not both.",
    ),
    "not_in_unit": (
        "Không có mẫu này trong địa bàn và tháng đã chọn.",
        "There is no such sample in this unit and month.",
    ),
    "device_unknown": (
        "Không thiết bị nào mang số này trong địa bàn và tháng đã chọn.",
        "No device has this number in this unit and month.",
    ),
    "device_ambiguous": (
        "Hai thiết bị mang cùng số này trong tháng: hãy nêu từng mẫu.",
        "Two devices have this number in this month: name the samples.",
    ),
    "signal_unknown": (
        "Không có dấu hiệu này trong địa bàn và tháng đã chọn.",
        "There is no such sign in this unit and month.",
    ),
    "already_lifted": (
        "Quyết định này đã được thu hồi.",
        "This decision has been taken back already.",
    ),
}
