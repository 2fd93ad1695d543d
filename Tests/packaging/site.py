"""Looks at the rendered guide in headless Chromium, at the width of a desk and of a phone.

usage: site.py FOLDER     the folder with index.html
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any, Iterator, List

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "Tests" / "checks"), str(ROOT / "bindings" / "python" / "tests" / "sandbox")]

from browser import browser, phone, until  # noqa: E402
from tap import Report  # noqa: E402

PAGES = ("index.html", "operations.html", "configuration.html", "command.html", "sandbox.html", "errors.html", "first-job.html")
WIDTHS = (1280, 390)


def titles() -> List[str]:
    """The headings of the guide's pages: what the menu must offer."""
    found = []
    for path in sorted((ROOT / "bindings" / "guide").glob("*.md")):
        first = re.search(r"^# (.*)$", path.read_text(encoding="utf-8"), re.M)
        if first and path.stem != "README":
            found.append(first.group(1))
    return [*found, "The sandbox", "aigc for Python"]


def shapes(driver: Any, base: str) -> Iterator[str]:
    """Pages that are wider than the screen, or whose text is squeezed."""
    for width in WIDTHS:
        phone(driver, width)
        for page in PAGES:
            driver.get(base + page)
            until(lambda: driver.execute_script("return document.querySelectorAll('#nav-tree .label').length") > 5, "the menu")
            wide, room = driver.execute_script(
                "return [document.documentElement.scrollWidth, document.querySelector('.contents').getBoundingClientRect().width]"
            )
            if wide > width + 1:
                yield "%s is %d wide on a screen of %d" % (page, wide, width)
            if room < min(width, 700) * 0.8:
                yield "%s has %d for its text on a screen of %d" % (page, room, width)


def menu(driver: Any, base: str) -> Iterator[str]:
    """Pages that the menu does not offer."""
    phone(driver, WIDTHS[0])
    driver.get(base + "index.html")
    read = "return [...document.querySelectorAll('#nav-tree .label')].map(label => label.textContent.trim())"
    offered = until(lambda: (lambda found: found if len(found) > 10 else None)(driver.execute_script(read)), "the menu")
    yield from ("the menu lacks %s" % title for title in titles() if title not in offered)


def search(driver: Any, base: str) -> Iterator[str]:
    """Words that the search does not find."""
    for word in ("aigc_client_submit", "Configuration keys"):
        driver.get(base + "index.html")
        until(lambda: driver.execute_script("return typeof searchBox === 'object'"), "the search")
        driver.find_element("id", "MSearchField").send_keys(word[:9])
        shown = "return getComputedStyle(document.getElementById('MSearchResultsWindow')).display"
        try:
            until(lambda: driver.execute_script(shown) == "block", "results", 20)
        except AssertionError:
            yield "nothing is shown for %s" % word


def main() -> int:
    """Look."""
    report = Report()
    base = Path(sys.argv[1]).resolve().as_uri() + "/"
    try:
        with browser() as driver:
            report.rule("the menu offers every page of the guide", menu(driver, base))
            report.rule("pages fit screens of %d and %d" % WIDTHS, shapes(driver, base))
            report.rule("the search shows results", search(driver, base))
            picture = "return [...document.querySelectorAll('.contents img')].some(one => one.naturalWidth > 300)"
            driver.get(base + "index.html")
            report.rule("the first page has a picture", [] if driver.execute_script(picture) else ["there is none"])
    except BaseException as problem:
        if type(problem).__name__ != "Skipped":
            raise
        report.skip("the guide in a browser", str(problem))
    return report.end()


if __name__ == "__main__":
    sys.exit(main())
