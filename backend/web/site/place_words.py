"""The words of the map, of a unit's page and of the search, in Vietnamese and English."""

PLACE: dict[str, tuple[str, str]] = {
    "as_xlsx": ("Tải bảng này (Excel)", "Download this table (Excel)"),
    # the map
    "map_label": (
        "Bản đồ {place}, tháng {month}; số liệu của bản đồ có đủ trong bảng bên dưới",
        "Map of {place}, {month}; the tables below hold all that it shows",
    ),
    "map_legend": ("Mức đạt so với mục tiêu của tháng", "Share of the month’s target"),
    "map_legend_provinces": (
        "Mức đạt so với mục tiêu của các xã, phường",
        "Share of the communes’ targets",
    ),
    "map_approximate": ("Ranh giới gần đúng", "Approximate boundaries"),
    "map_derived": ("Ranh giới dựng lại từ nguồn khác", "Boundaries derived from other sources"),
    "map_in": ("Phóng to", "Zoom in"),
    "map_out": ("Thu nhỏ", "Zoom out"),
    "map_whole": ("Cả nước", "Whole country"),
    "map_wheel": ("Giữ Ctrl và lăn chuột để phóng to", "Hold Ctrl and scroll to zoom"),
    "map_fingers": ("Dùng hai ngón tay để di chuyển bản đồ", "Move the map with two fingers"),
    "map_missing": (
        "Chưa tải được số liệu tháng {month}; đang hiện những gì đã tải trước đó.",
        "The figures of {month} could not be loaded; what was loaded before is shown.",
    ),
    "map_again": ("Tải lại", "Load again"),
    "map_month": ("Tháng trên bản đồ", "Month of the map"),
    # search
    "search": ("Tìm tỉnh, xã, phường", "Find a province or commune"),
    "search_hint": ("Tìm tỉnh, xã, phường…", "Province, commune…"),
    "search_do": ("Tìm", "Find"),
    "search_none": ("Không tìm thấy “{words}”", "Nothing is called “{words}”"),
    "search_none_how": (
        "Gõ tên có dấu hay không dấu đều được, hoặc gõ mã đơn vị.",
        "Type a name with or without its marks, or a unit’s code.",
    ),
    "search_more": (
        "Chỉ hiện {n} kết quả đầu; gõ thêm chữ để tìm hẹp hơn.",
        "The first {n} only; type more of the name.",
    ),
    "level_province": ("Tỉnh, thành phố", "Province"),
    "level_district": ("Quận, huyện", "District"),
    "level_commune": ("Xã, phường", "Commune"),
    "find_me": ("Tôi ở đâu?", "Where am I?"),
    "find_looking": ("Đang tìm vị trí…", "Looking for your position…"),
    "find_refused": (
        "Trình duyệt không cho biết vị trí. Hãy cho phép trang này dùng vị trí rồi thử lại.",
        "The browser does not tell the position. Allow this page to use it and try again.",
    ),
    "find_nowhere": (
        "Vị trí của bạn không nằm trong xã, phường nào.",
        "Your position lies in no commune.",
    ),
    "find_failed": (
        "Không hỏi được máy chủ; hãy thử lại.",
        "The server cannot be asked; try again.",
    ),
    # a unit
    "unit_of": ("trên {target} mẫu", "of {target} samples"),
    "unit_counted": ("mẫu được tính", "counted samples"),
    "unit_on_pace": ("đúng tiến độ", "on pace"),
    "unit_expected": (
        "Đến hôm nay cần có {expected} mẫu (vạch trên thanh). Còn {days} ngày: mỗi ngày cần"
        " {daily} mẫu.",
        "By today {expected} are expected (the mark). {days} days are left: {daily} a day do it.",
    ),
    "unit_projection": (
        "Với nhịp hiện nay, cuối tháng có khoảng {low} đến {high} mẫu.",
        "At the present pace the month ends with some {low} to {high}.",
    ),
    "unit_last_month": ("Tháng trước: {n} mẫu.", "The month before: {n}."),
    "unit_no_boundary": (
        "Bộ ranh giới của tháng này chưa có đơn vị này: mẫu đo ở đây chưa xếp được.",
        "The boundary set of this month lacks this unit: samples here cannot be placed.",
    ),
    "vnnic_beside": (
        "<strong>Theo VNNIC</strong>: {theirs} mẫu; Đo Sóng đếm {ours} ở cùng các đơn vị này ({n}"
        " đơn vị có số của VNNIC). Hai cách đếm khác nhau.",
        "<strong>By VNNIC</strong>: {theirs} samples; Đo Sóng counts {ours} in the same units ({n}"
        " with VNNIC’s figures). The two count differently.",
    ),
    "unit_widget": ("Nhúng vào trang khác", "Embed in another page"),
    "unit_picture": ("Ảnh để chia sẻ", "Picture to share"),
    "unit_told": (
        "{has} trên {target} mẫu trong tháng {month}, theo số liệu Đo Sóng.",
        "{has} of {target} samples in {month}, by Đo Sóng’s count.",
    ),
    "unit_told_no_target": (
        "{has} mẫu trong tháng {month}, theo số liệu Đo Sóng.",
        "{has} samples in {month}, by Đo Sóng’s count.",
    ),
    "unit_told_communes": (
        "{reached} trên {units} xã, phường đạt {target} mẫu trong tháng {month}, theo số liệu Đo"
        " Sóng.",
        "{reached} of {units} communes reached {target} samples in {month}, by Đo Sóng’s count.",
    ),
    # quality
    "months_title": ("Mười hai tháng", "Twelve months"),
    "months_caption": ("Mẫu được tính mỗi tháng", "Counted samples a month"),
    "months_line": ("mục tiêu {target}", "target {target}"),
    "months_estimated": (
        "Tháng trước 7/2025 được quy đổi từ đơn vị cũ theo vị trí mẫu hoặc diện tích: có phần ước"
        " lượng.",
        "Months before July 2025 come from former units, divided by positions or area: in part"
        " estimates.",
    ),
    "hours_title": ("Thời điểm đo trong ngày", "When it is measured"),
    "hours_caption": ("Mẫu được tính theo giờ trong ngày", "Counted samples by hour of the day"),
    "too_few": ("Chưa đủ {n} mẫu để công bố", "Fewer than {n} samples: not shown"),
    "operators_title": ("Chất lượng theo nhà mạng", "Quality by operator"),
    "operator": ("Nhà mạng", "Operator"),
    "operators_all": ("Tất cả nhà mạng", "All operators"),
    "operators_none": ("Chưa có thống kê của tháng này", "No statistics of this month yet"),
    "operators_none_why": (
        "Thống kê được tính từ các mẫu được tính, sau khi có mẫu vài phút.",
        "They are made of counted samples, some minutes after these came.",
    ),
    "operators_note": (
        "Trung vị (một nửa số mẫu nhanh hơn) và trung bình, Mbps và ms, trên các mẫu được tính;"
        " dưới {n} mẫu thì không hiện.",
        "Median (half of the samples are faster) and mean, Mbps and ms, of counted samples; not"
        " shown under {n}.",
    ),
    "devices": ("Thiết bị", "Devices"),
    "download": ("Tải xuống, trung vị", "Download, median"),
    "download_mean": ("Tải xuống, trung bình", "Download, mean"),
    "upload": ("Tải lên, trung vị", "Upload, median"),
    "ping": ("Độ trễ, trung vị", "Latency, median"),
    "reference_download_40": (
        "Mẫu 4G tải xuống từ 40 Mbps (QĐ 36/QĐ-TTg)",
        "4G samples of 40 Mbps down or more (QĐ 36/QĐ-TTg)",
    ),
    "reference_download_100": (
        "Mẫu 5G tải xuống từ 100 Mbps (QCVN 126:2021)",
        "5G samples of 100 Mbps down or more (QCVN 126:2021)",
    ),
    "reference_upload_30": (
        "Mẫu 5G tải lên từ 30 Mbps (QCVN 126:2021)",
        "5G samples of 30 Mbps up or more (QCVN 126:2021)",
    ),
    "reference_ping_50": (
        "Mẫu 5G có độ trễ đến 50 ms (QCVN 126:2021)",
        "5G samples of 50 ms latency or less (QCVN 126:2021)",
    ),
    "widget_more": ("Xem chi tiết trên Đo Sóng", "More on Đo Sóng"),
}
