"""Open each page in Chromium and keep a small picture of it."""

import sys
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

from scripts.picturing.pages import PAGES
from tests.browsing import OPTIONS, program, until

FOLDER = Path(__file__).parents[2] / "docs" / "pictures"
WIDTHS = {390: 844, 1440: 900}
THEMES = ("light", "dark")
TALLEST = 1800  # pixels of the page; what is below are more rows of the same
SETTLED_MS = 800  # fonts and the last tiles
MAP_STANDS = """(() => {
  const map = document.querySelector("#map.whole");
  return !map || (map.map?.repainted !== undefined && map.map.map.areTilesLoaded());
})()"""


def main() -> None:
    """Make all pictures, or those whose names are given after the address."""
    url = sys.argv[1].rstrip("/") if len(sys.argv) > 1 else "http://127.0.0.1:8000"
    wanted = sys.argv[2:] or list(PAGES)
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(OPTIONS))
        for width in WIDTHS:
            for theme in THEMES:
                _of_all(browser, url, width, theme, wanted)
        browser.close()


def _of_all(browser: Browser, url: str, width: int, theme: str, wanted: list[str]) -> None:
    screen = {"width": width, "height": WIDTHS[width]}
    context = browser.new_context(viewport=screen, color_scheme=theme, locale="vi")
    page = context.new_page()
    for name in wanted:
        page.goto(url + PAGES[name])
        page.wait_for_load_state("networkidle")
        until(page, MAP_STANDS)
        page.wait_for_timeout(SETTLED_MS)
        _keep(page, width, FOLDER / f"{name}-{width}-{theme}.webp")
    context.close()


def _keep(page: Page, width: int, path: Path) -> None:
    """Half the size, in a format that keeps letters sharp."""
    tall = min(int(page.evaluate("document.documentElement.scrollHeight")), TALLEST)
    area = {"x": 0, "y": 0, "width": width, "height": tall}
    with Image.open(BytesIO(page.screenshot(full_page=True, clip=area))) as picture:
        small = picture.convert("RGB")
        if width > 1000:
            small = small.resize((width // 2, tall // 2), Image.Resampling.LANCZOS)
        small.save(path, "WEBP", quality=80, method=6)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
