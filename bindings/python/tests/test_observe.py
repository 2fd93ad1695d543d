"""Statistics, log records and traces of both clients against the sandbox."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from typing import Any, Dict, List

import aigc
import pytest
from aigc import errors
from aigc.aio import Client as AsyncClient
from aigc.enums import EventType, LogLevel
from prometheus_client.parser import text_string_to_metric_families

TENCENT: Dict[str, Any] = {"provider": "tencent", "operation": "aigc_image", "prompt": "an unusual narwhal"}
PICTURES: Dict[str, Any] = {
    "provider": "alibaba",
    "operation": "pre_model_inference",
    "prompt": "an unusual narwhal, <special-token>",
    "image_urls": ["https://example.com/a.png?q-signature=MarkOfTheQuery"],
}
TRACE = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


def _row(rows: List[Dict[str, Any]], **where: str) -> Dict[str, Any]:
    (found,) = [row for row in rows if all(row[name] == value for name, value in where.items())]
    return found


def _headers(request: Dict[str, Any]) -> Dict[str, str]:
    return {name.lower(): value for name, value in request["headers"]}


def test_counts_are_those_of_the_cloud(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        for fields in (TENCENT, PICTURES):
            for image in client.generate(**fields, timeout=30):
                size = len(image.data)
        stats = client.stats()
        seen = [request["operation"] for request in sandbox.requests()]
        for action in ("CreateAigcImageTask", "DescribeAigcImageTask", "PersonalizedTextToImageAddInferenceJob"):
            row = _row(stats["calls"], action=action)
            assert row["started"] == row["answered"] == seen.count(action) > 0
            assert sum(row["duration_ms"]["counts"]) == row["started"] == sum(row["wait_ms"]["counts"])
            assert len(row["duration_ms"]["counts"]) == len(row["duration_ms"]["bounds"]) + 1
            assert row["in_flight"] == 0 and row["failed"] == {}
        image = _row(stats["calls"], action="PersonalizedTextToImageQueryImageAsset")
        assert image["kind"] == "image" and image["received_bytes"] == size
        job = _row(stats["jobs"], provider="tencent", kind="job")
        assert job["started"] == job["accepted"] == job["succeeded"] == 1 and job["active"] == 0
        assert sum(job["duration_ms"]["counts"]) == 1 and job["duration_ms"]["sum"] > 200
    assert client.stats()["calls"], "a closed client still says what it has done"


def test_failures_and_repetitions(sandbox: Any, keys: Dict[str, Any]) -> None:
    sandbox.fault(operation="DescribeAigcImageTask", kind="http", status=502, body="<html>", times=2)
    with aigc.Client(keys, retry_base_ms=10, retry_max_ms=50) as client:
        client.submit(**TENCENT).wait(30)
        row = _row(client.stats()["calls"], action="DescribeAigcImageTask")
        assert row["repeated"] == 2 and sum(row["failed"].values()) == 2 and row["answered"] == row["started"] - 2


def test_prometheus_reads_it(sandbox: Any, keys: Dict[str, Any]) -> None:
    sandbox.fault(operation="DescribeAigcImageTask", kind="http", status=502, body="<html>", times=1)
    with aigc.Client(keys, retry_base_ms=10) as client:
        client.generate(**TENCENT, timeout=30)
        text = aigc.prometheus.render(client.stats(), {"client": 'a "quoted"\\ name'})
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = {
        (sample.name, sample.labels.get("action"), sample.labels.get("le")): sample
        for family in families.values()
        for sample in family.samples
    }
    assert all(sample.labels["client"] == 'a "quoted"\\ name' for sample in samples.values())
    assert samples["aigc_calls_started_total", "CreateAigcImageTask", None].value == 1
    failed = [s for f in families.values() for s in f.samples if s.name == "aigc_calls_failed_total"]
    assert [(sample.labels["status"], sample.value) for sample in failed] == [("AIGC_E_BAD_RESPONSE", 1)]
    every = samples["aigc_call_duration_seconds_bucket", "CreateAigcImageTask", "+Inf"].value
    assert every == samples["aigc_call_duration_seconds_count", "CreateAigcImageTask", None].value == 1
    assert families["aigc_job_duration_seconds"].type == "histogram"
    # Every family says what it is, and every sample belongs to one: this is what a scraper checks.
    assert all(family.documentation and family.type != "unknown" for family in families.values())


@pytest.mark.parametrize("level", ["off", "error", "warning", "info", "debug"])
def test_what_each_level_tells(sandbox: Any, keys: Dict[str, Any], level: str) -> None:
    with aigc.Client(keys, log_level=level) as client:
        for fields in (TENCENT, PICTURES):
            client.generate(**fields, timeout=30)
        records = [event for event in client.events(timeout=0) if event.type is EventType.LOG]
    said = json.dumps([[record.message, record.fields] for record in records])
    assert bool(records) == (level in ("info", "debug"))
    assert ("narwhal" in said) == (level == "debug"), "prompts appear at debug only"
    assert "MarkOfTheQuery" not in said and keys["tencent.secret_key"] not in said
    if level == "debug":
        assert "https://example.com/a.png?..." in said
        answered = [r for r in records if r.message == "Call answered" and r.fields["action"] == "DescribeAigcImageTask"]
        for record in answered:
            assert record.level is LogLevel.DEBUG and record.fields["request_id"] and record.fields["attempt"] == 1
            assert record.fields["http_status"] == 200 and record.fields["duration_ms"] >= 0 and record.job_id


def test_sync_records_reach_logging(sandbox: Any, keys: Dict[str, Any], caplog: Any) -> None:
    caplog.set_level(logging.INFO, logger="aigc")
    with aigc.Client(keys, log_level="debug") as client:
        job = client.submit(**TENCENT).wait(30)
        for event in client.events(timeout=0):
            aigc.logs.emit(event)
    lines = [record for record in caplog.records if record.name == "aigc"]
    assert {record.levelno for record in lines} == {logging.INFO}, "debug was not asked for"
    assert any(record.getMessage().startswith("Job accepted") and job.remote_id in record.getMessage() for record in lines)
    assert all("at_ms" in record.aigc for record in lines)


def test_async_records_reach_logging_by_themselves(sandbox: Any, keys: Dict[str, Any], caplog: Any) -> None:
    caplog.set_level(logging.DEBUG, logger="aigc")

    async def work() -> None:
        async with AsyncClient(keys, log_level="debug") as client:
            await client.generate(**TENCENT, timeout=30)

    asyncio.run(work())
    said = [record.getMessage() for record in caplog.records if record.name == "aigc"]
    assert any(text.startswith("Call answered") for text in said) and any(text.startswith("Job ended") for text in said)


def test_a_handler_that_raises_stops_nothing(sandbox: Any, keys: Dict[str, Any]) -> None:
    class Raising(logging.Handler):
        def handle(self, record: logging.LogRecord) -> bool:
            raise RuntimeError("a handler of the program's own")

    logger, handler = logging.getLogger("aigc"), Raising()
    told: List[Any] = []

    async def work() -> None:
        asyncio.get_running_loop().set_exception_handler(lambda loop, context: told.append(context["exception"]))
        async with AsyncClient(keys, log_level="debug") as client:
            assert await client.generate(**TENCENT, timeout=30)

    logger.addHandler(handler)
    try:
        logger.setLevel(logging.DEBUG)
        asyncio.run(work())
    finally:
        logger.removeHandler(handler)
        logger.setLevel(logging.NOTSET)
    assert told and all(isinstance(error, RuntimeError) for error in told)


def test_a_call_by_name_has_a_row_of_its_own(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**TENCENT).wait(30)
        client.call("tencent", "DescribeAigcImageTask", {"TaskId": job.remote_id}, reads=True).wait(30)
        kinds = {row["kind"]: row for row in client.stats()["calls"] if row["action"] == "DescribeAigcImageTask"}
    assert kinds["read"]["started"] == 1 and kinds["status"]["started"] > 0


def test_a_fetch_carries_its_trace(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        job = client.submit(**PICTURES).wait(30)
        client.fetch("alibaba", "pre_model_inference_asset", image_id=job.assets[0].id, traceparent=TRACE).wait(30)
        with pytest.raises(errors.InvalidArgumentError):
            client.fetch("alibaba", "pre_model_inference_asset", image_id=job.assets[0].id, tracestate="a=1")
    asked = [r for r in sandbox.requests() if r["operation"] == "PersonalizedTextToImageQueryImageAsset"]
    assert [_headers(request).get("traceparent") for request in asked] == [TRACE]


def test_a_trace_goes_with_every_call_of_the_api(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        for fields in (TENCENT, PICTURES):
            client.generate(**fields, traceparent=TRACE, tracestate="vendor=1", timeout=30)
        job = client.submit(**TENCENT).wait(30)
        assert job.token is not None
    seen = [{**request, "headers": _headers(request)} for request in sandbox.requests()]
    traced = [request for request in seen if "traceparent" in request["headers"]]
    plain = [request for request in seen if "traceparent" not in request["headers"]]
    assert {request["headers"]["traceparent"] for request in traced} == {TRACE}
    assert {request["headers"]["tracestate"] for request in traced} == {"vendor=1"}
    assert {"CreateAigcImageTask", "DescribeAigcImageTask", "PersonalizedTextToImageQueryImageAsset"} <= {
        request["operation"] for request in traced
    }
    assert {request["operation"] for request in plain} == {"CreateAigcImageTask", "DescribeAigcImageTask"}
    # The store gets nothing that it does not need.
    assert sandbox.asset_requests() and all("traceparent" not in _headers(r) for r in sandbox.asset_requests())

    with aigc.Client(keys) as client:
        attached = client.attach(job.token, follow=False)
        attached.set_trace(TRACE.replace("-01", "-00"))
        attached.refresh(30)
        attached.set_trace(None)
        assert _headers(sandbox.requests()[-1])["traceparent"] == TRACE.replace("-01", "-00")
        with pytest.raises(errors.InvalidArgumentError):
            attached.set_trace("00-nonsense")


def test_the_command_tells(sandbox: Any, command: Any) -> None:
    done = command.run("submit", "--provider", "tencent", "--log", "debug", "a narwhal")
    assert done.returncode == 0 and "debug: Call started" in done.stderr and "CreateAigcImageTask" in done.stderr
    assert "debug" not in command.run("submit", "--provider", "tencent", "a narwhal").stderr


def test_what_is_said_is_one_bounded_line(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys, log_level="debug") as client:
        job = client.submit(**TENCENT).wait(30)
        with pytest.raises(errors.AigcError) as failed:
            job.download(0, "/nowhere/" + "a\nb\x1b[31m" * 1000 + ".png").wait(30)
        assert len(failed.value.message) <= 4100 and failed.value.message.isprintable()
        said = [event for event in client.events(timeout=0) if "nowhere" in json.dumps([event.message, event.fields])]
    assert {event.type for event in said} == {EventType.JOB_DONE, EventType.LOG}
    for event in said:
        for text in [event.message, *(value for value in event.fields.values() if isinstance(value, str))]:
            assert text is not None and len(text) <= 4100 and text.isprintable(), event.type


@pytest.mark.parametrize("takes_events", [False, True])
def test_the_synchronous_client_hands_log_records_over(
    sandbox: Any, keys: Dict[str, Any], caplog: pytest.LogCaptureFixture, takes_events: bool
) -> None:
    """Nobody has to take events for that; who takes them gets every one, and no record is told twice."""
    caplog.set_level(logging.DEBUG, logger="aigc")
    seen = []
    with aigc.Client({**keys, "log.level": "info"}) as client:
        job = client.submit("tencent", "aigc_image", prompt="a cat").wait()
        if takes_events:
            for event in client.events(timeout=1):
                aigc.logs.emit(event)
                seen.append(event)
        download = job.download(0).wait()
        assert download.data
        if takes_events:
            seen.extend(client.events(timeout=1))
    told = [record for record in caplog.records if record.name == "aigc" and hasattr(record, "aigc")]
    assert {record.message.split(" {")[0] for record in told} >= {"Job accepted", "Job ended"}, told
    texts = [record.getMessage() for record in told]
    places = [str(record.aigc) for record in told]
    assert len(places) == len(set(places)) and texts
    if takes_events:
        kinds = [event.type for event in seen if event.job_id == job.id]
        assert kinds.count(aigc.EventType.JOB_ACCEPTED) == 1 and kinds.count(aigc.EventType.JOB_DONE) == 1
        assert all(event.job is job for event in seen if event.job_id == job.id and event.type != aigc.EventType.LOG)
    assert not [thread for thread in threading.enumerate() if thread.name == "aigc-events"]


def test_without_a_log_level_there_is_no_thread(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        client.submit("tencent", "aigc_image", prompt="a cat").wait()
        assert not [thread for thread in threading.enumerate() if thread.name == "aigc-events"]


def test_events_end_after_the_client_with_logs(sandbox: Any, keys: Dict[str, Any]) -> None:
    client = aigc.Client({**keys, "log.level": "debug"})
    job = client.submit("tencent", "aigc_image", prompt="a cat").wait()
    client.close()
    kinds = [event.type for event in client.events() if event.job == job]
    assert kinds[-1] == aigc.EventType.JOB_DONE
    assert list(client.events()) == [] and list(client.events(timeout=5)) == []
