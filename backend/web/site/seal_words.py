"""The words of the page that checks a report's file, in Vietnamese and English."""

SEAL: dict[str, tuple[str, str]] = {
    "seal_title": ("Kiểm tra báo cáo", "Check a report"),
    "seal_lead": (
        "Bạn cầm một tệp báo cáo của Đo Sóng và muốn biết nó có bị sửa không? Chọn tệp, hoặc dán"
        " mã băm SHA-256 của nó. Tệp chỉ được đọc để tính mã, không được lưu lại.",
        "You hold a report’s file and want to know whether it was changed? Choose the file, or"
        " paste its SHA-256 digest. The file is read for its digest alone and not kept.",
    ),
    "seal_file": (
        "Tệp báo cáo (DOCX, XLSX, CSV, JSON)",
        "The report’s file (DOCX, XLSX, CSV, JSON)",
    ),
    "seal_digest": ("Hoặc mã băm SHA-256", "Or its SHA-256 digest"),
    "seal_check": ("Kiểm tra", "Check"),
    "seal_another": ("Kiểm tra tệp khác", "Check another file"),
    "seal_good": ("Nguyên bản, không sai một byte", "Original to the last byte"),
    "seal_bad": ("Dấu niêm không còn đúng", "The seal does not hold"),
    "seal_bad_why": (
        "Báo cáo lưu trên máy chủ đã bị thay đổi sau khi xác nhận. Hãy báo cho người vận hành.",
        "The report that the server holds was changed after its approval. Tell the operator.",
    ),
    "seal_unknown": (
        "Không có báo cáo nào mang mã này",
        "No report has this digest",
    ),
    "seal_unknown_why": (
        "Không có báo cáo đã xác nhận nào trên máy chủ này mang mã băm đó. Tệp đã bị sửa dù chỉ một"
        " byte (mở rồi lưu lại cũng là sửa), là bản nháp, hoặc không do máy chủ này làm ra.",
        "No report that was approved on this server has this digest. The file was changed, be it by"
        " a byte (opening and saving changes it, too), is a draft, or was not made by this server.",
    ),
    "seal_is": ("Tệp", "File"),
    "seal_figures": ("số liệu của báo cáo (JSON)", "the report’s figures (JSON)"),
    "seal_of": (
        "Báo cáo tháng {month}, {unit}, bản thứ {edition}",
        "Report of {month}, {unit}, edition {edition}",
    ),
    "seal_report": ("Báo cáo", "Report"),
    "seal_approved": ("Xác nhận", "Approved"),
    "seal_key": ("Niêm bằng", "Sealed with"),
    "seal_key_of": (
        "khóa số {number} của máy chủ này (Ed25519)",
        "key {number} of this server (Ed25519)",
    ),
    "seal_superseded": (
        "Đã có bản mới hơn thay thế bản này.",
        "A later edition has taken the place of this one.",
    ),
    "seal_demo": (
        "Số liệu minh họa: do máy tạo ra để dùng thử, không phải kết quả đo thật.",
        "Sample data: made up to try the system, not measured.",
    ),
    "seal_not_signature": (
        "Dấu niêm cho biết tệp không bị sửa từ lúc được xác nhận. Nó không phải chữ ký hay con dấu"
        " của cơ quan; văn bản có giá trị pháp lý mang số, ngày và chữ ký riêng.",
        "The seal shows that nothing was changed since the approval. It is not the office’s"
        " signature: the letter with legal force has a number, a date and a signature of its own.",
    ),
    "seal_letters": ("Văn bản đã gửi", "Letters sent"),
    "seal_letter": ("Số {number}, ngày {day}", "No. {number} of {day}"),
}
