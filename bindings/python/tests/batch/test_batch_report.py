"""report.html in a browser: it loads fast, loads nothing from a network, and shows what matters first."""

from __future__ import annotations

import asyncio
import io
import json
import os
from pathlib import Path
from typing import Any, Dict, List

import pytest
from aigc.batch import _report
from aigc.batch._columns import Columns
from aigc.batch._index import Index
from aigc.batch._options import Options
from aigc.batch._cells import Cells
from chromium import Page, program
from test_batch_pure import KNOWN

NASTY = "</script><img src=x onerror=alert(1)>\u2028 'quoted' & \"twice\""


def make(folder: Path, pictures: int, failures: int = 3, prompts: bool = True) -> Path:
    """A folder with a report of so many pictures, and failures."""
    from PIL import Image

    folder.mkdir()
    one = folder / "one"
    Image.new("RGB", (64, 64), "red").save(one, "PNG")
    options = Options(provider="tencent")
    index, columns = Index(options), Columns(options, KNOWN)
    for n in range(pictures + failures):
        specs, _ = columns.specs(Cells(n + 1, n + 2, {"key": f"猫 #{n}", "prompt": f"picture {n} {NASTY}"}))
        index.add(specs[0])
        if n < pictures:
            name = f"{index.get(n + 1).stem}.png"
            os.link(one, folder / name)
            index.end(n + 1, stands="done", files=json.dumps([name]), seconds=5 + n % 7, do="nothing")
        else:
            state = ("failed", "in doubt", "refused")[n % 3]
            index.end(n + 1, stands=state, code=3, message=f"reason {state}, request {n}", do="nothing")
    one.unlink()
    path = folder / "report.html"
    parts = _report.report_parts(index, index.counts(), ["stopped"], prompts, str(folder), "aigc batch x.csv")
    path.write_text("".join(parts), encoding="utf-8")
    index.close()
    return path


def test_the_report_without_a_browser(tmp_path: Path) -> None:
    text = make(tmp_path / "few", 10).read_text(encoding="utf-8")
    assert "<img src=x" not in text and text.count("data:image/") == 10
    assert "aigc batch x.csv --retry failed" in text and "--resolve" in text and "http" not in text.replace("http-equiv", "")
    many = make(tmp_path / "many", 300, prompts=False).read_text(encoding="utf-8")
    assert "data:image/" not in many and "picture 7" not in many


def test_groups_and_bars() -> None:
    assert _report.histogram([]) == [] and _report.plot([]) == ""
    bars = _report.histogram([1.0, 2.0, 4.0], 4)
    assert bars == [(1.0, 1), (2.0, 1), (3.0, 0), (4.0, 1)] and _report.plot(bars).count("<rect") == 4
    assert "again" in _report.command_for("conflict", None, "x")
    for state in ("failed", "refused", "expired"):
        assert f"--retry {state}" in _report.command_for(state, "aigc batch", "x")
        assert f'retry="{state}"' in _report.command_for(state, None, "x")


@pytest.mark.parametrize("pictures", [10, 5000])
def test_in_a_browser(tmp_path: Path, pictures: int) -> None:
    browser = program()
    if browser is None:
        pytest.skip("there is no Chromium: apt-get install chromium")
    path = make(tmp_path / "batch #1", pictures)

    async def look() -> None:
        loads: List[float] = []
        async with Page(browser) as page:
            for _ in range(4):  # A machine that is busy with something else is no fault of the page.
                page.events.clear()
                await page.call("Page.navigate", url=path.as_uri())
                await page.until("document.documentElement?.dataset.ready === 'yes' && document.readyState === 'complete'")
                loads.append(await page.run("performance.getEntriesByType('navigation')[0].loadEventStart"))
                if loads[-1] < 2000:
                    break
            assert min(loads) < 2000, loads
            await asyncio.sleep(0.5)
            assert not page.asked("http"), page.asked("http")
            files = [url for url in page.asked("file") if url.endswith(".png")]
            assert len(files) == 0 if pictures <= 200 else 0 < len(files) < 200
            assert not page.complaints(), page.complaints()
            assert await page.run("document.querySelector('.card').textContent.includes('reason')")  # Failures first.
            chips = await page.run("[...document.querySelectorAll('#chips button')].map(b => b.textContent)")
            assert f"all {pictures + 3}" in chips and f"done {pictures}" in chips and "in doubt 1" in chips
            said = await page.run("document.getElementById('made').textContent")
            assert ("inside this file" if pictures <= 200 else "beside this file") in said
            assert await page.run("document.querySelectorAll('rect').length") == 40
            await page.run("document.querySelector('button[data-state=refused]').click()")
            assert await page.run("document.querySelectorAll('.card').length") == 1
            await page.run("document.querySelector('button[data-state=all]').click()")
            await page.run("const i = document.querySelector('input'); i.value = 'PICTURE 7 '")
            await page.run("i.dispatchEvent(new Event('input'))")
            assert await page.run("document.getElementById('count').textContent") == "1 rows"
            await page.until("document.querySelector('.card.done img').naturalWidth === 64")
            shown = await page.run("document.querySelector('.card.done').textContent")
            assert NASTY.replace("\u2028", "") in shown.replace("\u2028", "")
            await page.run("i.value = ''; i.dispatchEvent(new Event('input'))")
            cards = await page.run("document.querySelectorAll('.card').length")
            if pictures > 200:
                await page.run("window.scrollTo(0, document.body.scrollHeight)")
                await page.until(f"document.querySelectorAll('.card').length > {cards}")
            else:
                assert cards == pictures + 3

    asyncio.run(look())
