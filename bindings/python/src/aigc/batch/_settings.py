"""The settings of a batch: as for every client the program's first, then the environment's, then those of a profile."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, Dict, Iterable, Optional, Union

from .. import profiles
from ..describe import _config_keys
from ..enums import Status
from ..errors import InvalidArgumentError
from ._shared import is_shared

PathLike = Union[str, "os.PathLike[str]"]

_JOURNAL = "journal.path"
_SUBMIT = "timeout.submit_ms"
_VARIABLE = "AIGC_JOURNAL"


class Settings:
    """What a program, the environment and a profile say together.

    journal: stands for the configuration key journal.path, and wins over it. Here it can also name a server.
    """

    def __init__(self, config: Optional[Mapping[str, Any]] = None, journal: Optional[PathLike] = None) -> None:
        if config is not None and not isinstance(config, Mapping):
            raise TypeError(f"config is a {type(config).__name__}: it is a dict of configuration keys")
        self.config: Dict[str, Any] = dict(config or {})
        """The configuration keys of the program, for a client: without a server."""
        self.url: Optional[str] = None
        """The server, where the journal is one that machines share."""
        if journal is not None and not isinstance(journal, (str, os.PathLike)):
            raise TypeError(f"journal is {journal!r}: it is the path of a folder, or postgresql://…")
        if journal is not None:
            self.config[_JOURNAL] = os.fsdecode(journal)
        given = self.config.get(_JOURNAL)
        if given is None and not profiles.is_privileged():
            variable = os.environ.get(_VARIABLE)
            given = variable if is_shared(variable) else None
        if is_shared(given):
            self.url, self.config[_JOURNAL] = str(given), ""
        elif isinstance(given, str) and "://" in given:
            raise InvalidArgumentError(
                f"the journal {given} cannot be used: it is a folder, or postgresql://… for one that machines share",
                status=Status.INVALID_ARGUMENT, field="journal",
            )
        self._found: Optional[profiles.Configuration] = None

    @property
    def found(self) -> profiles.Configuration:
        """What a client would use."""
        if self._found is None:
            self._found = profiles.configuration(self.config)
        return self._found

    @property
    def journal(self) -> Optional[str]:
        """The folder of the journal; None if nobody names one, or a server is named."""
        return self.found.value(_JOURNAL) or None

    @property
    def answer(self) -> float:
        """Seconds of one submission, at most."""
        (default,) = [row.default for row in _config_keys() if row.key == _SUBMIT]
        try:
            return int(self.found.value(_SUBMIT) or default or 60_000) / 1000
        except ValueError:  # The client refuses it, and says so.
            return 60.0

    def rates(self, providers: Iterable[str]) -> Dict[str, float]:
        """Submissions a second of each provider, over all machines."""
        known = {row.key: row.default for row in _config_keys()}
        rates: Dict[str, float] = {}
        for provider in providers:
            key = f"rate.{provider}.{'create' if provider == 'tencent' else 'submit'}_per_s"
            if key in known:
                rates[provider] = float(self.found.value(key) or known[key] or 0)
        return rates
