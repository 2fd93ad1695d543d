"""A headless Chromium for tests: Debian's chromium and chromium-driver, driven by selenium."""

from __future__ import annotations

import os
import shutil
import time
from contextlib import contextmanager
from typing import Any, Callable, Iterator

import pytest

_SWITCHES = (
    "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-proxy-server",
    "--disable-background-networking", "--disable-component-update", "--window-size=1280,1000",
)  # fmt: skip


@contextmanager
def browser() -> Iterator[Any]:
    """A browser for the length of a block; skips the test where there is none."""
    binary = shutil.which("chromium")
    driver = shutil.which("chromedriver")
    if binary is None or driver is None:
        pytest.skip("there is no browser: apt-get install chromium chromium-driver")
    webdriver = pytest.importorskip("selenium.webdriver", reason="pip install selenium")
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = binary
    for switch in _SWITCHES:
        options.add_argument(switch)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    environment = {name: value for name, value in os.environ.items() if not name.lower().endswith("_proxy")}
    made = webdriver.Chrome(options=options, service=Service(driver, env=environment))
    try:
        made.set_page_load_timeout(120)
        yield made
    finally:
        made.quit()


def phone(driver: Any, width: int) -> None:
    """A narrow screen."""
    size = {"width": width, "height": 740, "deviceScaleFactor": 2, "mobile": True}
    driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)


def until(found: Callable[[], Any], what: str, seconds: float = 60) -> Any:
    """What a function finds, once it finds something."""
    end = time.monotonic() + seconds
    while True:
        value = found()
        if value:
            return value
        assert time.monotonic() < end, "%s did not come within %d seconds" % (what, seconds)
        time.sleep(0.1)
