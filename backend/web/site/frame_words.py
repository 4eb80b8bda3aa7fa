"""The words of the frame around every page and of its parts, in Vietnamese and English."""

FRAME: dict[str, tuple[str, str]] = {
    "skip": ("Đến nội dung chính", "Skip to the content"),
    "other_language": ("English", "Tiếng Việt"),
    "what_it_is": (
        "Điện thoại đo tốc độ mạng; mỗi mẫu được xếp vào đúng xã, phường và đếm theo mục tiêu"
        " hằng tháng.",
        "Phones measure the network’s speed; every sample is placed in its commune and counted"
        " against the monthly target.",
    ),
    "note_vnnic": (
        "Đây là số đếm của Đo Sóng. VNNIC đếm các mẫu đo bằng ứng dụng i-Speed; hai con số khác"
        " nhau và không thay thế nhau.",
        "This is Đo Sóng’s own count. VNNIC counts samples taken with its i-Speed app; the two"
        " are different numbers, and neither replaces the other.",
    ),
    "updated": ("Số liệu lúc {moment} (giờ Việt Nam).", "As of {moment} (Vietnam time)."),
    "run_by": ("Vận hành: {operator}.", "Run by {operator}."),
    "software": (
        "Đo Sóng là phần mềm nguồn mở, chạy hoàn toàn trên máy chủ này: trang không tải gì từ nơi"
        " khác.",
        "Đo Sóng is open-source software and runs on this server alone: its pages load nothing"
        " from elsewhere.",
    ),
    # footer
    "more_ways": ("Các trang khác", "Other pages"),
    "way_open_data": ("Dữ liệu mở", "Open data"),
    "way_seal": ("Kiểm tra báo cáo", "Check a report"),
    "way_docs": ("Tài liệu API", "API documentation"),
    "way_withdraw": ("Rút lại sự đồng ý", "Withdraw consent"),
    # header
    "ways": ("Các trang", "Pages"),
    "way_map": ("Bản đồ", "Map"),
    "way_api": ("API", "API"),
    "way_work": ("Khu làm việc", "Workspace"),
    "way_desk": ("Bàn làm việc", "Official’s desk"),
    "way_board": ("Chiến dịch", "Campaigns"),
    "way_admin": ("Quản trị", "Administration"),
    "theme_auto": ("Giao diện theo máy; đổi sang sáng", "Colours as the system; change to light"),
    "theme_light": ("Giao diện sáng; đổi sang tối", "Light colours; change to dark"),
    "theme_dark": ("Giao diện tối; đổi sang theo máy", "Dark colours; change to the system’s"),
    # parts
    "progress_of": ("{value} trên {target} mẫu", "{value} of {target} samples"),
    "step_none": ("chưa có mẫu", "no samples"),
    "step_started": ("dưới 25%", "under 25%"),
    "step_quarter": ("25% đến dưới 50%", "25% to under 50%"),
    "step_half": ("50% đến dưới 100%", "50% to under 100%"),
    "step_reached": ("đạt mục tiêu", "target reached"),
    "pages": ("Các trang của danh sách", "Pages of the list"),
    "pages_previous": ("Trang trước", "Previous page"),
    "pages_next": ("Trang sau", "Next page"),
    # what went wrong
    "wrong_title": ("Không mở được trang này", "This page cannot be opened"),
    "wrong_title_unknown": ("Bạn chưa đăng nhập", "You are not signed in"),
    "wrong_title_refused": ("Bạn không được xem trang này", "This page is not yours to see"),
    "wrong_title_nowhere": ("Không có trang này", "There is no such page"),
    "wrong_title_broken": ("Máy chủ gặp lỗi", "The server failed"),
    "wrong_title_away": ("Máy chủ tạm thời không trả lời được", "The server is away for a moment"),
    "wrong_nowhere_how": (
        "Địa chỉ có thể bị gõ nhầm, hoặc bạn cần đăng nhập để xem.",
        "The address may be mistyped, or you have to sign in to see it.",
    ),
    "wrong_broken_how": (
        "Lỗi đã được ghi lại; khi hỏi người vận hành, hãy cho biết mã yêu cầu dưới đây.",
        "It was written down; tell the operator the request’s id when you ask about it.",
    ),
    "wrong_again": ("Thử lại", "Try again"),
    "wrong_back": ("Về trang đầu", "To the first page"),
    "wrong_id": ("Mã yêu cầu: {id}", "Request id: {id}"),
}
