"""A batch in programs: asyncio, pandas, polars, Parquet, a terminal."""

from __future__ import annotations

import asyncio
import os
import pty
import subprocess
import time
from pathlib import Path
from typing import Any, Dict, List

import aigc
import pytest
from batching import Folder
from support import Command


@pytest.fixture
def folder(tmp_path: Path, command: Command, sandbox: Any) -> Folder:
    return Folder(tmp_path, command, sandbox)


def test_asyncio(folder: Folder, keys: Dict[str, Any]) -> None:
    beats: List[float] = []

    async def beat() -> None:
        while True:
            beats.append(time.monotonic())
            await asyncio.sleep(0.01)

    async def main() -> None:
        beating = asyncio.ensure_future(beat())
        rows = [{"key": f"k{n}", "prompt": f"cat {n}"} for n in range(10)]
        options: Any = {"out": folder.out, "provider": "tencent", "config": keys}
        ended = [row async for row in aigc.aio.batch.as_completed(rows, **options)]
        assert {row.key for row in ended} == {row["key"] for row in rows} and all(row.ok for row in ended)
        assert len(beats) > 5
        beating.cancel()
        summary = await aigc.aio.batch.run(rows, **options)
        assert summary.counts == {"done": 10}

    asyncio.run(main())
    assert folder.created() == 10


def test_pandas(folder: Folder, keys: Dict[str, Any]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(
        {"prompt": ["a cat", "b [fail]", "c"], "note": [1, 2, 3], "count": [2, None, 1]}, index=[7, 3, 5]
    )
    made = aigc.batch.run_frame(frame, out=folder.out, provider="tencent", config=keys)
    assert list(made.index) == [7, 3, 5] and list(made["note"]) == [1, 2, 3] and "aigc_state" not in frame.columns
    assert list(made["aigc_state"]) == ["done", "failed", "done"]
    assert Path(made["aigc_path"][7]).exists() and len(made["aigc_paths"][7]) == 2 and made["aigc_path"][3] is None
    with pytest.raises(aigc.batch.PlanError, match="did you mean prompt"):
        aigc.batch.run_frame(frame.rename(columns={"prompt": "promt"}), out=folder.out, provider="tencent", config=keys)


def test_polars(folder: Folder, keys: Dict[str, Any]) -> None:
    polars = pytest.importorskip("polars")
    frame = polars.DataFrame({"prompt": ["a cat", "b"], "note": [1, 2]})
    made = aigc.batch.run_frame(frame, out=folder.out, provider="tencent", config=keys)
    assert made["note"].to_list() == [1, 2] and made["aigc_state"].to_list() == ["done", "done"]
    assert all(Path(path).exists() for path in made["aigc_path"].to_list())


def test_parquet(folder: Folder) -> None:
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    file = folder.path / "rows.parquet"
    parquet.write_table(pyarrow.table({"key": ["a", "b"], "prompt": ["x", "y"], "count": [1, None]}), file)
    folder.run(file, "--yes")
    assert folder.created() == 2
    (folder.path / "bad.parquet").write_bytes(b"no parquet")
    assert "no Parquet" in folder.run(folder.path / "bad.parquet", "--yes", code=2).stderr


@pytest.mark.parametrize("answer, created", [("y\n", 2), ("\n", 0)], ids=["yes", "no"])
def test_a_terminal_is_asked(folder: Folder, answer: str, created: int) -> None:
    reader, writer = pty.openpty()
    file = folder.write("prompt\na\nb\n")
    line = [word for word in folder.line(file) if word not in ("--progress", "quiet")]
    process = folder._command.start(*line, stdin=writer, stderr=writer, stdout=subprocess.PIPE)
    os.close(writer)
    text = ""
    end = time.monotonic() + 60
    while "Continue? [y/N]" not in text and time.monotonic() < end:
        text += os.read(reader, 65536).decode("utf-8", "replace")
    os.write(reader, answer.encode())
    while True:
        try:
            data = os.read(reader, 65536)
        except OSError:
            break
        if not data:
            break
        text += data.decode("utf-8", "replace")
    assert process.wait(60) == 0, text
    os.close(reader)
    assert folder.created() == created
    assert ("in flight" in text) == bool(created) and ("nothing was sent" in text) != bool(created)


def test_resolve_asks_on_a_terminal(folder: Folder, sandbox: Any) -> None:
    sandbox.fault("reset_after", "CreateAigcImageTask")
    sandbox.fault("reset_before", "CreateAigcImageTask", after=1)
    file = folder.write("key,prompt\na,x\nb,y\n")
    folder.run(file, "--yes", code=6)
    doubts = folder.doubts()
    ids = {job["prompt"]: job["id"] for job in sandbox.stats()["jobs"]}
    reader, writer = pty.openpty()
    words = ["batch", "--resolve", "--out", str(folder.out)]
    process = folder._command.start(*words, stdin=writer, stderr=writer, stdout=subprocess.PIPE)
    os.close(writer)
    for row in doubts:
        found = ids.get({"a": "x", "b": "y"}[row["key"]])
        os.write(reader, (f"i {found}\n" if found else "n\n").encode())
    assert process.wait(60) == 0, os.read(reader, 65536)
    os.close(reader)
    folder.run(file, "--yes")
    assert folder.created() == 2
    folder.check_pictures(2)
