"""What both clouds offer around an image job, against the sandbox: training, calls by name, private buckets."""

from __future__ import annotations

import asyncio
import json
import time
from pathlib import Path
from typing import Any, Callable, Dict, List

import aigc
import pytest
from aigc import errors
from aigc._base import _json
from aigc.enums import EventType, Outcome, State, Status
from aigc.request import JSONText

TRAINING: Dict[str, Any] = {
    "provider": "alibaba",
    "operation": "model_train",
    "name": "Ada",
    "object_type": "girl",
    "image_urls": ["https://example.com/1.png"],
}
LIST = "Personalizedtxt2imgQueryModelTrainJobList"


def until(condition: Callable[[], bool]) -> None:
    """Waits for something that comes in a moment."""
    end = time.monotonic() + 20
    while not condition():
        assert time.monotonic() < end, "it has not come"
        time.sleep(0.01)


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
        until(lambda: all(job.remote_id for job in (cancelled, late, watched)))
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


# Calls by name


def test_reads_of_tencent(sandbox: Any, keys: Dict[str, Any]) -> None:
    task = sandbox.call("POST", "/scene-tasks", {"type": "AIDrama", "prompt": "a storm"})["id"]
    with aigc.Client(keys) as client:
        job = client.call("tencent", "DescribeAigcTaskList", {"PageNum": 1, "PageSize": 10}, reads=True).wait(30)
        response = job.provider_response["Response"]
        assert response["Total"] == 1 and response["Tasks"][0]["TaskId"] == task
        assert job.operation == "DescribeAigcTaskList" and job.provider == "tencent"
        assert job.request_id == response["RequestId"]
        assert job.token is None and job.remote_id is None and job.assets == [] and job.result_id is None
        assert job.outcome is Outcome.NONE
        one = client.call("tencent", "DescribeAigcTaskStatus", {"TaskId": task}, reads=True).wait(30)
        assert one.provider_response["Response"]["TaskType"] == "AIDrama"
        with pytest.raises(errors.NotFoundError) as caught:
            client.call("tencent", "DescribeAigcTaskStatus", {"TaskId": "nope"}, reads=True).wait(30)
        assert caught.value.provider_code == "ResourceNotFound.TaskNotFound"


