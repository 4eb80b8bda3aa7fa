"""The lock file of a `serve`, read while it is written."""

import json
import os
import threading
from pathlib import Path

import pytest

from backend.server.running import instance
from backend.server.running.instance import Instance, read_instance


@pytest.mark.slow
def test_a_reader_sees_all_facts_or_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(instance, "MAIN", b"python")  # this process
    lock = Instance(tmp_path)
    lock.acquire()
    over = threading.Event()

    def write_facts() -> None:
        n = 0
        while not over.is_set():
            n += 1
            lock.write(url="http://127.0.0.1:8000", reloads=10 ** (n % 9), failed="x" * (n % 50))

    writer = threading.Thread(target=write_facts)
    writer.start()
    try:
        for _ in range(5_000):
            facts = read_instance(tmp_path)
            assert facts is not None
            assert facts["pid"] == os.getpid()
    finally:
        over.set()
        writer.join()
    lock.release()
    assert read_instance(tmp_path) is None


def test_facts_of_an_earlier_version_are_replaced(tmp_path: Path) -> None:
    path = tmp_path / instance.LOCK_FILE
    path.write_text(json.dumps({"pid": 0, "failed": "x" * 5_000}))
    lock = Instance(tmp_path)
    lock.acquire()
    assert json.loads(path.read_text()) == {"pid": os.getpid()}
    lock.release()
