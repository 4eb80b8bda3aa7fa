"""What a user reads for the codes of admins' long work, in Vietnamese and English."""

TEXTS: dict[str, tuple[str, str]] = {
    "job_open": (
        "Việc này đang chờ hoặc đang chạy.",
        "This work waits or runs already.",
    ),
}
