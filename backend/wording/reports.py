"""Words of reports: what is refused, and what a report says about its own data."""

TEXTS: dict[str, tuple[str, str]] = {
    "report_exists": (
        "Đơn vị này đã có báo cáo của tháng đó; muốn lập bản mới hãy thay thế bản đang có.",
        "This unit has a report of that month already; to make another, supersede it.",
    ),
    "report_not_draft": (
        "Báo cáo đã khóa số liệu; muốn sửa hãy lập bản thay thế.",
        "The report's figures are frozen; to change anything, supersede it.",
    ),
    "report_not_frozen": (
        "Báo cáo chưa khóa số liệu.",
        "The report's figures are not frozen yet.",
    ),
    "report_approved": ("Báo cáo đã được xác nhận.", "The report is approved already."),
    "report_not_approved": ("Báo cáo chưa được xác nhận.", "The report is not approved yet."),
    "report_superseded": (
        "Đã có bản mới hơn của báo cáo này.",
        "There is a later edition of this report.",
    ),
    "month_not_over": (
        "Tháng này chưa kết thúc (giờ Việt Nam) nên chưa khóa được số liệu.",
        "The month is not over in Vietnam: its figures cannot be frozen yet.",
    ),
    "boundaries_approximate": (
        "Số liệu tháng này dựa trên ranh giới gần đúng: hãy cài ranh giới, chạy lại việc xếp mẫu"
        " vào xã, phường rồi khóa số liệu.",
        "The month's figures rest on approximate boundaries: install boundaries and reassign, then"
        " freeze.",
    ),
    "figures_moving": (
        "Số liệu của tháng đang thay đổi; hãy thử lại sau ít phút.",
        "The month's figures are changing right now; try again in some minutes.",
    ),
    "name_required": (
        "Cần họ và tên của người xác nhận.",
        "The name of whoever approves is needed.",
    ),
    "day_in_future": ("Ngày này chưa đến.", "This day has not come."),
    "not_section": ("Báo cáo không có mục này.", "A report has no such section."),
    "not_pdf": ("Chỉ nhận tệp PDF.", "Only a PDF file is taken."),
    "digest_unknown": (
        "Không có báo cáo đã xác nhận nào mang mã băm này. Nếu tệp lẽ ra phải có, nó đã bị thay"
        " đổi: dù chỉ một byte.",
        "No approved report has this digest. A file that should have it was changed, be it by a"
        " single byte.",
    ),
    # what a report says of its own data, in the order in which it says it
    "note_demo": (
        "SỐ LIỆU MINH HỌA: do máy tạo ra để dùng thử, không phải kết quả đo thật.",
        "SAMPLE DATA: made up to try the system, not measured.",
    ),
    "note_own_count": (
        "Số liệu là của Đo Sóng. VNNIC đếm các phép đo bằng ứng dụng i-Speed; hai con số khác nhau"
        " và không thay thế nhau.",
        "The figures are Đo Sóng's. VNNIC counts tests taken with its i-Speed app; the two numbers"
        " differ, and neither replaces the other.",
    ),
    "note_boundaries_none": (
        "Không có bộ ranh giới nào cho tháng này.",
        "There is no boundary set for this month.",
    ),
    "note_boundaries_approximate": (
        "Ranh giới cấp xã là gần đúng (bộ {set}): được vẽ quanh điểm trung tâm đã biết.",
        "Boundaries of communes are approximate (set {set}): drawn around their known centres.",
    ),
    "note_boundaries_derived": (
        "Ranh giới cấp xã được dựng lại từ nguồn khác (bộ {set}), không phải ranh giới chính thức.",
        "Boundaries of communes were rebuilt from other sources (set {set}), not official ones.",
    ),
    "note_boundaries_published": (
        "Ranh giới cấp xã theo bộ {set}.",
        "Boundaries of communes are those of set {set}.",
    ),
    "note_rules": (
        "Mẫu được xét theo bộ quy tắc số {rules}: mẫu hợp lệ là mẫu đo xong, có vị trí đủ chính xác"
        " tại Việt Nam; mẫu được tính là mẫu hợp lệ và đại diện (mỗi máy, mỗi chỗ một mẫu trong 4"
        " giờ).",
        "Samples were judged by rule set {rules}: a valid one is finished and has a usable position"
        " in Vietnam; a counted one is valid and representative (one per phone and place in 4"
        " hours).",
    ),
    "note_basis": (
        "Không văn bản nào nêu rõ mục tiêu được so với số mẫu thô hay mẫu đại diện; báo cáo so với"
        " số {basis} và nêu cả ba con số.",
        "No document says whether the target is held against raw or representative samples; this"
        " report holds it against samples {basis}, and shows all three numbers.",
    ),
    "note_month": (
        "Mẫu thuộc về tháng mà nó được đo (giờ Việt Nam) và được xếp theo danh sách đơn vị hành"
        " chính của ngày cuối tháng.",
        "A sample belongs to the month in which it was measured in Vietnam's time, and lies in the"
        " units of that month's last day.",
    ),
    "note_no_boundary": (
        "{n} đơn vị cấp xã không có ranh giới trong bộ đang dùng nên không nhận được mẫu nào.",
        "{n} communes have no boundary in the set in use, so that no sample can lie in them.",
    ),
    "note_elsewhere": (
        "{n} mẫu của cả nước nằm ở đơn vị không có trong danh sách cuối tháng, ngoài các con số"
        " trên.",
        "{n} samples of the whole country lie in units that the month's list does not hold; they"
        " are beside the figures above.",
    ),
    "note_frozen": (
        "Khi một người rút lại sự đồng ý, số liệu đã khóa không đổi: đó chỉ là các số đếm vô danh.",
        "When a person withdraws, frozen figures stay: they are anonymous counts.",
    ),
}
