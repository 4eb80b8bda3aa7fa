"""The words of a campaign's plan, in Vietnamese and English."""

PLAN: dict[str, tuple[str, str]] = {
    "board_plan_lead": (
        "Mỗi đội nên đến đâu trong ngày {day}, để nhiều xã, phường đạt mục tiêu nhất.",
        "Where each team should go on {day}, so that most communes reach the target.",
    ),
    "board_plan_day": ("Ngày", "Day"),
    "board_plan_show": ("Xem", "Show"),
    "board_plan_lacking": ("Xã, phường còn thiếu", "Communes lacking"),
    "board_plan_reached": ("Sẽ đạt nếu làm theo", "Will reach by the plan"),
    "board_plan_shortfall": ("Số mẫu còn thiếu", "Samples lacking"),
    "board_plan_covered": ("Kế hoạch bù được", "Covered by the plan"),
    "board_plan_where": ("Nơi đến", "Where"),
    "board_plan_samples": ("Mẫu trong ngày", "Samples that day"),
    "board_plan_distance": ("Cách đội", "Away"),
    "board_plan_why": ("Vì sao", "Why"),
    "board_plan_km": ("{km} km", "{km} km"),
    "board_map_label": (
        "Kế hoạch ngày {day} trên bản đồ; bảng bên dưới có cùng nội dung",
        "The plan of {day} on a map; the table below says the same",
    ),
    "board_map_legend": ("Mẫu đã có so với mục tiêu", "Samples so far against the target"),
    "board_map_stop": ("đội số 1 đến đây", "team 1 goes here"),
    "board_map_home": ("địa bàn của đội số 1", "team 1 is at home here"),
    "board_map_press": (
        "Bấm vào một xã, phường trên bản đồ để xem ai đến đó và ghim. Số là thứ tự của đội trong"
        " bảng.",
        "Press a commune on the map to see who goes there and to pin it. Numbers are those of"
        " teams in the table.",
    ),
    "board_map_full": ("Không còn thiếu mẫu.", "Lacks nothing."),
    "board_map_samples": ("{n} mẫu trong ngày", "{n} samples that day"),
    "board_map_nobody": (
        "Chưa đội nào được xếp đến đây trong ngày.",
        "No team is sent here that day.",
    ),
    "board_slip_map": ("Những nơi đến trên bản đồ", "Where to go, on a map"),
    "board_plan_lacks": ("thiếu {n} mẫu", "lacks {n}"),
    "board_plan_others": ("đội khác đo {n}", "others take {n}"),
    "board_why_pinned": ("đã ghim", "pinned"),
    "board_why_reaches": ("đủ để đạt", "enough to reach"),
    "board_why_helps": ("góp thêm", "helps"),
    "board_plan_rule": ("Kế hoạch được tính thế nào", "How the plan is made"),
    "board_pin": ("Ghim", "Pin"),
    "board_unpin": ("Bỏ ghim", "Unpin"),
    "board_pin_title": ("Ghim một nơi cho một đội", "Pin a place for a team"),
    "board_pin_hint": (
        "Đội sẽ đến nơi được ghim; phần còn lại được tính lại.",
        "The team goes where it is pinned; the rest is planned again.",
    ),
    "board_pin_unit": ("Mã xã, phường", "Code of the commune"),
    "board_slips": ("In phiếu cho từng đội", "Print slips by team"),
    "board_slip_title": ("Phiếu đi đo", "Where to measure"),
    "board_slip_scan": (
        "Quét để mở trang đo trên điện thoại.",
        "Scan to open the measuring page.",
    ),
    "board_refused": ("Không có kế hoạch", "There is no plan"),
    "board_refused_day_passed": ("Ngày này đã qua.", "That day is over."),
    "board_refused_outside_campaign": (
        "Ngày này nằm ngoài chiến dịch.",
        "That day lies outside the campaign.",
    ),
    "board_refused_plan_closed": ("Chiến dịch đã đóng.", "The campaign is closed."),
    "board_refused_network_not_measured": (
        "Chiến dịch không đo loại mạng này.",
        "The campaign does not measure this kind.",
    ),
}
