"""A clock that a test sets."""

from dataclasses import dataclass
from datetime import UTC, datetime


@dataclass
class FakeClock:
    """The time of the application in a test; assign `now` to move it."""

    now: datetime = datetime(2024, 11, 20, 12, 0, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now
