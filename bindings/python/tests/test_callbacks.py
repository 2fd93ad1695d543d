"""on_accepted in both clients: nothing that it returns is dropped, and what cannot work is refused before it costs."""

from __future__ import annotations

import asyncio
import functools
import logging
import threading
from typing import Any, Callable, Dict, List, Optional
from unittest import mock

import pytest

import aigc
from aigc import aio

TENCENT: Dict[str, Any] = {"provider": "tencent", "operation": "aigc_image", "prompt": "a cat"}
NEVER: Dict[str, Any] = {**TENCENT, "prompt": "[never] cat"}


def created(sandbox: Any) -> int:
    count: int = sandbox.stats(jobs=False)["jobs_created"].get("tencent", 0)
    return count


def warned(caplog: pytest.LogCaptureFixture) -> List[Optional[str]]:
    return [record.aigc["token"] for record in caplog.records if record.levelno == logging.WARNING]  # type: ignore[attr-defined]


async def store(job: Any) -> None:
    raise AssertionError("nobody runs this")


async def stream(job: Any) -> Any:
    yield job


def generate_nothing(job: Any) -> Any:
    yield job


class Stores:
    async def __call__(self, job: Any) -> None:
        raise AssertionError("nobody runs this")

    async def method(self, job: Any) -> None:
        raise AssertionError("nobody runs this")


ASYNC: Dict[str, Callable[..., Any]] = {
    "function": store,
    "partial": functools.partial(functools.partial(store)),
    "object": Stores(),
    "method": Stores().method,
    "partial of a method": functools.partial(Stores().method),
    "mock": mock.AsyncMock(),
}
NEVER_RIGHT: Dict[str, Any] = {
    "async generator": stream,
    "generator": generate_nothing,
    "text": "store",
    "number": 7,
    "no parameter": lambda: None,
    "two parameters": lambda job, file: None,
}


@pytest.mark.parametrize("what", [*ASYNC, *NEVER_RIGHT])
def test_the_synchronous_client_refuses_before_it_costs(sandbox: Any, keys: Dict[str, Any], what: str) -> None:
    with aigc.Client(keys) as client:
        with pytest.raises(aigc.InvalidArgumentError, match="on_accepted .*Nothing was submitted") as caught:
            client.generate(**TENCENT, on_accepted={**ASYNC, **NEVER_RIGHT}[what])
        assert caught.value.field == "on_accepted" and not client._tasks
    assert created(sandbox) == 0


@pytest.mark.parametrize("what", NEVER_RIGHT)
def test_the_asyncio_client_refuses_before_it_costs(sandbox: Any, keys: Dict[str, Any], what: str) -> None:
    async def work() -> None:
        async with aio.Client(keys) as client:
            with pytest.raises(aigc.InvalidArgumentError, match="on_accepted .*Nothing was submitted"):
                await client.generate(**TENCENT, on_accepted=NEVER_RIGHT[what])
            assert not client._tasks

    asyncio.run(work())
    assert created(sandbox) == 0


@pytest.mark.parametrize("returns", [store, stream, generate_nothing])
@pytest.mark.filterwarnings("error")
def test_a_plain_function_that_returns_an_awaitable(sandbox: Any, keys: Dict[str, Any], returns: Any) -> None:
    """Nobody can know before the call: the error has the token, and no coroutine is left over."""
    def later(job: Any) -> Any:
        return returns(job)

    with aigc.Client(keys) as client:
        with pytest.raises(aigc.InvalidArgumentError, match="on_accepted has returned") as caught:
            client.generate(**NEVER, on_accepted=later)
        assert caught.value.token and caught.value.token in str(caught.value)
        assert client.attach(caught.value.token, follow=False).remote_id
    assert created(sandbox) == 1


@pytest.mark.parametrize("failure", [ZeroDivisionError, KeyboardInterrupt])
def test_a_function_that_raises_has_stored_nothing(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, failure: Any
) -> None:
    def full(job: Any) -> None:
        assert job.token
        raise failure

    with aigc.Client(keys) as client:
        with pytest.raises(failure):
            client.generate(**NEVER, on_accepted=full)
    assert len(warned(caplog)) == 1 and created(sandbox) == 1


@pytest.mark.parametrize("form", ["function", "partial", "object", "lambda", "task"])
def test_the_asyncio_client_awaits(sandbox: Any, keys: Dict[str, Any], form: str) -> None:
    stored: List[str] = []

    async def keep(job: Any) -> None:
        await asyncio.sleep(0.6)  # Longer than the job.
        stored.append(job.token)

    class Keeps:
        async def __call__(self, job: Any) -> None:
            await keep(job)

    async def work() -> None:
        forms: Dict[str, Any] = {
            "function": keep,
            "partial": functools.partial(keep),
            "object": Keeps(),
            "lambda": lambda job: keep(job),
            "task": lambda job: asyncio.ensure_future(keep(job)),
        }
        async with aio.Client(keys) as client:
            (image,) = await client.generate(**TENCENT, timeout=30, on_accepted=forms[form])
            assert image.job is not None and stored == [image.job.token] and not client._telling

    asyncio.run(work())


