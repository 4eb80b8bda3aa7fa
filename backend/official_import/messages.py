"""The message by which an official gets a link, as text to copy; always Vietnamese."""

from collections.abc import Sequence
from datetime import datetime

from backend.clock import VIETNAM


def official_message(
    name: str | None, units: Sequence[str], link: str, until: datetime, operator: str
) -> str:
    """Return the invitation of an official, whose link sets a password once."""
    lines = [
        f"Kính gửi {name}," if name else "Kính gửi anh/chị,",
        f"Mời anh/chị theo dõi số liệu đo chất lượng mạng của {'; '.join(units)} trên Đo Sóng.",
        f"Mở đường dẫn sau để đặt mật khẩu (chỉ của riêng anh/chị, dùng một lần): {link}",
        f"Đường dẫn có hiệu lực đến {until.astimezone(VIETNAM):%H:%M ngày %d/%m/%Y}.",
    ]
    return "\n".join([*lines, operator] if operator else lines)
