"""The words of the desk's pages of signs and exclusions, in Vietnamese and English."""

DESK_EXCLUSIONS: dict[str, tuple[str, str]] = {
    "desk_signals": ("Dấu hiệu bất thường", "Signs of gaming"),
    "desk_exclusions": ("Mẫu bị loại", "Exclusions"),
    "desk_exclusions_list": ("Các quyết định trong tháng", "Decisions of the month"),
    "desk_exclusions_lead": (
        "Mỗi quyết định giữ lại lý do; đưa mẫu trở lại cũng là một quyết định.",
        "Each decision keeps its reason; counting again is a decision, too.",
    ),
    "desk_exclusions_none": ("Chưa loại mẫu nào", "Nothing was excluded"),
    "desk_exclusions_none_how": (
        "Cán bộ tỉnh loại mẫu từ trang Từng mẫu hoặc Dấu hiệu bất thường.",
        "The province’s official excludes samples from their list or from a sign.",
    ),
    "desk_decided_at": ("Lúc", "At"),
    "desk_decision": ("Quyết định", "Decision"),
    "desk_decision_reason": ("Lý do", "Reason"),
    "desk_decision_reason_hint": (
        "Được giữ lại cùng quyết định; đừng ghi tên người đo.",
        "Kept with the decision; name nobody who measured.",
    ),
    "desk_act_n": ("Quyết định số {n}", "Decision {n}"),
    "desk_act_of": (
        "{n} mẫu của {unit}, loại lúc {moment}. Lý do:",
        "{n} samples of {unit}, excluded at {moment}. Reason:",
    ),
    "desk_act_out": ("loại {n} mẫu", "{n} samples excluded"),
    "desk_act_lifts": ("đưa trở lại, của quyết định số {n}", "counted again, of decision {n}"),
    "desk_act_in": ("tính lại", "counts again"),
    "desk_act_lifted": ("đã thu hồi", "taken back"),
    "desk_act_holds": ("đang loại", "excluded"),
    # ticking
    "desk_tick": ("Chọn", "Tick"),
    "desk_tick_one": ("Chọn mẫu lúc {moment}", "Tick the sample of {moment}"),
    "desk_exclude_ticked": ("Loại các mẫu đã chọn …", "Exclude what is ticked …"),
    "desk_exclude_this": ("Loại mẫu này …", "Exclude this sample …"),
    "desk_exclude_device": ("Loại mọi mẫu của máy số {n}", "Exclude all of phone {n}"),
    "desk_exclude_choose": ("Chọn mẫu cần loại", "Choose samples to exclude"),
    # deciding
    "desk_exclude": ("Loại mẫu khỏi số đếm", "Take samples out of the counts"),
    "desk_exclude_n": ("Loại {n} mẫu", "Exclude {n} samples"),
    "desk_exclude_lead": (
        "Xem trước số đếm sẽ đổi thế nào rồi mới loại. Người đo thấy mẫu bị loại trong danh sách"
        " của họ.",
        "See first what becomes of the counts. Whoever measured sees on their list that a sample"
        " was excluded.",
    ),
    "desk_exclude_do": ("Loại", "Exclude"),
    "desk_exclude_none": ("Chưa chọn mẫu nào", "Nothing is ticked"),
    "desk_exclude_none_how": ("Chọn trong danh sách mẫu", "Tick samples on their list"),
    "desk_preview": ("Xem trước", "Preview"),
    "desk_preview_of": ("Sẽ thay đổi", "What would change"),
    "desk_moved_out": ("Loại {n} mẫu.", "{n} samples are taken out."),
    "desk_moved_in": ("Tính lại {n} mẫu.", "{n} samples count again."),
    "desk_moved_already": ("{n} mẫu đã bị loại từ trước.", "{n} were excluded before."),
    "desk_moved_final": (
        "{n} mẫu đã ẩn danh, giữ nguyên.",
        "{n} are anonymous and stay as they are.",
    ),
    "desk_moved_units": ("Số được tính của đơn vị", "What counts in units"),
    "desk_moved_before": ("Hiện nay", "Now"),
    "desk_moved_after": ("Sẽ là", "Then"),
    "desk_moved_verdicts": ("Theo kết luận", "By fate"),
    "desk_lift": ("Đưa trở lại", "Count again"),
    "desk_lift_n": ("Đưa trở lại mẫu của quyết định số {n}", "Count again what decision {n} took"),
    "desk_lift_do": ("Tính lại các mẫu này", "Count them again"),
    "desk_lifted_already": (
        "Quyết định này đã được thu hồi.",
        "This decision was taken back already.",
    ),
}
