"""Type hints: the package under mypy --strict, and what a program that uses it sees."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from support import PACKAGE, environment

pytest.importorskip("mypy", reason="mypy is not installed: pip install -r tests/requirements.txt")

PROGRAM = """
import asyncio
import aigc
from typing import List, Optional

def sync() -> None:
    with aigc.Client({"tencent.region": "ap-guangzhou"}, close_grace_ms=5) as client:
        job: aigc.Job = client.submit("tencent", "aigc_image", prompt="x").wait(5)
        download: aigc.Download = job.download(0, "x.*").wait()
        data: bytes = download.data
        path: Optional[str] = download.path
        images: List[aigc.Download] = client.generate(aigc.Request("tencent", "aigc_image", prompt="x"))
        assets: List[aigc.Asset] = job.assets
        for event in client.events(timeout=1.5):
            kind: aigc.EventType = event.type

async def main() -> None:
    async with aigc.aio.Client() as client:
        job: aigc.aio.Job = await client.submit("tencent", "aigc_image", prompt="x").wait()
        state: aigc.State = await job.refresh()
        data: bytes = (await job.download().wait()).data
        async for event in client.events():
            kind: aigc.EventType = event.type

try:
    sync()
except aigc.AigcError as error:
    delay: Optional[float] = error.retry_after
    status: aigc.Status = error.status
    outcome: aigc.Outcome = error.outcome
"""


def mypy(*arguments: str) -> None:
    command = [sys.executable, "-m", "mypy", "--strict", "--config-file", str(PACKAGE / "pyproject.toml"), *arguments]
    result = subprocess.run(command, cwd=PACKAGE, capture_output=True, text=True, env=environment(), timeout=300)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_package_is_strict() -> None:
    files = [str(path) for path in (PACKAGE / "src" / "aigc").rglob("*.py") if "sandbox" not in path.parts]
    mypy(*files)


def test_a_program_sees_the_types(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    mypy(str(tmp_path / "program.py"))


def test_it_is_marked_as_typed() -> None:
    assert (PACKAGE / "src" / "aigc" / "py.typed").is_file()
