"""The events of both clients."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Dict, Optional

from .enums import EventType, LogLevel, State, Status

if TYPE_CHECKING:
    from ._jobs import BaseTask


class Event:
    """A change that a client reports."""

    __slots__ = ("type", "job", "job_id", "state", "status", "provider", "message", "level", "fields", "_logged")

    def __init__(
        self,
        type: EventType,
        job: Optional[BaseTask],
        job_id: Optional[int],
        state: State,
        status: Status,
        provider: Optional[str],
        message: Optional[str] = None,
        level: LogLevel = LogLevel.NONE,
        fields: Optional[Dict[str, Any]] = None,
    ) -> None:
        self.type = type
        self.job = job
        """The job or download of the event; None if it has none."""
        self.job_id = job_id
        self.state = state
        """The state of the job at the time of the event."""
        self.status = status
        """JOB_DONE: how the job ended. JOB_REFRESHED: how the call ended. Otherwise OK."""
        self.provider = provider
        """The provider of the event."""
        self.message = message
        """One line for people, for events that have one (WARNING, LOG)."""
        self.level = level
        """LOG: how much it matters."""
        self.fields = fields or {}
        """LOG, and a WARNING that names the id of a job: what varies; the header lists the names."""
        self._logged = False

    def __repr__(self) -> str:
        if self.message is not None:
            return f"<aigc.Event {self.type.name} {self.provider}: {self.message}>"
        return f"<aigc.Event {self.type.name} job={self.job_id} {self.state.name} {self.status.name}>"
