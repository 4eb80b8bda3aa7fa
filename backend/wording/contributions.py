"""Words of contributions."""

TEXTS: dict[str, tuple[str, str]] = {
    "no_days": (
        "Khoảng ngày này không có ngày nào.",
        "These limits leave no day between them.",
    ),
    "rank_needed": (
        "Xếp hạng theo mẫu còn cần: mẫu được tính nằm trong số mẫu đầu tiên của xã, phường trong"
        " tháng cho đến khi đủ mục tiêu, theo thời điểm đo, bất kể ai đo. Đo ở nơi còn thiếu được"
        " xếp cao hơn đo thêm ở nơi đã đủ. Bằng nhau thì cùng hạng. Theo số liệu Đo Sóng.",
        "Ranked by needed samples: counted ones among the first of their commune and month, up to"
        " its target, by measuring time, whoever took them. Measuring where samples lack ranks"
        " above adding to what is enough. Equals share a place. By Đo Sóng's own figures.",
    ),
    "rank_counted": (
        "Xếp hạng theo số mẫu được tính, dù nơi đo còn thiếu mẫu hay đã đủ. Bằng nhau thì cùng"
        " hạng. Theo số liệu Đo Sóng.",
        "Ranked by counted samples, whether their commune still lacked any or not. Equals share a"
        " place. By Đo Sóng's own figures.",
    ),
    "rank_no_target": (
        "Kỳ này không có mục tiêu, nên không có mẫu nào gọi là còn cần. Xếp hạng theo số mẫu được"
        " tính. Bằng nhau thì cùng hạng. Theo số liệu Đo Sóng.",
        "No target is in force, so no sample is known to be needed. Ranked by counted samples."
        " Equals share a place. By Đo Sóng's own figures.",
    ),
}
