"""Many rows: memory does not grow with them, and what expires first is fetched first."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Dict, List

import pytest
from aigc.batch import _names
from aigc.batch._cells import Cells
from aigc.batch._columns import Columns
from aigc.batch._folder import NO_FILE, Folder
from aigc.batch._index import Index
from aigc.batch._options import Options
from support import python
from test_batch_pure import KNOWN

PLAN = """
import json, re, sys, aigc
file, out = sys.argv[1:]
with aigc.batch.plan(file, out=out, provider="tencent") as plan:
    # Not ru_maxrss: that begins with the memory of the process that forked this one.
    most = int(re.search(r"VmHWM:\\s+(\\d+)", open("/proc/self/status").read())[1])
    print(json.dumps([plan.ok, plan.numbers.rows, plan.numbers.send, most]))
"""


def test_memory_does_not_grow_with_the_rows(library: str, tmp_path: Path, is_long: bool) -> None:
    used: List[int] = []
    for rows in (1000, 1_000_000 if is_long else 21_000):
        file = tmp_path / f"{rows}.csv"
        with file.open("w", encoding="utf-8") as opened:
            opened.write("key,prompt\n")
            opened.writelines(f"cat-{n:07},a cat number {n} in the snow with a hat and a red umbrella\n" for n in range(rows))
        (tmp_path / f"out{rows}" / ".aigc").mkdir(parents=True)
        done = python(PLAN, str(file), str(tmp_path / f"out{rows}"), timeout=1500)
        assert done.returncode == 0, done.stderr
        ok, read, send, kilobytes = json.loads(done.stdout)
        assert ok and read == send == rows
        used.append(kilobytes)
        assert not list((tmp_path / f"out{rows}" / ".aigc").glob("index-*"))
    assert used[1] < 200 * 1024, used
    assert is_long or used[1] - used[0] < 40 * 1024, used  # 20,000 rows as objects would be more.


def filled(rows: int, journal: Dict[int, Dict[str, Any]]) -> Index:
    """An index of so many rows, some of which the journal knows."""
    options = Options(provider="tencent")
    index, columns = Index(options), Columns(options, KNOWN)
    for n in range(rows):
        index.add(columns.specs(Cells(n + 1, n + 2, {"key": f"k{n}", "prompt": f"p{n}"}))[0][0])
    assert not list(index.make_indices())
    index.load_ledger({"key": f"k{n}", "print": index.get(n + 1).print} for n in journal)
    index.load_journal({"key": f"k{n}", **entry} for n, entry in journal.items())
    assert not list(index.decide())
    index.make_queues()
    return index


def test_what_expires_first_is_fetched_first() -> None:
    index = filled(6, {n: {"state": "accepted", "accepted_at_ms": 1000 - n} for n in (0, 2, 4)})
    assert [row.key for row in index.free(2)] == ["k4", "k2"] and [row.key for row in index.free(2)] == ["k0"]
    assert [row.key for row in index.paid(9)] == ["k1", "k3", "k5"] and index.paid(9) == [] == index.free(9)
    assert index.first_expiry(12) == 996 + 12 * 3_600_000


def test_counts_add_up_to_the_rows() -> None:
    states = ("accepted", "succeeded", "failed", "refused", "unknown", "sending", "claimed", "abandoned")
    index = filled(20, {n: {"state": state, "images": 1} for n, state in enumerate(states)})
    assert sum(index.counts().values()) == 20 and index.counts()["in doubt"] == 2
    assert sum(index.tasks().values()) == 20


def test_what_was_handed_out_stays_out_whatever_the_order_of_the_folders(tmp_path: Path) -> None:
    assert {_names.folder(n, 10_000) for n in range(1, 10_001)} == {f"{n:04}" for n in range(10)}
    for name in ("a-0.png", "0003/b-0.png", "0003/deep/c-0.png", "notes/d-0.png", "e-0.png.part"):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"x")
    found = dict(Folder(str(tmp_path)).files(rooms=["", "0003", "0004"]))
    assert sorted(path for path, size in found.items() if size != NO_FILE) == ["0003/b-0.png", "a-0.png", "e-0.png.part"]
    assert sorted(path for path, size in found.items() if size == NO_FILE) == ["0003", "0003/deep", "notes"]
    assert not any("/" in path for path, _ in Folder(str(tmp_path)).files())  # Nobody has said that the folder is ours.


def test_a_notebook_has_one_display_handle(monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    import types

    from aigc.batch._progress import Pace, Tally
    from aigc.batch._show import Show

    shown: List[str] = []

    class ZMQInteractiveShell:
        pass

    class Handle:
        def update(self, value: object) -> None:
            shown.append(repr(value))

    def display(value: object, display_id: bool) -> Handle:
        shown.append("made")
        return Handle()

    shell, module = types.ModuleType("IPython"), types.ModuleType("IPython.display")
    shell.get_ipython = ZMQInteractiveShell  # type: ignore[attr-defined]
    module.display = display  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "IPython", shell)
    monkeypatch.setitem(sys.modules, "IPython.display", module)
    show = Show("auto")
    show.update(Tally(10, 5, waiting=5), Pace(0.0))
    show.end()
    assert shown[0] == "made" and len(shown) == 2 and "5/10" in shown[1]
