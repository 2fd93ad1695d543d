"""The findings of aigc doctor, as its page and its files show them."""

from __future__ import annotations

from typing import Any, Dict, List, NamedTuple, Optional

from ..errors import AigcError

OK, WARN, BAD, NONE = "ok", "warn", "bad", "none"


class Command(str):
    """Advice that can be pasted into a shell: it stays on one line."""


class Check(NamedTuple):
    """One finding."""

    id: str
    state: str
    """OK, WARN (works, and should be fixed), BAD (does not work) or NONE (is not there, or could not be looked at)."""
    text: str
    advice: List[str] = []


class Cloud:
    """The findings about one cloud."""

    def __init__(self, provider: str, row: Dict[str, Any]) -> None:
        self.provider = provider
        self.endpoint: str = row["endpoint"]
        self.region: str = row["region"]
        self.proxy: Optional[str] = row["proxy"]
        self.checks: List[Check] = []
        self.failure: Optional[AigcError] = None
        self.has_credentials = False
        self.is_set_up_wrongly = False
        """Credentials are configured, and they cannot be used."""

    def add(self, id: str, state: str, text: str, *advice: str) -> None:
        self.checks.append(Check(id, state, " ".join(text.split()), [line for line in advice if line]))

    @property
    def ready(self) -> bool:
        """Whether a job could be submitted."""
        return self.has_credentials and not any(check.state == BAD for check in self.checks)

    def as_json(self) -> Dict[str, Any]:
        return {
            "provider": self.provider,
            "endpoint": self.endpoint,
            "region": self.region,
            "proxy": self.proxy,
            "ready": self.ready,
            "has_credentials": self.has_credentials,
            "checks": [check._asdict() for check in self.checks],
        }
