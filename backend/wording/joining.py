"""Words of joining."""

TEXTS: dict[str, tuple[str, str]] = {
    "join_code_unknown": (
        "Không có mã tham gia này. Hãy kiểm tra lại từng chữ cái.",
        "There is no such join code. Check each letter.",
    ),
    "join_code_none": (
        "Đội chưa có mã tham gia trong chiến dịch này.",
        "The team has no join code in this campaign yet.",
    ),
    "join_code_revoked": (
        "Mã tham gia này đã được thay bằng mã khác. Hãy hỏi đội trưởng mã mới.",
        "This join code was replaced by another. Ask your team leader for the new one.",
    ),
    "join_code_expired": (
        "Mã tham gia đã hết hạn. Hãy hỏi đội trưởng mã mới.",
        "The join code has expired. Ask your team leader for a new one.",
    ),
    "join_code_used_up": (
        "Mã tham gia đã dùng hết số lượt. Hãy hỏi đội trưởng mã mới.",
        "The join code was used as often as it may be. Ask your team leader for a new one.",
    ),
    "campaign_not_open": (
        "Chiến dịch chưa mở, chưa thể tham gia.",
        "The campaign is not open yet; nobody can join it.",
    ),
    "campaign_over": (
        "Chiến dịch đã kết thúc, không thể tham gia nữa.",
        "The campaign is over; nobody can join it any more.",
    ),
    "team_ended": ("Đội này đã ngừng hoạt động.", "This team has ended."),
    "organisation_ended": (
        "Tổ chức của đội này đã ngừng hoạt động.",
        "The organisation of this team has ended.",
    ),
    "other_team": (
        "Bạn đang ở một đội khác của chiến dịch này. Muốn chuyển đội, hãy xác nhận chuyển: phép đo"
        " từ lúc chuyển tính cho đội mới, phép đo trước đó vẫn của đội cũ.",
        "You are in another team of this campaign. To change, confirm the transfer: what you"
        " measure from then on counts for the new team, what you measured before stays with the"
        " old one.",
    ),
    "at_once": (
        "Có yêu cầu khác cùng lúc đã được thực hiện trước. Hãy xem lại đội của bạn rồi thử lại.",
        "Another request was carried out at the same moment. See which team you are in, then try"
        " again.",
    ),
    "not_joined": (
        "Điện thoại này chưa tham gia đội nào.",
        "This phone has not joined a team.",
    ),
    "teams_differ": (
        "Hai điện thoại đang ở hai đội khác nhau của cùng một chiến dịch, nên chưa liên kết được."
        " Hãy rời một đội, hoặc chuyển sang cùng một đội, rồi liên kết lại.",
        "The two phones are in different teams of one campaign, so they cannot be linked. Leave one"
        " of the teams, or move to the same one, then link again.",
    ),
    "already_member": (
        "Điện thoại này đã ở trong một đội của chiến dịch, không thể làm khách.",
        "This phone is in a team of the campaign already; it cannot be a guest.",
    ),
    "host_not_member": (
        "Chỉ thành viên đang ở trong một đội của chiến dịch mới mời được khách.",
        "Only a member of one of the campaign's teams can bring guests.",
    ),
    "pass_unknown": (
        "Không có mã này. Hãy kiểm tra lại từng chữ cái.",
        "There is no such code. Check each letter.",
    ),
    "pass_used": (
        "Mã này đã được một điện thoại khác dùng. Hãy tạo mã mới.",
        "Another phone has used this code. Make a new one.",
    ),
    "pass_expired": (
        "Mã này đã hết hạn. Hãy tạo mã mới.",
        "This code has expired. Make a new one.",
    ),
    # fields
    "in_past": ("Thời điểm này đã qua.", "This moment has passed."),
    "not_name": ("Tên phải có chữ đọc được.", "A name must have letters to read."),
    "name_consent_required": (
        "Chỉ hiện tên khi bạn đồng ý rõ ràng cho đội trưởng và đơn vị tổ chức của mình thấy.",
        "A name is shown only if you explicitly agree that your team leader and organiser see it.",
    ),
    # how a volunteer without a name is called
    "member_numbered": ("Thành viên {number}", "Member {number}"),
    "guest_numbered": ("Khách {number}", "Guest {number}"),
}
