"""The asyncio client against the sandbox."""

from __future__ import annotations

import asyncio
import threading
import time
from pathlib import Path
from typing import Any, Awaitable, Callable, Dict

import pytest
from aigc import aio, errors
from aigc.enums import EventType, Outcome, State, Status

TENCENT: Dict[str, Any] = {"provider": "tencent", "operation": "aigc_image", "prompt": "a cat in the snow"}
NEVER: Dict[str, Any] = {**TENCENT, "prompt": "[never]"}


def run(work: Callable[[], Awaitable[None]]) -> None:
    """Runs it in a loop of its own, and complains about threads and slow callbacks."""

    async def main() -> None:
        loop = asyncio.get_running_loop()
        problems = []
        loop.set_exception_handler(lambda _, context: problems.append(context))
        await work()
        assert problems == []

    before = threading.active_count()
    asyncio.run(main())
    assert threading.active_count() == before


def test_200_jobs_on_one_loop(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def one(client: aio.Client, number: int) -> None:
        job = client.submit(**{**TENCENT, "prompt": f"cat {number}"})
        await job.wait(120)
        download = await job.download(0).wait(60)
        assert download.data == await asyncio.get_running_loop().run_in_executor(
            None, sandbox.image, "tencent", job.remote_id
        )

    async def work() -> None:
        async with aio.Client(keys) as client:
            await asyncio.gather(*(one(client, number) for number in range(200)))
            assert threading.active_count() < 40

    asyncio.run(work())
    assert sum(sandbox.stats()["jobs_created"].values()) == 200


def test_generate(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    async def work() -> None:
        accepted = []
        async with aio.Client(keys) as client:
            (memory,) = await client.generate(**TENCENT, timeout=30, on_accepted=accepted.append)
            assert accepted[0].token and memory.data
            (file,) = await client.generate(**TENCENT, timeout=30, out=tmp_path)
            assert Path(str(file.path)).stat().st_size > 100
            with pytest.raises(errors.ProviderError) as caught:
                await client.generate(**{**TENCENT, "prompt": "[fail]"}, timeout=30)
            assert caught.value.token

    run(work)


def test_a_cancelled_generate_still_tells_the_token(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def work() -> None:
        sandbox.fault("delay_after", "CreateAigcImageTask", ms=500)
        accepted: Any = []
        async with aio.Client(keys) as client:
            task = asyncio.ensure_future(client.generate(**TENCENT, on_accepted=accepted.append))
            while not sandbox.requests("CreateAigcImageTask"):
                await asyncio.sleep(0.02)
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task
            assert accepted == []
        assert len(accepted) == 1 and accepted[0].token

    run(work)


def test_refresh(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def work() -> None:
        async with aio.Client(keys) as client:
            token = (await client.submit(**TENCENT).wait(30)).token
            job = client.attach(str(token), follow=False)
            before = len(sandbox.requests("DescribeAigcImageTask"))
            assert await job.refresh(30) is State.SUCCEEDED
            assert len(sandbox.requests("DescribeAigcImageTask")) == before + 1
            with pytest.raises(errors.WrongStateError):
                await job.refresh(30)

    run(work)


def test_failed_refresh(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def work() -> None:
        async with aio.Client(keys) as client:
            job = client.submit(**NEVER, follow=False)
            while job.remote_id is None:
                await asyncio.sleep(0.01)
            sandbox.fault("error", "DescribeAigcImageTask", code="AuthFailure.SignatureFailure", message="no")
            with pytest.raises(errors.AuthError):
                await job.refresh(30)
            assert not job.done
            answers = await asyncio.gather(*(job.refresh(30) for _ in range(3)))
            assert all(state in (State.PENDING, State.RUNNING) for state in answers)

    run(work)


def test_timeout_and_cancel(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def work() -> None:
        async with aio.Client(keys) as client:
            job = client.submit(**NEVER)
            start = time.monotonic()
            with pytest.raises(errors.WaitTimeoutError) as caught:
                await job.wait(0.5)
            assert 0.45 < time.monotonic() - start < 2 and caught.value.token == job.token is not None
            waiting = asyncio.ensure_future(job.wait())
            other = asyncio.ensure_future(job.wait())
            await asyncio.sleep(0.05)
            waiting.cancel()
            with pytest.raises(asyncio.CancelledError):
                await waiting
            assert not job.done and not other.done()
            job.cancel()
            with pytest.raises(errors.JobCancelledError):
                await other
            assert client._waiters == {} and client._unanswered == {}

    run(work)


def test_events(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def work() -> None:
        async with aio.Client(keys) as client:
            one, two = client.events(), client.events()
            job = client.submit(**TENCENT)
            for events in (one, two):
                seen = []
                async for event in events:
                    assert event.job is job
                    seen.append(event.type)
                    if event.type == EventType.JOB_DONE:
                        break
                assert EventType.JOB_ACCEPTED in seen
            never = client.submit(**NEVER)
            rest = asyncio.ensure_future(_all(one))
            while never.remote_id is None:
                await asyncio.sleep(0.01)
        last = (await asyncio.wait_for(rest, 5))[-1]
        assert last.job_id == never.id and last.type == EventType.JOB_DONE and last.status is Status.CANCELLED

    async def _all(events: aio.Events) -> Any:
        return [event async for event in events]

    run(work)


def test_closing_ends_waits(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def work() -> None:
        client = aio.Client(keys)
        job = client.submit(**NEVER)
        waiting = asyncio.ensure_future(job.wait())
        while job.remote_id is None:
            await asyncio.sleep(0.01)
        await client.close()
        await client.close()
        with pytest.raises(errors.JobCancelledError):
            await waiting
        with pytest.raises(errors.ClosedError):
            client.submit(**TENCENT)

    run(work)


def test_closing_waits_for_what_is_on_the_wire_and_the_loop_keeps_running(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def work() -> None:
        sandbox.fault("delay_after", "CreateAigcImageTask", ms=800)
        client = aio.Client(keys)
        job = client.submit(**TENCENT)
        while job.state is not State.SUBMITTING:
            await asyncio.sleep(0.005)
        await asyncio.sleep(0.2)
        turns = 0

        async def count() -> None:
            nonlocal turns
            while True:
                turns += 1
                await asyncio.sleep(0.01)

        counter = asyncio.ensure_future(count())
        await client.close(grace=5)
        counter.cancel()
        assert job.token is not None and job.outcome is Outcome.ACCEPTED and turns > 20

    run(work)


@pytest.mark.parametrize("how", ["cancelled before", "never sent", "answer too late"])
def test_closing_waits_for_the_id_of_a_job_that_was_cancelled(sandbox: Any, keys: Dict[str, Any], how: str) -> None:
    """Cancelled with its submission on the wire: the answer may still bring an id."""

    async def work() -> None:
        if how == "answer too late":
            sandbox.fault("delay_after", "CreateAigcImageTask", ms=4000)
        elif how == "cancelled before":
            sandbox.fault("delay_after", "CreateAigcImageTask", ms=500)
        accepted: Any = []
        client = aio.Client(keys)
        task = asyncio.ensure_future(client.generate(**NEVER, on_accepted=accepted.append))
        await asyncio.sleep(0)
        (job,) = client._unanswered.values()
        if how == "never sent":
            job.cancel()
        else:
            while not sandbox.requests("CreateAigcImageTask"):
                await asyncio.sleep(0.01)
            job.cancel()
            await asyncio.sleep(0.1)  # JOB_DONE has been taken
        start = time.monotonic()
        await client.close(grace=2)
        took = time.monotonic() - start
        with pytest.raises((errors.JobCancelledError, errors.ClosedError)):
            await task
        if how == "cancelled before":
            assert job.token is not None and job.outcome is Outcome.ACCEPTED and accepted == [job] and took < 1.5
        elif how == "answer too late":
            assert job.outcome is Outcome.UNKNOWN and 1.9 < took < 4
        else:
            assert took < 1.5

    run(work)


def test_an_on_accepted_that_raises_stops_nothing(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def work() -> None:
        def full(job: aio.Job) -> None:
            raise OSError("the database is away")

        problems: Any = []
        asyncio.get_running_loop().set_exception_handler(lambda _, context: problems.append(context["exception"]))
        async with aio.Client(keys) as client:
            listener = client.events()
            assert await client.generate(**TENCENT, timeout=30, on_accepted=full)
            seen = [(await listener.__anext__()).type for _ in range(3)]
        assert EventType.JOB_ACCEPTED in seen and [type(problem) for problem in problems] == [OSError]

    asyncio.run(work())


def test_several_loops_one_after_the_other(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def work() -> None:
        async with aio.Client(keys) as client:
            await client.submit(**TENCENT).wait(30)

    for _ in range(3):
        run(work)


def test_another_loop_is_refused(sandbox: Any, keys: Dict[str, Any]) -> None:
    client = aio.Client(keys)

    async def use() -> None:
        client.submit(**TENCENT)

    async def first() -> None:
        await use()

    asyncio.run(first())
    with pytest.raises(RuntimeError, match="another event loop"):
        asyncio.run(use())
    client._close(0)


def test_no_loop_at_all(sandbox: Any, keys: Dict[str, Any]) -> None:
    client = aio.Client(keys)
    with pytest.raises(RuntimeError, match="no running event loop"):
        client.submit(**TENCENT)
    client._close(0)
    assert sandbox.requests() == []
