"""Client.map() and lists: nothing is paid before all of it has been found good, and nothing that is paid gets lost."""

from __future__ import annotations

import asyncio
import gc
import logging
import sys
import time
from pathlib import Path
from typing import Any, Dict, List, Optional

import pytest

import aigc
from aigc import aio, batch
from aigc._library import lib

TENCENT = ("tencent", "aigc_image")
Request = aigc.Request


def created(sandbox: Any) -> int:
    count: int = sandbox.stats(jobs=False)["jobs_created"].get("tencent", 0)
    return count


def warned(caplog: pytest.LogCaptureFixture) -> List[Optional[str]]:
    return [record.aigc["token"] for record in caplog.records if record.levelno == logging.WARNING]  # type: ignore[attr-defined]


def cats(*more: Any, **options: Any) -> List[Request]:
    return [Request(*TENCENT, prompt=f"cat {number}", **options) for number in range(2)] + list(more)


WRONG: Dict[str, List[Any]] = {
    "blanks": ["cat 1", "cat 2", "   ", "cat 4"],
    "none": ["cat 1", None],
    "NUL": ["cat 1", "a\0b"],
    "half a surrogate": ["cat 1", "\ud800"],
    "bytes": ["cat 1", b"cat 2"],
    "number": ["cat 1", 2],
    "list": ["cat 1", ["cat 2"]],
    "count": cats(Request(*TENCENT, prompt="cat", count=0)),
    "unknown field": cats(Request(*TENCENT, prompt="cat", colour="red")),
    "unknown operation": cats(Request("tencent", "paint", prompt="cat")),
    "missing field": cats(Request("alibaba", "inference", prompt="a <special-token>")),
    "special token": cats(Request("alibaba", "pre_model_inference", prompt="cat", image_urls=["https://a.example/1"])),
    "deadline": cats(Request(*TENCENT, prompt="cat", deadline=-1)),
    "trace": cats(Request(*TENCENT, prompt="cat", traceparent="00")),
    "image": cats(Request(*TENCENT, prompt="cat", image_urls=["asset"])),
    "key without a journal": cats(Request(*TENCENT, prompt="cat", key="k")),
}


@pytest.mark.parametrize("what", WRONG)
def test_one_wrong_prompt_costs_nothing(sandbox: Any, keys: Dict[str, Any], what: str) -> None:
    prompts = WRONG[what]
    names = TENCENT if isinstance(prompts[0], str) else (None, None)
    with aigc.Client(keys) as client:
        with pytest.raises(aigc.CallError) as caught:
            client.map(prompts, *names)
        assert caught.value.token is None and all(job.done for job in client._tasks.values())
        assert len(list(client.map(["one", "two"], *TENCENT, timeout=30))) == 2
    assert created(sandbox) == 2


def test_a_wrong_request_is_named(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        with pytest.raises(aigc.InvalidArgumentError, match=r"nothing but blanks.*\(number 3 of 4; no job was sent\)"):
            client.map(WRONG["blanks"], *TENCENT)


@pytest.mark.parametrize("given", [
    "abc", b"abc", bytearray(b"abc"), memoryview(b"abc"), {"a cat": 1}, {"a cat"}, frozenset(["a cat"]), None, 3,
    Request(*TENCENT, prompt="cat"), Path("cats.txt"),
])
def test_prompts_that_are_no_list(sandbox: Any, keys: Dict[str, Any], given: Any) -> None:
    with aigc.Client(keys) as client:
        with pytest.raises(aigc.InvalidArgumentError, match="prompts is a .*pass a list") as caught:
            client.map(given, *TENCENT)
        assert caught.value.field == "prompts" and not client._tasks
    assert created(sandbox) == 0


def test_a_data_frame_is_no_list_of_prompts(keys: Dict[str, Any]) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"prompt": ["one", "two"]})
    with aigc.Client(keys) as client:
        with pytest.raises(aigc.InvalidArgumentError, match="prompts is a DataFrame"):
            client.map(frame, *TENCENT)
        assert len(list(client.map(frame["prompt"], *TENCENT, timeout=30))) == 2


