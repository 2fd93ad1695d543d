"""Spans of OpenTelemetry: one a job, from its submission to its end, and the provider's calls carry its trace.

    import aigc.otel

    aigc.otel.install()          # or install(tracer_provider); pip install 'libaigc[otel]'

Every Client and aio.Client of the process makes spans from then on. A span ends when wait() sees the end of its job, or
when the job's last object goes; prompts, tokens and URLs are in no span.
"""

from __future__ import annotations

from copy import copy
from typing import Any, Optional
from weakref import finalize

from . import _base
from ._jobs import BaseJob, BaseTask
from .describe import version
from .errors import AigcError, LibraryLoadError
from .request import Request


class _Spans:
    """What the clients call: before a submission, after it, and at the end of a job."""

    def __init__(self, provider: Any) -> None:
        try:
            from opentelemetry import trace
            from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator
        except ImportError:
            raise LibraryLoadError("spans need OpenTelemetry: pip install 'libaigc[otel]'") from None
        self._trace = trace
        self._propagator = TraceContextTextMapPropagator()
        self._tracer = trace.get_tracer("aigc", version(), tracer_provider=provider)

    def start(self, request: Request) -> "tuple[Request, Any]":
        """The span of a request, and the request with the span's trace; one that names a trace itself keeps it."""
        span = self._tracer.start_span(
            f"aigc {request.provider} {request.operation}",
            kind=self._trace.SpanKind.CLIENT,
            attributes={"aigc.provider": request.provider, "aigc.operation": request.operation},
        )
        if request.traceparent is not None or not span.get_span_context().is_valid:
            return request, span
        carrier: "dict[str, str]" = {}
        self._propagator.inject(carrier, self._trace.set_span_in_context(span))
        traced = copy(request)
        traced.traceparent, traced.tracestate = carrier.get("traceparent"), carrier.get("tracestate")
        return traced, span

    def submitted(self, job: BaseJob, span: Any) -> None:
        """From now on the job keeps its span."""
        job._span = span
        job._span_end = finalize(job, _left, span)

    def refused(self, error: BaseException, span: Any) -> None:
        """No job came of it."""
        self._failed(span, error)
        span.end()

    def ended(self, task: BaseTask, error: Optional[AigcError]) -> None:
        """wait() has seen the end. Once for each job."""
        span, task._span = task._span, None
        if span is None:
            return
        task._span_end.detach()
        if isinstance(task, BaseJob):
            for name, value in (
                ("aigc.remote_id", task.remote_id),
                ("aigc.request_id", task.request_id),
                ("aigc.images", len(task.assets)),
            ):
                if value is not None:
                    span.set_attribute(name, value)
        span.set_attribute("aigc.state", task.state.name)
        if error is not None:
            self._failed(span, error)
        span.end()

    def _failed(self, span: Any, error: BaseException) -> None:
        name = error.name if isinstance(error, AigcError) else type(error).__name__
        span.set_attribute("error.type", name)
        span.set_status(self._trace.Status(self._trace.StatusCode.ERROR, name))


def _left(span: Any) -> None:
    """Nobody waited for the end: the job may keep running."""
    span.set_attribute("aigc.left", True)
    span.end()


def install(tracer_provider: Any = None) -> None:
    """Makes spans from now on. tracer_provider: None for the global one."""
    _base.spans = _Spans(tracer_provider)


def uninstall() -> None:
    """Makes none any more. Spans that are open end as their jobs do."""
    _base.spans = None