@pytest.mark.parametrize("when", ["cancelled before the answer", "cancelled after", "fails", "at its timeout", "closes"])
def test_an_awaited_store_ends_whatever_becomes_of_generate(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, when: str
) -> None:
    stored: List[str] = []
    begun = threading.Event()

    async def work() -> None:
        async def keep(job: Any) -> None:
            begun.set()
            await asyncio.sleep(0.3)
            stored.append(job.token)
            if when == "closes":
                await client.close()

        client = aio.Client({**keys, "close.grace_ms": 30_000})
        if when == "cancelled before the answer":
            sandbox.fault("delay_after", "CreateAigcImageTask", ms=300)
        request = {**TENCENT, "prompt": "[fail] cat" if when == "fails" else "[never] cat"}
        generate = asyncio.ensure_future(
            client.generate(**request, on_accepted=keep, timeout=2 if when == "at its timeout" else None)
        )
        if when == "fails":
            with pytest.raises(aigc.JobFailedError):
                await generate
            assert len(stored) == 1
        elif when == "at its timeout":
            with pytest.raises(aigc.WaitTimeoutError):
                await generate
        elif when == "closes":
            with pytest.raises(aigc.AigcError):
                await asyncio.wait_for(generate, 20)
        else:
            while not (begun.is_set() if when == "cancelled after" else sandbox.requests("CreateAigcImageTask")):
                await asyncio.sleep(0.01)
            generate.cancel()
            with pytest.raises(asyncio.CancelledError):
                await generate
        await client.close()

    asyncio.run(work())
    assert len(stored) == 1 and created(sandbox) == 1
    assert "on_accepted" not in caplog.text


def test_what_a_coroutine_raises_is_told(sandbox: Any, keys: Dict[str, Any]) -> None:
    told: List[Dict[str, Any]] = []

    async def full(job: Any) -> None:
        await asyncio.sleep(0)
        raise OSError("the disk is full")

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
        async with aio.Client(keys) as client:
            for on_accepted in (full, lambda job: stream(job)):
                assert await client.generate(**TENCENT, timeout=30, on_accepted=on_accepted)

    asyncio.run(work())
    assert [str(one["message"]).partition(" for ")[0] for one in told] == ["on_accepted failed"] * 2
    assert isinstance(told[0]["exception"], OSError) and isinstance(told[1]["exception"], TypeError)


@pytest.mark.parametrize("how", ["close", "the end of the loop", "the end of the program"])
def test_a_store_that_does_not_end_is_a_warning(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, how: str
) -> None:
    began: List[str] = []

    async def hangs(job: Any) -> None:
        began.append(job.token)
        await asyncio.sleep(3600)

    async def work(client: aio.Client) -> None:
        generate = asyncio.ensure_future(client.generate(**NEVER, on_accepted=hangs))
        while not began:
            await asyncio.sleep(0.01)
        generate.cancel()
        with pytest.raises(asyncio.CancelledError):
            await generate
        if how == "close":
            await client.close(0.1)

    client = aio.Client(keys)
    if how == "the end of the program":
        loop = asyncio.new_event_loop()
        loop.run_until_complete(work(client))
        client._close(0)
        for task in asyncio.all_tasks(loop):
            task.cancel()
        loop.run_until_complete(asyncio.sleep(0))
        loop.close()
    else:
        asyncio.run(work(client))
        client._close(0)
    assert warned(caplog) == began
    assert ("on_accepted did not end" in caplog.text) == (how != "the end of the program")


@pytest.fixture
def journal(keys: Dict[str, Any], tmp_path: Any) -> Dict[str, Any]:
    """Configuration keys for a client that knows keys."""
    return {**keys, "journal.path": str(tmp_path / "journal")}


async def until(is_so: Callable[[], Any]) -> None:
    async def wait() -> None:
        while not is_so():
            await asyncio.sleep(0.01)

    await asyncio.wait_for(wait(), 30)


