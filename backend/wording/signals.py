"""Words of signs of gaming: what was found, and what honest cause it may have."""

TEXTS: dict[str, tuple[str, str]] = {
    "signals_explained": (
        "Đây là những dấu hiệu để người xem xét, không phải kết luận. Không mẫu nào bị loại tự "
        "động: hãy hỏi đội trước, rồi ghi lại kết quả.",
        "These are signs for people to look at, not findings of guilt. No sample is excluded by "
        "itself: ask the team first, then note what it came to.",
    ),
    "too_many_to_look_at": (
        "Quá nhiều mẫu để xem một lần: hãy chọn tỉnh hoặc xã, phường.",
        "Too many samples to look at in one go: ask by province or commune.",
    ),
    "signal_one_place_many_devices": (
        "Nhiều thiết bị chỉ đo ở một chỗ",
        "Many devices in one place only",
    ),
    "signal_one_place_many_devices_found": (
        "{devices} thiết bị hầu như chỉ đo ở cùng một chỗ, {measurements} mẫu, trong {days} ngày "
        "có nhiều thiết bị.",
        "{devices} devices measured almost only in one place: {measurements} samples, on {days} "
        "days with many of them.",
    ),
    "signal_one_place_many_devices_may_be": (
        "Cũng có thể là khu tập thể, ký túc xá hoặc một cơ quan.",
        "It may also be a dormitory, a block of flats or an office.",
    ),
    "signal_devices_in_lockstep": ("Thiết bị đo cùng nhịp", "Devices in lockstep"),
    "signal_devices_in_lockstep_found": (
        "{devices} thiết bị đo {times} lần với cùng một độ lệch {lag_s} giây.",
        "{devices} devices measured {times} times with the same lag of {lag_s} seconds.",
    ),
    "signal_devices_in_lockstep_may_be": (
        "Cũng có thể là một người mang hai máy cài hẹn giờ đo.",
        "It may also be one person with two phones that measure by a timer.",
    ),
    "signal_speeds_repeated": (
        "Kết quả trùng đến từng số lẻ",
        "Results repeated to the decimal",
    ),
    "signal_speeds_repeated_found": (
        "{times} mẫu của {devices} thiết bị có kết quả tải xuống, tải lên và độ trễ trùng hệt.",
        "{times} samples of {devices} devices agree in download, upload and ping to the last "
        "digit.",
    ),
    "signal_speeds_repeated_may_be": (
        "Cũng có thể là lỗi của ứng dụng gửi lại kết quả cũ.",
        "It may also be a fault of the app that sends an old result again.",
    ),
    "signal_impossible_travel": ("Di chuyển không thể có", "Impossible travel"),
    "signal_impossible_travel_found": (
        "Thiết bị {jumps} lần đến nơi nhanh hơn mọi phương tiện, lúc nhanh nhất "
        "{fastest_m_per_s} mét/giây.",
        "A device was {jumps} times where nothing could have brought it, at up to "
        "{fastest_m_per_s} metres a second.",
    ),
    "signal_impossible_travel_may_be": (
        "Cũng có thể là máy định vị sai nhiều lần.",
        "It may also be a phone that is often wrong about its position.",
    ),
    "signal_mock_share": ("Vị trí giả lập", "Mock positions"),
    "signal_mock_share_found": (
        "{measurements} mẫu của thiết bị có vị trí do ứng dụng khác đặt, tỷ lệ {share}.",
        "{measurements} samples of a device have a position set by another app, a share of "
        "{share}.",
    ),
    "signal_mock_share_may_be": (
        "Cũng có thể là máy dùng bộ thu định vị rời.",
        "It may also be a phone with an external receiver.",
    ),
    "signal_night_bursts": ("Đo dồn dập ban đêm", "Bursts at night"),
    "signal_night_bursts_found": (
        "{times} mẫu của một thiết bị trong đêm {day}.",
        "{times} samples of one device in the night of {day}.",
    ),
    "signal_night_bursts_may_be": (
        "Cũng có thể là người đi đo theo ca đêm.",
        "It may also be somebody who measures on a night shift.",
    ),
    "signal_new_devices_once": (
        "Nhiều thiết bị mới chỉ đo một lần",
        "Many new devices that measured once",
    ),
    "signal_new_devices_once_found": (
        "Ngày {day}, {once} trong {new} thiết bị mới ở cùng một chỗ đo một lần rồi thôi.",
        "On {day}, {once} of {new} new devices in one place measured once and never again.",
    ),
    "signal_new_devices_once_may_be": (
        "Cũng có thể là buổi giúp dân cài ứng dụng mà không ghi là khách.",
        "It may also be a morning of helping residents who were not noted as guests.",
    ),
    "signal_same_coordinates": (
        "Nhiều mẫu trùng hệt tọa độ",
        "Many samples at exactly the same coordinates",
    ),
    "signal_same_coordinates_found": (
        "{times} mẫu của {devices} thiết bị có tọa độ trùng đến số lẻ cuối cùng, trong {hours} "
        "giờ khác nhau.",
        "{times} samples of {devices} devices have coordinates equal to the last digit, in "
        "{hours} different hours.",
    ),
    "signal_same_coordinates_may_be": (
        "Cũng có thể là vị trí theo Wi-Fi trong nhà.",
        "It may also be a position from indoor Wi-Fi.",
    ),
}
