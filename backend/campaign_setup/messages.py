"""Messages that organisers send to members and leaders, as text to copy; always Vietnamese."""

from datetime import date, datetime

from backend.clock import VIETNAM


def member_message(
    team: str, campaign: str, days: tuple[date, date], link: str, code: str, call: str | None
) -> str:
    """Return the invitation of a team's members."""
    lines = [
        f"Mời bạn cùng đo chất lượng mạng với {team}.",
        f"{campaign}, từ {days[0]:%d/%m} đến {days[1]:%d/%m/%Y}.",
        f"Mở bằng Chrome hoặc Safari trên điện thoại: {link}",
        f"Hoặc nhập mã {code[:4]} {code[4:]}. Mỗi lần đo chưa đến một phút.",
    ]
    return "\n".join([*lines, f"Cần giúp, gọi {call}."] if call else lines)


def leader_message(
    teams: tuple[str, ...], campaign: str, link: str, until: datetime, call: str | None
) -> str:
    """Return the invitation of a leader, whose link sets a password once."""
    lines = [
        f"Mời anh/chị làm đội trưởng {', '.join(teams)} trong chiến dịch {campaign}.",
        f"Mở đường dẫn sau để đặt mật khẩu (chỉ của riêng anh/chị, dùng một lần): {link}",
        f"Đường dẫn có hiệu lực đến {until.astimezone(VIETNAM):%H:%M ngày %d/%m/%Y}.",
    ]
    return "\n".join([*lines, f"Cần giúp, gọi {call}."] if call else lines)
