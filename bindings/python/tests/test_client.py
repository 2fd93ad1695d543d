"""The synchronous client against the sandbox."""

from __future__ import annotations

import gc
import threading
import time
from pathlib import Path
from typing import Any, Dict, List

import aigc
import pytest
from aigc import errors
from aigc.enums import EventType, Outcome, State, Status
from support import settings

TENCENT: Dict[str, Any] = {"provider": "tencent", "operation": "aigc_image", "prompt": "a cat in the snow"}
TRAINED: Dict[str, Any] = {
    "provider": "alibaba",
    "operation": "inference",
    "model": "sandbox-model",
    "prompt": "a <special-token>",
}
PICTURES: Dict[str, Any] = {
    "provider": "alibaba",
    "operation": "pre_model_inference",
    "prompt": "a <special-token>",
    "image_urls": ["https://example.com/a.png"],
}


@pytest.mark.parametrize("request_fields", [TENCENT, TRAINED, PICTURES], ids=["tencent", "inference", "pre_model"])
def test_generate_to_memory_and_to_files(
    sandbox: Any, keys: Dict[str, Any], request_fields: Dict[str, Any], tmp_path: Path
) -> None:
    accepted: List[aigc.Job] = []
    with aigc.Client(keys) as client:
        memory = client.generate(**request_fields, count=2, timeout=30, on_accepted=accepted.append)
        job = accepted[0]
        assert job.remote_id is not None and job.token is not None and len(job.token) <= 256
        drawn = [sandbox.image(job.provider, job.remote_id, index) for index in range(2)]
        assert [download.data for download in memory] == drawn
        assert memory[0].content_type in ("image/png", "image/jpeg", "image/webp")

        files = client.generate(**request_fields, count=2, out=tmp_path, timeout=30)
        paths = [Path(str(download.path)) for download in files]
        assert len(set(paths)) == 2 and all(path.parent == tmp_path and path.stat().st_size > 100 for path in paths)
        assert {path.suffix for path in paths} <= {".png", ".jpg", ".webp"}
    assert sorted(tmp_path.iterdir()) == sorted(paths)


def test_a_job_step_by_step(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**TENCENT)
        assert isinstance(job, aigc.Job) and job.id > 0 and job.provider == "tencent" and job.operation == "aigc_image"
        assert not job.done and job.error is None and job.assets == []
        assert job.wait(30) is job
        assert job.done and job.state is State.SUCCEEDED and job.outcome is Outcome.ACCEPTED and job.error is None
        assert job.provider_state == "DONE" and job.request_id
        assert job.provider_response["Response"]["Status"] == "DONE"
        (asset,) = job.assets
        assert asset.index == 0 and asset.url and asset.url.startswith("http") and asset.url not in repr(asset)
        assert asset.expires_at is not None and asset.expires_at.timestamp() > time.time()
        download = job.download(0).wait(30)
        assert download.bytes.received == download.bytes.total == len(download.data)
        assert download.take()
        with pytest.raises(errors.WrongStateError):
            download.take()
        with pytest.raises(errors.InvalidArgumentError):
            job.download(-1)
        with pytest.raises(aigc.CallError):
            job.download(1)


def test_events_continue_until_the_grace_is_over(sandbox: Any, keys: Dict[str, Any]) -> None:
    """A program that stores ids as it takes events gets the one that comes while the client is closed."""
    sandbox.fault("delay_after", "CreateAigcImageTask", ms=600)
    client = aigc.Client(keys)
    seen: List[EventType] = []
    reader = threading.Thread(target=lambda: seen.extend(event.type for event in client.events()))
    reader.start()
    job = client.submit(**TENCENT)
    while not sandbox.requests("CreateAigcImageTask"):
        time.sleep(0.01)
    client.close(5)
    reader.join(5)
    assert not reader.is_alive() and job.token is not None
    assert EventType.JOB_ACCEPTED in seen and EventType.JOB_DONE in seen


