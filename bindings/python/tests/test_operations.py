"""What both clouds offer around an image job, against the sandbox: training, calls by name, private buckets."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any, Dict, List

import aigc
import pytest
from aigc import errors
from aigc.enums import EventType, Outcome, State, Status

TRAINING: Dict[str, Any] = {
    "provider": "alibaba",
    "operation": "model_train",
    "name": "Ada",
    "object_type": "girl",
    "image_urls": ["https://example.com/1.png"],
}
LIST = "Personalizedtxt2imgQueryModelTrainJobList"


def test_train_then_generate(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    with aigc.Client(keys) as client:
        training = client.submit(**TRAINING, train_steps=800)
        assert training.result_id is None
        training.wait(30)
        assert training.state is State.SUCCEEDED and training.progress == 1.0
        assert training.provider_state == "FINISHED"
        assert training.assets == []
        assert training.result_id is not None and training.result_id.startswith("girl_")
        with pytest.raises(errors.InvalidArgumentError):
            training.download(0)
        drawn: List[aigc.Job] = []
        images = client.generate(
            "alibaba", "inference", model=training.result_id, prompt="a <special-token>", out=tmp_path, timeout=30,
            on_accepted=drawn.append,
        )
        assert len(images) == 1 and drawn[0].result_id is None
        assert Path(str(images[0].path)).read_bytes() == sandbox.image("alibaba", str(drawn[0].remote_id))
    stats = sandbox.stats()
    assert stats["duplicates"] == 0 and stats["jobs_created"] == {"alibaba": 2}


def test_training_is_found_by_its_token_among_others(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        jobs = [client.submit(**dict(TRAINING, name=f"model {n}")) for n in range(3)]
        for job in jobs:
            job.wait(30)
        assert len({job.result_id for job in jobs}) == 3
        tokens = [str(job.token) for job in jobs]
    with aigc.Client(keys) as client:
        again = [client.attach(token).wait(30) for token in tokens]
        assert [job.result_id for job in again] == [job.result_id for job in jobs]
        one = client.attach_id("alibaba", "model_train", str(jobs[1].remote_id), follow=False)
        assert one.refresh() is State.SUCCEEDED
        assert one.result_id == jobs[1].result_id
    assert sandbox.stats()["jobs_created"] == {"alibaba": 3}


def test_a_training_is_refreshed_cancelled_and_given_a_deadline(sandbox: Any, keys: Dict[str, Any]) -> None:
    sandbox.config(duration=20)
    with aigc.Client(keys) as client:
        cancelled, late, watched = (client.submit(**dict(TRAINING, name=n), follow=False) for n in "abc")
        while any(job.remote_id is None for job in (cancelled, late, watched)):
            pass
        before = len(sandbox.requests(LIST))
        assert watched.refresh() in (State.PENDING, State.RUNNING)
        assert len(sandbox.requests(LIST)) == before + 1
        cancelled.cancel()
        with pytest.raises(errors.JobCancelledError):
            cancelled.wait(5)
        assert cancelled.token and cancelled.outcome is Outcome.ACCEPTED and cancelled.result_id is None
        late.set_deadline(0.1)
        with pytest.raises(errors.DeadlineError):
            late.wait(5)
        sandbox.config(duration=0.3)


def test_a_training_that_fails(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**dict(TRAINING, name="Ada [fail]"))
        with pytest.raises(errors.JobFailedError):
            job.wait(30)
        assert job.result_id is None and job.token
        with pytest.raises(errors.NotFoundError) as caught:
            client.attach_id("alibaba", "model_train", "4711", follow=False).refresh()
        assert "does not list training job 4711" in str(caught.value)


def test_a_training_whose_answer_is_lost_is_not_sent_again(sandbox: Any, keys: Dict[str, Any]) -> None:
    sandbox.fault("reset_after", operation="Personalizedtxt2imgAddModelTrainJob")
    with aigc.Client(keys) as client:
        job = client.submit(**TRAINING)
        with pytest.raises(errors.OutcomeUnknownError):
            job.wait(30)
        assert job.state is State.UNKNOWN and job.token is None
    assert sandbox.stats()["jobs_created"] == {"alibaba": 1}


def test_training_under_asyncio(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def main() -> str:
        async with aigc.aio.Client(keys) as client:
            job = await client.submit(**TRAINING).wait(30)
            return str(job.result_id)

    assert asyncio.run(main()).startswith("girl_")
