"""Spans of OpenTelemetry: one a job, with how it ended and without what is nobody's business."""

from __future__ import annotations

import asyncio
import gc
from typing import Any, Dict, Iterator, List

import aigc
import pytest
from aigc import aio, otel

sdk = pytest.importorskip("opentelemetry.sdk.trace", reason="pip install opentelemetry-sdk")
TENCENT = ("tencent", "aigc_image")


@pytest.fixture
def spans() -> Iterator[Any]:
    """What has been exported so far."""
    from opentelemetry.sdk.trace.export import SimpleSpanProcessor
    from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

    exporter = InMemorySpanExporter()
    provider = sdk.TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(exporter))
    otel.install(provider)
    yield exporter.get_finished_spans
    otel.uninstall()
    provider.shutdown()


def headers(sandbox: Any, operation: str) -> List[str]:
    return [value for entry in sandbox.requests(operation) for name, value in entry["headers"] if name == "traceparent"]


def test_a_span_for_each_job(sandbox: Any, keys: Dict[str, Any], spans: Any) -> None:
    with aigc.Client(keys) as client:
        request = aigc.Request(*TENCENT, prompt="a secret cat")
        job = client.submit(request).wait()
        job.wait()  # The span has ended once.
        with pytest.raises(aigc.JobFailedError):
            client.submit(*TENCENT, prompt="[fail] secret").wait()
        with pytest.raises(aigc.InvalidArgumentError):
            client.submit(*TENCENT, prompt="x", colour="red")
    good, bad, refused = spans()
    assert good.name == "aigc tencent aigc_image" and good.status.is_unset and request.traceparent is None
    assert good.attributes["aigc.remote_id"] == job.remote_id and good.attributes["aigc.state"] == "SUCCEEDED"
    assert good.attributes["aigc.images"] == 1 and good.end_time > good.start_time
    assert bad.attributes["error.type"] == "AIGC_E_JOB_FAILED" and not bad.status.is_ok and not bad.status.is_unset
    assert refused.attributes["error.type"] == "AIGC_E_INVALID_ARGUMENT"
    sent = headers(sandbox, "CreateAigcImageTask")
    assert [value.split("-")[1] for value in sent] == [f"{span.context.trace_id:032x}" for span in (good, bad)]
    assert f"{good.context.span_id:016x}" in sent[0]
    assert not any("secret" in str(value) or "aigc1:" in str(value) for span in spans() for value in span.attributes.values())


def test_a_trace_of_the_programs_own_is_kept(sandbox: Any, keys: Dict[str, Any], spans: Any) -> None:
    mine = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"
    with aigc.Client(keys) as client:
        client.submit(*TENCENT, prompt="a cat", traceparent=mine).wait()
    assert headers(sandbox, "CreateAigcImageTask") == [mine] and len(spans()) == 1


def test_asyncio(sandbox: Any, keys: Dict[str, Any], spans: Any) -> None:
    async def main() -> None:
        async with aio.Client(keys) as client:
            await asyncio.gather(*(client.generate(*TENCENT, prompt=f"cat {n}") for n in range(3)))

    asyncio.run(main())
    assert [span.attributes["aigc.state"] for span in spans()] == ["SUCCEEDED"] * 3
    assert len({span.context.trace_id for span in spans()}) == 3


def test_a_job_that_nobody_waits_for(sandbox: Any, keys: Dict[str, Any], spans: Any) -> None:
    with aigc.Client(keys) as client:
        client.submit(*TENCENT, prompt="a cat")
        gc.collect()
        (left,) = spans()
    assert left.attributes["aigc.left"] is True


def test_without_it_nothing_is_made(sandbox: Any, keys: Dict[str, Any]) -> None:
    with aigc.Client(keys) as client:
        assert client.submit(*TENCENT, prompt="a cat").wait()._span is None
    assert headers(sandbox, "CreateAigcImageTask") == []
