"""Log records of the library for the standard logging.

Both clients hand them over by themselves, to the logger "aigc", if the configuration's log.level asks for them:

    logging.basicConfig(level=logging.INFO)
    client = aigc.Client(log_level="info")

They are events too, for a program that takes those. emit() is for events of another origin; it passes over what has been
handed over already.
"""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Optional

from ._jobs import BaseJob
from .enums import EventType, LogLevel, Outcome, State

if TYPE_CHECKING:
    from ._event import Event

_LEVELS = {
    LogLevel.ERROR: logging.ERROR,
    LogLevel.WARNING: logging.WARNING,
    LogLevel.INFO: logging.INFO,
    LogLevel.DEBUG: logging.DEBUG,
}


def given_up(job: BaseJob) -> None:
    """Warns of a job that keeps running although the code that wanted its images was cancelled or interrupted: else nobody
    might know of it. Nothing where it never reached the provider, or where somebody knows."""
    if job._known:
        return
    token = job.token or job.remote_id
    if token is not None:
        text = "a job that was given up here keeps running at the provider and is billed; its token: %s"
        if job.state is State.SUCCEEDED:
            text = "a job that was given up here has images that nobody asked for; its token: %s"
        job._known = True
    elif job.outcome is Outcome.UNKNOWN and not job._notes.unknown:
        job._notes.unknown = True
        token = f"{job.provider} {job.operation}"
        text = "a submission that was given up here may run and be billed, its answer did not come: %s"
    else:
        return
    _warn(text, token, job)


def untold(job: BaseJob) -> None:
    """Warns of a job whose on_accepted did not come to its end: the program may not have the token."""
    if not job._known:
        job._known = True
        _warn("on_accepted did not end for a job; its token: %s", job.token or job.remote_id or "", job)


def _warn(text: str, token: str, job: BaseJob) -> None:
    fields = {"provider": job.provider, "job": job.id, "remote_id": job.remote_id, "token": job.token}
    logging.getLogger("aigc").warning(text, token, extra={"aigc": fields})


def emit(event: "Event", logger: Optional[logging.Logger] = None) -> None:
    """Hands an event of type LOG to a logger (default: "aigc"); others are passed over. The record has the fields as its
    attribute aigc, a dict, and their JSON behind the message."""
    if event.type != EventType.LOG or event._logged:
        return
    event._logged = True
    logger = logging.getLogger("aigc") if logger is None else logger
    level = _LEVELS.get(event.level, logging.DEBUG)
    if logger.isEnabledFor(level):
        text = json.dumps({name: value for name, value in event.fields.items() if name != "at_ms"}, ensure_ascii=False)
        logger.log(level, "%s %s", event.message, text, extra={"aigc": event.fields})
