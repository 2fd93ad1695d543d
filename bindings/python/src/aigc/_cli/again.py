"""Commands that the command prints for its user: each works when it is pasted into the same shell, and holds no secret."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import sys
from typing import Collection, List, Mapping, NamedTuple, Optional, Sequence, Set

from ..describe import _config_keys
from . import options
from .grammar import Command, commands, options_in

# A user name and a password in a URL.
_USER = re.compile(r"//[^/]*@|^[^/]*@")
_PASSWORD = re.compile(r"//[^@]*:.*@|password", re.IGNORECASE)
_PLACES = ("proxy", "endpoint")
"""Parts of the names of keys whose values are such URLs."""


class Again:
    """What a further command has to repeat of this one's command line."""

    def __init__(self, args: Optional[argparse.Namespace] = None) -> None:
        self.secrets: List[str] = []
        """Configuration keys whose values are not repeated."""
        self._config: List[str] = []
        self._named: List[str] = []
        self._files: List[str] = []
        if args is None:
            return
        secret = secret_keys()
        pairs = list(getattr(args, "config", None) or [])
        if getattr(args, "endpoint", None):
            pairs.append((f"{args.provider}.endpoint", args.endpoint))
        for key, value in pairs:
            if is_told(key, value, secret):
                self._config.append(f"{key}={value}")
            else:
                self.secrets.append(key)
        for option in ("journal", "profile"):
            if getattr(args, option, None):
                self._named.append(f"--{option}={getattr(args, option)}")
        for index in getattr(args, "index", None) or ():
            self._files += [f"--index={index}"]
        if getattr(args, "out", None) is not None:
            self._files += [f"--out={args.out}"]
        if getattr(args, "name_template", None) is not None:
            self._files += [f"--name-template={args.name_template}"]
        if getattr(args, "overwrite", False):
            self._files += ["--overwrite"]

    def options(self) -> str:
        """The configuration keys, each on a line of its own behind a backslash."""
        words = [f"-c {shlex.quote(pair)}" for pair in self._config] + [shlex.quote(word) for word in self._named]
        return "".join(f" \\\n    {word}" for word in words)

    def command(self, name: str, which: str) -> str:
        """The command line; which: the jobs, quoted already."""
        pairs = [word for pair in self._config for word in ("-c", pair)]
        more = [*pairs, *self._named, *(self._files if name == "fetch" else [])]
        return " ".join([program(), name, which, *map(shlex.quote, more)])


class Line(NamedTuple):
    """A command line to repeat."""

    text: str
    """For a shell."""
    left_out: List[str]
    """What it does not say, because it is secret."""


def repeated(words: Sequence[str], secrets: Collection[str], without: Sequence[str] = ()) -> Line:
    """The line of a batch to repeat, without secrets, a limit of 0 and the options of `without`, which have a value. --again
    and --retry stay unless they are named there: until nothing is left, the same line pays no row of its own once more."""
    kept: List[str] = []
    left_out: List[str] = []
    for flag, value, spelt in options_in(words, _batch()):
        if flag in without or flag == "--limit" and not value.strip("0"):  # That would send nothing for ever.
            continue
        key, _, setting = value.partition("=") if flag == "--config" else ("journal", "", value)
        if flag in ("--config", "--journal") and not is_told(key, setting, secrets):
            left_out.append(key if flag == "--config" else flag)
        else:
            kept += spelt
    return Line(_line(kept), left_out)


def resolving(out: str, settings: Mapping[str, str], profile: Optional[str], secrets: Collection[str]) -> str:
    """The line that settles rows in doubt: with what leads to the journal. The environment says the same the next time."""
    words = [f"--out={out}"]
    named = settings.get("journal.path")
    if named and is_told("journal.path", named, secrets):
        words.append(f"--journal={named}")
    if profile is not None:
        words.append(f"--profile={profile}")
    return _line(["batch", "--resolve", *words])


def _batch() -> Command:
    (command,) = [row for row in commands(options.parser()) if row.words == ("batch",)]
    return command


def _line(words: Sequence[str]) -> str:
    return " ".join([program(), *map(shlex.quote, words)])


def secret_keys() -> Set[str]:
    """The configuration keys whose values are never shown."""
    return {row.key for row in _config_keys() if row.type == "secret"}


def is_told(key: str, value: str, secret: Collection[str]) -> bool:
    """Whether a configuration key may be shown on a screen. secret: the keys that never are."""
    if key.startswith("journal"):
        return not _PASSWORD.search(value)
    return key not in secret and not (any(part in key for part in _PLACES) and _USER.search(value))


def program() -> str:
    """How this program was started, for a shell: by its name where the shell would find the same."""
    started = sys.argv[0] if sys.argv else ""
    if os.path.basename(started) == "aigc" and os.path.isfile(started):
        found = shutil.which("aigc")
        if found is not None and os.path.samefile(found, started):
            return "aigc"
        return shlex.quote(os.path.abspath(started))
    return f"{shlex.quote(sys.executable)} -m aigc"
