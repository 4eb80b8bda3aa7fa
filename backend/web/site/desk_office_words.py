"""The words of VNNIC's counts, letterheads and deputies on the desk, Vietnamese and English."""

DESK_OFFICE: dict[str, tuple[str, str]] = {
    # VNNIC
    "desk_vnnic": ("Đối chiếu VNNIC", "Beside VNNIC"),
    "desk_vnnic_beside": ("Số của VNNIC và của Đo Sóng", "VNNIC’s count and ours"),
    "desk_difference": ("Chênh lệch", "Difference"),
    "desk_likely": ("Nguyên nhân có thể có", "Likely reasons"),
    "desk_not_enough": ("chưa đủ mẫu", "not enough"),
    "desk_vnnic_none": ("Chưa nhập số của VNNIC", "Nothing of VNNIC’s was imported"),
    "desk_vnnic_none_how": (
        "Nhập bảng mà VNNIC gửi cho đơn vị của bạn, tháng này và mạng này.",
        "Import the table that VNNIC sent to your office, of this month and network.",
    ),
    "desk_vnnic_import": ("Nhập bảng của VNNIC", "Import VNNIC’s table"),
    "desk_vnnic_import_lead": (
        "Bảng của tháng {month} (CSV, Excel): mỗi dòng một đơn vị với số mẫu. Kiểm tra trước, rồi"
        " nhập; nhập lại cùng bảng không đổi gì.",
        "The table of {month} (CSV, Excel): one unit a row with its samples. Check it first, then"
        " keep it; the same table again changes nothing.",
    ),
    "desk_vnnic_file": ("Tệp bảng", "The table"),
    "desk_vnnic_again": (
        "Đã kiểm tra. Chọn lại tệp rồi bấm nhập.",
        "Checked. Choose the file again, then keep it.",
    ),
    "desk_vnnic_columns": ("Máy không nhận ra các cột?", "Columns are not recognised?"),
    "desk_vnnic_columns_which": ("Cột nào là gì", "Which column is which"),
    "desk_vnnic_columns_hint": (
        "Ví dụ: samples=Số lượng;code=Mã số. Máy nhớ cho các tệp sau.",
        "For example: samples=Số lượng;code=Mã số. Later files are read the same way.",
    ),
    "desk_vnnic_check": ("Kiểm tra", "Check"),
    "desk_vnnic_keep": ("Nhập", "Keep"),
    "desk_vnnic_preview": ("Bảng này sẽ làm gì", "What this table would do"),
    "desk_vnnic_preview_lead": (
        "Chưa có gì được lưu. Dòng có lỗi sẽ được bỏ qua khi nhập.",
        "Nothing is kept yet. Rows with errors are passed over.",
    ),
    "desk_vnnic_create": ("thêm", "new"),
    "desk_vnnic_update": ("thay số cũ", "replaces"),
    "desk_vnnic_unchanged": ("không đổi", "as before"),
    "desk_vnnic_error": ("lỗi", "error"),
    "desk_line": ("Dòng", "Row"),
    # letterhead
    "desk_letterhead": ("Thể thức công văn", "Letterhead"),
    "desk_lh_since": ("Dùng từ ngày {day}", "In use from {day}"),
    "desk_lh_proposed": ("Đề xuất, chưa lưu", "Proposed, not kept yet"),
    "desk_lh_lead": (
        "Dùng cho báo cáo khóa từ nay; báo cáo đã khóa giữ thể thức cũ.",
        "For reports frozen from now on; frozen ones keep theirs.",
    ),
    "desk_lh_superior": ("Cơ quan chủ quản", "Superior agency"),
    "desk_lh_agency": ("Cơ quan ban hành", "Issuing agency"),
    "desk_lh_symbol": ("Ký hiệu", "Symbol"),
    "desk_lh_place": ("Địa danh", "Place"),
    "desk_lh_recipients": ("Kính gửi", "To"),
    "desk_lh_recipients_hint": ("Mỗi dòng một nơi.", "One a line."),
    "desk_lh_copies": ("Nơi nhận", "Copies to"),
    "desk_lh_copies_hint": ("Mỗi dòng một nơi.", "One a line."),
    "desk_lh_titles": ("Quyền hạn, chức vụ người ký", "Lines above the signature"),
    "desk_lh_titles_hint": (
        "Mỗi dòng một phần; các dòng trước dòng cuối bắt đầu bằng TM., KT., TL., TUQ. hoặc Q.",
        "One a line; all but the last begin with TM., KT., TL., TUQ. or Q.",
    ),
    "desk_lh_signer": ("Họ và tên người ký", "Name of the signer"),
    "desk_lh_save": ("Lưu thể thức", "Keep the letterhead"),
    # deputies
    "desk_deputies": ("Ủy quyền", "Deputies"),
    "desk_deputies_now": ("Đang ủy quyền", "In force"),
    "desk_deputies_none": ("Chưa ủy quyền cho ai", "Nobody stands in"),
    "desk_deputies_none_how": (
        "Khi bạn vắng, người được ủy quyền xem và làm mọi việc của địa bàn thay bạn.",
        "While you are away, a deputy sees and does all that your area needs.",
    ),
    "desk_deputy_who": ("Người thay", "Who stands in"),
    "desk_deputy_you": ("là bạn", "you"),
    "desk_deputy_until": ("Đến", "Until"),
    "desk_deputy_end": ("Kết thúc", "End"),
    "desk_lend": ("Ủy quyền địa bàn", "Lend your area"),
    "desk_lend_lead": (
        "Người được ủy quyền phải có tài khoản; họ không ủy quyền tiếp được.",
        "A deputy needs an account, and cannot lend the area further.",
    ),
    "desk_lend_to": ("Tài khoản của người thay", "The deputy’s account"),
    "desk_lend_to_hint": ("Thư điện tử hoặc số điện thoại đăng nhập.", "What they sign in with."),
    "desk_lend_until": ("Hết ngày", "Through"),
    "desk_lend_why": ("Lý do", "Reason"),
    "desk_lend_do": ("Ủy quyền", "Lend"),
}
