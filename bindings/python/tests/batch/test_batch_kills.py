"""A batch that is killed again and again pays each row once, and every picture is the right one."""

from __future__ import annotations

import random
import time
from pathlib import Path
from typing import Any

import pytest
from batching import TOKEN, Folder
from support import Command


@pytest.fixture(params=["tencent", "alibaba"])
def folder(request: pytest.FixtureRequest, tmp_path: Path, command: Command, sandbox: Any) -> Folder:
    return Folder(tmp_path, command, sandbox, request.param)


def test_kills_pay_nothing_twice(folder: Folder, is_long: bool) -> None:
    rows, kills = (1000, 20) if is_long else (60, 4)
    token = TOKEN[folder.provider]
    file = folder.write("key,prompt\n" + "".join(f"cat-{n:04},{token}cat number {n}\n" for n in range(rows)))
    chance = random.Random(f"{folder.provider} {rows}")
    for kill in range(1, kills + 1):
        process = folder.start(file, "--yes")
        # A kill when so many jobs are made or so much time has gone: whatever the speed of the machine, all are in the midst.
        goal = rows * kill // (kills + 1)
        end = time.monotonic() + 60
        while process.poll() is None and folder.created() < goal and time.monotonic() < end:
            time.sleep(0.01)
        time.sleep(chance.random() * 0.3)
        process.kill()
        process.wait(20)
    for _ in range(3):
        process = folder.start(file, "--yes")
        code = process.wait(240)
        if code != 6:
            break
        assert folder.settle()
    log = (folder.path / "log").read_text(encoding="utf-8")
    assert code == 0, log[-3000:]
    assert folder.created() == rows and folder.sandbox.stats(jobs=False)["duplicates"] == 0
    folder.check_pictures(rows)

    asked = len(folder.sandbox.asset_requests()), len(folder.sandbox.requests())
    again = folder.run(file)
    assert f"known      {rows} done" in again.stderr and "to send    0 new jobs" in again.stderr
    assert folder.created() == rows
    assert (len(folder.sandbox.asset_requests()), len(folder.sandbox.requests())) == asked