def test_what_would_be_ignored_is_refused(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        with pytest.raises(TypeError, match="count would be ignored"):
            client.map(cats(), count=4)
        with pytest.raises(TypeError, match="prompt is given beside"):
            client.map(["a cat"], *TENCENT, prompt="a dog")
        assert not client._tasks
    assert created(sandbox) == 0


@pytest.mark.parametrize("given", [
    {"https://a.example/1.png": "asset"}, {"https://a.example/1.png"}, b"https://a.example/1.png", 7,
])
def test_image_urls_that_are_no_list(library: str, given: Any) -> None:
    with pytest.raises(aigc.InvalidArgumentError, match="image_urls is a .*pass a list"):
        Request(*TENCENT, prompt="cat", image_urls=given)
    request = Request(*TENCENT, prompt="cat")
    request.image_urls = given
    with pytest.raises(aigc.InvalidArgumentError, match="image_urls is a .*pass a list"):
        request._build()


def test_one_image_url_stays_one(sandbox: Any, keys: Dict[str, Any]) -> None:
    one = "https://a.example/1.png"
    request = Request(*TENCENT, prompt="cat")
    with aigc.Client(keys) as client:
        for given in (Request(*TENCENT, prompt="cat", image_urls=one), request):
            request.image_urls = one  # type: ignore[assignment]
            client.generate(given, timeout=30)
    assert created(sandbox) == 2


@pytest.mark.parametrize("given", ["ab", ["ab", "cd"], [("Seed", 3)], 7])
def test_a_body_that_is_no_dict(library: str, given: Any) -> None:
    with pytest.raises(aigc.InvalidArgumentError, match="body is a .*must be a dict"):
        Request(*TENCENT, prompt="cat", body=given)
    request = Request(*TENCENT, prompt="cat")
    request.body = given
    with pytest.raises(aigc.InvalidArgumentError, match="body is a .*must be a dict"):
        request._build()


@pytest.mark.parametrize("given", ["aigc1:tencent:x", ["aigc1:tencent:x"], b"aigc1", {"a": 1}, 7])
def test_tasks_that_are_no_jobs(keys: Dict[str, Any], given: Any) -> None:
    with pytest.raises(aigc.InvalidArgumentError, match="tasks .*"):
        list(aigc.as_completed(given))

    async def work() -> None:
        async with aio.Client(keys):
            with pytest.raises(aigc.InvalidArgumentError, match="tasks .*"):
                async for _ in aio.as_completed(given):
                    pass

    asyncio.run(work())


@pytest.mark.parametrize("given", [{"prompt": ["cat"]}, {"cat"}, b"cat", bytearray(b"cat"), 7])
def test_rows_of_a_batch_that_are_no_list(library: str, tmp_path: Path, given: Any) -> None:
    with pytest.raises(TypeError, match="rows is a "):
        batch.plan(given, out=tmp_path, provider="tencent")


def test_one_state_of_a_journal(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    path = tmp_path / "journal"
    with aigc.Client({**keys, "journal.path": path}) as client:
        client.generate(*TENCENT, prompt="cat", key="one", timeout=30)
    assert [row["key"] for row in aigc.journal.rows(path, states="succeeded")] == ["one"]


def test_with_a_journal(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    """What a wrong list has claimed is free again; what is known costs nothing; a conflict is found before anything is sent."""
    path = tmp_path / "journal"
    with aigc.Client({**keys, "journal.path": path}) as client:
        first = [Request(*TENCENT, prompt=f"cat {number}", key=f"k{number}") for number in range(3)]
        for wrong in (Request(*TENCENT, prompt=" ", key="k9"), Request(*TENCENT, prompt="another", key="k1")):
            with pytest.raises(aigc.CallError):
                client.map([*first, wrong])
        assert created(sandbox) == 0
        assert [len(images) for images in client.map([*first, first[0]], timeout=30)] == [1] * 4
        assert [len(images) for images in client.map(first, timeout=30)] == [1] * 3
        assert created(sandbox) == 3
        mine = client.submit(*TENCENT, prompt="mine", key="mine", hold=True)
        with pytest.raises(aigc.CallError):  # A job that the caller has begun is not taken back.
            client.map([Request(*TENCENT, prompt="mine", key="mine"), Request(*TENCENT, prompt=" ")])
        mine.release()
        assert mine.wait(30).token
    with aigc.Client({**keys, "journal.path": path}) as client:
        assert [len(images) for images in client.map(first, timeout=30)] == [1] * 3
    assert created(sandbox) == 4


def test_the_caller_s_own_hold_stays(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        results = client.map([Request(*TENCENT, prompt="held", hold=True), Request(*TENCENT, prompt="free")], timeout=30)
        held, free = sorted(client._tasks.values(), key=lambda job: job.id)
        assert free.wait(30).token and held.state is aigc.State.QUEUED  # type: ignore[attr-defined]
        held.release()  # type: ignore[attr-defined]
        assert len(list(results)) == 2


class Trouble:
    """What the library does is interrupted in the n-th call of one function."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, name: str, number: int, failure: BaseException) -> None:
        self._real, self._left, self._failure = getattr(lib(), name), number, failure
        monkeypatch.setattr(lib(), name, self)

    def __call__(self, *arguments: Any) -> int:
        self._left -= 1
        if self._left == 0:
            raise self._failure
        return int(self._real(*arguments))


@pytest.mark.parametrize("name", ["aigc_client_submit", "aigc_job_release"])
@pytest.mark.parametrize("failure", [KeyboardInterrupt(), aigc.JournalError("the disk is full")])
def test_trouble_in_the_middle(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch,
    name: str, failure: BaseException,
) -> None:
    """Every job that the service has is told: by the error, or by a warning."""
    with aigc.Client(keys) as client:
        with monkeypatch.context() as patch:
            Trouble(patch, name, 3, failure)
            with pytest.raises(type(failure)) as caught:
                client.map(["[never] cat"] * 4, *TENCENT)
    count = created(sandbox)
    assert count <= (0 if name == "aigc_client_submit" else 2)
    tokens = [token for token in warned(caplog) if token]
    if sys.version_info >= (3, 11):
        notes = getattr(caught.value, "__notes__", [])
        assert len([note for note in notes if "its token: " in note]) >= count
    if isinstance(failure, KeyboardInterrupt):
        assert len(tokens) == count
    elif count:
        assert caught.value.token  # type: ignore[attr-defined]


def test_a_job_that_has_left_all_the_same(sandbox: Any, keys: Dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A thread of the program releases what is ready. The error has the token of what was sent so, and the job runs on."""
    with aigc.Client(keys) as client:
        submit = client.submit

        def releasing(*arguments: Any, **fields: Any) -> aigc.Job:
            if len(client._tasks) == 2:
                raise aigc.JournalError("the disk is full", status=aigc.Status.JOURNAL)
            job = submit(*arguments, **fields)
            if len(client._tasks) == 1:
                job.release()
                while job.remote_id is None:
                    time.sleep(0.01)
            return job

        monkeypatch.setattr(client, "submit", releasing)
        with pytest.raises(aigc.JournalError) as caught:
            client.map(["[never] cat"] * 4, *TENCENT)
        assert caught.value.token
        job = client.attach(caught.value.token)
        assert not job.done
        first = min(client._tasks.values(), key=lambda one: one.id)
        assert first.state in (aigc.State.PENDING, aigc.State.RUNNING)
    assert created(sandbox) == 1


@pytest.mark.parametrize("how", ["raises", "is left", "is interrupted", "never begins"])
def test_what_nobody_takes_is_a_warning(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """The jobs behind an error, or behind the last one that was asked for, are paid: running ones and finished ones."""
    prompts = ["[fail] cat" if how == "raises" else "cat", "[never] cat", "cat"]
    with aigc.Client(keys) as client:
        results = client.map(prompts, *TENCENT)
        jobs = sorted(client._tasks.values(), key=lambda job: job.id)
        jobs[2].wait(30)  # type: ignore[attr-defined]
        remote = [job._token() for job in jobs]
        del jobs
        if how == "raises":
            with pytest.raises(aigc.JobFailedError):
                next(results)
        elif how == "is left":
            next(results)
        elif how == "is interrupted":
            with monkeypatch.context() as patch:
                Trouble(patch, "aigc_job_wait", 1, KeyboardInterrupt())
                with pytest.raises(KeyboardInterrupt):
                    next(results)
        while remote[1] is None:
            remote = [job._token() for job in sorted(client._tasks.values(), key=lambda job: job.id)]
        del results
        gc.collect()
    expected = remote if how in ("never begins", "is interrupted") else remote[1:]
    gc.collect()
    assert sorted(str(token) for token in warned(caplog)) == sorted(map(str, expected))


def test_what_is_taken_is_no_warning(sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture) -> None:
    with aigc.Client(keys) as client:
        results = client.map(["cat", "[fail] cat", "cat"], *TENCENT, return_exceptions=True)
        assert len(list(results)) == 3
        del results
        gc.collect()
    assert not warned(caplog)
