"""Examples that a new demo lacks: an excluded sample, a place, a webhook, a boundary check."""

from playwright.sync_api import Browser, StorageState

API = "/api/v1"
UNIT, MONTH = "19", "2024-11"
JOBS_MS = 600_000  # a job at a low priority: ten thousand polygons


def add_examples(browser: Browser, url: str, states: dict[str, StorageState]) -> None:
    """Exclude a sample and add a place as the official; add a webhook, run a job as the admin."""
    _exclude_sample(browser, url, states["official"])
    _add_place(browser, url, states["official"])
    _add_webhook(browser, url, states["admin"])
    _run_jobs(browser, url, states["admin"])


def _exclude_sample(browser: Browser, url: str, state: StorageState) -> None:
    context = browser.new_context(base_url=url, storage_state=state)
    token = context.request.get(f"{API}/account").json()["csrf_token"]
    found = context.request.get(f"{API}/units/{UNIT}/measurements?month={MONTH}&limit=1").json()
    answer = context.request.post(
        f"{API}/units/{UNIT}/exclusions",
        data={
            "month": MONTH,
            "measurements": [found["items"][0]["id"]],
            "reason": "Đo trong nhà kho có thiết bị phá sóng",
        },
        headers={"X-CSRF-Token": token},
    )
    if not answer.ok:
        raise SystemExit(f"no sample could be excluded: {answer.text()}")
    context.close()


def _add_place(browser: Browser, url: str, state: StorageState) -> None:
    context = browser.new_context(base_url=url, storage_state=state)
    token = context.request.get(f"{API}/account").json()["csrf_token"]
    answer = context.request.post(
        f"{API}/units/{UNIT}/places",
        data={"name": "Đèo Khế, km 12", "latitude": 21.5942, "longitude": 105.8481},
        headers={"X-CSRF-Token": token},
    )
    if not answer.ok:
        raise SystemExit(f"no place could be added: {answer.text()}")
    context.close()


def _add_webhook(browser: Browser, url: str, state: StorageState) -> None:
    context = browser.new_context(base_url=url, storage_state=state)
    token = context.request.get(f"{API}/account").json()["csrf_token"]
    answer = context.request.post(
        f"{API}/webhooks",
        data={"url": "https://example.vn/dosong"},
        headers={"X-CSRF-Token": token},
    )
    if not answer.ok:
        raise SystemExit(f"no webhook could be added: {answer.text()}")
    context.close()


def _run_jobs(browser: Browser, url: str, state: StorageState) -> None:
    page = browser.new_context(base_url=url, storage_state=state).new_page()
    page.goto("/admin/sets")
    page.locator('form[action*="/jobs/check_set"] button').first.click()
    page.locator('main a[href^="/admin/checks/"]').first.wait_for(timeout=JOBS_MS)
    page.context.close()
