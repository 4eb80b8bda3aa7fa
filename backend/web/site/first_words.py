"""The words of the first page, in Vietnamese and English."""

FIRST: dict[str, tuple[str, str]] = {
    "month": ("Tháng {month}", "Month {month}"),
    "months": ("Tháng", "Month"),
    "previous": ("Tháng trước", "Previous month"),
    "following": ("Tháng sau", "Next month"),
    "months_with_data": ("Tháng có số liệu", "Months with data"),
    "network": ("Mạng", "Network"),
    "mobile": ("Di động", "Mobile"),
    "fixed": ("Cố định", "Fixed line"),
    "level": ("Cấp", "Level"),
    "country": ("Cả nước", "The whole country"),
    "province": ("Tỉnh, thành phố", "Provinces"),
    "district": ("Quận, huyện", "Districts"),
    "commune": ("Xã, phường", "Communes"),
    # notices
    "demo": (
        "<strong>Số liệu minh họa.</strong> Các mẫu của tháng này do máy tạo ra để dùng thử, không"
        " phải kết quả đo thật.",
        "<strong>Made-up figures.</strong> The samples of this month were generated to try the"
        " system; nobody measured them.",
    ),
    "approximate": (
        "<strong>Ranh giới gần đúng.</strong> Chưa cài đặt ranh giới chính thức: xã, phường của"
        " mỗi mẫu được suy ra từ điểm trung tâm, nên mẫu gần ranh giới có thể bị xếp nhầm.",
        "<strong>Approximate boundaries.</strong> Official boundaries are not installed: communes"
        " are drawn around their known centres, so samples near a border may be misplaced.",
    ),
    "derived": (
        "<strong>Ranh giới dựng lại.</strong> Ranh giới của tháng này được dựng từ nguồn khác,"
        " chưa phải bản công bố chính thức.",
        "<strong>Derived boundaries.</strong> The boundaries of this month were rebuilt from"
        " other sources; they are not an official publication.",
    ),
    "no_set": (
        "<strong>Chưa có ranh giới</strong> cho tháng này: mẫu chưa thể xếp vào xã, phường.",
        "<strong>No boundaries</strong> for this month: samples cannot be placed in communes.",
    ),
    # headline
    "headline": (
        "<strong>{reached}</strong> trên {units} xã, phường đạt {target} mẫu",
        "<strong>{reached}</strong> of {units} communes reached {target} samples",
    ),
    "by_our_count": ("theo số liệu Đo Sóng", "by Đo Sóng’s count"),
    "no_target": (
        "Tháng này chưa có mục tiêu; bảng dưới đây chỉ cho biết số mẫu.",
        "There is no target for this month; the table shows counts only.",
    ),
    "target_source": (
        "Mục tiêu: {target} mẫu mỗi tháng cho mỗi xã, phường, so với số {basis}. Nguồn: {source}",
        "Target: {target} samples a month for each commune, held against {basis}. Source: {source}",
    ),
    "basis_received": ("đã nhận", "samples received"),
    "basis_valid": ("hợp lệ", "valid samples"),
    "basis_counted": ("được tính", "counted samples"),
    # the three numbers
    "numbers": ("Ba con số của tháng", "The month’s three numbers"),
    "received": ("Đã nhận", "Received"),
    "valid": ("Hợp lệ", "Valid"),
    "counted": ("Được tính", "Counted"),
    "received_means": (
        "Mọi phép đo đã lưu và xác định được xã, phường ở đây, kể cả phép đo hỏng.",
        "Every stored test that lies in a commune here, failed ones included.",
    ),
    "valid_means": (
        "Đo xong, có vị trí đủ chính xác, đúng lúc, đúng mạng, kết quả hợp lý.",
        "Finished, with a usable position, time and network, and values that can be real.",
    ),
    "counted_means": (
        "Hợp lệ và đại diện: đo lặp lại cùng máy, cùng chỗ trong 4 giờ chỉ tính một mẫu.",
        "Valid and representative: one phone’s repeats in one place within 4 hours weigh as one.",
    ),
    "by_admin": (
        "Trong đó {n} mẫu nhập từ tệp được tính theo quyết định của quản trị viên.",
        "Of these, {n} samples imported from files count by decision of an admin.",
    ),
    # the table
    "units": ("Từng đơn vị so với mục tiêu", "Each unit against its target"),
    "lacking": ("Còn thiếu mẫu", "Still lacking samples"),
    "none": ("Chưa có mẫu nào", "No samples yet"),
    "reached": ("Đã đạt mục tiêu", "Target reached"),
    "listed": ("Số mẫu", "Samples"),
    "lacking_communes": ("Nơi còn xã, phường thiếu mẫu", "With communes still lacking samples"),
    "reached_communes": ("Mọi xã, phường đã đạt", "All communes reached"),
    "communes_reached": ("Xã, phường đạt", "Communes reached"),
    "whole_unit": ("Cả đơn vị đạt {target}", "{target} in the unit"),
    "lacks": ("còn thiếu {n}", "{n} lacking"),
    "of": ("{part} / {whole}", "{part} / {whole}"),
    "lacking_order": ("xếp từ nơi thiếu nhiều nhất", "the largest shortfall first"),
    "most_order": ("xếp từ nơi có nhiều mẫu nhất", "the most samples first"),
    "unit": ("Đơn vị", "Unit"),
    "shortfall": ("Còn thiếu", "Lacking"),
    "is_reached": ("Đạt", "Reached"),
    "of_received": (
        "nhận {received} · hợp lệ {valid}",
        "{received} received · {valid} valid",
    ),
    "no_boundary": ("không có ranh giới", "without boundary"),
    "show_units": ("{n} đơn vị", "{n} units"),
    "as_csv": ("Tải bảng này (CSV)", "Download this table (CSV)"),
    "as_json": ("Xem dạng JSON", "See it as JSON"),
    # why
    "why": ("Vì sao có mẫu không được tính", "Why samples were not counted"),
    "why_each": (
        "Mỗi mẫu không được tính chỉ nằm ở một dòng, theo lý do chính của nó.",
        "Every sample that is not counted stands in one line only: its weightiest reason.",
    ),
    "nothing_received": ("Chưa nhận mẫu nào.", "No sample was received."),
    "nothing_lost": ("Mọi mẫu đã nhận đều được tính.", "Every received sample is counted."),
    "not_valid": ("không hợp lệ", "not valid"),
    "not_counted": ("hợp lệ, không tính", "valid, not counted"),
    "unlocated": ("Ngoài các con số trên: không rõ xã, phường", "Beside the above: in no commune"),
    "unlocated_means": (
        "Tính chung cả nước, vì không biết mẫu thuộc về đâu.",
        "For the whole country, since nobody knows where these belong.",
    ),
    "elsewhere": (
        "Còn {n} mẫu nằm ở đơn vị không có trong danh sách cuối tháng.",
        "Another {n} samples lie in units that the list of the month’s last day does not hold.",
    ),
    "reason": ("Lý do", "Reason"),
    "samples": ("Số mẫu", "Samples"),
    # notes
    "notes": ("Cách đọc các con số này", "How to read these figures"),
    "note_month": (
        "Mẫu thuộc về tháng mà nó được đo (giờ Việt Nam) và được xếp theo danh sách đơn vị của"
        " ngày cuối tháng đó.",
        "A sample belongs to the month in which it was measured (Vietnam’s time), and units are"
        " those of that month’s last day.",
    ),
    "note_network": (
        "Mạng di động và mạng cố định (Wi-Fi, cáp) được đếm riêng.",
        "Mobile and fixed lines (Wi-Fi, cable) are counted apart.",
    ),
    "note_boundaries": ("Bộ ranh giới: {set}.", "Boundary set: {set}."),
    # empty
    "unpublished": (
        "{n} đơn vị chưa được công bố số liệu tháng này: số liệu của mỗi tỉnh, thành phố được công"
        " bố khi báo cáo tháng được xác nhận. Các tổng dưới đây không gồm những đơn vị đó.",
        "{n} units are not published for this month yet: a province's figures are published once"
        " its monthly report is approved. The sums below leave them out.",
    ),
    "empty": ("Tháng này chưa có mẫu nào", "There are no samples in this month yet"),
    "empty_how": (
        "Gửi mẫu đầu tiên bằng các lệnh dưới đây: đăng ký một thiết bị rồi gửi một phép đo. Vị trí"
        " trong ví dụ nằm ở Thái Nguyên; mẫu sẽ hiện ở tháng hiện tại.",
        "Send the first one with these commands: register a device, then post a test. The"
        " example lies in Thái Nguyên; the sample shows in the current month.",
    ),
    "empty_api": ("Thử ngay trong trình duyệt", "Try it in the browser"),
    "empty_demo": (
        "Hoặc khởi động với <code>./scripts/serve --demo</code> để có vài tháng số liệu minh họa.",
        "Or start with <code>./scripts/serve --demo</code> for some months of made-up figures.",
    ),
    # the API's page
    "docs_title": ("API của Đo Sóng", "The API of Đo Sóng"),
    "docs_lead": (
        "Mở từng mục để xem dữ liệu gửi và nhận, rồi bấm “Try it out” để gọi thử máy chủ này.",
        "Open an entry to see what goes in and out, then press “Try it out” to call this server.",
    ),
    "docs_raw": ("Tài liệu OpenAPI 3.1 (JSON)", "The OpenAPI 3.1 document (JSON)"),
    "docs_script": (
        "Trang này cần JavaScript; tài liệu JSON thì không.",
        "This page needs JavaScript; the JSON document does not.",
    ),
}
