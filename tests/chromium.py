"""A real Chromium, spoken to over two pipes (the DevTools protocol), for tests of pages."""

import base64
import json
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

PROGRAM = shutil.which("chromium") or shutil.which("google-chrome")
WAIT_S = 15  # two cores that others use as well


class Page:
    """One page of a browser, as a person uses it."""

    def __init__(self, to: int, back: int) -> None:
        self._to, self._back, self._number, self._rest = to, back, 0, b""
        self.asked: list[dict[str, Any]] = []  # every request that the page sent
        self.complaints: list[str] = []  # what the browser refused, and errors of scripts
        target = self._call("Target.createTarget", {"url": "about:blank"})["targetId"]
        attached = {"targetId": target, "flatten": True}
        self._session = self._call("Target.attachToTarget", attached)["sessionId"]
        for domain in ("Page", "Runtime", "Network", "Log"):
            self.call(f"{domain}.enable")

    def call(self, method: str, **asked: Any) -> Any:
        """Tell the browser something about this page."""
        return self._call(method, asked, self._session)

    def open(self, url: str) -> None:
        """Go to an address; the same one with another fragment does not load again."""
        self.call("Page.navigate", url=url)
        self.until("document.readyState === 'complete'")

    def js(self, expression: str) -> Any:
        """What an expression is worth in the page."""
        told = self.call(
            "Runtime.evaluate", expression=expression, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in told, told
        return told["result"].get("value")

    def until(self, expression: str) -> None:
        """Wait for something to become true; pages that are being replaced answer nothing."""
        ends = time.monotonic() + WAIT_S
        while not self._holds(expression):
            assert time.monotonic() < ends, f"never: {expression}; it reads {self.words()!r}"
            time.sleep(0.02)

    def _holds(self, expression: str) -> bool:
        try:
            return bool(self.js(f"Boolean({expression})"))
        except AssertionError:
            return False

    def reads(self, words: str) -> None:
        """Wait until a person can read something."""
        self.until(f"document.body?.innerText.includes({json.dumps(words)})")

    def words(self) -> str:
        return str(self.js("document.body.innerText"))

    def type(self, **fields: str) -> None:
        """Type into fields, in place of what is there."""
        for name, value in fields.items():
            self.until(f"document.getElementById('{name}')?.checkVisibility()")
            self.js(f"document.getElementById('{name}').select()")
            if value:
                self.call("Input.insertText", text=value)

    def press(self, words: str) -> None:
        """Click on the button or link with these words, where it is seen."""
        self.js(
            "[...document.querySelectorAll('button, a')].find((one) => one.checkVisibility()"
            f" && one.innerText.trim() === {json.dumps(words)}).click()"
        )

    def resize(self, width: int, height: int = 800) -> None:
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def picture(self, path: Path) -> None:
        """Keep what the whole page looks like."""
        shot = self.call("Page.captureScreenshot", captureBeyondViewport=True)
        path.write_bytes(base64.b64decode(shot["data"]))

    def _call(self, method: str, asked: dict[str, Any], session: str | None = None) -> Any:
        self._number += 1
        sent = {"id": self._number, "method": method, "params": asked}
        os.write(self._to, json.dumps(sent | ({"sessionId": session} if session else {})).encode())
        os.write(self._to, b"\0")
        while (told := self._read()).get("id") != self._number:
            self._note(told)
        assert "error" not in told, told
        return told["result"]

    def _read(self) -> dict[str, Any]:
        while b"\0" not in self._rest:
            part = os.read(self._back, 1 << 16)
            assert part, "the browser has ended"
            self._rest += part
        line, _, self._rest = self._rest.partition(b"\0")
        told: dict[str, Any] = json.loads(line)
        return told

    def _note(self, told: dict[str, Any]) -> None:
        event, what = told.get("method"), told.get("params", {})
        if event == "Network.requestWillBeSent":
            self.asked.append(what["request"])
        elif event == "Runtime.exceptionThrown":
            self.complaints.append(str(what))
        elif event == "Log.entryAdded" and _complains(what["entry"]):
            self.complaints.append(what["entry"]["text"])


def _complains(entry: dict[str, Any]) -> bool:
    """Whether something is wrong: a refused request is an answer, and advice is verbose."""
    return entry["source"] != "network" and entry["level"] in ("warning", "error")


@contextmanager
def chromium(profile: Path, language: str = "vi") -> Iterator[Page]:
    """Start a browser with an empty profile; it ends with the block."""
    assert PROGRAM is not None
    (out, to), (back, into) = os.pipe(), os.pipe()
    # The browser reads commands at 3 and writes answers to 4.
    script = f'exec "$0" "$@" 3<&{out} 4>&{into}'
    command = [
        PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        f"--accept-lang={language}", f"--user-data-dir={profile}", "--remote-debugging-pipe",
    ]  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    browser = subprocess.Popen(["bash", "-c", script, *command], pass_fds=(out, into), **quiet)
    os.close(out)
    os.close(into)
    try:
        page = Page(to, back)
        yield page
        page._call("Browser.close", {})
    finally:
        os.close(to)
        os.close(back)
        try:
            browser.wait(10)
        except subprocess.TimeoutExpired:
            browser.kill()
            browser.wait()
