"""Log records of the library for the standard logging.

The asyncio client hands them over by itself. With the synchronous one they are events like any other:

    client = aigc.Client(log_level="info")
    for event in client.events():
        aigc.logs.emit(event)

A program that takes no events, because it only waits for jobs, can let a daemon thread run that loop.
"""

from __future__ import annotations

import json
import logging
from typing import Optional

from ._base import Event
from .enums import EventType, LogLevel

_LEVELS = {
    LogLevel.ERROR: logging.ERROR,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
}


def emit(event: Event, logger: Optional[logging.Logger] = None) -> None:
    """Hands an event of type LOG to a logger (default: "aigc"); others are passed over. The record has the fields as its
    attribute aigc, a dict, and their JSON behind the message."""
    if event.type != EventType.LOG:
        return
    logger = logging.getLogger("aigc") if logger is None else logger
    level = _LEVELS.get(event.level, logging.DEBUG)
    if logger.isEnabledFor(level):
        text = json.dumps({name: value for name, value in event.fields.items() if name != "at_ms"}, ensure_ascii=False)
        logger.log(level, "%s %s", event.message, text, extra={"aigc": event.fields})
