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
    "areas_or_cluster": (
        "Hãy nêu các đơn vị hoặc một cụm xã, không nêu cả hai.",
        "Name units or a cluster of communes, not both.",
    ),
    "no_such_cluster": ("Không có cụm xã này.", "There is no such cluster of communes."),
    "cluster_ended": ("Cụm xã này đã kết thúc.", "This cluster of communes has ended."),
    "units_ended": (
        "Các đơn vị này đã hết hiệu lực trước ngày đó.",
        "These units ended before that day.",
    ),
    "sample_counted": ("Mẫu được tính.", "The sample counts."),
    "sample_valid_not_counted": (
        "Mẫu hợp lệ nhưng không được tính:",
        "The sample is valid, but does not count:",
    ),
    "sample_not_valid": ("Mẫu không hợp lệ:", "The sample is not valid:"),
    "unit_or_cluster": (
        "Hãy nêu một đơn vị hoặc một cụm xã.",
        "Name a unit or a cluster of communes.",
    ),
    "no_own_area": (
        "Chỉ cán bộ phụ trách địa bàn mới ủy quyền được.",
        "Only the official whose area it is lends it.",
    ),
    "deputy_too_long": (
        "Ủy quyền tối đa một năm.",
        "An area is lent for a year at most.",
    ),
    "deputy_unknown": (
        "Không có ai khác đăng nhập bằng tên này.",
        "Nobody else signs in with this name.",
    ),
    "already_lifted": (
        "Quyết định này đã được thu hồi.",
        "This decision has been taken back already.",
    ),
}
