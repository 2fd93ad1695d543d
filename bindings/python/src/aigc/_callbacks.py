"""Functions of a program that a client calls. Of a coroutine that nobody awaits nothing happens, and so is a job's id lost."""

from __future__ import annotations

import functools
import inspect
from typing import Any, Callable, Optional

from ._call import decode
from ._jobs import BaseJob
from ._library import lib
from .enums import Status
from .errors import InvalidArgumentError

_AWAITABLE = inspect.CO_COROUTINE | inspect.CO_ITERABLE_COROUTINE
_GENERATES = inspect.CO_GENERATOR | inspect.CO_ASYNC_GENERATOR


def check(function: Optional[Callable[..., Any]], what: str, awaits: bool) -> None:
    """Raises InvalidArgumentError for a function that cannot be called with a job, or of which nothing would run.

    awaits: whether the client awaits what the function returns.
    """
    if function is None:
        return
    if not callable(function):
        raise _wrong(what, f"is a {type(function).__name__}, and must be a function that takes the job")
    flags = _flags(function)
    if flags & _AWAITABLE or inspect.iscoroutinefunction(function):
        if not awaits:
            raise _wrong(what, "is a coroutine function, which this client cannot await: give a plain function, or use aigc.aio")
    elif flags & _GENERATES:
        raise _wrong(what, "is a generator function, of which nothing would run: give a function without yield")
    try:
        signature = inspect.signature(function)
    except (TypeError, ValueError):  # Some functions in C have none.
        return
    try:
        signature.bind(None)
    except TypeError as error:
        raise _wrong(what, f"cannot be called with the job alone: {error}") from None


def is_unfinished(result: object) -> bool:
    """Whether what a function has returned must still be awaited or run."""
    return inspect.isawaitable(result) or inspect.isgenerator(result) or inspect.isasyncgen(result)


def tell(function: Callable[[Any], Any], job: BaseJob, what: str) -> None:
    """Calls a function with a job that the provider has accepted. Raises what the function raises."""
    try:
        job._known = True
        result = function(job)
        if is_unfinished(result):
            if inspect.iscoroutine(result) or inspect.isgenerator(result):
                result.close()
            token = job._token() or decode(lib().aigc_job_remote_id(job._handle))
            raise InvalidArgumentError(
                f"{what} has returned a {type(result).__name__}, which this client cannot await: give a plain function, or use "
                f"aigc.aio. The job is accepted; its token: {token}",
                status=Status.INVALID_ARGUMENT, outcome=job.outcome, field=what, token=token,
            )
    except BaseException:
        job._known = False
        raise


def _flags(function: Any) -> int:
    """What kind of function it is, below methods, partial() and objects that can be called."""
    while True:
        if isinstance(function, functools.partial):
            function = function.func
        elif inspect.ismethod(function):
            function = function.__func__
        else:
            break
    code = getattr(function, "__code__", None) or getattr(getattr(type(function), "__call__", None), "__code__", None)
    flags = getattr(code, "co_flags", 0)
    return flags if isinstance(flags, int) else 0


def _wrong(what: str, why: str) -> InvalidArgumentError:
    return InvalidArgumentError(
        f"{what} {why}. Nothing was submitted", status=Status.INVALID_ARGUMENT, field=what
    )
