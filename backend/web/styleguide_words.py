"""The words of the page that shows every part, in Vietnamese and English."""

STYLEGUIDE: dict[str, tuple[str, str]] = {
    "guide_title": ("Các thành phần giao diện", "The parts of the pages"),
    "guide_lead": (
        "Mọi trang được ghép từ các thành phần này. Trang này có đủ chúng, để xem ở cả hai ngôn"
        " ngữ, sáng và tối, rộng và hẹp, và khi in.",
        "All pages are made of these parts. Here is every one of them, to be looked at in both"
        " languages, light and dark, wide and narrow, and on paper.",
    ),
    "guide_text": ("Chữ", "Text"),
    "guide_text_sample": (
        "Huyện đảo Bạch Long Vĩ, Hoàng Sa, Trường Sa, Ngã Năm, Đắk Ơ, Lộc Ngãi: dấu tiếng Việt"
        " phải rõ ở mọi cỡ chữ.",
        "Huyện đảo Bạch Long Vĩ, Hoàng Sa, Trường Sa, Ngã Năm, Đắk Ơ, Lộc Ngãi: Vietnamese marks"
        " must be clear at every size.",
    ),
    "guide_link": ("Một đường dẫn", "A link"),
    "guide_colours": ("Màu", "Colours"),
    "guide_buttons": ("Nút", "Buttons"),
    "guide_do": ("Làm việc này", "Do this"),
    "guide_other": ("Việc phụ", "Something else"),
    "guide_remove": ("Xóa hẳn", "Remove for good"),
    "guide_disabled": ("Chưa được", "Not yet"),
    "guide_states": ("Trạng thái và thông báo", "States and notices"),
    "guide_reached": ("Đã đạt", "Reached"),
    "guide_lacks": ("Còn thiếu 151", "151 lacking"),
    "guide_draft": ("Bản nháp", "Draft"),
    "guide_broken": ("Lỗi", "Broken"),
    "guide_active": ("Đang chạy", "Running"),
    "guide_demo": ("Minh họa", "Demo"),
    "guide_notice": ("Điều người đọc cần biết.", "What the reader needs to know."),
    "guide_figures": ("Con số", "Figures"),
    "guide_figure_hint": ("Vì sao con số này như vậy.", "Why this figure is what it is."),
    "guide_tracks": ("Tiến độ so với mục tiêu", "Progress against a target"),
    "guide_working": ("Đang tính lại tháng 11/2024", "Recomputing 11/2024"),
    "guide_table": ("Bảng", "Table"),
    "guide_forms": ("Biểu mẫu", "Forms"),
    "guide_label": ("Tên chiến dịch", "Name of the campaign"),
    "guide_hint": ("Tên mà tình nguyện viên sẽ thấy.", "What volunteers will see."),
    "guide_error": ("Tên này đã có.", "This name is taken."),
    "guide_choice": ("Mạng", "Network"),
    "guide_area": ("Ghi chú", "Note"),
    "guide_check": ("Gửi thông báo cho các đội", "Tell the teams"),
    "guide_ways": ("Chuyển trang", "Ways through pages"),
    "guide_opens": ("Mở ra, gập lại", "Opens and closes"),
    "guide_nothing": ("Chưa có đội nào", "There are no teams yet"),
    "guide_nothing_how": (
        "Thêm đội đầu tiên, hoặc nhập cả danh sách từ tệp.",
        "Add the first one, or import a whole list from a file.",
    ),
    "guide_charts": ("Biểu đồ", "Charts"),
    "guide_chart": ("Mẫu được tính theo tháng", "Counted samples by month"),
    "guide_hours": ("Mẫu theo giờ trong ngày", "Samples by hour of the day"),
    "guide_line": ("mục tiêu 300", "target 300"),
    "guide_spark": ("Sáu tháng gần đây", "The last six months"),
    "guide_steps": ("Các bậc của bản đồ", "The steps of the map"),
}