def test_reads_of_alibaba(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        training = client.submit(**TRAINING).wait(30)
        status = client.call(
            "alibaba", "Personalizedtxt2imgQueryModelTrainStatus", {"modelId": training.result_id}, reads=True
        ).wait(30)
        assert status.provider_response["data"]["modelTrainStatus"] == "FINISHED"
        listed = client.call("alibaba", LIST, reads=True).wait(30)
        assert [entry["modelId"] for entry in listed.provider_response["data"]] == [training.result_id]
        with pytest.raises(errors.NotFoundError):
            client.call(
                "alibaba", "Personalizedtxt2imgQueryModelTrainStatus", {"modelId": "nope"}, reads=True
            ).wait(30)


@pytest.mark.parametrize("reads", [False, True])
def test_an_action_that_nobody_knows(sandbox: Any, keys: Dict[str, Any], reads: bool) -> None:
    parameters = {"Name": "ä\u4e2d", "Count": 3, "Nested": {"List": [1, 2.5, None, True]}}
    with aigc.Client(keys) as client:
        job = client.call("tencent", "SandboxEchoThing", parameters, reads=reads).wait(30)
        response = job.provider_response["Response"]
        assert response["Action"] == "SandboxEchoThing" and response["Version"] == "2019-06-12"
        assert response["Parameters"] == parameters
        assert job.outcome is (Outcome.NONE if reads else Outcome.ACCEPTED)

        for method in ("POST", "PUT"):
            job = client.call("alibaba", f"SandboxEchoThing {method} /api/v1/thing", parameters, reads=reads).wait(30)
            data = job.provider_response["data"]
            assert (data["method"], data["path"], data["query"]) == (method, "/api/v1/thing", {})
            assert data["version"] == "20240611" and data["action"] == "SandboxEchoThing"
            assert json.loads(data["body"]) == parameters
        job = client.call("alibaba", "SandboxEchoThing GET /api/v1/thing", parameters, reads=reads).wait(30)
        data = job.provider_response["data"]
        assert data["query"] == {"Name": "ä\u4e2d", "Count": "3", "Nested": '{"List":[1,2.5,null,true]}'}
        assert data["body"] == "" and data["contentType"] is None
    assert sandbox.stats()["operations"]["tencent"]["SandboxEchoThing"]["requests"] == 1


def test_a_write_whose_answer_is_lost_is_sent_once(sandbox: Any, keys: Dict[str, Any]) -> None:
    for provider, action in (("tencent", "SandboxEchoThing"), ("alibaba", "SandboxEchoThing GET /x")):
        for kind in ("reset_after", "close_after", "cut", "garbage"):
            sandbox.reset()
            sandbox.fault(kind, operation="SandboxEchoThing")
            with aigc.Client(keys) as client:
                job = client.call(provider, action)
                with pytest.raises(errors.OutcomeUnknownError):
                    job.wait(30)
                assert job.state is State.UNKNOWN and job.outcome is Outcome.UNKNOWN
            assert sandbox.stats()["operations"][provider]["SandboxEchoThing"]["requests"] == 1, (provider, kind)


def test_a_read_is_repeated_until_it_is_answered(sandbox: Any, keys: Dict[str, Any]) -> None:
    keys["retry.base_ms"] = 10
    for kind in ("reset_after", "close_before", "cut", "garbage", "html", "http"):
        sandbox.reset()
        sandbox.fault(kind, operation="SandboxEchoThing", times=3)
        with aigc.Client(keys) as client:
            assert client.call("tencent", "SandboxEchoThing", {"x": 1}, reads=True).wait(30).provider_response
        assert sandbox.stats()["operations"]["tencent"]["SandboxEchoThing"]["requests"] == 4, kind


def test_a_throttled_write_is_sent_again(sandbox: Any, keys: Dict[str, Any]) -> None:
    keys["retry.base_ms"] = 10
    sandbox.fault("error", operation="SandboxEchoThing", code="RequestLimitExceeded", times=2)
    with aigc.Client(keys) as client:
        assert client.call("tencent", "SandboxEchoThing").wait(30).outcome is Outcome.ACCEPTED
    assert sandbox.stats()["operations"]["tencent"]["SandboxEchoThing"]["requests"] == 3


def test_what_is_refused_before_it_is_sent(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        for provider, action, parameters, reads, field in (
            ("tencent", "no such name", {}, False, "action"),
            ("tencent", "CreateAigcImageTask", {"Prompt": "x"}, True, "reads"),
            ("alibaba", "NobodyKnows", {}, False, "action"),
            ("alibaba", "Thing DELETE /x", {}, False, "action"),
            ("alibaba", "Thing POST //evil.example", {}, False, "action"),
            ("alibaba", "Personalizedtxt2imgAddModelTrainJob", {}, True, "reads"),
            ("openai", "Thing", {}, False, "provider"),
            ("tencent", "Thing", {"x": float("nan")}, False, "parameters"),
            ("tencent", "Thing", {"x": object()}, False, "parameters"),
        ):
            with pytest.raises(errors.InvalidArgumentError) as caught:
                client.call(provider, action, parameters, reads=reads)
            assert caught.value.field == field, caught.value
    assert sandbox.requests() == []


def test_calls_make_no_accepted_event(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        client.call("tencent", "SandboxEchoThing")
        seen = []
        for event in client.events(timeout=10):
            seen.append(event.type)
            if event.type is EventType.JOB_DONE:
                assert event.status is Status.OK
                break
    assert EventType.JOB_ACCEPTED not in seen


def test_a_call_is_cancelled_and_given_a_deadline(sandbox: Any, keys: Dict[str, Any]) -> None:
    sandbox.fault("delay", operation="SandboxEchoThing", times=-1, ms=5000)
    with aigc.Client(keys) as client:
        read, write, late = (
            client.call("tencent", "SandboxEchoThing", {"n": n}, reads=n != 1) for n in range(3)
        )
        until(lambda: len(sandbox.requests("SandboxEchoThing")) == 3)
        late.set_deadline(0.2)
        for job in (read, write):
            job.cancel()
            with pytest.raises(errors.JobCancelledError):
                job.wait(5)
        assert write.outcome is Outcome.UNKNOWN and read.outcome is Outcome.NONE
        with pytest.raises(errors.DeadlineError):
            late.wait(5)
        sandbox.clear_faults()
        client.close(0)


def test_calls_under_asyncio(sandbox: Any, keys: Dict[str, Any]) -> None:
    async def main() -> None:
        async with aigc.aio.Client(keys) as client:
            job = await client.call("tencent", "SandboxEchoThing", {"a": 1}).wait(30)
            assert job.provider_response["Response"]["Parameters"] == {"a": 1}
            answers = await asyncio.gather(
                *(client.call("alibaba", LIST, reads=True).wait(30) for _ in range(5))
            )
            assert all(answer.provider_response["data"] == [] for answer in answers)

    asyncio.run(main())


# Private buckets


@pytest.fixture
def bucket(keys: Dict[str, Any], sandbox: Any) -> Dict[str, Any]:
    """Configuration keys for a client that signs for the sandbox's private bucket."""
    return {**keys, "tencent.cos_hosts": sandbox.info["bucket_http"], "retry.base_ms": 10}


STORED: Dict[str, Any] = {
    "provider": "tencent",
    "operation": "aigc_image",
    "prompt": "a lighthouse",
    "cos_bucket": "mine-1250000000",
    "cos_region": "ap-guangzhou",
    "cos_path": "some folder/x+y",
}


def secrets_in(request: Dict[str, Any]) -> bool:
    """Whether a recorded request carries anything that only the bucket may see."""
    text = json.dumps(request).lower()
    return any(word in text for word in ("q-signature", "q-ak", "x-cos-security-token", '"authorization"'))


def stored(client: aigc.Client) -> aigc.Job:
    """A job whose image lies in the private bucket."""
    return client.submit(**STORED).wait(30)


def test_an_image_in_a_private_bucket(sandbox: Any, bucket: Dict[str, Any], tmp_path: Path) -> None:
    with aigc.Client(bucket) as client:
        job = stored(client)
        url = str(job.assets[0].url)
        assert url.startswith(sandbox.info["bucket_http"])
        drawn = sandbox.image("tencent", str(job.remote_id))
        assert job.download().wait(30).data == drawn
        assert client.fetch("tencent", "aigc_image_asset", url=url).wait(30).data == drawn
        file = job.download(0, tmp_path / "x.*").wait(30)
        assert Path(str(file.path)).read_bytes() == drawn
    assert [entry["signed"] for entry in sandbox.bucket_requests()] == [True] * 3


def test_a_bucket_that_was_not_named_is_not_signed_for(sandbox: Any, keys: Dict[str, Any]) -> None:
    for hosts in ("", sandbox.info["bucket_https"], sandbox.info["asset_http"], "mine.example"):
        sandbox.reset()
        with aigc.Client({**keys, "tencent.cos_hosts": hosts}) as client:
            with pytest.raises(errors.PermissionDeniedError):
                stored(client).download().wait(30)
        assert [entry["signed"] for entry in sandbox.bucket_requests()] == [False], hosts
        assert not any(map(secrets_in, sandbox.bucket_requests()))


def test_a_bucket_over_tls_with_a_token(sandbox: Any, keys: Dict[str, Any]) -> None:
    sandbox.add_identity(provider="tencent", id="temporary", secret="s3cr3t", token="the-token", expires_in=600)
    sandbox.config(bucket_scheme="https")
    bucket = {**keys, "tencent.cos_hosts": sandbox.info["bucket_https"], "tls.ca_file": sandbox.info["ca_file"]}
    bucket.update({"tencent.secret_id": "temporary", "tencent.secret_key": "s3cr3t", "tencent.token": "the-token"})
    with aigc.Client(bucket) as client:
        job = stored(client)
        assert job.download().wait(30).data == sandbox.image("tencent", str(job.remote_id))
    entry = sandbox.bucket_requests()[-1]
    assert entry["signed"] and "the-token" in json.dumps(entry)


def test_no_signature_reaches_another_host_through_redirects(sandbox: Any, bucket: Dict[str, Any]) -> None:
    """From the bucket to others, from others to the bucket, and from the bucket to itself under another name."""
    with aigc.Client(bucket) as client:
        job = stored(client)
        inside = str(job.assets[0].url)
        outside = str(client.submit("tencent", "aigc_image", prompt="a public picture").wait(30).assets[0].url)
        public = sandbox.image("tencent", sandbox.stats()["jobs"][-1]["id"])

        sandbox.fault("redirect", operation="bucket", location=outside)
        assert job.download().wait(30).data == public
        assert [entry["signed"] for entry in sandbox.bucket_requests()] == [True]
        assert len(sandbox.asset_requests()) == 1 and not secrets_in(sandbox.asset_requests()[0])

        # A stranger's redirect to the bucket is followed without a signature.
        sandbox.fault("redirect", operation="asset", location=inside)
        with pytest.raises(errors.PermissionDeniedError):
            client.fetch("tencent", "aigc_image_asset", url=outside).wait(30)
        assert [entry["signed"] for entry in sandbox.bucket_requests()] == [True, False]

        # The same server under another name is another host, and so is another port.
        alias = inside.replace("127.0.0.1", "localhost")
        assert alias != inside
        sandbox.fault("redirect", operation="bucket", location=alias)
        with pytest.raises(errors.PermissionDeniedError):
            job.download().wait(30)
        assert [entry["signed"] for entry in sandbox.bucket_requests()] == [True, False, True, False]
        with pytest.raises(errors.PermissionDeniedError):
            client.fetch("tencent", "aigc_image_asset", url=alias).wait(30)
        assert not any(entry["signed"] for entry in sandbox.bucket_requests()[-1:])

        # There and back again.
        sandbox.fault("redirect", operation="bucket", location=outside)
        sandbox.fault("redirect", operation="asset", location=inside)
        with pytest.raises(errors.PermissionDeniedError):
            job.download().wait(30)
    assert not any(map(secrets_in, sandbox.asset_requests()))
    assert [secrets_in(entry) for entry in sandbox.bucket_requests()] == [True, False, True, False, False, True, False]


def test_a_cut_image_of_a_bucket_is_resumed(sandbox: Any, bucket: Dict[str, Any], tmp_path: Path) -> None:
    sandbox.fault("cut", operation="bucket", fraction=0.5, times=1)
    with aigc.Client(bucket) as client:
        job = stored(client)
        file = job.download(0, tmp_path / "x.*").wait(30)
        assert Path(str(file.path)).read_bytes() == sandbox.image("tencent", str(job.remote_id))
    requests = sandbox.bucket_requests()
    assert len(requests) == 2 and all(entry["signed"] for entry in requests)
    assert "bytes=" in json.dumps(requests[1])


@pytest.mark.parametrize("skew", [-7200, 7200])
def test_a_clock_that_is_off_is_bridged_for_a_bucket(sandbox: Any, bucket: Dict[str, Any], skew: int) -> None:
    with aigc.Client(bucket) as client:
        job = stored(client)
        sandbox.config(clock_skew=skew)
        assert job.download().wait(30).data == sandbox.image("tencent", str(job.remote_id))
        assert len(sandbox.bucket_requests()) == 2


def test_errors_of_a_bucket(sandbox: Any, bucket: Dict[str, Any]) -> None:
    with aigc.Client(bucket) as client:
        job = stored(client)
        url = str(job.assets[0].url)
        client.set_credentials("tencent", bucket["tencent.secret_id"], "wrong")
        with pytest.raises(errors.AuthError) as caught:
            job.download().wait(30)
        assert caught.value.provider_code == "SignatureDoesNotMatch"
        client.set_credentials("tencent", "nobody", "wrong")
        with pytest.raises(errors.AuthError) as caught:
            job.download().wait(30)
        assert caught.value.provider_code == "InvalidAccessKeyId"
        sandbox.add_identity(provider="tencent", id="other", secret="x", account="another")
        client.set_credentials("tencent", "other", "x")
        with pytest.raises(errors.PermissionDeniedError) as denied:
            job.download().wait(30)
        assert denied.value.provider_code == "AccessDenied" and "cos:GetObject" in str(denied.value)
        client.set_credentials("tencent", bucket["tencent.secret_id"], bucket["tencent.secret_key"])
        with pytest.raises(errors.NotFoundError):
            client.fetch("tencent", "aigc_image_asset", url=url + "x").wait(30)
        assert job.download().wait(30).data


def test_hosts_of_buckets_are_checked(keys: Dict[str, Any]) -> None:
    for hosts in ("*.myqcloud.com", "https://x/path", "user@x", "x:0"):
        with pytest.raises(errors.InvalidArgumentError) as caught:
            aigc.Client({**keys, "tencent.cos_hosts": hosts})
        assert caught.value.field == "tencent.cos_hosts"


def test_json_text_goes_out_digit_for_digit() -> None:
    texts = ["1.0000000000000000000000001", "0.1e-7", "-0", "123456789012345678901234567890.5", "1e400", '[1E2,{"a":-0}]']
    for text in texts:
        assert _json({"a b": "x", "K": JSONText(text)}) == ('{"a b":"x","K":%s}' % text).encode()
    assert _json({"K": 1, "ü": "ä"}) == '{"K":1,"ü":"ä"}'.encode()
