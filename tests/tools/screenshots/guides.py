"""Small pictures of Vietnamese pages for the guides of docs/vi and docs/guide."""

from collections.abc import Mapping
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from PIL import Image
from playwright.sync_api import Browser, Page, StorageState

from tests.support.measuring_page import HERE, agree, go_on
from tests.tools.screenshots.pages import Place, open_at

FOLDER = Path(__file__).parents[3] / "docs" / "pictures" / "guide"
PHONE, DESK = (390, 844), (1100, 820)
# A wide picture is shown beside the contents of a guide.
SHOWN_WIDE = 760
SETTLED_MS = 900
MAP_MS = 90_000


@dataclass(frozen=True, slots=True)
class GuidePicture:
    """A page of the demo, the role that sees it, and the size of the window."""

    place: Place
    role: str | None = None
    window: tuple[int, int] = DESK


PICTURES: dict[str, GuidePicture] = {
    "sign-in": GuidePicture("/sign-in", window=PHONE),
    "withdraw": GuidePicture("/withdraw", window=PHONE),
    "country": GuidePicture("/?month=2024-11"),
    "province": GuidePicture("/unit/19?month=2024-11"),
    "seal": GuidePicture("/seal"),
    "team": GuidePicture(("/campaigns/1/teams", "/campaigns/1/teams/1"), "organiser"),
    "contributions": GuidePicture("/campaigns/1/teams", "organiser"),
    "campaign-new": GuidePicture("/campaigns/new", "organiser"),
    "campaign-ready": GuidePicture("/campaigns/2/ready", "organiser"),
    "campaign": GuidePicture("/campaigns/2", "organiser"),
    "plan": GuidePicture("/campaigns/2/plan", "organiser"),
    "signals": GuidePicture("/campaigns/2/signals?month=2026-10", "organiser"),
    "desk": GuidePicture("/desk/area/19", "official"),
    "samples": GuidePicture("/desk/area/19/samples?month=2024-11", "official"),
    "vnnic": GuidePicture("/desk/area/19/vnnic?month=2024-11", "official"),
    "report": GuidePicture(("/desk/reports", "/desk/reports/"), "official"),
    "admin": GuidePicture("/admin", "admin"),
    "admin-officials": GuidePicture("/admin/people/officials?home=Tỉnh Thái Nguyên", "admin"),
    "admin-people": GuidePicture("/admin/people", "admin"),
    "admin-targets": GuidePicture("/admin/targets", "admin"),
    "admin-sets": GuidePicture("/admin/sets", "admin"),
}
# Steps of the measuring page, which need actions.
MEASURING = ("do", "do-consent", "do-ready")


def take_guide_pictures(
    browser: Browser, url: str, states: Mapping[str, StorageState], wanted: set[str]
) -> None:
    """Take the pictures of the guides, in light colours."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    if not wanted or wanted & set(MEASURING):
        _measuring(browser, url)
    for name, picture in PICTURES.items():
        if wanted and name not in wanted:
            continue
        page = _page(browser, url, picture.window, states.get(picture.role or ""))
        if _open(page, picture.place):
            _save(page, name)
        page.context.close()


def _measuring(browser: Browser, url: str) -> None:
    page = _page(browser, url, PHONE, None)
    page.context.grant_permissions(["geolocation"])
    page.goto("/do/")
    page.wait_for_load_state("networkidle")
    _save(page, "do")
    go_on(page)
    page.wait_for_timeout(SETTLED_MS)
    _save(page, "do-consent")
    agree(page)
    page.get_by_text("Viettel", exact=True).click()
    page.get_by_role("button", name="Đo", exact=True).wait_for()
    page.wait_for_timeout(SETTLED_MS)
    _save(page, "do-ready")
    page.context.close()


def _page(browser: Browser, url: str, window: tuple[int, int], state: StorageState | None) -> Page:
    context = browser.new_context(
        base_url=url,
        viewport={"width": window[0], "height": window[1]},
        locale="vi",
        color_scheme="light",
        geolocation=HERE,
        storage_state=state,
    )
    context.set_default_timeout(MAP_MS)
    return context.new_page()


def _open(page: Page, place: Place) -> bool:
    opened, followed = open_at(place)
    page.goto(opened)
    if followed:
        links = page.locator(f'main a[href^="{followed}"]')
        if not links.count():
            print(f"{opened}: no link leads on")
            return False
        page.goto(links.first.get_attribute("href") or "")
    page.wait_for_load_state("networkidle")
    page.wait_for_timeout(SETTLED_MS)
    return True


def _save(page: Page, name: str) -> None:
    """Save the window as WebP; a picture of phones keeps its size."""
    path = FOLDER / f"{name}.webp"
    with Image.open(BytesIO(page.screenshot())) as picture:
        small = picture.convert("RGB")
        if small.width > PHONE[0]:
            height = round(small.height * SHOWN_WIDE / small.width)
            small = small.resize((SHOWN_WIDE, height), Image.Resampling.LANCZOS)
        small.save(path, "WEBP", quality=62, method=6)
    print(f"guide/{path.name}: {path.stat().st_size / 1000:.0f} kB")
