"""Words of letterheads."""

TEXTS: dict[str, tuple[str, str]] = {
    "not_for_another": (
        "Các dòng trước chức vụ người ký phải bắt đầu bằng TM., KT., TL., TUQ. hoặc Q.",
        "The lines before the signer's title must begin with TM., KT., TL., TUQ. or Q.",
    ),
}
