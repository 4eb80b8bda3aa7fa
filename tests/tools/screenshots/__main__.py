"""Take a small screenshot of each page in Chromium.

scripts/pictures [PAGE …]            of a demo server, which is started and stopped
scripts/pictures guides [NAME …]     those of the guides, in docs/pictures/guide
scripts/pictures URL [PAGE …] [organiser=NAME:PASSWORD official=… admin=…]  of a running server
"""

import sys
from io import BytesIO
from pathlib import Path
from typing import Literal

from PIL import Image
from playwright.sync_api import Browser, Page, StorageState, sync_playwright

from tests.support.browser import OPTIONS, program, wait_for
from tests.tools.screenshots.demo import demo_server
from tests.tools.screenshots.examples import add_examples
from tests.tools.screenshots.guides import take_guide_pictures
from tests.tools.screenshots.pages import OF_PEOPLE, PAGES, Place, open_at
from tests.tools.screenshots.people import sign_in

FOLDER = Path(__file__).parents[3] / "docs" / "pictures"
WIDTHS = {390: 844, 1440: 900}
THEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
GUIDES = {"guides"}  # among the wanted pages: the pictures of the guides
TALLEST = 1500  # pixels of the page
MAP_MS = 90_000  # without a graphics card
SETTLED_MS = 600  # fonts and the last tiles
REDRAWN_MS = 200  # after a change of the theme
MAP_STANDS = """(() => {
  const map = document.querySelector("#map.whole");
  return !map || (map.map?.repainted !== undefined && map.map.map.areTilesLoaded());
})()"""


def main() -> None:
    """Take screenshots of a server's pages, by default those of a demo."""
    arguments = sys.argv[1:]
    if {"-h", "--help"} & set(arguments):
        print(__doc__)
    elif arguments and "://" in arguments[0]:
        people = dict(word.split("=", 1) for word in arguments[1:] if "=" in word)
        wanted = {word for word in arguments[1:] if "=" not in word}
        make_pictures(arguments[0].rstrip("/"), people, wanted)
    else:
        with demo_server() as (url, people):
            make_pictures(url, people, set(arguments), fresh=True)


def make_pictures(
    url: str, people: dict[str, str], wanted: set[str], *, fresh: bool = False
) -> None:
    """Take a screenshot of every page, or of some; people are NAME:PASSWORD by role.

    A fresh demo first gets the examples that some pages need.
    """
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program(), args=list(OPTIONS))
        states = {
            role: _signed_in(browser, url, people[role])
            for role in OF_PEOPLE
            if role in people and (_chosen(OF_PEOPLE[role], wanted) or GUIDES & wanted)
        }
        if fresh and states.keys() == OF_PEOPLE.keys():
            add_examples(browser, url, states)
        _take_all(browser, url, _chosen(PAGES, wanted), None)
        for role, state in states.items():
            _take_all(browser, url, _chosen(OF_PEOPLE[role], wanted), state)
        if not wanted or GUIDES & wanted:
            take_guide_pictures(browser, url, states, wanted - GUIDES)
        browser.close()


def _chosen(pages: dict[str, Place], wanted: set[str]) -> dict[str, Place]:
    return {name: place for name, place in pages.items() if not wanted or name in wanted}


def _signed_in(browser: Browser, url: str, credentials: str) -> StorageState:
    """Sign in with NAME:PASSWORD and return the browser's state."""
    context = browser.new_context(base_url=url)
    sign_in(context, *credentials.split(":", 1))
    state = context.storage_state()
    context.close()
    return state


def _take_all(
    browser: Browser, url: str, pages: dict[str, Place], state: StorageState | None
) -> None:
    for width, height in WIDTHS.items():
        size = {"width": width, "height": height}
        context = browser.new_context(base_url=url, viewport=size, locale="vi", storage_state=state)
        context.set_default_timeout(MAP_MS)
        page = context.new_page()
        for name, place in pages.items():
            if not _open(page, place):
                print(f"{name}: no link leads there")
                continue
            for theme in THEMES:
                page.emulate_media(color_scheme=theme)
                page.wait_for_timeout(REDRAWN_MS)
                _save(page, width, FOLDER / f"{name}-{width}-{theme}.webp")
        context.close()


def _open(page: Page, place: Place) -> bool:
    """Open a page; return False if it is behind a link that does not exist."""
    opened, followed = open_at(place)
    page.goto(opened)
    if followed:
        links = page.locator(f'main a[href^="{followed}"]')
        if not links.count():
            return False
        page.goto(links.first.get_attribute("href") or "")
    page.wait_for_load_state("networkidle")
    wait_for(page, MAP_STANDS, MAP_MS)
    page.wait_for_timeout(SETTLED_MS)
    return True


def _save(page: Page, width: int, path: Path) -> None:
    """Save a screenshot as WebP, wide ones at half the size."""
    tall = min(int(page.evaluate("document.documentElement.scrollHeight")), TALLEST)
    area = {"x": 0, "y": 0, "width": width, "height": tall}
    with Image.open(BytesIO(page.screenshot(full_page=True, clip=area))) as picture:
        small = picture.convert("RGB")
        if width > 1000:
            small = small.resize((width // 2, tall // 2), Image.Resampling.LANCZOS)
        small.save(path, "WEBP", quality=72, method=6)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
