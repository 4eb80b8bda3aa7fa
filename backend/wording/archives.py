"""Words of archives."""

TEXTS: dict[str, tuple[str, str]] = {
    "archive_of_running_month": (
        "Tháng chưa kết thúc nên chưa lưu trữ.",
        "The month is not over: it is not archived yet.",
    ),
    "archive_missing": (
        "Tháng này chưa có bản lưu trữ.",
        "There is no archive of this month.",
    ),
    "archive_damaged": (
        "Bản lưu trữ bị hỏng hoặc đã bị sửa.",
        "The archive is damaged, or was altered.",
    ),
    "archive_differs": (
        "Cơ sở dữ liệu khác với bản lưu trữ: hãy lưu trữ lại.",
        "The database differs from the archive: archive the month again.",
    ),
    "archive_holds_more": (
        "Bản lưu trữ có nhiều phép đo hơn cơ sở dữ liệu: hãy khôi phục trước.",
        "The archive holds more measurements than the database: restore the month first.",
    ),
}
