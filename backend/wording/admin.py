"""What a user reads for the codes of admins' long work, in Vietnamese and English."""

TEXTS: dict[str, tuple[str, str]] = {
    "job_open": (
        "Việc này đang chờ hoặc đang chạy.",
        "This work waits or runs already.",
    ),
    "set_file_kind": (
        "Không phải tệp ranh giới đọc được: cần GeoJSON, GeoPackage, GeoParquet, hoặc ZIP chứa"
        " shapefile hay GeoJSON.",
        "No boundary file that can be read: GeoJSON, GeoPackage, GeoParquet, or a ZIP of a"
        " shapefile or GeoJSON is wanted.",
    ),
    "set_file_damaged": (
        "Tệp ZIP bị hỏng hoặc có mật khẩu.",
        "The ZIP is damaged or has a password.",
    ),
    "set_file_large": (
        "Tệp ZIP mở ra quá lớn hoặc có quá nhiều tệp.",
        "Unpacked, the ZIP is too large or has too many files.",
    ),
    "set_memory": (
        "Bộ ranh giới cần nhiều bộ nhớ hơn mức SET_MEMORY_MB cho phép: hãy bớt đỉnh của các hình,"
        " hoặc nhờ người vận hành nâng mức đó.",
        "The set needs more memory than SET_MEMORY_MB allows: leave fewer vertices in its shapes,"
        " or ask the operator to allow more.",
    ),
    "set_file_unsafe": (
        "Tệp ZIP có tên tệp dẫn ra ngoài thư mục của nó.",
        "The ZIP names files outside of its own folder.",
    ),
    "set_file_several": (
        "Tệp ZIP có nhiều bộ ranh giới; chỉ để một bộ.",
        "The ZIP holds several sets; leave one in it.",
    ),
    "upload_gone": (
        "Tệp đã gửi không còn được giữ; hãy gửi lại.",
        "The file is no longer kept; send it again.",
    ),
}
