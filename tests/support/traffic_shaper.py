"""A traffic shaper in front of a server: a line with a fixed rate and delay.

It is a separate process, so that threads of the tests do not slow it.
"""

import asyncio
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import astuple, dataclass

# Data passes in parts that take this long, so that a fast line needs no more steps than a slow one.
PART_S, MIN_PART, MAX_PART = 0.002, 4_096, 65_536
# Parts in the line's buffer besides those under way: on a busy machine a late part catches up.
BUFFERED = 64
# Bytes that pass an idle line at once, as with usual shapers: the head of a request is not delayed.
BURST = 4_096
SWING_S = 0.25


def _part(mbps: float) -> int:
    return min(max(int(PART_S * mbps * 1e6 / 8), MIN_PART), MAX_PART)


@dataclass(frozen=True, slots=True)
class Shape:
    """A line's rates in Mbit/s and its round-trip time in ms.

    Every second SWING_S it has only the share `swing` of its rates.
    """

    down_mbps: float
    up_mbps: float
    round_trip_ms: float
    swing: float = 1

    def buffer_ms(self, mbps: float) -> float:
        """Return the time that data waits in the full buffer of a direction."""
        return BUFFERED * _part(mbps) * 8 / mbps / 1e3


@contextmanager
def shaped_server(url: str, shape: Shape) -> Iterator[str]:
    """Yield the URL of a server behind a line."""
    arguments = [url.rsplit(":", 1)[1], *map(str, astuple(shape))]
    command = [sys.executable, __file__, *arguments]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as line:
        assert line.stdout is not None
        try:
            yield f"http://127.0.0.1:{line.stdout.readline().strip()}"
        finally:
            line.kill()


class _Direction:
    """One direction of the line, shared by all its connections."""

    def __init__(self, mbps: float, delay_s: float, swing: float) -> None:
        self.seconds_per_byte, self.delay_s, self.swing = 8 / (mbps * 1e6), delay_s, swing
        self.part = _part(mbps)
        self.under_way = int(delay_s / self.seconds_per_byte / self.part)
        self.free_at = 0.0

    async def pass_on(self, source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
        """Forward data, limited by the line's buffer, with the time of its arrival."""
        loop = asyncio.get_running_loop()
        arrivals: asyncio.Queue[tuple[float, bytes]] = asyncio.Queue(BUFFERED + self.under_way)
        deliver = asyncio.create_task(self._deliver(arrivals, target))
        with suppress(OSError):
            while part := await source.read(self.part):
                idle_since = loop.time() - BURST * self.seconds_per_byte
                slowed = self.swing if int(self.free_at / SWING_S) % 2 else 1
                took = len(part) * self.seconds_per_byte / slowed
                self.free_at = max(self.free_at, idle_since) + took
                await arrivals.put((max(self.free_at, loop.time()) + self.delay_s, part))
        await arrivals.put((loop.time() + self.delay_s, b""))
        await deliver

    @staticmethod
    async def _deliver(
        arrivals: "asyncio.Queue[tuple[float, bytes]]", target: asyncio.StreamWriter
    ) -> None:
        loop = asyncio.get_running_loop()
        with suppress(OSError):
            while True:
                at, part = await arrivals.get()
                await asyncio.sleep(at - loop.time())
                if not part:
                    break
                target.write(part)
                await target.drain()
        target.close()


async def _serve(port: int, shape: Shape) -> None:
    delay_s = shape.round_trip_ms / 2000
    down, up = (_Direction(mbps, delay_s, shape.swing) for mbps in (shape.down_mbps, shape.up_mbps))

    async def connect(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        back, forth = await asyncio.open_connection("127.0.0.1", port)
        await asyncio.gather(up.pass_on(reader, forth), down.pass_on(back, writer))

    server = await asyncio.start_server(connect, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    asyncio.run(_serve(int(sys.argv[1]), Shape(*map(float, sys.argv[2:]))))
