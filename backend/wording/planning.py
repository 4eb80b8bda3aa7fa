"""Words of planning."""

TEXTS: dict[str, tuple[str, str]] = {
    "plan_closed": (
        "Chiến dịch đã kết thúc, không còn kế hoạch.",
        "The campaign is over; there is nothing left to plan.",
    ),
    "day_passed": ("Ngày này đã qua.", "This day has passed."),
    "outside_campaign": (
        "Ngày này nằm ngoài thời gian của chiến dịch.",
        "The campaign does not run on this day.",
    ),
    "outside_area": (
        "Xã, phường này nằm ngoài địa bàn của chiến dịch.",
        "This commune is outside the campaign's area.",
    ),
    "network_not_measured": (
        "Chiến dịch không đo loại mạng này.",
        "The campaign does not measure this kind of network.",
    ),
    "team_not_in_campaign": (
        "Đội này không tham gia chiến dịch.",
        "This team takes no part in the campaign.",
    ),
    "plan_rule": (
        "Xã thiếu ít mẫu nhất được lo trước, và chỉ khi các đội trong vòng 50 km đo đủ được đến "
        "hết tháng hoặc hết chiến dịch: đội gần nhất đi trước; nếu chưa đủ thì đổi chỗ cho đội "
        "khác. Sức còn lại giúp các xã không đủ được. Đội chưa rõ nơi ở xếp sau; đội chưa rõ sức "
        "đo thì chưa xếp được. Những gì đơn vị tổ chức đã ghim được giữ nguyên.",
        "The commune that lacks least comes first, and only if the teams within 50 km can bring it "
        "to its target by the end of the month or the campaign: the nearest team goes; where that "
        "is not enough, teams change places. What is left helps the communes that stay below. "
        "Teams without a known home come last; a team of unknown capacity cannot be planned for. "
        "What the organiser pinned stands.",
    ),
    "capacity_unknown": (
        "Chưa biết mỗi ngày đội đo được bao nhiêu mẫu: hãy đặt số mẫu mỗi ngày cho đội.",
        "Nobody knows how many samples this team takes a day: set its capacity.",
    ),
    "home_unknown": (
        "Chưa biết đội ở đâu: hãy đặt địa bàn cho đội để xếp nơi gần.",
        "Nobody knows where this team is at home: set its unit, so that it is sent nearby.",
    ),
    "nothing_in_reach": (
        "Trong vòng 50 km không còn xã nào thiếu mẫu cần đội này.",
        "No commune within 50 km lacks samples for which this team is needed.",
    ),
    "position_needed": (
        "Chưa vào đội nào và chưa đo lần nào: hãy gửi kèm vị trí.",
        "In no team and without a measurement yet: send a position.",
    ),
    "both_or_neither": (
        "Gửi cả vĩ độ và kinh độ, hoặc không gửi gì.",
        "Send both latitude and longitude, or neither.",
    ),
    "outside_every_commune": (
        "Vị trí không nằm trong xã, phường nào của Việt Nam.",
        "The position lies in no commune of Vietnam.",
    ),
    "target_reached_here": (
        "Xã, phường này đã đủ mẫu trong tháng. Cảm ơn bạn!",
        "This commune has reached its target for the month. Thank you!",
    ),
    "nothing_planned": (
        "Hôm nay đội chưa có nơi cần đến.",
        "There is nowhere that the team has to go today.",
    ),
}
