"""What is wrong with a page on small screens and with large letters.

The first figure and the next act stand in the first 900 px, nothing is wider than the screen with
letters of twice the size, and no part of a page scrolls in itself.
"""

from playwright.sync_api import Page

from tests.support.browser import ENLARGE

FIRST_PX = 900
SCREENS = [(360, 1), (360, 2), (390, 1), (1440, 1)]  # width, and the size of letters
FAULTS = """([first, letters]) => {
  const shown = (one) => one.checkVisibility({ visibilityProperty: true }) && !one.closest(".unseen, .skip");
  const main = document.querySelector("main");
  const width = document.documentElement.clientWidth;
  const describe = (one) => one.outerHTML.replaceAll("\\n", " ").slice(0, 110);
  const faults = [];
  if (document.documentElement.scrollWidth > width) {
    const wide = [...main.querySelectorAll("*")].filter((one) => shown(one) && one.getBoundingClientRect().right > width + 1);
    faults.push(`${document.documentElement.scrollWidth} px wide: ${wide.slice(0, 3).map(describe).join(" | ")}`);
  }
  for (const one of document.querySelectorAll("body *")) {
    const { overflowX, overflowY } = getComputedStyle(one);
    const across = /auto|scroll/.test(overflowX) && one.scrollWidth > one.clientWidth + 1;
    const down = /auto|scroll/.test(overflowY) && one.scrollHeight > one.clientHeight + 1;
    if ((across || down) && shown(one) && !one.matches("textarea, select")) faults.push(`scrolls: ${describe(one)}`);
  }
  const top = (selector, beside = "nothing") => {
    const found = [...main.querySelectorAll(selector)].filter((one) => shown(one) && !one.matches(beside));
    return found.length ? Math.min(...found.map((one) => one.getBoundingClientRect().bottom + scrollY)) : null;
  };
  if (letters === 1) {
    const act = top(".button, button, input:not([type=hidden]), select, textarea, .files a, tbody a, .panel :is(summary, a), .nothing");
    const figure = top(".figure, .big strong, .headline h1 strong, td.n, .costs dd, .speeds, .ring text, .glance strong", ".sheet *");
    if (act === null || act > first) faults.push(`the first act is at ${act}`);
    const [name, tools] = [".brand", ".tools"].map((one) => document.querySelector(one)?.getBoundingClientRect());
    if (name && tools?.top >= name.bottom) faults.push("the head has a row for its tools");
    if (figure !== null && figure > first) faults.push(`the first figure is at ${figure}`);
  }
  return faults;
}"""  # noqa: E501


def faults_of(page: Page, name: str) -> list[str]:
    """Return what is wrong with a page on each screen."""
    found = []
    for width, letters in SCREENS:
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate(ENLARGE, letters)
        for fault in page.evaluate(FAULTS, [FIRST_PX, letters]):
            found.append(f"{name}, {width} px, letters x {letters}: {fault}")
    page.evaluate(ENLARGE, 1)
    return found
