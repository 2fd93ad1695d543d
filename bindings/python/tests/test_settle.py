"""No job is left alone: what generate() and submit() give up is not sent later, and an id that still comes is told."""

from __future__ import annotations

import asyncio
import gc
import json
import linecache
import logging
import os
import re
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any, Dict, List

import pytest

import aigc
from aigc import aio, errors
from aigc._library import lib
from support import python

TENCENT: Dict[str, Any] = {"provider": "tencent", "operation": "aigc_image", "prompt": "a cat"}


def created(sandbox: Any) -> int:
    count: int = sandbox.stats(jobs=False)["jobs_created"].get("tencent", 0)
    return count


@pytest.mark.parametrize("tells", [True, False])
def test_an_answer_that_is_on_its_way_when_time_is_up(sandbox: Any, keys: Dict[str, Any], tells: bool) -> None:
    sandbox.fault("delay_after", "CreateAigcImageTask", ms=1000)
    accepted: List[aigc.Job] = []
    with aigc.Client(keys) as client:
        with pytest.raises(errors.WaitTimeoutError) as caught:
            client.generate(**TENCENT, timeout=0.3, on_accepted=accepted.append if tells else None)
        assert caught.value.token and len(accepted) == int(tells)
        assert created(sandbox) == 1


def test_the_same_with_asyncio(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def work() -> None:
        sandbox.fault("delay_after", "CreateAigcImageTask", ms=1000)
        async with aio.Client(keys) as client:
            with pytest.raises(errors.WaitTimeoutError) as caught:
                await client.generate(**TENCENT, timeout=0.3)
            assert caught.value.token

    asyncio.run(work())
    assert created(sandbox) == 1


def test_what_waits_for_its_turn_when_time_is_up_is_not_sent(sandbox: Any, keys: Dict[str, Any]) -> None:
    keys["rate.tencent.create_per_s"] = 1
    first = {**TENCENT, "prompt": "first"}

    def check(client: Any) -> None:
        *before, last = client._tasks.values()
        assert len(before) == 3 and last.outcome is aigc.Outcome.NOT_SENT

    with aigc.Client(keys) as client:
        jobs = [client.submit(**first) for _ in range(3)]  # the turns of the next seconds
        with pytest.raises(errors.WaitTimeoutError) as caught:
            client.generate(**TENCENT, timeout=0.2)
        check(client)
        assert len(jobs) == 3 and caught.value

    async def work(cancels: bool) -> None:
        async with aio.Client(keys) as client:
            jobs = [client.submit(**first) for _ in range(3)]
            task = asyncio.ensure_future(client.generate(**TENCENT, timeout=None if cancels else 0.2))
            await asyncio.sleep(0.1)
            if cancels:
                task.cancel()
            with pytest.raises(asyncio.CancelledError if cancels else errors.WaitTimeoutError) as caught:
                await task
            await asyncio.sleep(0.1)
            check(client)
            assert len(jobs) == 3 and caught.value

    for cancels in (False, True):
        asyncio.run(work(cancels))
    assert not any(TENCENT["prompt"] in str(request) for request in sandbox.requests("CreateAigcImageTask"))


def tokens(records: List[logging.LogRecord]) -> List[str]:
    return [record.aigc["token"] for record in records if record.levelno == logging.WARNING]  # type: ignore[attr-defined]


@pytest.mark.parametrize("when", ["before the answer", "while it runs", "by wait_for", "at the end of the loop"])
@pytest.mark.parametrize("closes", [True, False])
def test_a_cancelled_generate_is_not_silent(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, when: str, closes: bool
) -> None:
    """Nobody has given on_accepted, and a CancelledError carries nothing: the token is a warning."""
    if when != "while it runs":
        sandbox.fault("delay_after", "CreateAigcImageTask", ms=500)

    async def work() -> None:
        client = aio.Client(keys)
        events = client.events()
        generate = asyncio.ensure_future(client.generate(**{**TENCENT, "prompt": "[never] cat"}))
        while not sandbox.requests("CreateAigcImageTask"):
            await asyncio.sleep(0.01)
        if when == "while it runs":
            while not any(job.remote_id for job in client._tasks.values() if isinstance(job, aio.Job)):
                await asyncio.sleep(0.01)
        if when == "by wait_for":
            with pytest.raises(asyncio.TimeoutError):
                await asyncio.wait_for(generate, 0.01)
        elif when != "at the end of the loop":
            generate.cancel()
            with pytest.raises(asyncio.CancelledError):
                await generate
        if closes:
            await client.close()
        elif when == "at the end of the loop":
            generate.cancel()
            client._close(2000)
        else:
            async for event in events:
                if event.type is aigc.EventType.JOB_ACCEPTED:
                    break
            await client.close(0)

    asyncio.run(work())
    assert created(sandbox) == 1
    (token,) = tokens(caplog.records)
    with aigc.Client(keys) as client:
        assert client.attach(token, follow=False).remote_id


def test_an_answer_that_never_comes_is_not_waited_for_for_ever(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.fault("silence", "CreateAigcImageTask", handled=True, times=2)

    async def work() -> None:
        async with aio.Client(keys) as client:
            client._late_answer = 0.5
            generate = asyncio.ensure_future(client.generate(**TENCENT, on_accepted=lambda job: None))
            job = client.submit(**TENCENT)
            while len(sandbox.requests("CreateAigcImageTask")) < 2:
                await asyncio.sleep(0.01)
            job.cancel()
            generate.cancel()
            (other,) = [task for task in client._tasks.values() if task != job]
            other.cancel()
            while not client._late:
                await asyncio.sleep(0.01)
            await asyncio.sleep(0.8)
            assert not client._late and not client._given_up and not client._on_accepted
            assert "may run and be billed" in caplog.text
            await client.close(0)

    asyncio.run(work())


def test_a_cancelled_generate_without_an_answer_is_not_silent(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture
) -> None:
    sandbox.fault("silence", "CreateAigcImageTask", handled=True)

    async def work() -> None:
        async with aio.Client({**keys, "close.grace_ms": 300}) as client:
            generate = asyncio.ensure_future(client.generate(**TENCENT))
            while not sandbox.requests("CreateAigcImageTask"):
                await asyncio.sleep(0.01)
            generate.cancel()

    asyncio.run(work())
    assert tokens(caplog.records) == [None] and "may run and be billed" in caplog.text


@pytest.mark.parametrize("tells", [True, False])
def test_an_interrupted_generate_is_not_silent(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, tells: bool
) -> None:
    """Of a KeyboardInterrupt only Python 3.11 and newer can show a note, and a program may catch it."""
    def interrupt(*_: Any) -> None:
        raise KeyboardInterrupt

    accepted: List[aigc.Job] = []
    with aigc.Client(keys) as client:
        monkeypatch.setattr("aigc.Client._download", interrupt)
        with pytest.raises(KeyboardInterrupt):
            client.generate(**TENCENT, on_accepted=accepted.append if tells else None)
    assert len(accepted) == int(tells) and len(tokens(caplog.records)) == int(not tells)


@pytest.mark.parametrize("how", ["returns", "fails", "is interrupted", "knows", "has ended"])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_job_that_runs_when_its_client_is_closed(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, how: str, is_async: bool
) -> None:
    """It is a warning with its token, unless the program has looked at that."""
    request = {**TENCENT, "prompt": "a cat" if how == "has ended" else "[never] cat"}
    failure = {"fails": ZeroDivisionError, "is interrupted": KeyboardInterrupt}.get(how)

    def after(job: Any) -> None:
        if how == "knows":
            assert job.token
        if failure is not None:
            raise failure

    async def work() -> None:
        async with aio.Client(keys) as client:
            job = client.submit(**request)
            while job.remote_id is None or (how == "has ended" and not job.done):
                await asyncio.sleep(0.02)
            after(job)

    try:
        if is_async:
            asyncio.run(work())
        else:
            with aigc.Client(keys) as client:
                job = client.submit(**request)
                while job.remote_id is None or (how == "has ended" and not job.done):
                    time.sleep(0.02)
                after(job)
    except (ZeroDivisionError, KeyboardInterrupt):
        pass
    assert len(tokens(caplog.records)) == (0 if how in ("knows", "has ended") else 1)


@pytest.mark.parametrize("reads", [False, True])
def test_a_job_that_a_thread_waits_for_when_its_client_is_closed(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, reads: bool
) -> None:
    """The interpreter may end before the thread can show its error: the thread that closes the client tells the token."""
    errors: List[aigc.AigcError] = []
    jobs: List[Any] = []

    def work() -> None:
        try:
            client.generate(**{**TENCENT, "prompt": "[never] cat"}, on_accepted=jobs.append if reads else None)
        except aigc.AigcError as error:
            errors.append(error)

    before = created(sandbox)
    client = aigc.Client(keys)
    thread = threading.Thread(target=work)
    thread.start()
    while created(sandbox) == before or (reads and not jobs):
        time.sleep(0.02)
    time.sleep(0.3)  # Its id has come.
    client.close()
    told = tokens(caplog.records)
    thread.join()
    assert len(told) == (0 if reads else 1) and errors[0].token


@pytest.mark.parametrize("how", ["returns", "is interrupted", "cancels", "accepted", "tidied", "succeeded in the grace", "knows"])
@pytest.mark.parametrize("is_async", [False, True])
def test_a_job_that_the_program_does_not_keep(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, how: str,
    is_async: bool,
) -> None:
    """A program that works by events keeps no job: an id that comes while the client is closed is told all the same."""
    monkeypatch.setattr("aigc._base._TIDY", 1)
    request = {**TENCENT, "prompt": "a cat" if how == "succeeded in the grace" else "[never] cat"}
    if how in ("returns", "is interrupted", "cancels"):
        sandbox.fault("delay_after", "CreateAigcImageTask", ms=700, times=2)

    def begin(client: Any) -> None:
        for _ in range(2):
            job = client.submit(**request)
            if how == "cancels":
                while job.state is not aigc.State.SUBMITTING:
                    time.sleep(0.005)
                job.cancel()
        del job
        gc.collect()
        assert is_async or not list(client._tasks.values())

    def after(client: Any) -> None:
        if how == "tidied":
            client._tidy()
        if how == "is interrupted":
            raise KeyboardInterrupt

    async def work() -> None:
        async with aio.Client({**keys, "close.grace_ms": 5000}) as client:
            events = client.events()
            begin(client)
            taken = 0
            while how == "knows" and taken < 2:
                event = await events.__anext__()
                taken += event.type is aigc.EventType.JOB_ACCEPTED and event.job.token is not None
            while created(sandbox) < 2:
                await asyncio.sleep(0.02)
            if how in ("accepted", "tidied"):
                await asyncio.sleep(0.3)
            after(client)

    try:
        if is_async:
            asyncio.run(work())
        else:
            with aigc.Client({**keys, "close.grace_ms": 5000}) as client:
                begin(client)
                taken = 0
                for event in client.events() if how == "knows" else ():
                    taken += event.type is aigc.EventType.JOB_ACCEPTED and event.job.token is not None
                    if taken == 2:
                        break
                while created(sandbox) < 2:
                    time.sleep(0.02)
                if how in ("accepted", "tidied"):
                    time.sleep(0.3)
                after(client)
    except KeyboardInterrupt:
        assert how == "is interrupted"
    found = tokens(caplog.records)
    assert len(set(found)) == len(found) == (0 if how == "knows" else 2) and None not in found


def test_jobs_that_nobody_looks_at_are_told_in_time_and_not_kept(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aigc._base._TIDY", 4)
    monkeypatch.setattr("aigc._base._UNSEEN", 3)
    with aigc.Client(keys) as client:
        for n in range(20):
            job = client.submit(**TENCENT)
            if n % 2:
                job.wait(30)
            while lib().aigc_job_state(job._handle) != aigc.State.SUCCEEDED:
                time.sleep(0.01)
            del job
            assert len(client._open) <= 10
        assert 0 < len(tokens(caplog.records)) <= 10
    assert len(set(tokens(caplog.records))) == 10 and "has images that nobody asked for" in caplog.text


@pytest.mark.parametrize("how", ["dropped", "dropped in a circle", "exit"])
def test_a_client_that_is_not_closed_tells_the_ids(sandbox: Any, keys: Dict[str, Any], how: str) -> None:
    sandbox.fault("delay_after", "CreateAigcImageTask", ms=500)
    code = """
import aigc, gc, json, sys, time
def work(keys):
    client = aigc.Client(keys)
    client.submit("tencent", "aigc_image", prompt="[never] cat")
    if "circle" in sys.argv[2]:
        client.me = [client, client.submit("tencent", "aigc_image", prompt="[never] cat")]
    time.sleep(0.2)
    return client
client = work(json.loads(sys.argv[1]))
if sys.argv[2] != "exit":
    del client
    gc.collect()
    print("dropped")
"""
    ended = python(code, json.dumps(keys), how)
    assert ended.returncode == 0 and ("dropped" in ended.stdout) == (how != "exit")
    count = created(sandbox)
    assert count >= 1 and len(set(re.findall(r"its token: (\S+)", ended.stderr))) == count, ended.stderr


@pytest.mark.parametrize("name,words", [("generate", "return downloads"), ("_mapped", "yield result")])
def test_an_interrupt_as_the_images_are_given_tells_the_token(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, name: str, words: str
) -> None:
    def trace(frame: Any, event: str, _: Any) -> Any:
        if frame.f_code.co_name != name or not frame.f_code.co_filename.endswith("client.py"):
            return None
        if event == "line" and linecache.getline(frame.f_code.co_filename, frame.f_lineno).strip() == words:
            sys.settrace(None)
            raise KeyboardInterrupt
        return trace

    with aigc.Client(keys) as client:
        before = sys.gettrace()
        sys.settrace(trace)
        try:
            with pytest.raises(KeyboardInterrupt):
                if name == "generate":
                    client.generate(**TENCENT)
                else:
                    next(client.map(["a cat"], "tencent", "aigc_image"))
        finally:
            sys.settrace(before)
    assert len(tokens(caplog.records)) == 1


def test_a_failed_download_tells_the_token(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    sandbox.fault("garbage_body", "asset", times=100)
    with aigc.Client(keys) as client:
        job = client.submit(**TENCENT).wait()
        download = job.download(0)
        with pytest.raises(errors.AssetError) as caught:
            download.wait()
        assert caught.value.token == job.token and download.job == job
        assert download.error is not None and download.error.token == job.token
        if sys.version_info >= (3, 11):
            assert any(str(job.token) in note for note in caught.value.__notes__)
        for path in ("\0", "x" * 5000):
            with pytest.raises(errors.AigcError) as caught_too:
                job.download(0, path).wait()
            assert caught_too.value.token == job.token

    async def work() -> None:
        async with aio.Client(keys) as client:
            job = await client.submit(**TENCENT).wait()
            with pytest.raises(errors.AssetError) as caught:
                await job.download(0).wait()
            assert caught.value.token == job.token

    asyncio.run(work())


def test_an_invalid_time_costs_nothing(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def work() -> None:
        async with aio.Client(keys) as client:
            for timeout in (-1, float("nan")):
                with pytest.raises(errors.InvalidArgumentError):
                    await client.generate(**TENCENT, timeout=timeout)

    asyncio.run(work())
    assert created(sandbox) == 0


def test_one_name_for_all_images_gets_numbers(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    async def work() -> None:
        async with aio.Client({**keys, "download.overwrite": True}) as client:
            images = await client.generate(**TENCENT, count=3, out=tmp_path / "aio", name_template="cat", timeout=30)
            assert len({image.path for image in images}) == 3

    asyncio.run(work())
    with aigc.Client({**keys, "download.overwrite": True}) as client:
        images = client.generate(**TENCENT, count=3, out=tmp_path / "sync", name_template="cat", timeout=30)
        assert len({image.path for image in images}) == 3
    for folder in ("aio", "sync"):
        names = sorted(path.stem for path in (tmp_path / folder).iterdir())
        assert names == ["cat", "cat-2", "cat-3"]
        assert len({path.read_bytes() for path in (tmp_path / folder).iterdir()}) == 3


@pytest.mark.parametrize("is_async", [False, True])
def test_an_interrupt_in_the_moment_of_submission(
    sandbox: Any, keys: Dict[str, Any], monkeypatch: pytest.MonkeyPatch, is_async: bool
) -> None:
    """The signal comes while the library begins the job: Python raises when the call returns."""
    real = lib().aigc_client_submit

    def interrupted(*arguments: Any) -> int:
        real(*arguments)
        while not is_async and not sandbox.requests("CreateAigcImageTask"):
            time.sleep(0.01)
        raise KeyboardInterrupt

    sandbox.fault("delay_after", "CreateAigcImageTask", ms=300)

    async def work() -> None:
        async with aio.Client(keys) as client:
            with monkeypatch.context() as patch:
                patch.setattr(lib(), "aigc_client_submit", interrupted)
                with pytest.raises(KeyboardInterrupt):
                    client.submit(**TENCENT)
            (job,) = client._tasks.values()
        assert (job.token is not None) == (created(sandbox) == 1)

    if is_async:
        return asyncio.run(work())
    with aigc.Client(keys) as client:
        with monkeypatch.context() as patch:
            patch.setattr(lib(), "aigc_client_submit", interrupted)
            with pytest.raises(KeyboardInterrupt) as caught:
                client.generate(**TENCENT)
    if sys.version_info >= (3, 11):
        assert any("its token: " in note for note in caught.value.__notes__)
    return None


@pytest.mark.parametrize("arguments", [["submit", "--quiet"], ["submit", "--json"], ["generate", "--json"]])
def test_a_full_standard_output_costs_no_token(
    sandbox: Any, keys: Dict[str, Any], command: Any, arguments: List[str], tmp_path: Path
) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("there is no /dev/full here")
    name, flag = arguments
    out = ["--out", str(tmp_path)] if name == "generate" else []
    with open("/dev/full", "w") as full:
        running = command.start(
            name, "--provider", "tencent", "a cat", flag, *out, stdout=full, stderr=subprocess.PIPE
        )
        told = running.communicate(timeout=60)[1]
    assert running.returncode == 1 and "Traceback" not in told and "No space left" in told
    assert created(sandbox) == 1
    found = set()
    with aigc.Client(keys) as client:
        for word in told.replace('"', " ").split():
            try:
                found.add(client.attach(word, follow=False).remote_id)
            except errors.AigcError:
                pass
    assert len(found) == 1
    if name == "generate":
        assert len(list(tmp_path.iterdir())) == 1
