"""The journal from Python and from the command: one bill for a key, whatever dies between."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, Dict, List

import aigc
import pytest
from aigc import journal
from aigc._cli.owed import Owed
from support import Command, environment

CAT: Dict[str, Any] = {"provider": "tencent", "operation": "aigc_image", "prompt": "a cat with a key"}


def created(sandbox: Any) -> int:
    return int(sandbox.stats()["jobs_created"].get("tencent", 0))


@pytest.fixture
def keys_with_journal(keys: Dict[str, Any], tmp_path: Path) -> Dict[str, Any]:
    return {**keys, "journal.path": str(tmp_path / "journal")}


def test_a_key_is_paid_once_in_one_client_and_the_next(sandbox: Any, keys_with_journal: Dict[str, Any]) -> None:
    with aigc.Client(keys_with_journal) as client:
        first = client.submit(**CAT, key="k1").wait(30)
        again = client.submit(**CAT, key="k1").wait(30)
        assert first.key == again.key == "k1" and first.remote_id == again.remote_id
        with pytest.raises(aigc.errors.KeyConflictError):
            client.submit(**{**CAT, "prompt": "another cat"}, key="k1")
        made_up = client.submit(**CAT).wait(30)
        assert made_up.key and made_up.key != "k1"
    with aigc.Client(keys_with_journal) as client:
        (download,) = client.generate(**CAT, key="k1", timeout=30)
        assert download.data == sandbox.image("tencent", str(first.remote_id), 0)
        assert client.attach_key("k1").wait(30).remote_id == first.remote_id
        with pytest.raises(aigc.errors.NotFoundError):
            client.attach_key("k2")
    assert created(sandbox) == 2


def test_an_empty_key_is_no_key(command: Command, sandbox: Any, keys_with_journal: Dict[str, Any]) -> None:
    """As from a variable that is not set: without a name each try would be paid."""
    with aigc.Client(keys_with_journal) as client, pytest.raises(aigc.errors.InvalidArgumentError) as caught:
        client.submit(**CAT, key="")
    assert caught.value.field == "key"
    done = command.run("generate", "--provider", "tencent", "a cat", "--journal", keys_with_journal["journal.path"], "--key", "")
    assert done.returncode == 2 and "key" in done.stderr
    assert created(sandbox) == 0


def test_two_folders_under_one_path_pay_once(sandbox: Any, keys_with_journal: Dict[str, Any], tmp_path: Path) -> None:
    with aigc.Client(keys_with_journal) as first:
        first.submit(**CAT, key="k1").wait(30)
        (tmp_path / "journal").rename(tmp_path / "moved")
        with aigc.Client(keys_with_journal) as second:
            second.submit(**CAT, key="k2").wait(30)
            with pytest.raises(aigc.errors.JournalError):
                first.submit(**CAT, key="k2").wait(30)
    assert created(sandbox) == 2


def test_asyncio_and_typed_operations(sandbox: Any, keys_with_journal: Dict[str, Any]) -> None:
    async def main() -> None:
        async with aigc.aio.Client(keys_with_journal) as client:
            first = await client.tencent.aigc_image("a cat with a key", key="k1").wait(30)
            again = await client.submit(**CAT, key="k1").wait(30)
            assert first.remote_id == again.remote_id

    asyncio.run(main())
    assert created(sandbox) == 1


def test_the_environment_names_the_journal(
    sandbox: Any, keys: Dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AIGC_JOURNAL", str(tmp_path / "j"))
    with aigc.Client(keys) as client:
        assert client.submit(**CAT, key="k1").wait(30).key == "k1"
    with aigc.Client({**keys, "journal.path": ""}) as client, pytest.raises(aigc.CallError):
        client.submit(**CAT, key="k2")
    assert [row["key"] for row in journal.rows(tmp_path / "j")] == ["k1"]


def test_a_held_job_waits_for_its_release(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**CAT, hold=True)
        ready = next(event for event in client.events(timeout=10) if event.type is aigc.EventType.JOB_READY)
        assert ready.job == job
        time.sleep(0.3)
        assert created(sandbox) == 0 and job.state is aigc.State.QUEUED
        job.release()
        job.wait(30)
        with pytest.raises(aigc.errors.WrongStateError):
            client.submit(**CAT).wait(30).release()


def test_tools_list_show_check_and_prune(sandbox: Any, keys_with_journal: Dict[str, Any]) -> None:
    folder = keys_with_journal["journal.path"]
    with pytest.raises(aigc.errors.JournalError):
        list(journal.rows(folder))
    with aigc.Client(keys_with_journal) as client:
        names = [f"batch/{i:03}" for i in range(25)] + ["键/一"]
        for job in [client.submit(**{**CAT, "prompt": f"cat {i}"}, key=key) for i, key in enumerate(names)]:
            job.wait(30)
    assert [row["key"] for row in journal.rows(folder, page=7)] == sorted(names, key=str.encode)
    assert [row["key"] for row in journal.rows(folder, prefix="键")] == ["键/一"]
    assert list(journal.rows(folder, states=["unknown"])) == []
    row = journal.row(folder, "batch/001")
    assert row is not None and row["state"] == "succeeded" and row["remote_id"] and journal.row(folder, "batch/0") is None
    report = journal.check(folder)
    assert report["ok"] and report["counts"]["succeeded"] == 26
    assert "cat 1" not in json.dumps(report)
    assert journal.prune(folder, 3600) == 0
    assert journal.prune(folder, 0) == 26


def test_the_command_line_again_is_the_same_picture(command: Command, sandbox: Any, tmp_path: Path) -> None:
    line = ("generate", "--provider", "tencent", "a cat in a command", "--journal", str(tmp_path / "j"), "--key", "k1")
    files: List[bytes] = []
    for _ in range(3):
        done = command.run(*line, "--out", str(tmp_path / "out"))
        assert done.returncode == 0, done.stderr
        files.append(Path(done.stdout.strip()).read_bytes())
    assert len(set(files)) == 1 and len(list((tmp_path / "out").iterdir())) == 1
    assert created(sandbox) == 1
    other = command.run(*line[:3], "another prompt", *line[4:])
    assert other.returncode != 0 and "k1" in other.stderr
    assert created(sandbox) == 1


@pytest.mark.parametrize("after", [0.05, 0.35, 0.6, 0.9])
def test_a_killed_command_pays_once(command: Command, sandbox: Any, tmp_path: Path, after: float) -> None:
    sandbox.fault("delay_after", "CreateAigcImageTask", ms=300)
    line = ("generate", "--provider", "tencent", "a cat to kill", "--journal", str(tmp_path / "j"), "--key", "k1")
    process = command.start(*line, "--out", str(tmp_path / "out"), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    done = command.run(*line, "--out", str(tmp_path / "out"))
    if done.returncode == 6:  # It was on the wire: in doubt, and never sent again.
        assert created(sandbox) <= 1
        listed = command.run("jobs", "list", "--journal", str(tmp_path / "j"), "--state", "unknown")
        assert json.loads(listed.stdout)["key"] == "k1"
        jobs = sandbox.stats()["jobs"]
        if jobs:
            resolve = ("jobs", "resolve", "k1", "--journal", str(tmp_path / "j"), "--as", "accepted", "--id")
            assert command.run(*resolve, jobs[0]["id"]).returncode == 0
        else:
            resolve = ("jobs", "resolve", "k1", "--journal", str(tmp_path / "j"), "--as", "not-sent")
            assert command.run(*resolve).returncode == 0
        done = command.run(*line, "--out", str(tmp_path / "out"))
    assert done.returncode == 0, done.stderr
    assert created(sandbox) == 1
    (job,) = sandbox.stats()["jobs"]
    assert Path(done.stdout.strip()).read_bytes() == sandbox.image("tencent", job["id"], 0)


PROGRAM = """
import os, sys, aigc, json
keys = json.loads(sys.argv[1])
client = aigc.Client(keys)
jobs = [client.submit("tencent", "aigc_image", prompt=f"[slow] cat {i}", key=f"k{i}") for i in range(5)]
while any(job.remote_id is None for job in jobs): pass
print("accepted", flush=True)
os.kill(os.getpid(), 9)
"""


def test_jobs_of_a_killed_program_are_resumed(
    command: Command, sandbox: Any, keys_with_journal: Dict[str, Any], tmp_path: Path
) -> None:
    arguments = [sys.executable, "-c", PROGRAM, json.dumps(keys_with_journal)]
    killed = subprocess.run(arguments, env=environment(), capture_output=True, text=True, timeout=60)
    assert killed.returncode == -signal.SIGKILL and killed.stdout == "accepted\n", killed.stderr
    done = command.run(
        "jobs", "resume", "--journal", keys_with_journal["journal.path"], "--out", str(tmp_path / "out")
    )
    assert done.returncode == 0, done.stderr
    assert len(done.stdout.splitlines()) == 5
    assert created(sandbox) == 5
    assert all(row["state"] == "succeeded" for row in journal.rows(keys_with_journal["journal.path"]))


@pytest.mark.parametrize("victim", ["generate", "resume"])
def test_a_command_that_is_killed_while_images_come(
    command: Command, sandbox: Any, keys_with_journal: Dict[str, Any], tmp_path: Path, victim: str
) -> None:
    """The job has ended for the journal, and nobody has its images: resuming fetches them, and only once."""
    folder = keys_with_journal["journal.path"]
    resume = ("jobs", "resume", "--journal", folder, "--out", str(tmp_path / "out"))
    if victim == "generate":
        line = ("generate", "--provider", "tencent", "a cat", "--journal", folder, "--key", "k1", "--out", resume[-1])
    else:
        line = resume
        arguments = [sys.executable, "-c", PROGRAM, json.dumps(keys_with_journal)]
        assert subprocess.run(arguments, env=environment(), capture_output=True, timeout=60).returncode == -signal.SIGKILL
    fault = sandbox.fault("drip", "asset", times=-1, interval_ms=1000, size=16)
    process = command.start(*line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    while not sandbox.asset_requests() or any(row["state"] != "succeeded" for row in journal.rows(folder)):
        assert process.poll() is None
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait(10)
    sandbox.clear_faults()
    jobs = sandbox.stats()["jobs"]
    done = command.run(*resume)
    assert done.returncode == 0, done.stderr
    assert f"{len(jobs)} more" in done.stderr
    images = sorted(Path(line).read_bytes() for line in done.stdout.splitlines())
    assert images == sorted(sandbox.image("tencent", job["id"], 0) for job in jobs)
    asked = len(sandbox.asset_requests())
    again = command.run(*resume)
    assert again.returncode == 0 and again.stdout == "" and len(sandbox.asset_requests()) == asked, again
    assert not list((Path(folder) / "owed").iterdir())
    assert created(sandbox) == len(jobs)


def test_an_interrupted_command_still_owes_its_images(command: Command, sandbox: Any, tmp_path: Path) -> None:
    folder = str(tmp_path / "j")
    sandbox.fault("drip", "asset", times=-1, interval_ms=1000, size=16)
    line = ("generate", "--provider", "tencent", "a cat", "--journal", folder, "--out", str(tmp_path / "out"))
    process = command.start(*line, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    while not sandbox.asset_requests():
        assert process.poll() is None
        time.sleep(0.02)
    busy = command.run("jobs", "resume", "--journal", folder, "--out", str(tmp_path / "other"))
    assert busy.returncode == 0 and busy.stdout == "", "a command that lives fetches its images itself"
    process.send_signal(signal.SIGINT)
    _, told = process.communicate(timeout=30)
    assert "aigc1:" in told
    sandbox.clear_faults()
    done = command.run("jobs", "resume", "--journal", folder, "--out", str(tmp_path / "out"))
    assert done.returncode == 0 and len(done.stdout.splitlines()) == 1, done
    assert created(sandbox) == 1


def test_notes_of_what_is_owed_that_make_no_sense(command: Command, sandbox: Any, tmp_path: Path) -> None:
    line = ("generate", "--provider", "tencent", "a cat", "--journal", str(tmp_path / "j"), "--out", str(tmp_path / "out"))
    assert command.run(*line).returncode == 0
    owed = tmp_path / "j" / "owed"
    assert not list(owed.iterdir())
    for name, text in (("a", ""), ("b", "{"), ("c", "[]"), ("d", '{"key": 1}'), ("e", '{"key": "k"}'), ("f", "\xff" * 9)):
        (owed / name).write_text(text, encoding="latin-1")
    Owed(str(tmp_path / "j")).begin("pruned")
    (file,) = [int(name) for name in os.listdir("/proc/self/fd") if "/owed/" in _target(name)]
    os.close(file)
    done = command.run("jobs", "resume", "--journal", str(tmp_path / "j"), "--out", str(tmp_path / "out"))
    assert done.returncode == 0 and done.stdout == "" and not list(owed.iterdir()), done


def _target(descriptor: str) -> str:
    try:
        return os.readlink("/proc/self/fd/" + descriptor)
    except FileNotFoundError:  # The list's own.
        return ""


def test_the_command_says_what_is_wrong(command: Command, tmp_path: Path) -> None:
    for arguments in (("jobs", "list"), ("jobs", "check"), ("jobs", "list", "--journal", str(tmp_path / "none"))):
        done = command.run(*arguments)
        assert done.returncode != 0 and "journal" in done.stderr
    wrong = command.run("jobs", "list", "--journal", str(tmp_path), "--state", "succeded")
    assert wrong.returncode == 2 and "succeeded" in wrong.stderr


def test_no_prompt_url_or_secret_is_in_its_files(sandbox: Any, keys_with_journal: Dict[str, Any]) -> None:
    with aigc.Client(keys_with_journal) as client:
        client.submit("tencent", "aigc_image", prompt="marked-prompt-7f3a", key="k1").wait(30)
        client.submit(
            "alibaba", "pre_model_inference", prompt="a <special-token> marked-prompt-7f3a", key="k2",
            image_urls=["https://example.com/marked-url-7f3a.png"],
        ).wait(30)
    folder = Path(keys_with_journal["journal.path"])
    content = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"k1" in content
    secrets = [str(value) for key, value in keys_with_journal.items() if "secret" in key]
    for marked in ["marked-prompt-7f3a", "marked-url-7f3a", *secrets]:
        assert marked.encode() not in content
    for path in folder.rglob("*"):
        assert os.stat(path).st_mode & 0o077 == 0


def test_a_client_that_cannot_follow_a_job_loses_nothing(sandbox: Any, keys_with_journal: Dict[str, Any]) -> None:
    """One of another account, or set up for another endpoint, follows in vain, writes no end, and releases the key."""
    sandbox.add_identity(provider="tencent", id="AKIDanother", secret="another-secret", account="another")
    with aigc.Client(keys_with_journal) as client:
        job = client.submit(**{**CAT, "prompt": "[slow] cat"}, key="k1")
        accepted = next(event for event in client.events(timeout=20) if event.type is aigc.EventType.JOB_ACCEPTED)
        assert accepted.job == job
        remote_id = job.remote_id
    stranger = {
        **keys_with_journal, "tencent.secret_id": "AKIDanother", "tencent.secret_key": "another-secret",
    }
    with aigc.Client(stranger) as client:
        assert client.resume() == 1
        ended = next(event for event in client.events(timeout=20) if event.type is aigc.EventType.JOB_DONE)
        assert ended.status is aigc.Status.NOT_FOUND and "another access key" in str(ended.message)
        assert client.attach_key("k1").remote_id == remote_id
    folder = keys_with_journal["journal.path"]
    row = journal.row(folder, "k1")
    assert row is not None and row["state"] == "accepted" and not row["owner_alive"]
    with aigc.Client({**keys_with_journal, "tencent.endpoint": "http://127.0.0.1:9"}) as client:
        with pytest.raises(aigc.errors.InvalidArgumentError):
            client.attach_key("k1").wait(30)
        with aigc.Client(keys_with_journal) as owner:
            assert owner.attach_key("k1").wait(60).remote_id == remote_id
    assert created(sandbox) == 1


def test_bodies_of_requests_are_kept_until_their_jobs_are_accepted(
    sandbox: Any, keys_with_journal: Dict[str, Any]
) -> None:
    folder = keys_with_journal["journal.path"]
    with aigc.Client({**keys_with_journal, "journal.requests": True}) as client:
        held = client.submit(**CAT, key="k1", hold=True)
        next(event for event in client.events(timeout=20) if event.type is aigc.EventType.JOB_READY)
        client.attach_key("k1")  # what is queued is in the file once the key is looked for
        row = journal.row(folder, "k1")
        assert row is not None and json.loads(row["request"])["Prompt"] == CAT["prompt"]
        held.release()
        held.wait(30)
        row = journal.row(folder, "k1")
        assert row is not None and row["request"] is None


def test_held_jobs_keep_nobody_off_the_wire(sandbox: Any, keys_with_journal: Dict[str, Any]) -> None:
    with aigc.Client({**keys_with_journal, "http.max_in_flight": 2}) as client:
        held = [client.submit(**{**CAT, "prompt": f"held cat {i}"}, hold=True) for i in range(20)]
        ready = set()
        for event in client.events(timeout=20):
            if event.type is aigc.EventType.JOB_READY:
                ready.add(event.job_id)
            if len(ready) == len(held):
                break
        assert ready == {job.id for job in held} and created(sandbox) == 0
        client.submit(**CAT).wait(60)
        assert created(sandbox) == 1
        held.pop().cancel()
        for job in held:
            job.release()
        for job in held:
            job.wait(60)
    assert created(sandbox) == 20


def test_a_conflict_names_what_differs(keys_with_journal: Dict[str, Any]) -> None:
    with aigc.Client(keys_with_journal) as client:
        client.submit(**CAT, key="k").wait(30)
        with pytest.raises(aigc.errors.KeyConflictError, match="a field or an image differs .*submit it as before, or take"):
            client.submit(**{**CAT, "prompt": "another cat"}, key="k")
        alibaba = {"provider": "alibaba", "operation": "pre_model_inference", "prompt": "<special-token> a cat"}
        with pytest.raises(aigc.errors.KeyConflictError, match="its provider is tencent, and here alibaba"):
            client.submit(**alibaba, image_urls=["https://example.com/a.png"], key="k")
    with aigc.Client({**keys_with_journal, "tencent.region": "ap-shanghai"}) as client:
        with pytest.raises(aigc.errors.KeyConflictError, match=r"its region \(tencent.region\) is .*, and here ap-shanghai"):
            client.submit(**CAT, key="k")


def test_a_key_without_a_journal(command: Command, sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    with aigc.Client(keys) as client:
        for call in (lambda: client.submit(**CAT, key="k"), lambda: client.attach_key("k"), client.resume):
            with pytest.raises(aigc.errors.WrongStateError, match="journal.path, or the variable AIGC_JOURNAL"):
                call()
    picture = tmp_path / "ref.png"
    picture.write_bytes(b"x")
    image = ("--image", str(picture), "--bucket", "cos:cats-1250000000:ap-guangzhou")
    for name in ("generate", "submit"):
        for more in ((), image):  # Before a picture is uploaded.
            done = command.run(name, "--provider", "tencent", "a cat", "--key", "k", *more)
            assert done.returncode == 2 and "--journal" in done.stderr and "AIGC_JOURNAL" in done.stderr, done.stderr
    assert created(sandbox) == 0


def test_a_folder_that_is_missing_is_named(command: Command, sandbox: Any, tmp_path: Path, monkeypatch: Any) -> None:
    monkeypatch.chdir(tmp_path)
    done = command.run("jobs", "list", "--journal", "nowhere")
    assert done.returncode == 8 and f"there is no folder {tmp_path}/nowhere;" in done.stderr, done.stderr
    for path in ("deep/er", "deep/er/", str(tmp_path / "deep" / "er")):
        done = command.run("generate", "--provider", "tencent", "a cat", "--key", "k", "--journal", path)
        assert done.returncode == 8 and f"{tmp_path}/deep, does not exist; make it first" in done.stderr, done.stderr
    assert created(sandbox) == 0 and not list(tmp_path.glob("*"))


def test_tools_read_folders(command: Command) -> None:
    for words in (("list",), ("check",), ("prune", "--older-than-days", "1"), ("show", "k")):
        done = command.run("jobs", *words, "--journal", "postgresql://x/y")
        assert done.returncode == 2 and "the journal is a folder here" in done.stderr and "aigc batch" in done.stderr, done.stderr


def test_numbers_of_the_command_have_units(command: Command) -> None:
    prune = command.run("jobs", "prune", "--journal", "x", "--older-than-days", "1d")
    assert prune.returncode == 2 and "'1d' is no number of days; give one such as 30" in prune.stderr, prune.stderr
    price = command.run("batch", "x.csv", "--out", "o", "--price", "abc")
    assert price.returncode == 2 and "'abc' is no price; give one such as 0.05" in price.stderr, price.stderr
    timeout = command.run("generate", "x", "--timeout", "1m")
    assert timeout.returncode == 2 and "'1m' is no number of seconds; give one such as 90" in timeout.stderr, timeout.stderr