def test_an_interrupt_in_the_moment_of_acceptance_tells_the_id(
    sandbox: Any, keys: Dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    accepted: List[aigc.Job] = []
    with aigc.Client(keys) as client:
        wait = client._job_class.wait

        def accept_and_interrupt(job: aigc.Job, deadline: Any) -> None:
            while job.remote_id is None:
                time.sleep(0.01)
            raise KeyboardInterrupt

        monkeypatch.setattr(client, "_wait_accepted", accept_and_interrupt)
        with pytest.raises(KeyboardInterrupt):
            client.generate(**TENCENT, on_accepted=accepted.append)
        assert len(accepted) == 1 and accepted[0].token
        assert wait(accepted[0], 30).done


def test_threads_that_read_one_image(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**TENCENT).wait(30)
        for _ in range(20):
            download = job.download(0).wait(30)
            gate, got = threading.Barrier(4), []

            def read(download: aigc.Download = download, gate: threading.Barrier = gate, got: List[bytes] = got) -> None:
                gate.wait()
                got.append(download.data)

            threads = [threading.Thread(target=read) for _ in range(4)]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            assert len(got) == 4 and len(set(got)) == 1


def test_an_image_without_a_copy(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**TENCENT).wait(30)
        copy = job.download(0).wait(30).data
        download = job.download(0).wait(30)
        view = download.take_view()
        with pytest.raises(errors.WrongStateError):
            download.take_view()
        again = job.download(0).wait(30)
        assert again.data == copy and again.take_view() == copy
        with pytest.raises(errors.WrongStateError):
            again.take()
    assert view.readonly and view.format == "B" and view.nbytes == len(copy)
    # The memory lives as long as any view of it, whatever else has ended.
    part = view[8:]
    del download, again, view, job, client
    gc.collect()
    assert part == copy[8:]
    assert part.tobytes().startswith(copy[8:16])


def test_attach_in_another_client(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**TENCENT).wait(30)
        token, remote_id = job.token, job.remote_id
    assert token is not None and remote_id is not None
    with aigc.Client(keys) as client:
        again = client.attach(token).wait(30)
        assert again.remote_id == remote_id and len(again.assets) == 1
        by_id = client.attach_id("tencent", "aigc_image", remote_id).wait(30)
        assert by_id.download().wait(30).data == sandbox.image("tencent", remote_id)
        with pytest.raises(errors.InvalidArgumentError):
            client.attach("nonsense")


def test_refresh_makes_one_call(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        token = client.submit(**TENCENT).wait(30).token
        job = client.attach(str(token), follow=False)
        before = len(sandbox.requests("DescribeAigcImageTask"))
        assert job.refresh(30) is State.SUCCEEDED
        assert len(sandbox.requests("DescribeAigcImageTask")) == before + 1
        with pytest.raises(errors.WrongStateError):
            job.refresh(30)


def test_refresh_reports_what_the_call_met(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**{**TENCENT, "prompt": "[never] cat"}, follow=False)
        while job.remote_id is None:
            time.sleep(0.01)
        sandbox.fault(
            "error", "DescribeAigcImageTask", code="AuthFailure.SignatureFailure", message="the fault says no"
        )
        with pytest.raises(errors.AuthError) as caught:
            job.refresh(30)
        assert caught.value.provider_code == "AuthFailure.SignatureFailure" and caught.value.request_id
        assert not job.done


def test_fetch_without_a_job(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**TENCENT).wait(30)
        download = client.fetch("tencent", "aigc_image_asset", url=job.assets[0].url, path=tmp_path / "cat.*").wait(30)
        assert isinstance(download, aigc.Download)
        assert Path(str(download.path)).read_bytes() == sandbox.image("tencent", job.remote_id)


def test_failed_jobs(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        with pytest.raises(aigc.ProviderError) as caught:
            client.generate(**{**TENCENT, "prompt": "[fail] cat"}, timeout=30)
        assert caught.value.status in (Status.JOB_FAILED, Status.PROVIDER) and caught.value.token
        with pytest.raises(errors.ContentRefusedError):
            client.generate(**{**TENCENT, "prompt": "[moderated] cat"}, timeout=30)


def test_account_errors(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys, tencent_secret_key="wrong") as client:
        with pytest.raises(errors.AuthError) as caught:
            client.submit(**TENCENT).wait(30)
        assert str(caught.value.provider_code).startswith("AuthFailure") and caught.value.outcome is Outcome.NOT_SENT
        assert caught.value.request_id and "wrong" not in str(caught.value)


def test_a_refused_connection(keys: Dict[str, Any]) -> None:
    with aigc.Client({**keys, "tencent.endpoint": "http://127.0.0.1:9", "retry.max_attempts": 1}) as client:
        with pytest.raises(aigc.NetworkError) as caught:
            client.submit(**TENCENT).wait(30)
        assert caught.value.outcome is Outcome.NOT_SENT


def test_unknown_outcome(sandbox: Any, keys: Dict[str, Any]) -> None:
    sandbox.fault("close_after", "CreateAigcImageTask")
    with aigc.Client(keys) as client:
        job = client.submit(**TENCENT)
        with pytest.raises(aigc.OutcomeUnknownError) as caught:
            job.wait(30)
        assert caught.value.outcome is Outcome.UNKNOWN and job.state is State.UNKNOWN
    assert sum(sandbox.stats()["jobs_created"].values()) == 1


def test_checks_before_anything_is_sent(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        for fields, named in (
            ({"promt": "x"}, "promt"),
            ({"count": "two"}, "count"),
            ({"count": 2**63}, "count"),
            ({"prompt": 5}, "prompt"),
            ({"prompt": object()}, "prompt"),
            ({"additional_parameters": "{"}, "additional_parameters"),
            ({"additional_parameters": float("nan")}, "additional_parameters"),
            ({"prompt": "a\0b"}, "prompt"),
        ):
            with pytest.raises(errors.InvalidArgumentError) as caught:
                client.submit("tencent", "aigc_image", **fields)
            assert caught.value.field == named, fields
        with pytest.raises(errors.InvalidArgumentError):
            client.submit("tencent", "nonsense", prompt="x")
        with pytest.raises(errors.InvalidArgumentError):
            client.submit("nonsense", "aigc_image", prompt="x")
        with pytest.raises(errors.InvalidArgumentError) as caught:
            client.submit("alibaba", "inference", prompt="x")
        assert caught.value.field == "model"
        with pytest.raises(TypeError):
            client.submit("tencent")
        with pytest.raises(TypeError):
            client.submit(aigc.Request("tencent", "aigc_image"), prompt="x")
    assert sandbox.requests() == []


def test_configuration_errors(library: str) -> None:
    with pytest.raises(errors.InvalidArgumentError) as caught:
        aigc.Client({"tencent.secretid": "x"})
    assert "tencent.secret_id" in str(caught.value)
    with pytest.raises(errors.InvalidArgumentError):
        aigc.Client(tencent_secretid="x")
    with pytest.raises(errors.InvalidArgumentError):
        aigc.Client({"poll.initial_ms": "soon"})
    with pytest.raises(errors.InvalidArgumentError):
        aigc.Client({"tencent.region": object()})


def test_keywords_are_keys_with_underscores(library: str) -> None:
    from aigc._config import key_of

    for row in aigc.config_keys():
        assert key_of(row.key.replace(".", "_")) == row.key
    with aigc.Client(close_grace_ms=1234, events_progress=True, tencent_region=None) as client:
        assert client.close_grace == 1.234


def test_tables(library: str) -> None:
    keys = {row.key: row for row in aigc.config_keys()}
    assert keys["tencent.secret_key"].type == "secret" and keys["close.grace_ms"].type == "duration_ms"
    assert all(row.text for row in keys.values())
    operations = {(row.provider, row.operation): row.kind for row in aigc.operations()}
    assert operations[("tencent", "aigc_image")] == "submit"
    assert operations[("alibaba", "inference_asset")] == "fetch"
    for provider, operation in operations:
        assert aigc.fields(provider, operation)
    assert {row.name for row in aigc.fields("alibaba", "inference") if row.required} == {"model", "prompt"}
    assert aigc.fields("no", "such") == []
    assert aigc.version().startswith("1.") and "{" in aigc.build_info()


def test_events(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**TENCENT)
        seen = []
        for event in client.events(timeout=20):
            assert event.job is job and event.job_id == job.id and event.provider == "tencent"
            seen.append(event.type)
            if event.type == EventType.JOB_DONE:
                assert event.status is Status.OK and event.state is State.SUCCEEDED
                break
        assert EventType.JOB_ACCEPTED in seen and seen.count(EventType.JOB_DONE) == 1
        start = time.monotonic()
        assert list(client.events(timeout=0.2)) == []
        assert 0.15 < time.monotonic() - start < 2


def test_waiting_takes_no_events(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        assert list(client.events(timeout=0)) == []  # Somebody asks for events: they are kept.
        job = client.submit(**TENCENT).wait(30)
        done = [event for event in client.events(timeout=0.5) if event.type == EventType.JOB_DONE]
        assert [event.job for event in done] == [job]


def test_events_of_a_closed_client_end(sandbox: Any, keys: Dict[str, Any]) -> None:
    client = aigc.Client(keys)
    job = client.submit(**{**TENCENT, "prompt": "[never]"})
    taken: List[Any] = []
    reader = threading.Thread(target=lambda: taken.extend(client.events()))
    reader.start()
    while job.remote_id is None:
        time.sleep(0.01)
    client.close()
    client.wake()
    reader.join(5)
    assert not reader.is_alive()
    assert taken[-1].type == EventType.JOB_DONE and taken[-1].status is Status.CANCELLED


def test_timeout_cancel_and_deadline(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**{**TENCENT, "prompt": "[never]"})
        start = time.monotonic()
        with pytest.raises(aigc.WaitTimeoutError) as caught:
            job.wait(0.5)
        assert 0.45 < time.monotonic() - start < 2 and caught.value.token == job.token is not None
        job.cancel()
        job.cancel()
        with pytest.raises(errors.JobCancelledError) as cancelled:
            job.wait(5)
        assert cancelled.value.token == job.token and job.state is State.CANCELLED
        with pytest.raises(errors.DeadlineError):
            client.submit(**{**TENCENT, "prompt": "[never]"}, deadline=0.4).wait(10)
        late = client.submit(**{**TENCENT, "prompt": "[never]"})
        late.set_deadline(0.2)
        with pytest.raises(errors.DeadlineError):
            late.wait(10)
        with pytest.raises(errors.InvalidArgumentError):
            late.wait(-1)


def test_follow_can_be_turned_on(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**TENCENT, follow=False)
        with pytest.raises(aigc.WaitTimeoutError):
            job.wait(1)
        assert sandbox.requests("DescribeAigcImageTask") == []
        job.follow()
        job.wait(30)


def test_body_fields_reach_the_provider(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        with pytest.raises(aigc.AigcError) as caught:
            client.submit(**TENCENT, body={"ExtraParameters.NewField": {"x": 1}}).wait(30)
        assert "NewField" in str(caught.value.provider_message)


def test_a_closed_client(sandbox: Any, keys: Dict[str, Any]) -> None:
    client = aigc.Client(keys)
    job = client.submit(**TENCENT).wait(30)
    client.close()
    client.close()
    assert client.closed and job.state is State.SUCCEEDED and job.assets
    for attempt in (lambda: client.submit(**TENCENT), lambda: client.attach(str(job.token)), lambda: job.download()):
        with pytest.raises(errors.ClosedError):
            attempt()


def test_close_waits_for_what_is_on_the_wire(sandbox: Any, keys: Dict[str, Any]) -> None:
    sandbox.fault("delay_after", "CreateAigcImageTask", ms=700)
    client = aigc.Client(keys)
    job = client.submit(**TENCENT)
    while job.state is not State.SUBMITTING:
        time.sleep(0.005)
    time.sleep(0.2)
    client.close(grace=5)
    assert job.token is not None and job.outcome is Outcome.ACCEPTED


def test_given_credentials(sandbox: Any) -> None:
    keys = {name: value for name, value in settings(sandbox.info).items() if "secret" not in name and "key" not in name}
    with aigc.Client(keys) as client:
        account = sandbox.info["tencent"]
        client.set_credentials("tencent", account["secret_id"], account["secret_key"])
        client.submit(**TENCENT).wait(30)


def test_existing_files_are_left_alone(sandbox: Any, keys: Dict[str, Any], tmp_path: Path) -> None:
    (tmp_path / "cat.png").write_text("mine")
    with aigc.Client(keys) as client:
        job = client.submit(**TENCENT).wait(30)
        with pytest.raises(errors.FileTakenError):
            job.download(0, tmp_path / "cat.png").wait(30)
        with pytest.raises(aigc.MachineError):
            job.download(0, tmp_path / "no" / "cat.png").wait(30)
    assert (tmp_path / "cat.png").read_text() == "mine" and len(list(tmp_path.iterdir())) == 1


def test_200_jobs_of_each_cloud(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        for fields in (TENCENT, TRAINED):
            jobs = [client.submit(**{**fields, "prompt": f"cat {number} <special-token>"}) for number in range(200)]
            for job in jobs:
                data = job.wait(120).download(0).wait(60).data
                assert data == sandbox.image(job.provider, job.remote_id)
    created = sandbox.stats()["jobs_created"]
    assert sum(created.values()) == 400
