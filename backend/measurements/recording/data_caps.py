"""Whether a test with a data cap measured the speed of its line. Pure functions of plain values."""

CAPPED = "capped"  # the mark of a sample that counts without a speed
SPEEDS = ("download_mbps", "upload_mbps")
# The part of a cap that the largest transfer of a direction has at least, and the most that any has
# in MB (backend/static/do/connection-test.js).
LARGEST_SHARE = {"download_mbps": 0.49, "upload_mbps": 0.33}
TRANSFER_MOST_MB = 25
# A test wants its largest transfer to take this long: it then reaches the rate of the line and
# stays there for most of its time. Over a line of 50 Mbit/s, transfers of 0.8 s read up to 27 % too
# low on a busy machine, longer ones within some 10 % (docs/measuring.md).
TRANSFER_LEAST_S = 1.3


def measures_speed(
    cap_mb: float | None, download_mbps: float | None, upload_mbps: float | None
) -> bool:
    """Return whether the largest transfers within a cap take long enough at the measured rates.

    Without a cap a test goes on until its rate is known.
    """
    if cap_mb is None:
        return True
    rates = dict(zip(SPEEDS, (download_mbps, upload_mbps), strict=True))
    return all(
        min(cap_mb * LARGEST_SHARE[name], TRANSFER_MOST_MB) * 8 >= TRANSFER_LEAST_S * rate
        for name, rate in rates.items()
        if rate is not None
    )


def measured_value(metric: str) -> str:
    """Return the SQL expression of a metric of measurements; null for a speed that is capped."""
    if metric not in SPEEDS:
        return metric
    return f"case when not '{CAPPED}' = any(marks) then {metric} end"
