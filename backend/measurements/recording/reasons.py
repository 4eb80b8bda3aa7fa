"""Every reason and mark of rule set 1: what it does, and its words in both languages."""

from dataclasses import dataclass
from typing import Literal

from backend.i18n.languages import Language

Effect = Literal["not_valid", "not_counted", "mark"]


@dataclass(frozen=True, slots=True)
class Reason:
    """A code, its effect, and what a volunteer reads."""

    code: str
    effect: Effect
    vietnamese: str
    english: str

    def words(self, language: Language) -> str:
        return self.vietnamese if language == "vi" else self.english


# In order of weight: the first that a measurement has is its main reason, under which it is
# summed. Those that leave it without a commune come first, so that "unlocated" adds up.
REASONS: tuple[Reason, ...] = (
    Reason(
        "position_missing",
        "not_valid",
        "Không có vị trí GPS dùng được.",
        "There is no usable GPS position.",
    ),
    Reason(
        "position_default",
        "not_valid",
        "Vị trí mặc định (0,0 hoặc máy ảo), không phải nơi đo.",
        "A default position (0,0 or an emulator's), not where the test ran.",
    ),
    Reason(
        "position_coarse",
        "not_valid",
        "Vị trí sai số hơn 2.000 m: hãy chờ GPS bắt tốt hơn rồi đo.",
        "The position is off by over 2,000 m: wait for a better fix.",
    ),
    Reason(
        "outside_communes",
        "not_valid",
        "Vị trí không nằm trong xã, phường nào của Việt Nam.",
        "The position lies in no commune of Vietnam.",
    ),
    Reason(
        "excluded",
        "not_valid",
        "Mẫu đã bị loại sau khi kiểm tra.",
        "The sample was taken out after a review.",
    ),
    Reason("failed_test", "not_valid", "Phép đo không hoàn tất.", "The test did not finish."),
    Reason(
        "kind_unknown",
        "not_valid",
        "Không rõ đo qua mạng di động hay cố định.",
        "It is unknown whether this was mobile or fixed.",
    ),
    Reason(
        "foreign_network",
        "not_valid",
        "Máy dùng mạng nước ngoài (chuyển vùng quốc tế).",
        "The phone was on a foreign network.",
    ),
    Reason(
        "implausible_value",
        "not_valid",
        "Giá trị đo không thể có thật.",
        "A measured value cannot be real.",
    ),
    Reason(
        "fix_stale",
        "not_valid",
        "Vị trí được lấy cách lúc đo hơn 60 giây.",
        "The position is over 60 s away from the test.",
    ),
    Reason(
        "in_future",
        "not_valid",
        "Thời điểm đo nằm trong tương lai: hãy chỉnh lại đồng hồ máy.",
        "The test lies in the future: set the phone's clock.",
    ),
    Reason(
        "too_old",
        "not_valid",
        "Mẫu gửi về muộn hơn 60 ngày sau khi đo.",
        "The sample arrived over 60 days after the test.",
    ),
    Reason(
        "no_device",
        "not_counted",
        "Dòng nhập từ tệp, không gắn với thiết bị nào.",
        "An imported row that belongs to no device.",
    ),
    Reason(
        "source_not_counted",
        "not_counted",
        "Kết quả nhập tay, chỉ để tham khảo.",
        "A result typed in by hand, kept for reference.",
    ),
    Reason(
        "impossible_travel",
        "not_counted",
        "Quãng đường từ lần đo trước không thể đi kịp.",
        "The way from the previous test cannot have been travelled in time.",
    ),
    Reason(
        "repeat",
        "not_counted",
        "Máy này đã có mẫu được tính ở gần đây trong 4 giờ qua.",
        "This phone has a counted sample near here in the last 4 hours.",
    ),
    Reason(
        "mock_position",
        "mark",
        "Vị trí do ứng dụng khác cung cấp.",
        "The position came from another app.",
    ),
    Reason(
        "border_ambiguous",
        "mark",
        "Gần ranh giới: sai số chạm xã bên cạnh.",
        "Near a border: the accuracy circle touches a neighbour.",
    ),
    Reason(
        "snapped",
        "mark",
        "Ngoài ranh giới một chút, gán cho xã gần nhất.",
        "Slightly outside, given to the nearest commune.",
    ),
    Reason("vpn", "mark", "Đo qua VPN.", "Measured through a VPN."),
    Reason(
        "clock_corrected",
        "mark",
        "Giờ của máy lệch, đã hiệu chỉnh.",
        "The phone's clock was off and was corrected for.",
    ),
    Reason("national_roaming", "mark", "Chuyển vùng trong nước.", "Roaming inside the country."),
    Reason(
        "operator_stated",
        "mark",
        "Nhà mạng do người dùng khai.",
        "The operator was stated by the user.",
    ),
    Reason("metered", "mark", "Kết nối tính theo dung lượng.", "The connection was metered."),
    Reason(
        "counted_by_admin",
        "mark",
        "Được tính theo quyết định của quản trị viên.",
        "Counted by decision of an admin.",
    ),
)

BY_CODE = {reason.code: reason for reason in REASONS}
ORDER = {reason.code: place for place, reason in enumerate(REASONS)}
NOT_VALID = frozenset(reason.code for reason in REASONS if reason.effect == "not_valid")
NOT_COUNTED = frozenset(reason.code for reason in REASONS if reason.effect == "not_counted")
BASES = ("received", "valid", "counted")  # the three numbers of a month
UNLOCATED = ("position_missing", "position_default", "position_coarse", "outside_communes")

# The fates under which a counted measurement is summed: the usual one, and rows without a
# device that an admin let count, which coverage shows apart.
COUNTED, COUNTED_BY_ADMIN = "counted", "counted_by_admin"


def fate(reasons: list[str], marks: list[str]) -> str:
    """The one name under which a measurement is summed: its main reason, or that it counted."""
    if reasons:
        return reasons[0]
    return COUNTED_BY_ADMIN if COUNTED_BY_ADMIN in marks else COUNTED
