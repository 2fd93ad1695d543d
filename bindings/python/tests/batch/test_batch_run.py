"""aigc batch against the sandbox: what is paid, what is fetched, what is refused beforehand, and what is said."""

from __future__ import annotations

import fcntl
import gzip
import io
import json
import os
import random
import shlex
import shutil
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path
from typing import Any, Callable, Dict, List

import aigc
import pandas
import polars
import pyarrow
import pyarrow.parquet as parquet
import pytest
from aigc import journal
from aigc.batch import _folder, _plan
from aigc.batch._cells import Cells
from aigc.batch._index import Index
from aigc.batch._options import Options
from aigc.batch._rows import FileSource, ListSource
from aigc.batch._runner import Runner
from batching import FAST, TENCENT, Folder
from support import Command, environment

CREATE = "CreateAigcImageTask"


@pytest.fixture
def folder(tmp_path: Path, command: Command, sandbox: Any) -> Folder:
    return Folder(tmp_path, command, sandbox)


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it has not come about"
        time.sleep(0.02)


# What a row is


def test_shuffled_renamed_inserted_deleted(folder: Folder) -> None:
    rows = [f"a cat {n}" for n in range(20)]
    first = folder.write("prompt\n" + "\n".join(rows) + "\n")
    folder.run(first, "--yes")
    assert folder.created() == 20
    random.Random(1).shuffle(rows)
    folder.run(folder.write("prompt\n" + "\n".join(rows), "other.csv"))
    folder.run(folder.write("\n".join(rows), "cats.txt"))
    folder.run(folder.write("".join(json.dumps({"prompt": row}) + "\n" for row in rows), "cats.jsonl"))
    assert folder.created() == 20
    rows.insert(7, "a new cat")
    folder.run(folder.write("prompt\n" + "\n".join(rows)), "--max-jobs", "1")
    assert folder.created() == 21
    del rows[3]
    done = folder.run(folder.write("prompt\n" + "\n".join(rows)))
    assert folder.created() == 21 and "not here   1 of earlier runs" in done.stderr
    metadata = [json.loads(line) for line in (folder.out / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]
    assert [entry["text"] for entry in metadata] == rows


def test_three_equal_prompts_killed_after_one(folder: Folder, sandbox: Any) -> None:
    sandbox.config(duration=1.0)
    file = folder.write("a cat\na cat\na cat\n", "rows.txt")
    process = folder.start(file, "--yes", "-c", "rate.tencent.create_per_s=2")
    until(lambda: folder.created() >= 1)
    process.kill()
    process.wait(10)
    for _ in range(2):
        done = folder._command.run(*folder.line(file, "--yes"))
        if done.returncode != 6:
            break
        # Equal prompts: how many the cloud has more than the journal says how many of those in doubt ran.
        known = {row["remote_id"] for row in journal.rows(folder.journal) if row["remote_id"]}
        lost = [job["id"] for job in sandbox.stats()["jobs"] if job["id"] not in known]
        for row in folder.doubts():
            outcome = aigc.Outcome.ACCEPTED if lost else aigc.Outcome.NOT_SENT
            journal.resolve(folder.journal, row["key"], outcome, lost.pop() if lost else None)
    assert done.returncode == 0, done.stderr
    assert folder.created() == 3 and len(folder.results()) == 3
    assert len(list(folder.out.glob("*.png"))) == 3


def test_an_edited_row_is_new_and_with_a_key_a_conflict(folder: Folder) -> None:
    folder.run(folder.write("prompt\na\nb\n"), "--yes")
    done = folder.run(folder.write("prompt\na\nb edited\n"), "--yes")
    assert folder.created() == 3 and "no longer in the file" in done.stderr
    keyed = Folder(folder.path / "keyed", folder._command, folder.sandbox)
    keyed.path.mkdir()
    keyed.run(keyed.write("key,prompt\nk1,a\nk2,b\n"), "--yes")
    edited = keyed.write("key,prompt\nk1,a\nk2,b edited\nk3,c\n")
    done = keyed.run(edited, "--yes", code=2)
    assert "line 3, row 2" in done.stderr.replace("rows.csv:3", "line 3") and keyed.created() == 5
    assert "was sent with other fields" in done.stderr and "--again KEY" in done.stderr
    assert "(2 rows" in keyed.run(keyed.write("key,prompt\nk1,a\nk2,b\n", "set.csv"), "--yes", "--set", "count=2", code=2).stderr
    keyed.run(edited, "--yes", "--again", "k2")
    assert keyed.created() == 7
    assert {path.name for path in keyed.out.glob("*.png")} == {"k1-0.png", "k2-0.png", "k2~2-0.png", "k3-0.png"}
    keyed.run(edited)
    assert keyed.created() == 7 and keyed.results()["k2"]["files"] == ["k2~2-0.png"]


def test_an_interrupted_repetition_is_not_repeated_once_more(folder: Folder, sandbox: Any) -> None:
    file = folder.write("key,prompt\nk1,a\nk2,b\n")
    folder.run(file, "--yes")
    sandbox.config(duration=20.0)
    process = folder.start(file, "--yes", "--again", "k1")
    until(lambda: any(row["key"] == "k1~2" and row["state"] == "accepted" for row in journal.rows(folder.journal)))
    process.kill()
    process.wait(10)
    sandbox.config(duration=0.3)
    process = folder.start(file, "--yes", "--again", "k1")  # The same line takes that job.
    time.sleep(1.0)
    process.kill()
    process.wait(10)
    assert folder.created() == 3


def paid(folder: Folder) -> Dict[str, int]:
    """How many jobs the cloud has made of each prompt."""
    return dict(Counter(job["prompt"] for job in folder.sandbox.stats()["jobs"]))


def to_continue(folder: Folder, done: "subprocess.CompletedProcess[str]") -> "subprocess.CompletedProcess[str]":
    """Types the line that a run has printed."""
    line = next(line for line in done.stderr.splitlines() if line.startswith("  to continue: "))
    words = shlex.split(line.partition(": ")[2])
    return folder._command.run(*words[words.index("batch") :])


def test_the_line_to_continue_pays_no_repetition_once_more(folder: Folder) -> None:
    folder.run(folder.write("key,prompt\na,aa\n", "a.csv"), "--yes")
    file = folder.write("key,prompt\na,aa\nb,bb\nc,cc\nd,dd\n")
    line = ("--yes", "--again", "a", "--limit", "2")
    first = folder.run(file, *line)
    assert paid(folder) == {"aa": 2, "bb": 1}
    folder.run(file, "--yes", "--limit", "1")  # A line without --again ends no repetition.
    assert paid(folder) == {"aa": 2, "bb": 1, "cc": 1}
    last = to_continue(folder, first)
    assert last.returncode == 0 and "1 row is not paid once more: a." in last.stderr, last.stderr
    assert paid(folder) == {"aa": 2, "bb": 1, "cc": 1, "dd": 1} and "to continue" not in last.stderr
    folder.run(file, *line)  # Nothing was left: the same words begin the next repetition.
    assert paid(folder) == {"aa": 3, "bb": 1, "cc": 1, "dd": 1}


def test_a_repetition_has_all_of_its_rows_and_no_other_one_ends_it(folder: Folder, sandbox: Any) -> None:
    file = folder.write("key,prompt\na,aa\nb,bb\nc,cc\n")
    folder.run(file, "--yes", "--limit", "1", "--again", "a")  # It is new: a job of its own, and of the repetition.
    assert paid(folder) == {"aa": 1}
    sandbox.fault("error", CREATE, code="FailedOperation.UserArrears", times=-1, after=1)
    first = folder.run(file, "--yes", "--again", "a", "--again", "b", code=4)
    assert paid(folder)["aa"] == 1 and folder.created() == 2
    sandbox.clear_faults()
    folder.run(file, "--yes", "--again", "b")  # Another line: what that one has paid stays paid.
    assert paid(folder) == {"aa": 1, "bb": 1, "cc": 1}
    assert to_continue(folder, first).returncode == 0
    assert paid(folder) == {"aa": 1, "bb": 1, "cc": 1}
    folder.run(file, "--yes", "--again", "a")
    assert paid(folder) == {"aa": 2, "bb": 1, "cc": 1}


def test_a_repetition_in_doubt_has_not_ended(folder: Folder, sandbox: Any) -> None:
    file = folder.write("key,prompt\na,aa\nb,bb\n")
    folder.run(file, "--yes")
    sandbox.fault("reset_after", CREATE)
    folder.run(file, "--yes", "--again", "a", code=6)
    assert paid(folder) == {"aa": 2, "bb": 1}
    known = {row["remote_id"] for row in journal.rows(folder.journal)}
    lost = next(job["id"] for job in sandbox.stats()["jobs"] if job["id"] not in known)
    journal.resolve(folder.journal, "a~2", aigc.Outcome.ACCEPTED, lost)
    folder.run(file, "--yes", "--again", "a")  # Takes the job that was in doubt.
    assert paid(folder) == {"aa": 2, "bb": 1} and folder.results()["a"]["remote_id"] == lost
    folder.run(file, "--yes", "--again", "a")
    assert paid(folder) == {"aa": 3, "bb": 1}


def test_the_line_to_continue_retries_no_row_twice(folder: Folder) -> None:
    folder.run(folder.write("key,prompt\nf,x [fail]\n", "f.csv"), "--yes", code=3)
    file = folder.write("key,prompt\nf,x [fail]\ng,y [fail]\nc,z\n")
    first = folder.run(file, "--yes", "--retry", "failed", "--limit", "2", code=3)
    assert paid(folder) == {"x [fail]": 2, "y [fail]": 1}
    last = to_continue(folder, first)
    assert last.returncode == 3 and paid(folder) == {"x [fail]": 2, "y [fail]": 1, "z": 1}
    page = (folder.out / "report.html").read_text(encoding="utf-8")
    assert "--retry failed  #" in page and "--retry failed --retry" not in page
    folder.run(file, "--yes", "--retry", "failed", code=3)
    assert paid(folder) == {"x [fail]": 3, "y [fail]": 2, "z": 1}


def test_repeat_and_templates(folder: Folder) -> None:
    file = folder.write("animal,style\ncat,oil\ndog,ink\n")
    options = ("--prompt", "a {animal}, {style}", "--repeat", "2", "--name-template", "{animal}-{key}-{index}", "--yes")
    folder.run(file, *options)
    assert folder.created() == 4
    names = sorted(path.name[:4] for path in folder.out.glob("*.png"))
    assert names == ["cat-", "cat-", "dog-", "dog-"]
    assert sorted(entry["prompt"] for entry in folder.results().values()) == ["a cat, oil"] * 2 + ["a dog, ink"] * 2


def test_several_images_a_row(folder: Folder) -> None:
    file = folder.write("key,prompt,count\na,x,3\nb,y,1\n")
    assert "2 new jobs, 4 images" in folder.run(file, "--yes").stderr
    assert {path.name for path in folder.out.glob("*.png")} == {"a-0.png", "a-1.png", "a-2.png", "b-0.png"}
    before = (folder.out / "a-0.png").read_bytes()
    (folder.out / "a-1.png").unlink()
    asked = len(folder.sandbox.asset_requests())
    folder.run(file)
    assert (folder.out / "a-1.png").exists() and (folder.out / "a-0.png").read_bytes() == before
    assert folder.created() == 2 and len(folder.sandbox.asset_requests()) == asked + 1


# Files that people have


@pytest.mark.parametrize("encoding, options", [
    ("utf-8", ()), ("utf-8-sig", ()), ("gbk", ("--encoding", "gbk")), ("utf-16", ("--encoding", "utf-16"))
])
def test_chinese_files(folder: Folder, encoding: str, options: Any) -> None:
    file = folder.write("key,prompt\n红猫,一只红猫\n蓝猫,一只蓝猫\n", encoding=encoding)
    done = folder.run(file, "--yes", *options)
    assert "一只红猫" in done.stderr
    assert {path.name for path in folder.out.glob("*.png")} == {"红猫-0.png", "蓝猫-0.png"}
    assert {job["prompt"] for job in folder.sandbox.stats()["jobs"]} == {"一只红猫", "一只蓝猫"}


def test_gzip_and_standard_input(folder: Folder) -> None:
    file = folder.path / "rows.csv.gz"
    file.write_bytes(gzip.compress(b"prompt\na\nb\n"))
    folder.run(file, "--yes")
    line = ("batch", *FAST, "-", "--out", str(folder.out), "--provider", "tencent", "--format", "txt")
    done = folder._command.run(*line, input="a\nb\nc\n")
    assert done.returncode == 2 and "--max-jobs 1" in done.stderr
    assert folder._command.run(*line, "--yes", input="a\nb\nc\n").returncode == 0 and folder.created() == 3


@pytest.mark.parametrize("text, says", [
    ("", "empty"),
    ("key,prompt\n", "a header and no row"),
    ("key,prompt\na,x\na,y\n", "the key a is there twice, first in line 2"),
    ("key,prompt\nCat,x\ncat,y\n", "Cat"),
    ("key,prompt\na,\"" + "x" * (10 << 20) + "\"\n", "longer than 1 MiB"),
    ("key,prompt,sed\na,x,1\n", "column sed"),
    ("prompt,count\nx,many\n", "a whole number"),
    ("prompt\n\"   \"\n", "nothing but blanks"),
    ("prompt,seed\nx,1\n", "no such field"),
], ids=["empty", "header", "twice", "case", "ten-megabytes", "column", "number", "blanks", "field"])
def test_what_is_wrong_is_found_before_anything_is_sent(folder: Folder, text: str, says: str) -> None:
    done = folder.run(folder.write(text), "--yes", code=2)
    assert says in done.stderr and "nothing was sent" in done.stderr
    assert "rows.csv" in done.stderr and len(done.stderr) < 3000
    assert folder.created() == 0 and not folder.sandbox.requests()
    assert says in (folder.out / ".aigc" / "errors.txt").read_text(encoding="utf-8")


def test_many_wrong_rows_are_one_group_on_the_screen_and_all_in_the_file(folder: Folder) -> None:
    done = folder.run(folder.write("prompt,count\n" + "x,many\n" * 500), "--yes", code=2)
    assert "(500 rows" in done.stderr and done.stderr.count("\n") < 10
    assert len((folder.out / ".aigc" / "errors.txt").read_text(encoding="utf-8").splitlines()) == 500


def test_a_colliding_template(folder: Folder) -> None:
    file = folder.write("animal,prompt\ncat,x\ncat,y\n")
    done = folder.run(file, "--yes", "--name-template", "{animal}", code=2)
    assert "put {key} into the name template" in done.stderr and folder.created() == 0


def test_a_file_that_no_job_made_is_never_overwritten(folder: Folder) -> None:
    folder.out.mkdir()
    (folder.out / "a-0.png").write_bytes(b"mine")
    done = folder.run(folder.write("key,prompt\na,x\n"), "--yes", code=2)
    assert "a-0.png" in done.stderr and folder.created() == 0 and (folder.out / "a-0.png").read_bytes() == b"mine"


def test_a_file_of_the_same_name_is_compared_when_its_row_is_fetched(folder: Folder, sandbox: Any) -> None:
    file = folder.write("key,prompt\na,x\nb,y\n")
    folder.run(file, "--yes")
    whole = (folder.out / "b-0.png").read_bytes()
    (folder.out / "results.jsonl").unlink()
    (folder.out / "a-0.png").write_bytes(b"mine")
    done = folder.run(file, code=8)
    assert "it is not the picture of this row" in done.stderr
    assert (folder.out / "a-0.png").read_bytes() == b"mine" and (folder.out / "b-0.png").read_bytes() == whole
    (folder.out / "a-0.png").unlink()
    folder.run(file)
    folder.check_pictures(2)
    (folder.out / "results.jsonl").unlink()
    sandbox.config(fresh_urls=False)
    sandbox.expire()
    folder.run(file)  # Nothing can be fetched any more, and everything is here.
    assert folder.results()["a"]["state"] == "done"


def test_a_dry_run_writes_and_sends_nothing(folder: Folder) -> None:
    done = folder.run(folder.write("prompt\na\nb\n"), "--dry-run", "--price", "0.5")
    assert "2 new jobs" in done.stdout and "2 × 0.5 = 1.00" in done.stdout
    assert not folder.out.exists() and folder.created() == 0 and not folder.sandbox.requests()


def test_odd_text_is_no_crash(folder: Folder) -> None:
    rows: List[Dict[str, Any]] = [{"prompt": "\ud800"}, {"prompt": "a\0b"}, {"key": "\ud800", "prompt": "x"}]
    rows += [{"prompt": 3}, {"prompt": "x", "count": {}}]
    file = folder.write("".join(json.dumps(row) + "\n" for row in rows), "rows.jsonl")
    done = folder.run(file, "--yes", "--drop", "none", code=2)
    assert "Traceback" not in done.stderr and folder.created() == 0
    good = folder.write(json.dumps({"key": "a", "prompt": "x", "note": "\ud800\u2028</script>"}) + "\n", "good.jsonl")
    folder.run(good, "--yes", "--keep", "note")
    (folder.out / "results.jsonl").open("a").write('{"key": "a", "files": 3, "error": 4, "seconds": "x"}\n[]\n{}\n')
    (folder.out / "results.jsonl").open("a").write('{"key": "\\ud800", "files": ["\\ud800"], "state": "\\ud800"}\n')
    (Path(folder.journal) / "rows.jsonl").open("a").write('{"key": "\\ud800", "print": "\\ud800"}\n')
    folder.run(good, "--keep", "note")
    assert folder.created() == 1


def test_files_with_names_of_another_encoding_are_no_crash(folder: Folder) -> None:
    file = folder.write("key,prompt\n红猫,x\n")
    folder.out.mkdir()
    (folder.out / os.fsdecode("蓝猫-0.png".encode("gbk"))).write_bytes(b"mine")
    folder.run(file, "--yes")
    assert (folder.out / "红猫-0.png").exists() and folder.created() == 1
    ascii = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    for variables in ({}, ascii, {"LC_ALL": "C", "LANG": None}):
        done = folder._command.run(*folder.line(file), **variables)
        assert done.returncode == 0 and "1 done" in done.stdout, done.stderr
    assert folder.created() == 1


def test_what_is_no_folder_and_no_journal(folder: Folder) -> None:
    file = folder.write("prompt\na\n")
    folder.out.write_text("mine")
    assert "is a file" in folder.run(file, "--yes", code=8).stderr
    folder.out.unlink()
    assert "postgresql://" in folder.run(file, "--yes", "--journal", "mysql://x", code=2).stderr
    assert "1 thing is wrong" in folder.run(folder.write("promt\na\n", "bad.csv"), "--yes", code=2).stderr
    assert folder.created() == 0


def test_a_fault_in_the_middle_loses_no_answer(
    folder: Folder, keys: Dict[str, Any], sandbox: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    sandbox.fault("delay_after", CREATE, ms=700, times=-1)
    turn, turns = Runner.turn, iter(range(1000))

    def broken(self: Runner, wait: float = 0.1) -> Any:
        if sandbox.requests(CREATE) and next(turns) > 0:
            raise RuntimeError("a fault")
        return turn(self, wait)

    monkeypatch.setattr(Runner, "turn", broken)
    rows = [{"key": f"k{n}", "prompt": f"cat {n}"} for n in range(5)]
    with pytest.raises(RuntimeError):
        aigc.batch.run(rows, **settings_of(folder, keys))
    monkeypatch.undo()
    assert not folder.doubts()
    sandbox.clear_faults()
    assert aigc.batch.run(rows, **settings_of(folder, keys)).counts == {"done": 5} and folder.created() == 5


# Consent


def test_consent(folder: Folder) -> None:
    file = folder.write("prompt\na\nb\nc\n")
    assert "--max-jobs 3 or --yes" in folder.run(file, code=2).stderr
    assert "--max-jobs allows 2" in folder.run(file, "--max-jobs", "2", code=2).stderr
    assert folder.created() == 0
    done = folder.run(file, "--limit", "1", "--yes")
    assert folder.created() == 1 and "2 not sent" in done.stdout and "to continue:" in done.stderr
    folder.run(file, "--max-jobs", "2")
    assert folder.created() == 3


# Refusals, failures, doubts


def test_content_is_not_sent_again_by_itself(folder: Folder) -> None:
    file = folder.write("key,prompt\na,x [blocked]\nb,y [fail]\nc,z\n")
    folder.run(file, "--yes", code=3)
    assert {key: entry["state"] for key, entry in folder.results().items()} == {"a": "refused", "b": "failed", "c": "done"}
    requests = len(folder.sandbox.requests(CREATE))
    done = folder.run(file, "--yes", code=3)
    assert "1 refused (--retry refused), 1 failed (--retry failed" in done.stderr
    assert len(folder.sandbox.requests(CREATE)) == requests
    folder.run(file, "--yes", "--retry", "refused", code=3)
    assert len(folder.sandbox.requests(CREATE)) == requests + 1
    folder.run(file, "--yes", "--retry", "failed", code=3)
    assert len(folder.sandbox.requests(CREATE)) == requests + 2 and folder.created() == 3


def test_nothing_more_is_sent_by_a_repetition_either(folder: Folder, sandbox: Any) -> None:
    """One row is on the wire when the account is refused; its answer is that there are too many tasks. The library would send it
    again as soon as there is room."""
    assert folder._command.run("submit", "--provider", "tencent", "[never] a cat that takes the only place").returncode == 0
    sandbox.config(concurrency=1)
    sandbox.fault("delay", CREATE, times=1, ms=1500)
    sandbox.fault("error", CREATE, times=1, code="FailedOperation.UserArrears")
    process = folder.start(folder.write("key,prompt\na,aa\nb,bb\n"), "--yes")
    log = folder.path / "log"
    until(lambda: "nothing more is sent" in log.read_text(encoding="utf-8"))
    requests = len(sandbox.requests(CREATE))
    until(lambda: process.poll() is not None or "LimitExceeded" in str(sandbox.stats(jobs=False)))
    sandbox.config(concurrency=0)
    assert process.wait(60) == 4
    assert folder.created() == 1 and len(sandbox.requests(CREATE)) == requests
    assert sorted(entry["state"] for entry in folder.results().values()) == ["not sent"]


def test_a_row_in_doubt_says_what_the_provider_answered(folder: Folder, sandbox: Any) -> None:
    sandbox.fault("error", CREATE, times=1, code="InternalError", message="the database is away")
    done = folder.run(folder.write("key,prompt\na,aa\n"), "--yes", code=6)
    assert "in doubt: a, sent " in done.stderr and "the database is away" in done.stderr.split("in doubt: a")[1]
    assert "no answer" not in done.stderr
    sandbox.fault("close_after", CREATE, times=1)
    done = folder.run(folder.write("key,prompt\nb,bb\n"), "--yes", code=6)
    assert "in doubt: b, sent " in done.stderr, done.stderr


def test_an_empty_purse_stops_the_sending(folder: Folder, sandbox: Any, is_long: bool) -> None:
    rows, at = (1000, 300) if is_long else (150, 60)
    sandbox.fault("error", CREATE, code="FailedOperation.UserArrears", times=-1, after=at)
    file = folder.write("prompt\n" + "".join(f"cat {n}\n" for n in range(rows)))
    done = folder.run(file, "--yes", code=4)
    assert "nothing more is sent" in done.stderr and "to continue:" in done.stderr
    assert folder.created() == at and len(sandbox.requests(CREATE)) < at + 40
    assert len(list(folder.out.glob("*.png"))) == at  # What was accepted is here.
    sandbox.clear_faults()
    folder.run(file, "--yes")
    assert folder.created() == rows
    folder.check_pictures(rows)


def test_a_lost_answer_is_in_doubt_and_never_sent_again(folder: Folder, sandbox: Any) -> None:
    sandbox.fault("reset_after", CREATE)
    file = folder.write("key,prompt\na,x\nb,y\nc,z\n")
    done = folder.run(file, "--yes", code=6)
    assert "in doubt" in done.stdout and "--resolve" in done.stderr
    assert folder.created() == 3
    done = folder.run(file, "--yes", "--retry", "failed", "--retry", "refused", code=6)
    assert "1 in doubt (never sent again)" in done.stderr and folder.created() == 3
    listed = folder._command.run("batch", "--resolve", "--out", str(folder.out))
    assert listed.returncode == 6 and "jobs resolve" in listed.stderr and "prompt   " in listed.stderr
    assert folder.settle() == 1
    assert folder._command.run("batch", "--resolve", "--out", str(folder.out)).returncode == 0
    folder.run(file)
    assert folder.created() == 3
    folder.check_pictures(3)


def test_a_wire_that_eats_answers_stops_the_sending(folder: Folder, sandbox: Any) -> None:
    sandbox.fault("reset_after", CREATE, times=-1)
    file = folder.write("prompt\n" + "".join(f"cat {n}\n" for n in range(200)))
    done = folder.run(file, "--yes", code=6)
    assert "in a row are in doubt" in done.stderr and folder.created() < 60


def test_a_deleted_picture_is_fetched_again_for_free(folder: Folder, sandbox: Any) -> None:
    file = folder.write("key,prompt\na,x\nb,y\n")
    folder.run(file, "--yes")
    (folder.out / "a-0.png").unlink()
    done = folder.run(file)
    assert "1 done, 1 to fetch (free)" in done.stderr and folder.created() == 2
    folder.check_pictures(2)


def test_an_expired_picture_is_paid_again_only_when_told(folder: Folder, sandbox: Any) -> None:
    file = folder.write("key,prompt\na,x\nb,y\n")
    folder.run(file, "--yes")
    (folder.out / "a-0.png").unlink()
    sandbox.config(fresh_urls=False)
    sandbox.expire()
    folder.run(file, code=7)
    assert folder.results()["a"]["state"] == "expired"
    done = folder.run(file, code=7)
    assert "1 expired (--retry expired pays again)" in done.stderr and folder.created() == 2
    sandbox.config(fresh_urls=True)
    folder.run(file, "--yes", "--retry", "expired")
    assert folder.created() == 3 and folder.results()["a"]["files"] == ["a~2-0.png"]
    folder.run(file)
    assert folder.created() == 3


DISK = """
mount -t tmpfs -o size=64m none "$OUT" || exit 77
"$@" & run=$!
while [ "$(ls "$OUT" | grep -c png)" -lt "$HALF" ] && kill -0 $run; do sleep 0.02; done
dd if=/dev/zero of="$OUT/filler" bs=4k 2>/dev/null
wait $run; echo "first $?"
rm "$OUT/filler"
"$@"; echo "second $?"
cp -a "$OUT/." "$COPY"
"""


def test_a_disk_that_is_full_at_half_loses_nothing(folder: Folder, sandbox: Any) -> None:
    rows, copy = 60, folder.path / "copy"
    folder.out.mkdir()
    copy.mkdir()
    sandbox.config(duration=1.0)
    file = folder.write("prompt\n" + "".join(f"cat {n}\n" for n in range(rows)))
    command = folder._command
    line = command.line(*folder.line(file, "--yes", "-c", "rate.tencent.create_per_s=20"))
    env = environment(**command.variables, OUT=str(folder.out), COPY=str(copy), HALF="20")
    done = subprocess.run(
        ["unshare", "-m", "sh", "-c", DISK, "sh", *line], env=env, capture_output=True, text=True, timeout=120
    )
    if done.returncode in (1, 77) and not done.stdout:
        pytest.skip("a small file system needs the right to mount one")
    folder.out = copy
    assert "first 8" in done.stdout and "second 0" in done.stdout, done.stdout + done.stderr
    assert "nothing more is sent" in done.stderr
    assert folder.created() == rows and sandbox.stats(jobs=False)["duplicates"] == 0
    folder.check_pictures(rows)


@pytest.mark.parametrize("what", ["deleted", "replaced", "deleted beside its journal"])
def test_no_line_to_continue_pays_again_when_the_folder_is_gone(folder: Folder, sandbox: Any, what: str) -> None:
    sandbox.fault("delay", "asset", ms=2500, times=20)
    file = folder.write("key,prompt\n" + "".join(f"k{n},cat {n}\n" for n in range(3)))
    place = folder.path / "journal"
    # A template of rows: fetch refuses it.
    options = [*(["--journal", str(place)] if "beside" in what else []), "--name-template", "{key}_{index}"]
    run = folder.start(file, "--yes", *options)
    end = time.monotonic() + 60
    while len(list(folder.out.glob("*.part"))) < 3 and time.monotonic() < end:
        time.sleep(0.02)
    os.rename(folder.out, folder.path / "old")
    if what == "replaced":
        folder.out.mkdir()
    assert run.wait(60) == 8
    log = (folder.path / "log").read_text(encoding="utf-8")
    if "beside" in what:
        assert "PAY AGAIN" not in log
        folder.run(file, "--yes", *options)
        assert folder.created() == 3
        return
    assert "to continue" not in log and "PAY AGAIN" in log, log
    lines = [line.split("for free: ", 1)[1] for line in log.splitlines() if "for free: " in line]
    assert len(lines) == 3, log
    env = environment(**folder._command.variables)
    for line in lines:
        assert subprocess.run(line, shell=True, env=env, cwd=folder.path, timeout=60).returncode == 0
    assert folder.created() == 3


def test_generate_prints_no_path_that_is_not_there(folder: Folder, command: Command, sandbox: Any) -> None:
    sandbox.fault("delay", "asset", ms=2500, times=20)
    with open(folder.path / "log", "w", encoding="utf-8") as log:
        line = ["generate", *TENCENT, "a cat", "--out", str(folder.out)]
        run = command.start(*line, stdout=log, stderr=log)
        end = time.monotonic() + 60
        while not list(folder.out.glob("*.part")) and time.monotonic() < end:
            time.sleep(0.02)
        os.rename(folder.out, folder.path / "old")
        folder.out.mkdir()
        code = run.wait(60)
    said = (folder.path / "log").read_text(encoding="utf-8")
    shown = [line for line in said.splitlines() if line.startswith("/")]
    assert code == 8 and "aigc1:" in said and all(map(os.path.exists, shown)), said


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("left", ["nothing", "no tables"])
def test_a_journal_that_a_killed_run_has_only_begun_is_made(folder: Folder, left: str, named: bool) -> None:
    place = folder.path / "journal" if named else folder.out / ".aigc"
    place.mkdir(parents=True, mode=0o700)
    with open(os.open(place / "jobs.db", os.O_CREAT | os.O_WRONLY, 0o600), "w", encoding="ascii"):
        pass
    if left == "no tables":
        database = sqlite3.connect(place / "jobs.db")
        database.execute("PRAGMA page_size=2048")
        database.execute("PRAGMA journal_mode=wal")
        database.close()
    options = ["--journal", str(place)] if named else []
    file = folder.write("key,prompt\nk1,a cat\nk2,a dog\n")
    folder.run(file, "--dry-run", *options)
    folder.run(file, "--yes", *options)
    assert folder.created() == 2 and journal.is_made(place) and len(list(journal.rows(place))) == 2


def test_a_lock_that_cannot_be_written_is_named(folder: Folder) -> None:
    command = folder._command
    line = command.line(*folder.line(folder.write("prompt\na cat\n"), "--yes"))
    env = environment(**command.variables)
    limit = "import os, resource, sys; resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)); os.execv(sys.argv[1], sys.argv[1:])"
    done = subprocess.run([sys.executable, "-c", limit, *line], env=env, capture_output=True, text=True, timeout=60)
    assert done.returncode == 8 and str(folder.out / ".aigc") in done.stderr and folder.created() == 0, done.stderr


def test_a_disk_that_is_too_small_is_found_beforehand(folder: Folder) -> None:
    place = _folder.Folder(str(folder.out))
    place.free_bytes = lambda: 100_000  # type: ignore[method-assign]
    with _plan.build(ListSource(["a cat"] * 100), Options(provider="tencent"), place, place.ours) as plan:
        assert not plan.ok and "--limit" in str(plan)
        assert plan.problems.machine == plan.problems.count == 1  # The exit code is 8, not 2: the rows are right.


# The folder


def test_a_torn_line_is_cut_and_written_again(folder: Folder) -> None:
    file = folder.write("key,prompt\na,x\nb,y\n")
    folder.run(file, "--yes")
    path = folder.out / "results.jsonl"
    data = path.read_bytes()
    path.write_bytes(data[:-7])
    (folder.out / ".aigc" / "rows.jsonl").open("ab").write(b'{"key": "c", "pri')
    folder.run(file)
    assert folder.created() == 2
    folder.check_pictures(2)


def test_one_run_at_a_time(folder: Folder, sandbox: Any) -> None:
    sandbox.config(duration=30.0)
    file = folder.write("prompt\na\n")
    first = folder.start(file, "--yes")
    until(lambda: folder.created() == 1)
    done = folder._command.run(*folder.line(file, "--yes"))
    assert done.returncode == 1 and f"process {first.pid} on " in done.stderr
    first.kill()
    first.wait(10)


def test_interrupted(folder: Folder, sandbox: Any) -> None:
    sandbox.config(duration=30.0)
    file = folder.write("prompt\n" + "".join(f"cat {n}\n" for n in range(50)))
    process = folder.start(file, "--yes", "-c", "rate.tencent.create_per_s=5")
    until(lambda: folder.created() >= 3)
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    log = (folder.path / "log").read_text(encoding="utf-8")
    assert "to continue: " in log and "rows.csv --out" in log and "expires at" in log and "to fetch" in log
    created = folder.created()
    assert created < 50
    sandbox.config(duration=0.3)
    done = folder.run(file, "--dry-run")
    assert f"{created} to fetch (free)" in done.stdout and f"{50 - created} new jobs" in done.stdout


@pytest.mark.parametrize("what", ["folder", "pipe", "empty", "link"])
def test_what_is_in_the_place_of_a_picture_is_found_before_payment(folder: Folder, sandbox: Any, what: str) -> None:
    make: Dict[str, Callable[[Path], None]] = {
        "folder": Path.mkdir, "pipe": os.mkfifo, "empty": Path.touch, "link": lambda path: path.symlink_to("nowhere"),
    }
    file = folder.write("key,prompt,count\na,x,1\nb,y,2\n")
    for name in ("a-0.png", "b-1.webp"):
        folder.out.mkdir(exist_ok=True)
        make[what](folder.out / name)
        done = folder.run(file, "--yes", code=2)
        said = "which is empty" if what == "empty" else "which is no file"
        assert f"in the place of the picture there is {name}, {said}" in done.stderr and "1 thing is" in done.stderr
        (folder.out / name).rmdir() if what == "folder" else (folder.out / name).unlink()
    (folder.out / "b-1.png").write_bytes(b"not of this row")
    assert "there is a file b-1.png" in folder.run(file, "--yes", code=2).stderr
    (folder.out / "b-1.png").unlink()
    assert folder.created() == 0
    folder.run(file, "--yes")
    assert folder.created() == 2


def test_something_else_in_the_place_of_a_numbered_folder(tmp_path: Path) -> None:
    (tmp_path / "0000").mkdir()
    (tmp_path / "0001").touch()
    (wrong,) = _folder.Folder(str(tmp_path)).wrong_rooms(["", "0000", "0001", "0002"])
    assert "0001 is no folder" in wrong


def test_interrupted_before_a_late_answer(folder: Folder, sandbox: Any) -> None:
    """Longer than the library's own two seconds: a second signal can end the wait, and the first says so."""
    sandbox.fault("delay_after", "CreateAigcImageTask", ms=5000)
    file = folder.write("prompt\n[never] cat\n")
    process = folder.start(file, "--yes")
    until(lambda: bool(sandbox.requests("CreateAigcImageTask")))
    process.send_signal(signal.SIGINT)
    assert process.wait(30) == 130
    log = (folder.path / "log").read_text(encoding="utf-8")
    assert "waiting up to 10 s for the answer; again: end at once" in log and "in doubt:" not in log
    assert not folder.doubts() and folder.created() == 1


@pytest.mark.parametrize("signals", [1, 2])
def test_interrupted_on_a_dead_network(folder: Folder, sandbox: Any, signals: int) -> None:
    """Each connection hangs before it stands: nothing has left, so no row is in doubt, and the next run pays each once."""
    file = folder.write("prompt\n" + "".join(f"cat {n}\n" for n in range(20)))
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(100)
        endpoint = f"https://127.0.0.1:{silent.getsockname()[1]}"
        process = folder.start(file, "--yes", "-c", f"tencent.endpoint={endpoint}", "-c", "timeout.connect_ms=300000")
        opened, _ = silent.accept()
        with opened:
            for _ in range(signals):
                process.send_signal(signal.SIGINT)
                time.sleep(0.05)
            assert process.wait(30) == 130
    log = (folder.path / "log").read_text(encoding="utf-8")
    assert " 0 in doubt, 20 not sent" in log and not folder.doubts()
    folder.run(file, "--yes")
    assert folder.created() == 20 and not folder.doubts()


def test_no_prompt_is_written_where_none_is_wanted(folder: Folder) -> None:
    file = folder.write("key,prompt,name\na,marked-prompt-7f3a,Anna\n")
    folder.run(file, "--yes", "--no-prompts", "--keep", "name")
    for path in folder.out.rglob("*"):
        if path.is_file():
            assert b"marked-prompt-7f3a" not in path.read_bytes(), path
    assert folder.results()["a"]["name"] == "Anna"
    assert (folder.out / ".aigc").stat().st_mode & 0o077 == 0


def test_a_shared_journal_never_gives_another_ones_picture(folder: Folder) -> None:
    shared = ("--journal", str(folder.path / "journal"), "--yes")
    folder.run(folder.write("key,prompt\na,x\n"), *shared)
    other = Folder(folder.path / "other", folder._command, folder.sandbox)
    other.path.mkdir()
    done = other.run(other.write("key,prompt\na,another\n"), *shared, code=1)
    assert "a: conflict" in done.stderr and not list(other.out.glob("*.png")) and folder.created() == 1
    same = Folder(folder.path / "same", folder._command, folder.sandbox)
    same.path.mkdir()
    same.run(same.write("key,prompt\na,x\n"), *shared)
    assert folder.created() == 1 and len(list(same.out.glob("*.png"))) == 1


@pytest.mark.parametrize("lost", ["", "results.jsonl", "metadata.jsonl"])
def test_an_expired_row_takes_no_file_of_another_row(folder: Folder, sandbox: Any, lost: str) -> None:
    options = ("--yes", "--name-template", "{name}", "--keep", "name")
    folder.run(folder.write("key,prompt,name\nk1,apple,red\nk2,banana,blue\n"), *options)
    (folder.out / "red.png").unlink()
    if lost:
        (folder.out / lost).unlink()
    sandbox.config(fresh_urls=False)
    sandbox.expire()
    swapped = folder.write("key,prompt,name\nk1,apple,blue\nk2,banana,red\n")
    folder.run(swapped, *options, code=7)
    results = folder.results()
    assert results["k1"]["state"] == "expired" and results["k1"]["files"] == []
    if not lost:
        assert results["k2"]["state"] == "done" and results["k2"]["files"] == ["blue.png"]
    metadata = [json.loads(line) for line in (folder.out / "metadata.jsonl").read_text(encoding="utf-8").splitlines()]
    texts = [entry["text"] for entry in metadata if entry["file_name"] == "blue.png"]
    assert texts == ([] if lost == "results.jsonl" else ["banana"])
    assert folder.created() == 2


def prompts_of(folder: Folder) -> Dict[str, str]:
    """What the cloud drew in each picture of the folder, by its name."""
    drawn: Dict[bytes, str] = {}
    for job in folder.sandbox.stats()["jobs"]:
        token = folder._command.run(
            "fetch", "--provider", "tencent", "--operation", "aigc_image", "--id", job["id"], "--out", str(folder.path / "all"),
        )
        assert token.returncode == 0, token.stderr
        for line in token.stdout.split():
            drawn[Path(line).read_bytes()] = job["prompt"]
    return {path.name: drawn[path.read_bytes()] for path in sorted(folder.out.glob("*.png"))}


@pytest.mark.parametrize("how", ["moved", "moved, both rows", "renamed"])
def test_a_picture_of_another_row_is_not_this_rows(folder: Folder, how: str) -> None:
    """A row was done as soon as a file had the name of its picture, whoever wrote that file since."""
    options = ("--yes", "--keep", "name", "--name-template", "{name}")
    first = folder.run(folder.write("key,prompt,name\nk1,apple,hero\n"), *options)
    assert first.returncode == 0
    second = "key,prompt,name\nk2,banana,hero\n"
    both = second + "k1,apple,old\n"
    done = folder.run(folder.write(both if how == "moved, both rows" else second), *options, code=2)
    assert "hero.png is the picture of the row k1" in done.stderr and folder.created() == 1, done.stderr
    (folder.out / "hero.png").rename(folder.out / "away.png" if how == "renamed" else folder.path / "away.png")
    folder.run(folder.write(second), *options)
    for _ in range(2):
        folder.run(folder.write(both), *options)
        found = prompts_of(folder)
        assert (found.pop("away.png", "apple"), found) == ("apple", {"hero.png": "banana", "old.png": "apple"})
        results = folder.results()
        assert {key: entry["files"] for key, entry in results.items()} == {"k1": ["old.png"], "k2": ["hero.png"]}
        lines = (folder.out / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
        texts = {entry["file_name"]: entry["text"] for entry in map(json.loads, lines)}
        assert texts == {"hero.png": "banana", "old.png": "apple"}
    assert folder.created() == 2


def test_a_picture_that_nobody_asked_for_takes_no_name_of_another_row(folder: Folder) -> None:
    """The provider may give more images than a row asks for: the plan knows no name of these."""
    options = ("--yes", "--name-template", "{key}", "--set", "body.OutputImageCount=2")
    file = folder.write("key,prompt\na,apple\na-1,banana\nb,cherry\n")
    for _ in range(2):
        folder.run(file, *options)
        found = prompts_of(folder)
        assert sorted(found.values()) == ["apple"] * 2 + ["banana"] * 2 + ["cherry"] * 2
        assert [found[f"{key}.png"] for key in ("a", "a-1", "b")] == ["apple", "banana", "cherry"]
        for key, prompt in (("a", "apple"), ("a-1", "banana"), ("b", "cherry")):
            assert [found[name] for name in folder.results()[key]["files"]] == [prompt] * 2
    assert folder.results()["b"]["files"] == ["b.png", "b-1.png"]
    (folder.out / "a.png").unlink()
    folder.run(file, *options)
    assert prompts_of(folder) == found and folder.created() == 3


def test_a_row_keeps_an_image_whose_name_a_later_row_wants(folder: Folder) -> None:
    options = ("--yes", "--name-template", "{key}", "--set", "body.OutputImageCount=2")
    folder.run(folder.write("key,prompt\na,apple\n"), *options)
    assert folder.results()["a"]["files"] == ["a.png", "a-1.png"]
    done = folder.run(folder.write("key,prompt\na,apple\na-1,banana\n"), *options, code=2)
    assert "a-1.png is the picture of the row a" in done.stderr and folder.created() == 1
    (folder.out / "a-1.png").rename(folder.path / "away.png")
    folder.run(folder.write("key,prompt\na-1,banana\n"), *options)
    for _ in range(2):
        folder.run(folder.write("key,prompt\na,apple\na-1,banana\n"), *options)
        found = prompts_of(folder)
        assert found["a.png"] == "apple" and found["a-1.png"] == "banana" and len(found) == 4
        assert [found[name] for name in folder.results()["a"]["files"]] == ["apple"] * 2
    assert folder.created() == 2


@pytest.mark.parametrize("name", ["rows.csv", "rows.tsv"])
@pytest.mark.parametrize("key", ["", "k1"])
def test_other_ends_of_lines_make_no_other_row(folder: Folder, name: str, key: str) -> None:
    """git, Excel and editors save a file with other ends of its lines: each row of several lines was paid again."""
    mark = "," if name.endswith("csv") else "\t"
    text = 'prompt\n"a cat\nin the snow"\n"a dog"\n'
    if key:
        text = f'key{mark}prompt\nk1{mark}"a cat\nin the snow"\nk2{mark}a dog\n'
    for ends in ("\n", "\r\n", "\n"):
        folder.run(folder.write(text.replace("\n", ends), name), "--yes")
        assert folder.created() == 2
    folder.run(folder.write(text.replace("\n", "\r\n").replace("cat\r\n", "cat\r"), name), "--yes")
    assert folder.created() == 2
    assert {job["prompt"] for job in folder.sandbox.stats()["jobs"]} == {"a cat\nin the snow", "a dog"}


@pytest.mark.parametrize("ends", ["\n", "\r\n"])
@pytest.mark.parametrize("key", ["", "k1"])
def test_what_an_older_version_has_sent_with_crlf_is_paid(folder: Folder, key: str, ends: str) -> None:
    """It took the ends of lines as they stood. JSON says them itself, and so writes the same ledger."""
    row = {**({"key": key} if key else {}), "prompt": "a cat\r\nin the snow"}
    folder.run(folder.write(json.dumps(row) + "\n", "rows.jsonl"), "--yes")
    text = 'prompt\n"a cat\nin the snow"\n' if not key else 'key,prompt\nk1,"a cat\nin the snow"\n'
    for _ in range(2):
        folder.run(folder.write(text.replace("\n", ends)), "--yes")
        assert folder.created() == 1
    folder.check_pictures(1)
    assert folder.run(folder.write(json.dumps({**row, "prompt": "a dog"}) + "\n", "rows.jsonl"), "--yes", code=2 if key else 0)


@pytest.mark.parametrize("name", ["2025", "20261130", "0000", "0001"])
@pytest.mark.parametrize("first", ["outer", "inner"])
def test_a_batch_within_the_folder_keeps_its_pictures(folder: Folder, name: str, first: str) -> None:
    """Each sub-folder of digits was looked through, and what was found last had the name of a row's picture."""
    outer = folder.write("key,prompt\nk1,apple\nk2,pear\n", "outer.csv")
    inner = folder.write("key,prompt\nk1,banana\nk2,cherry\n", "inner.csv")
    within = Folder(folder.path, folder._command, folder.sandbox)
    within.out = folder.out / name
    runs = [(folder, outer), (within, inner)]
    for one, file in [*(runs if first == "outer" else reversed(runs)), *runs]:
        one.run(file, "--yes")
    for one, drawn in ((folder, ["apple", "pear"]), (within, ["banana", "cherry"])):
        assert list(prompts_of(one).values()) == drawn
        assert {key: entry["files"] for key, entry in one.results().items()} == {"k1": ["k1-0.png"], "k2": ["k2-0.png"]}
        lines = (one.out / "metadata.jsonl").read_text(encoding="utf-8").splitlines()
        assert [json.loads(line)["text"] for line in lines] == drawn
    (folder.out / "k1-0.png").unlink()
    folder.run(outer)
    assert prompts_of(folder)["k1-0.png"] == "apple" and folder.created() == 4


@pytest.mark.parametrize("name", ["20261130", "7", "\u0662\u0663", "\u00b2", "0000", "0001"])
def test_a_copy_of_pictures_stands_for_none(folder: Folder, name: str) -> None:
    file = folder.write("key,prompt\nk1,apple\nk2,pear\n")
    folder.run(file, "--yes")
    (folder.out / name).mkdir()
    shutil.copy(folder.out / "k2-0.png", folder.out / name / "k1-0.png")
    folder.run(file)
    (folder.out / "k1-0.png").unlink()
    folder.run(file)
    assert prompts_of(folder) == {"k1-0.png": "apple", "k2-0.png": "pear"} and folder.created() == 2
    assert folder.results()["k1"]["files"] == ["k1-0.png"]


def test_a_file_of_the_listed_path_counts() -> None:
    """Of two files of one name in folders that the batch has made itself."""
    index = Index(Options(provider="tencent"))
    listed = {"a": ["0001/a-0.png"], "b": ["../x.png", "2/b-0.png"]}
    index.load_results({"key": key, "state": "done", "files": files} for key, files in listed.items())
    assert index.rooms == {"0001"}
    rooms = {"": "ac", "0000": "a", "0001": "ac", "0002": "a"}
    index.load_files((os.path.join(room, f"{key}-0.png"), 5) for room, keys in rooms.items() for key in keys)
    assert (index.file_of("a-0"), index.file_of("c-0")) == ("0001/a-0.png", "c-0.png")


@pytest.mark.parametrize("end", ["be", "le"])
@pytest.mark.parametrize("name", ["u16", "UTF 16", "utf16", "Utf-16", "U32", "utf_16_{}", "UTF-32{}", "cp037", "cp500"])
def test_lines_of_wide_encodings(tmp_path: Path, name: str, end: str) -> None:
    """Names that Python takes for UTF-16 or EBCDIC, in which the byte 0A is no end of a line: garbage was paid for."""
    name = name.format(end)
    text = "cat\ndog\nhouse, \u5a9a\n" if "cp" not in name else "cat\ndog\nhouse, x\n"
    base = {"U32": "utf-32", "cp037": name, "cp500": name}.get(name, "utf-32" if "32" in name else "utf-16")
    data = text.encode(base) if base.startswith("cp") else ("\ufeff" + text).encode(f"{base}-{end}")
    (tmp_path / "rows.txt").write_bytes(data)
    source = FileSource(str(tmp_path / "rows.txt"), encoding=name)
    found = [read.cells["prompt"] for read in source.read() if isinstance(read, Cells)]
    assert found == text.splitlines()


# A journal that knows less than the folder


def cut(folder: Folder, file: Path, jobs: int, *options: str) -> None:
    """Starts a run and kills it when so many jobs are accepted, and none is fetched."""
    folder.sandbox.config(duration=6.0)
    process = folder.start(file, "--yes", *options)
    ledger = folder.out / ".aigc" / "rows.jsonl"
    until(lambda: ledger.exists() and ledger.read_text(encoding="utf-8").count('"accepted"') == jobs)
    process.kill()
    process.wait(10)
    folder.sandbox.config(duration=0.3)


@pytest.mark.parametrize("first, second", [(None, "J2"), ("J3", None), ("J3", "J4")])
def test_another_journal_pays_nothing_again(folder: Folder, first: Any, second: Any) -> None:
    options = [("--journal", str(folder.path / name)) if name else () for name in (first, second)]
    paths = [str(folder.path / name) if name else folder.journal for name in (first, second)]
    file = folder.write("key,prompt\n" + "".join(f"k{n},cat {n}\n" for n in range(6)))
    cut(folder, file, 6, *options[0])
    longer = folder.write("key,prompt\n" + "".join(f"k{n},cat {n}\n" for n in range(7)))
    done = folder.run(longer, "--max-jobs", "1", *options[1])
    assert "6 to fetch (free)" in done.stderr and all(path in done.stderr for path in paths), done.stderr
    folder.check_pictures(7)
    assert folder.created() == 7
    (folder.out / "k0-0.png").unlink()
    folder.run(longer, *options[1])  # By the id that is in the results.
    folder.run(longer, *options[0])
    folder.check_pictures(7)
    assert folder.created() == 7
    edited = folder.write("key,prompt\nk1,an edited cat\n")
    assert "was sent with other fields" in folder.run(edited, "--yes", *options[1], code=2).stderr
    folder.run(edited, "--yes", "--again", "k1", *options[1])
    assert folder.created() == 8


def test_a_row_without_an_answer_is_not_sent_through_another_journal(folder: Folder, sandbox: Any) -> None:
    file = folder.write("key,prompt\na,aa\nb,bb\nc,cc\n")
    sandbox.fault("reset_after", CREATE, times=1)
    folder.run(file, "--yes", "--journal", str(folder.path / "J"), code=6)
    done = folder.run(file, "--yes", code=2)
    assert done.stderr.count("does not know the row") == 1 and str(folder.path / "J") in done.stderr, done.stderr
    assert folder.journal in done.stderr and "--again KEY" in done.stderr and folder.created() == 3
    (doubt,) = journal.rows(str(folder.path / "J"), states=["unknown"])
    folder.run(file, "--yes", "--again", doubt["key"])
    assert folder.created() == 4


def test_a_lost_journal_and_an_older_copy_pay_nothing_again(folder: Folder, sandbox: Any) -> None:
    first = folder.write("key,prompt\na,aa\n", "first.csv")
    folder.run(first, "--yes")
    copy = folder.path / "copy"
    shutil.copytree(folder.journal, copy)
    file = folder.write("key,prompt\na,aa\nb,bb\nc,cc\n")
    cut(folder, file, 3)  # One of them by the run before.
    for path in Path(folder.journal).glob("jobs.db*"):
        path.unlink()
    for path in copy.glob("jobs.db*"):
        shutil.copy(path, folder.journal)
    done = folder.run(file, "--dry-run")
    assert "1 done, 2 to fetch (free)" in done.stdout and "to send    0" in done.stdout
    for path in Path(folder.journal).glob("jobs.db*"):
        path.unlink()
    assert "1 done, 2 to fetch (free)" in folder.run(file).stderr
    folder.check_pictures(3)
    assert folder.created() == 3


def on_the_wire(folder: Folder, file: Path, jobs: int, *options: str) -> None:
    """Starts a run and kills it when the cloud has made so many jobs whose answers are still on their way."""
    folder.sandbox.fault("delay_after", CREATE, times=jobs, ms=60_000)
    before = folder.created()
    process = folder.start(file, "--yes", *options)
    until(lambda: folder.created() == before + jobs)
    process.kill()
    process.wait(10)
    folder.sandbox.clear_faults()


def take_away(place: str, instead: Any = None) -> None:
    """Takes the database of a journal away, or puts an older copy in its place."""
    for path in Path(place).glob("jobs.db*"):
        path.unlink()
    for path in Path(instead).glob("jobs.db*") if instead else ():
        shutil.copy(path, place)


@pytest.mark.parametrize("named", [False, True])
@pytest.mark.parametrize("lost", ["older copy", "copy of another run", "gone", "made anew"])
def test_a_row_on_the_wire_is_not_sent_again_where_the_journal_is_another(folder: Folder, named: bool, lost: str) -> None:
    place = str(folder.path / "J") if named else folder.journal
    options = ("--journal", place) if named else ()
    first, other = folder.write("key,prompt\nx,xx\n", "first.csv"), folder.write("key,prompt\ny,yy\n", "other.csv")
    folder.run(first, "--yes", *options)
    copy = folder.path / "copy"
    shutil.copytree(place, copy)
    file = folder.write("key,prompt\nx,xx\na,aa\n")
    on_the_wire(folder, file, 1, *options)
    assert folder.created() == 2
    take_away(place, copy if "copy" in lost else None)
    if lost in ("copy of another run", "made anew"):
        folder.run(other, "--yes", *options)
    created = folder.created()
    for _ in range(2):
        done = folder.run(file, "--yes", *options, code=2)
        assert "this row was sent" in done.stderr and "--again KEY" in done.stderr, done.stderr
    folder.run(file, "--yes", "--again", "a", *options)
    assert folder.created() == created + 1


def test_an_older_refusal_frees_no_row_that_left_since(folder: Folder, sandbox: Any) -> None:
    file = folder.write("key,prompt\na,aa\n")
    sandbox.fault("error", CREATE, times=1, code="InvalidParameter")
    folder.run(file, "--yes", code=3)
    copy = folder.path / "copy"
    shutil.copytree(folder.journal, copy)
    assert [row["state"] for row in journal.rows(folder.journal)] == ["refused"]
    edited = folder.write("key,prompt\na,another\n")
    on_the_wire(folder, edited, 1)
    take_away(folder.journal, copy)
    assert "this row was sent" in folder.run(edited, "--yes", code=2).stderr and folder.created() == 1


def test_rows_that_have_not_left_are_sent_through_any_journal(folder: Folder, sandbox: Any) -> None:
    file = folder.write("key,prompt\n" + "".join(f"k{n},cat {n}\n" for n in range(9)))
    folder.sandbox.fault("delay_after", CREATE, times=1, ms=60_000)
    process = folder.start(file, "--yes", "-c", "http.max_in_flight=1")
    ledger = folder.out / ".aigc" / "rows.jsonl"
    until(lambda: folder.created() == 1 and ledger.read_text(encoding="utf-8").count('"leaves"') == 9)
    process.kill()
    process.wait(10)
    sandbox.clear_faults()
    done = folder.run(file, "--yes", code=6)  # With its journal: one row is in doubt, the others were not sent.
    assert "8 done, 0 failed, 1 in doubt" in done.stdout and folder.created() == 9, done.stdout
    with ledger.open("a", encoding="utf-8") as opened:
        opened.write(json.dumps({"key": "late", "print": None, "held": True}) + "\n")
    take_away(folder.journal)
    late = folder.write("key,prompt\nlate,a late cat\n", "late.csv")
    folder.run(late, "--yes")
    assert folder.created() == 10


def test_an_id_that_the_journal_cannot_keep_is_in_the_ledger(folder: Folder, sandbox: Any) -> None:
    long = "k" * 190  # Longer than the text of the warning shows, and one that its quotes would cut.
    file = folder.write(f'key,prompt\n{long},aa\n"a ""red"" one",bb\n')
    sandbox.fault("delay_after", CREATE, times=2, ms=3000)
    process = folder.start(file, "--yes")
    until(lambda: folder.created() == 2)
    ids = {job["id"] for job in sandbox.stats()["jobs"]}
    with open(os.path.join(folder.journal, "lock"), "r+b") as lock:  # Another process that is stopped has it.
        fcntl.flock(lock, fcntl.LOCK_EX)
        process.send_signal(signal.SIGINT)
        ledger = folder.out / ".aigc" / "rows.jsonl"
        until(lambda: all(number in ledger.read_text(encoding="utf-8") for number in ids), 120)
        log = folder.path / "log"
        until(lambda: all(number in log.read_text(encoding="utf-8") for number in ids))
        process.kill()
        process.wait(10)
    done = folder.run(file)
    assert "2 to fetch (free)" in done.stderr and folder.created() == 2, done.stderr
    folder.check_pictures(2)


def test_lost_notes_beside_results_pay_nothing_again(folder: Folder) -> None:
    file = folder.write("key,prompt\na,aa\nb,bb\n")
    folder.run(file, "--yes")
    folder.run(file, "--yes", "--again", "a")
    kept = folder.path / "kept"
    kept.mkdir()
    for path in folder.out.glob("*.png"):
        path.rename(kept / path.name)
    shutil.rmtree(folder.journal)
    results = folder.out / "results.jsonl"
    whole = results.read_text(encoding="utf-8")
    entries = [json.loads(line) for line in whole.splitlines()]
    older = "".join(json.dumps({**entry, "print": None}) + "\n" for entry in entries)  # An older version had no such field.
    results.write_text(older, encoding="utf-8")
    done = folder.run(file, "--yes", code=2)
    assert "this row was sent (id " in done.stderr and folder.created() == 3, done.stderr
    results.write_text(whole, encoding="utf-8")
    edited = folder.write("key,prompt\na,another\nb,bb\n", "edited.csv")
    assert "was sent with other fields" in folder.run(edited, "--yes", code=2).stderr
    folder.run(file, "--yes")
    assert {path.name for path in folder.out.glob("*.png")} == {"a~2-0.png", "b-0.png"} and folder.created() == 3
    assert all(path.read_bytes() == (kept / path.name).read_bytes() for path in folder.out.glob("*.png"))
    bare = Folder(folder.path / "bare", folder._command, folder.sandbox)
    bare.path.mkdir()
    texts = bare.write("aa\nbb\n", "rows.txt")
    bare.run(texts, "--yes")
    shutil.rmtree(bare.journal)
    for path in bare.out.glob("*.png"):
        path.unlink()
    assert "2 to fetch (free)" in bare.run(texts, "--yes").stderr
    assert folder.created() == 5 and len(list(bare.out.glob("*.png"))) == 2


# Rows whose jobs were there before


def test_a_row_of_another_folder_is_a_conflict_once_it_is_edited(folder: Folder) -> None:
    shared = ("--journal", str(folder.path / "journal"))
    file = folder.write("key,prompt\nn1,a cat\nn2,a dog\n")
    folder.run(file, "--yes", *shared)
    other = Folder(folder.path / "other", folder._command, folder.sandbox)
    other.path.mkdir()
    other.run(file, *shared)
    edited = other.write("key,prompt\nn1,a rat\nn2,a dog\n")
    assert "was sent with other fields" in other.run(edited, *shared, code=2).stderr
    (other.out / ".aigc" / "rows.jsonl").unlink()  # As an older version left the folder: the journal compares.
    assert "n1: conflict" in other.run(edited, *shared, code=1).stderr
    assert other.results()["n2"]["state"] == "done" and folder.created() == 2
    other.run(file, *shared)
    assert "was sent with other fields" in other.run(edited, *shared, code=2).stderr
    assert folder.created() == 2


def test_a_key_of_a_repetition_is_no_key_of_a_row(folder: Folder) -> None:
    file = folder.write("key,prompt\ne1,a cat\n")
    folder.run(file, "--yes")
    folder.run(file, "--yes", "--again", "e1")
    done = folder.run(folder.write("key,prompt\ne1,a cat\ne1~2,a rat\n"), "--yes", code=2)
    assert "was paid once more under the key e1~2" in done.stderr and folder.created() == 2


def test_a_free_row_is_never_paid(folder: Folder, keys: Dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    shared = ("--journal", str(folder.path / "journal"))
    file = folder.write("key,prompt\na,aa\nb,bb\n")
    folder.run(file, "--yes", *shared)
    other = Folder(folder.path / "other", folder._command, folder.sandbox)
    other.path.mkdir()
    done = other.run(file, "--max-jobs", "0", *shared, "-c", "journal.keep_ms=0")  # Its own client forgets the keys.
    assert "2 to fetch (free)" in done.stderr and "2 not sent" in done.stdout and folder.created() == 2, done.stdout
    done = other.run(file, *shared, code=2)
    assert "2 jobs are new" in done.stderr and folder.created() == 2


def test_json_events(folder: Folder) -> None:
    done = folder.run(folder.write("key,prompt\na,x\n"), "--yes", "--json")
    events = [json.loads(line) for line in done.stdout.splitlines()]
    kinds = [event["type"] for event in events]
    assert kinds[0] == "plan" and kinds[-1] == "end" and "row" in kinds and "summary" in kinds
    assert next(event for event in events if event["type"] == "row")["files"] == [str(folder.out / "a-0.png")]


def test_names_that_are_there_twice_and_words_for_nothing_are_no_pictures(folder: Folder) -> None:
    twice = folder.path / "twice.parquet"
    parquet.write_table(pyarrow.table([["a cat"], ["a dog"]], names=["prompt", "prompt"]), twice)
    assert "the column prompt is there twice" in folder.run(twice, "--yes", code=2).stderr
    words = ("nan", "NULL", "None", " NaN ", "<NA>", "N/A", "#N/A", "NaT", "\\N")
    file = folder.write("key,prompt\n" + "".join(f"k{n},{word}\n" for n, word in enumerate(words)) + "good,a nan bread\n")
    done = folder.run(file, "--yes", code=2)
    assert done.stderr.count("for a missing value") == len(words) and "line 11" not in done.stderr, done.stderr
    animals = folder.write("key,animal\na,None\n", "animals.csv")
    assert "for a missing value" in folder.run(animals, "--yes", "--prompt", "{animal}", code=2).stderr
    with pytest.raises(aigc.batch.PlanError, match="for a missing value"):
        aigc.batch.run(["a cat", str(None)], out=folder.out, provider="tencent")
    assert folder.created() == 0


# From a program


def settings_of(folder: Folder, keys: Dict[str, Any]) -> Dict[str, Any]:
    return {"out": folder.out, "config": keys, "provider": "tencent"}


def test_from_a_program(folder: Folder, keys: Dict[str, Any]) -> None:
    rows: List[Any] = [{"key": "a", "prompt": "x"}, {"key": "b", "prompt": "y"}]
    with aigc.batch.plan(rows, out=folder.out, provider="tencent") as plan:
        assert plan.ok and plan.numbers.send == 2 and "2 new jobs" in str(plan)
    assert not folder.out.exists()
    with pytest.raises(aigc.batch.PlanError, match="max-jobs allows 1"):
        aigc.batch.run(rows, **settings_of(folder, keys), max_jobs=1)
    summary = aigc.batch.run(rows, **settings_of(folder, keys), max_jobs=2)
    summary.raise_for_failures()
    assert summary.rows == 2 and summary.counts == {"done": 2} and summary.exit_code == 0
    rows.append(aigc.Request("tencent", "aigc_image", prompt="z [fail]", key="c"))
    ended = {row.key: row for row in aigc.batch.as_completed(iter(rows), **settings_of(folder, keys))}
    assert {key: (row.state, row.is_new) for key, row in ended.items()} == {
        "a": ("done", False), "b": ("done", False), "c": ("failed", True)
    }
    assert all(row.token for row in ended.values())
    assert ended["a"].ok and Path(ended["a"].files[0]).read_bytes() and folder.created() == 3
    with pytest.raises(aigc.batch.FailuresError, match="2 are done, 1 failed"):
        aigc.batch.run(rows, **settings_of(folder, keys)).raise_for_failures()
    with pytest.raises(aigc.batch.PlanError, match="did you mean count"):
        aigc.batch.run([{"prompt": "x", "cuont": 1}], **settings_of(folder, keys))


def test_a_key_is_the_same_number_from_every_reader(folder: Folder, keys: Dict[str, Any]) -> None:
    folder.run(folder.write("key,prompt\n1,one\n2,two\n"), "--yes")
    rows = [(1, "one"), (2, "two"), (3, "three")]
    texts = {
        "floats.csv": "key,prompt\n" + "".join(f"{key}.0,{prompt}\n" for key, prompt in rows),
        "floats.jsonl": "".join(json.dumps({"key": float(key), "prompt": prompt}) + "\n" for key, prompt in rows),
        "numbers.jsonl": "".join(json.dumps({"key": key, "prompt": prompt}) + "\n" for key, prompt in rows),
    }
    for name, text in texts.items():
        folder.run(folder.write(text, name), "--yes")
        assert folder.created() == 3, name
    frame = pandas.read_csv(io.StringIO("key,prompt\n1,one\n2,two\n,three\n"))
    with pytest.raises(aigc.batch.PlanError, match="the key is empty"):
        aigc.batch.run_frame(frame, **settings_of(folder, keys))
    with pytest.raises(aigc.batch.PlanError, match="the key is empty"):
        aigc.batch.run_frame(polars.DataFrame({"key": [1.0, None], "prompt": ["a", "b"]}), **settings_of(folder, keys))
    frame.loc[2, "key"] = 3
    for made in (frame, frame.convert_dtypes(), polars.DataFrame(frame.to_dict("list"))):
        assert list(aigc.batch.run_frame(made, **settings_of(folder, keys))["aigc_state"]) == ["done"] * 3
    parquet.write_table(pyarrow.table({"key": [1.0, 2.0, 3.0], "prompt": ["one", "two", "three"]}), folder.path / "x.parquet")
    folder.run(folder.path / "x.parquet", "--yes")
    done = folder.run(folder.write("key,prompt\n1,one\n1.0,one\n", "twice.csv"), "--yes", code=2)
    assert "1 and 1.0 are one key" in done.stderr and folder.created() == 3
    folder.check_pictures(3)


def test_what_an_older_version_sent_as_a_float_is_not_paid_again(folder: Folder, keys: Dict[str, Any]) -> None:
    """Such a version made the key "2.0" of a whole number in a column of floats."""
    shared = folder.path / "journal"
    with aigc.Client({**keys, "journal.path": str(shared)}) as client:
        for key, prompt in (("1.0", "one"), ("2", "two"), ("2.0", "two")):
            client.submit("tencent", "aigc_image", prompt=prompt, key=key).wait(30)
    assert folder.created() == 3
    file = folder.write("key,prompt\n1,one\n2,two\n3,three\n")
    folder.run(file, "--yes", "--journal", str(shared))  # The journal alone says it.
    assert folder.created() == 4 and {path.name for path in folder.out.glob("*.png")} == {"1.0-0.png", "2-0.png", "3-0.png"}
    ledger, results = folder.out / ".aigc" / "rows.jsonl", folder.out / "results.jsonl"
    lines = map(json.loads, ledger.read_text(encoding="utf-8").splitlines())
    mark = next(entry["print"] for entry in lines if entry.get("key") == "3")
    noted = [{"key": "1.0", "print": mark, "prompt": "one"}, {"key": "4.0", "journal_key": "4.0~2", "print": "x"}]
    ledger.write_text("".join(json.dumps(entry) + "\n" for entry in noted), encoding="utf-8")
    results.unlink()
    done = folder.run(file, "--journal", str(shared), code=2)
    assert "was sent with other fields" in done.stderr  # The print is that of row 3.
    ledger.unlink()
    done = folder.run(file, "--yes", "--again", "1.0", "--journal", str(shared))
    assert folder.created() == 5 and folder.results()["1"]["journal_key"] == "1~2"
    folder.run(file, "--journal", str(shared))
    assert folder.created() == 5


def test_a_day_is_one_key_in_every_format(folder: Folder, keys: Dict[str, Any]) -> None:
    """pandas and Parquet make a midnight of a day, and write a day into a table: each row was paid again."""
    days = pandas.to_datetime(["2026-01-01", "2026-01-02"])
    frame = pandas.DataFrame({"key": days, "prompt": ["one", "two"]})
    frame.to_parquet(folder.path / "days.parquet")
    for name, form in (("midnights.csv", None), ("times.csv", "%F %T")):
        folder.write(frame.to_csv(index=False, date_format=form), name)
    pandas.DataFrame({"key": days.date, "prompt": ["one", "two"]}).to_parquet(folder.path / "dates.parquet")
    for name in ("days.parquet", "midnights.csv", "times.csv", "dates.parquet"):
        folder.run(folder.path / name, "--yes")
        assert folder.created() == 2 and set(folder.results()) == {"2026-01-01", "2026-01-02"}, name
    assert list(aigc.batch.run_frame(frame, **settings_of(folder, keys))["aigc_state"]) == ["done"] * 2
    other = pandas.DataFrame({"key": [*days, pandas.Timestamp("2026-01-01 10:00")], "prompt": ["one", "two", "three"]})
    folder.run(folder.write(other.to_csv(index=False), "three.csv"), "--yes")
    assert set(folder.results()) == {"2026-01-01", "2026-01-02", "2026-01-01 10:00:00"} and folder.created() == 3
    twice = folder.write("key,prompt\n2026-01-01,one\n2026-01-01 00:00:00,one\n", "twice.csv")
    assert "2026-01-01 and 2026-01-01 00:00:00 are one key" in folder.run(twice, "--yes", code=2).stderr
    folder.check_pictures(3)


def test_what_an_older_version_sent_as_a_midnight_is_not_paid_again(folder: Folder, keys: Dict[str, Any]) -> None:
    shared = folder.path / "journal"
    with aigc.Client({**keys, "journal.path": str(shared)}) as client:
        client.submit("tencent", "aigc_image", prompt="one", key="2026-01-01 00:00:00").wait(30)
    file = folder.write("key,prompt\n2026-01-01,one\n2026-01-02,two\n")
    for _ in range(2):
        folder.run(file, "--yes", "--journal", str(shared))
        assert folder.created() == 2 and set(folder.results()) == {"2026-01-01", "2026-01-02"}


def test_a_loop_that_is_left(folder: Folder, keys: Dict[str, Any]) -> None:
    rows = [f"cat {n}" for n in range(12)]
    loop = aigc.batch.as_completed(rows, **settings_of(folder, keys))
    assert next(loop).ok
    loop.close()  # type: ignore[attr-defined]
    assert aigc.batch.run(rows, **settings_of(folder, keys)).counts == {"done": 12}
    assert folder.created() == 12
