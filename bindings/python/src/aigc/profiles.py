"""The configuration file and its profiles, ~/.config/aigc/config.toml, as the library reads it.

    provider = "tencent"                    # what "aigc generate" takes without --provider
    profile = "work"                        # the file's own choice

    [profiles.work]
    journal.path = "~/cats"                 # configuration keys, as "aigc config keys" lists them
    tencent.region = "ap-guangzhou"

    [profiles.work.operations.tencent.aigc_image]
    count = 2                               # fields that a request does not set itself

Every client, in every language, takes the profile of its configuration key "profile" (here: its argument), then of the
variable AIGC_PROFILE, then the file's own choice; "none" stands for none. AIGC_CONFIG_FILE names another file, or "none". A
privileged program (setuid) reads none. No secret belongs in the file: the vendors' own credential files are the place for
those. This module says what a client would take, and makes none.
"""

from __future__ import annotations

import json
import os
from ctypes import byref, string_at
from pathlib import Path
from typing import Any, Dict, List, Mapping, NamedTuple, Optional, Tuple

from . import _config, _native
from ._call import Handle, call
from ._library import lib

NONE = "none"
_AT_SECURE = 23


class Value(NamedTuple):
    """A configuration key that is not left to its default."""

    key: str
    value: Optional[str]
    """None: a secret."""
    source: str
    """ "program", "environment NAME" or "profile NAME"."""


class Profile(NamedTuple):
    """One profile, found good."""

    name: str
    path: str
    """The file that it comes from."""
    settings: Dict[str, str]
    """Configuration keys that come from the profile: without those that the program or a variable sets."""
    defaults: Dict[Tuple[str, str], Dict[str, Any]]
    """For each (provider, operation): fields that a request does not set itself."""
    provider: Optional[str]
    """The provider that the command takes."""

    def fields(self, provider: str, operation: str) -> Dict[str, Any]:
        """What a request for that operation gets where it says nothing itself."""
        return dict(self.defaults.get((provider, operation), {}))


class Configuration(NamedTuple):
    """What a client would use, and who says so."""

    file: Optional[Path]
    """Where the file is, whether it exists or not; None: there is none for this process."""
    problem: Optional[str]
    """Why the file cannot be used, where no profile is asked for; otherwise that is an error."""
    profiles: List[str]
    """The profiles in the file."""
    profile: Optional[Profile]
    provider: Optional[str]
    """What the command takes without --provider."""
    values: List[Value]

    def value(self, key: str) -> Optional[str]:
        """What a key was set to; None if it has its default."""
        return next((row.value for row in self.values if row.key == key), None)


def configuration(
    config: Optional[Mapping[str, Any]] = None, *, profile: Optional[str] = None, **keys: Any
) -> Configuration:
    """What Client(config, profile=profile, **keys) would use. Raises what it would raise for the configuration."""
    settings = _config.build(config, keys, profile)
    pointer = _native.buffer_p()
    call(lib().aigc_config_report, settings, byref(pointer))
    buffer = Handle(pointer, lib().aigc_buffer_free)
    return _read(json.loads(string_at(lib().aigc_buffer_data(buffer), lib().aigc_buffer_size(buffer))))


def load(name: Optional[str] = None) -> Optional[Profile]:
    """The profile of that name, or the one that AIGC_PROFILE or the file itself names; None if there is none. Raises
    InvalidArgumentError for the first thing in the profile that means nothing, FileError if the file cannot be read."""
    return configuration(profile=name).profile


def is_privileged() -> bool:
    """Whether this process has more rights than its caller: the caller's files and variables count for nothing then."""
    if os.name != "posix":
        return False
    if os.getuid() != os.geteuid() or os.getgid() != os.getegid():
        return True
    try:
        import ctypes

        ask = ctypes.CDLL(None).getauxval
        ask.restype, ask.argtypes = ctypes.c_ulong, [ctypes.c_ulong]
        return bool(ask(_AT_SECURE))
    except (OSError, AttributeError):
        return False


def _read(document: Mapping[str, Any]) -> Configuration:
    values = [Value(row["key"], row["value"], row["source"]) for row in document["values"]]
    found: Optional[Profile] = None
    if document["profile"] is not None:
        defaults: Dict[Tuple[str, str], Dict[str, Any]] = {}
        for row in document["fields"]:
            defaults.setdefault((row["provider"], row["operation"]), {})[row["name"]] = row["value"]
        settings = {row.key: row.value or "" for row in values if row.source.startswith("profile ")}
        found = Profile(document["profile"], document["file"], settings, defaults, document["provider"])
    file = None if document["file"] is None else Path(document["file"])
    return Configuration(file, document["problem"], document["profiles"], found, document["provider"], values)
