"""What a user reads for each code, in Vietnamese and English."""

from backend.i18n.languages import Language
from backend.wording import (
    accounts,
    admin,
    archives,
    areas,
    attribution,
    campaigns,
    cells,
    contributions,
    coverage,
    importing,
    joining,
    letterheads,
    open_data,
    past,
    planning,
    reports,
    signals,
    vnnic,
)

FEATURES = (
    accounts,
    admin,
    archives,
    areas,
    attribution,
    campaigns,
    cells,
    contributions,
    coverage,
    importing,
    joining,
    letterheads,
    open_data,
    past,
    planning,
    reports,
    signals,
    vnnic,
)

# code: (Vietnamese, English); {names} are filled from the error's parameters.
TEXTS: dict[str, tuple[str, str]] = {
    # problems
    "bad_request": ("Yêu cầu không đọc được.", "The request cannot be read."),
    "not_json": ("Nội dung không phải JSON hợp lệ.", "The body is not valid JSON."),
    "bad_gzip": ("Dữ liệu nén gzip bị hỏng.", "The gzip data is damaged or cut off."),
    "unauthorized": (
        "Thiếu mã truy cập hoặc mã không còn hiệu lực.",
        "The token is missing or no longer valid.",
    ),
    "forbidden": (
        "Bạn không có quyền làm việc này.",
        "You may not do this.",
    ),
    "not_found": ("Không tìm thấy.", "There is no such thing here."),
    "method_not_allowed": (
        "Địa chỉ này không nhận phương thức đó.",
        "This address does not take that method.",
    ),
    "conflict": (
        "Mã này đã được dùng cho nội dung khác.",
        "This id is already in use for other content.",
    ),
    "length_required": (
        "Yêu cầu phải cho biết độ dài nội dung.",
        "The request must tell the length of its body.",
    ),
    "too_large": ("Nội dung quá lớn.", "The body is too large."),
    "address_too_long": ("Địa chỉ quá dài.", "The address is too long."),
    "head_too_large": ("Phần đầu của yêu cầu quá lớn.", "The head of the request is too large."),
    "unsupported_media_type": (
        "Chỉ nhận application/json.",
        "Only application/json is taken.",
    ),
    "invalid": ("Có trường không hợp lệ.", "One or more fields cannot be used."),
    "too_many_requests": (
        "Quá nhiều yêu cầu, hãy thử lại sau.",
        "Too many requests; try again later.",
    ),
    "unavailable": (
        "Tạm thời không phục vụ được, hãy thử lại.",
        "The service is away for a moment; try again.",
    ),
    "busy": (
        "Máy chủ đang quá tải, hãy thử lại sau ít giây.",
        "The server has too much to do; try again in some seconds.",
    ),
    "internal": ("Lỗi máy chủ.", "Something went wrong in the server."),
    "consent_required": (
        "Cần sự đồng ý rõ ràng của bạn.",
        "Your explicit consent is required.",
    ),
    "already_registered": (
        "Thiết bị này đã đăng ký.",
        "This device is already registered.",
    ),
    "attestation_required": (
        "Cần chứng thực của ứng dụng.",
        "An attestation of the app is required.",
    ),
    "withdrawal_code_unknown": (
        "Không có thiết bị nào mang mã rút lại này; có thể đã rút lại rồi.",
        "No device has this withdrawal code; it may have been withdrawn already.",
    ),
    "withdrawn": (
        "Đã rút lại sự đồng ý, có hiệu lực ngay. Thiết bị, vị trí, thời điểm chính xác và nội dung"
        " gốc đã bị xóa; kết quả đo chỉ còn là số liệu vô danh của địa bàn.",
        "Your consent is withdrawn, with effect at once. Device, positions, exact times and"
        " original bodies are deleted; what remains are anonymous figures of the area.",
    ),
    "level_unknown_then": (
        "Cấp này không tồn tại trong tháng đó.",
        "This level did not exist in that month.",
    ),
    "in_future": ("Thời điểm này chưa đến.", "This moment has not come yet."),
    "month_in_future": ("Tháng này chưa đến.", "This month has not begun."),
    "unit_unknown": ("Không có đơn vị này vào ngày đó.", "There is no such unit on that day."),
    "set_unknown": ("Không có bộ ranh giới này.", "There is no such boundary set."),
    "set_exists": (
        "Đã có bộ ranh giới mang tên này; hãy chọn tên khác.",
        "A boundary set of this name is there already; choose another name.",
    ),
    # fields
    "not_cursor": ("Con trỏ trang không hợp lệ.", "Not a cursor that this API gave."),
    "required": ("Thiếu trường này.", "This field is missing."),
    "null": ("Không được để trống.", "This field must not be null."),
    "not_object": ("Phải là một đối tượng.", "Must be an object."),
    "not_list": ("Phải là một danh sách.", "Must be a list."),
    "not_text": ("Phải là chuỗi ký tự.", "Must be a string."),
    "not_number": ("Phải là một số hữu hạn.", "Must be a finite number."),
    "not_whole": ("Phải là số nguyên.", "Must be a whole number."),
    "not_bool": ("Phải là true hoặc false.", "Must be true or false."),
    "not_uuid": ("Phải là một UUID.", "Must be a UUID."),
    "not_time": (
        "Phải là thời điểm ISO 8601 có múi giờ.",
        "Must be an ISO 8601 time with an offset.",
    ),
    "not_day": ("Phải là ngày YYYY-MM-DD.", "Must be a day, YYYY-MM-DD."),
    "not_month": ("Phải là tháng YYYY-MM.", "Must be a month, YYYY-MM."),
    "out_of_range": ("Giá trị ngoài giới hạn.", "The value is out of range."),
    "too_long": ("Quá dài.", "Too long."),
    "wrong_length": ("Số phần tử không đúng.", "Too few or too many items."),
    "not_one_of": ("Không phải giá trị được phép.", "Not one of the allowed values."),
    "has_nul": ("Có ký tự NUL.", "Holds a NUL character."),
    "not_unicode": (
        "Có ký tự không phải Unicode hợp lệ.",
        "Holds half a character (a lone surrogate).",
    ),
    "too_deep": ("Lồng quá nhiều tầng.", "Nested too deeply."),
    "unknown_field": ("Trường không biết.", "Unknown field."),
    "id_taken": (
        "Mã này đã được dùng cho nội dung khác.",
        "This id is already in use for other content.",
    ),
}

EVERY: dict[str, tuple[str, str]] = TEXTS | {
    code: words for feature in FEATURES for code, words in feature.TEXTS.items()
}


def message(code: str, language: Language) -> str:
    """The words for a code; the code itself where there are none."""
    vietnamese, english = EVERY.get(code, (code, code))
    return vietnamese if language == "vi" else english
