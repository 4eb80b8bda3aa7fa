"""Words of memberships that lie in the past."""

TEXTS: dict[str, tuple[str, str]] = {
    "no_header_members": (
        "Không thấy dòng tiêu đề có cột “Số tình nguyện viên”; cần các cột: Số tình nguyện viên,"
        " Đội, Từ, Đến.",
        "There is no header with a column “Volunteer”; the columns are Volunteer, Team, From, To.",
    ),
    "volunteer_unknown": (
        "Không có tình nguyện viên mang số này trong các đội của tổ chức.",
        "No volunteer of this number was ever in a team of the organisation.",
    ),
    "team_unknown": (
        "Tổ chức không có đội này.",
        "The organisation has no such team.",
    ),
    "team_ambiguous": (
        "Có nhiều đội mang tên này; hãy ghi số của đội.",
        "Several teams have this name; write the team's number.",
    ),
    "not_moment": (
        "Phải là ngày hoặc ngày giờ, như 05/11/2024 hoặc 05/11/2024 14:30.",
        "Must be a day or a day with the time, as 2024-11-05 or 2024-11-05 14:30.",
    ),
    "before_since": ("Phải sau lúc bắt đầu.", "Must be after the beginning."),
    "not_past": (
        "Thời gian phải đã qua; từ nay trở đi, tình nguyện viên tự vào đội bằng mã.",
        "It must lie in the past; from now on volunteers join by a code themselves.",
    ),
    "other_team_then": (
        "Lúc đó tình nguyện viên đã ở một đội khác của chiến dịch.",
        "The volunteer was in another team of the campaign at that time.",
    ),
}