@pytest.mark.parametrize("kinds", ["functions", "coroutines", "the first raises", "the first coroutine raises", "interrupts"])
def test_each_call_of_a_key_is_told_once(sandbox: Any, journal: Dict[str, Any], kinds: str) -> None:
    calls: List[str] = []
    told: List[Any] = []

    def plain(name: str) -> Callable[[Any], Any]:
        def store(job: Any) -> None:
            calls.append(f"{name} {job.token}")
            if name == "0" and kinds == "the first raises":
                raise OSError("the disk is full")
            if name == "0" and kinds == "interrupts":
                raise asyncio.CancelledError

        return store

    def awaited(name: str) -> Callable[[Any], Any]:
        async def store(job: Any) -> None:
            await asyncio.sleep(0.3 if name == "1" else 0)
            calls.append(f"{name} {job.token}")
            if name == "0" and "raises" in kinds:
                raise OSError("the disk is full")

        return store

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context))
        form = awaited if "coroutine" in kinds else plain
        async with aio.Client(journal) as client:
            requests = (client.generate(**TENCENT, key="k", timeout=30, on_accepted=form(str(n))) for n in range(3))
            found = await asyncio.gather(*requests)
            (token,) = {image.job.token for images in found for image in images if image.job is not None}
            assert sorted(calls) == [f"{n} {token}" for n in range(3)]
            # The job is accepted already, and its object lives: the acceptance has no second event.
            await client.generate(**TENCENT, key="k", timeout=30, on_accepted=form("again"))
            assert calls[3:] == [f"again {token}"]
            await until(lambda: not client._on_accepted and not client._telling and not client._unanswered)

    asyncio.run(work())
    assert len(calls) == 4 and created(sandbox) == 1
    assert len(told) == (kinds not in ("functions", "coroutines"))


def test_a_call_that_comes_after_the_acceptance_is_told_at_once(sandbox: Any, journal: Dict[str, Any]) -> None:
    async def work() -> None:
        first: List[Any] = []
        second: List[Any] = []
        async with aio.Client(journal) as client:
            one = asyncio.ensure_future(client.generate(**NEVER, key="k", on_accepted=first.append))
            await until(lambda: first)
            two = asyncio.ensure_future(client.generate(**NEVER, key="k", on_accepted=second.append))
            await until(lambda: second)  # Though the job never ends.
            for task in (one, two):
                task.cancel()
            await asyncio.gather(one, two, return_exceptions=True)
            assert first == second and len(first) == 1

    asyncio.run(work())
    assert created(sandbox) == 1


@pytest.mark.parametrize("how", ["cancelled", "at its timeout"])
@pytest.mark.parametrize("when", ["before it is sent", "on the wire"])
@pytest.mark.parametrize("which", [0, 1])
def test_the_end_of_one_call_of_a_key_leaves_the_other(
    sandbox: Any, journal: Dict[str, Any], how: str, when: str, which: int
) -> None:
    """Also before the submission is sent: one call must not cancel the job of another one."""
    if when == "on the wire":
        sandbox.fault("delay_after", "CreateAigcImageTask", ms=1500)
    rate = {"rate.tencent.create_per_s": 0.7} if when == "before it is sent" else {}

    async def work() -> None:
        told: List[List[Any]] = [[], []]
        async with aio.Client({**journal, **rate}) as client:
            if rate:
                await client.generate(**TENCENT, timeout=30)  # Takes the one place of this second.
            timeouts: List[Optional[float]] = [60, 60]
            if how == "at its timeout":
                timeouts[which] = 0.2
            tasks = [
                asyncio.ensure_future(client.generate(**TENCENT, key="k", timeout=timeouts[n], on_accepted=told[n].append))
                for n in range(2)
            ]
            if how == "cancelled":
                await asyncio.sleep(0.1)
                tasks[which].cancel()
            found = await asyncio.gather(*tasks, return_exceptions=True)
            assert isinstance(found[which], asyncio.CancelledError if how == "cancelled" else aigc.WaitTimeoutError), found
            assert isinstance(found[1 - which], list), found
            assert [len(jobs) for jobs in told] == [1, 1]

    asyncio.run(work())
    assert created(sandbox) == (2 if rate else 1)


def test_threads_with_one_key_are_each_told_and_leave_each_other(sandbox: Any, journal: Dict[str, Any]) -> None:
    """The synchronous client: the timeout of one thread does not end the job of the others."""
    rate = {"rate.tencent.create_per_s": 0.7}
    told: Dict[int, List[Any]] = {n: [] for n in range(3)}
    ends: Dict[int, Any] = {}
    with aigc.Client({**journal, **rate}) as client:
        client.generate(**TENCENT, timeout=30)

        def work(n: int) -> None:
            try:
                ends[n] = client.generate(**TENCENT, key="k", timeout=60 if n else 0.2, on_accepted=told[n].append)
            except aigc.AigcError as error:
                ends[n] = error

        threads = [threading.Thread(target=work, args=[n]) for n in told]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        again: List[Any] = []
        client.generate(**TENCENT, key="k", timeout=30, on_accepted=again.append)
    assert [len(told[n]) for n in (1, 2)] == [1, 1] and len(again) == 1, ends
    assert isinstance(ends[1], list) and isinstance(ends[2], list), ends
    assert created(sandbox) == 2
