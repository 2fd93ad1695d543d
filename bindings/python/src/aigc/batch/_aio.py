"""A batch for asyncio: the same work in turns, between which the loop runs. No thread."""

from __future__ import annotations

import asyncio
from typing import Any, AsyncIterator, Mapping, Optional

from ._api import Rows, Summary, _begun, _known, _unsent
from ._results import RowResult
from ._settings import PathLike

_IDLE = 0.02


async def as_completed(
    rows: Rows,
    *,
    out: PathLike,
    max_jobs: Optional[int] = None,
    journal: Optional[PathLike] = None,
    config: Optional[Mapping[str, Any]] = None,
    format: Optional[str] = None,
    encoding: Optional[str] = None,
    **options: Any,
) -> AsyncIterator[RowResult]:
    """aigc.batch.as_completed() for "async for". The first step reads and checks all rows before the loop runs again."""
    with _begun(rows, out, max_jobs, journal, config, format, encoding, options) as batch:
        for known in _known(batch):
            yield known
        while not batch.runner.is_over:
            ended = batch.runner.turn(0)
            for row in ended:
                yield row
            await asyncio.sleep(0 if ended else _IDLE)
        for unsent in _unsent(batch):
            yield unsent
        batch.finish()


async def run(
    rows: Rows,
    *,
    out: PathLike,
    max_jobs: Optional[int] = None,
    journal: Optional[PathLike] = None,
    config: Optional[Mapping[str, Any]] = None,
    format: Optional[str] = None,
    encoding: Optional[str] = None,
    **options: Any,
) -> Summary:
    """aigc.batch.run() as a coroutine, without a line of progress."""
    with _begun(rows, out, max_jobs, journal, config, format, encoding, options) as batch:
        while not batch.runner.is_over:
            await asyncio.sleep(0 if batch.runner.turn(0) else _IDLE)
        return batch.finish()


__all__ = ["as_completed", "run"]
