"""Commands that the command prints for its user: each works when it is pasted into the same shell, and holds no secret."""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import sys
from copy import copy
from typing import Any, Collection, Iterator, List, Mapping, NamedTuple, Optional, Sequence, Set, Tuple

from .._config import _text
from ..describe import _config_keys
from . import options
from .grammar import Command, commands, options_in

# A user name and a password in a URL.
_USER = re.compile(r"//[^/]*@|^[^/]*@")
_PASSWORD = re.compile(r"//[^@]*:.*@|password", re.IGNORECASE)
_PLACES = ("proxy", "endpoint")
"""Parts of the names of keys whose values are such URLs."""


# A further command repeats every option of this one that it takes too, except these. So a new option of both is repeated.
_LOOKS = {"--help", "--json", "--quiet", "--verbose", "--log", "--timeout", "--progress"}
"""How a command shows things, and for how long somebody waits."""
_JOBS = {"--provider", "--operation", "--id", "--key"}
"""Which jobs: the further command names its own."""
_REQUEST = {"--set", "--json-field", "--prompt", "--prompt-file", "--image", "--image-url", "--bucket"}
"""What was asked for: that is submitted already."""
OWN = _LOOKS | _JOBS | _REQUEST
OWN_OF_BATCH = OWN | {"--name-template"}
"""The names of a batch are made of its columns, and those of the other commands are not."""
ROWS = OWN | {
    "--repeat", "--keep", "--map", "--drop", "--format", "--encoding", "--name-template", "--dry-run", "--max-jobs", "--yes",
    "--limit", "--price", "--retry", "--again", "--resolve", "--no-prompts",
}
"""What --resolve does not ask: its rows are in the journal."""


class Again:
    """What a further command has to repeat of this one's command line."""

    def __init__(self, args: Optional[argparse.Namespace] = None) -> None:
        self.secrets: List[str] = []
        """Configuration keys and options whose values are not repeated."""
        self._words: List[Tuple[str, str]] = []
        """Options by their long names, and their values."""
        self._own = OWN
        if args is None:
            return
        secret = secret_keys()
        words = list(args.words)
        if words[:1] == ["batch"]:
            self._own = OWN_OF_BATCH
        found = [(flag, value) for flag, value, _ in options_in(words, _command(words)) if flag]
        for _, value in [row for row in found if row[0] == "--endpoint"]:  # It wins over a key of -c.
            found.append(("--config", f"{args.provider}.endpoint={value}"))
        for flag, value in found:
            key, _, setting = value.partition("=") if flag == "--config" else ("journal", "", value)
            if flag in ("--config", "--journal") and not is_told(key, setting, secret):
                self.secrets.append(key if flag == "--config" else flag)
            elif flag != "--endpoint":
                self._words.append((flag, value))

    def without_journal(self) -> "Again":
        """The same, where the line names another journal or none."""
        other = copy(self)
        other._words = [
            (flag, value) for flag, value in self._words
            if flag != "--journal" and not (flag == "--config" and value.startswith("journal.path="))
        ]
        return other

    def options(self, name: str = "generate") -> str:
        """The options that another command takes, each on a line of its own behind a backslash."""
        return "".join(" \\\n    " + " ".join(map(shlex.quote, words)) for words in self._taken(name))

    def command(self, name: str, which: str) -> str:
        """The command line; name: "fetch" or "jobs resume"; which: the jobs, quoted already."""
        words = [word for words in self._taken(name) for word in words]
        return " ".join([word for word in (program(), name, which) if word] + list(map(shlex.quote, words)))

    def _taken(self, name: str) -> Iterator[List[str]]:
        takes = {flag: bool(row.metavar) for row in _command(name.split()).options for flag in row.flags}
        for flag, value in self._words:
            if flag in takes and flag not in self._own:
                yield ["-c", value] if flag == "--config" else [f"{flag}={value}" if takes[flag] else flag]


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
    for flag, value, spelt in options_in(words, _command(["batch"])):
        if flag in without or flag == "--limit" and not value.strip("0"):  # That would send nothing for ever.
            continue
        key, _, setting = value.partition("=") if flag == "--config" else ("journal", "", value)
        if flag in ("--config", "--journal") and not is_told(key, setting, secrets):
            left_out.append(key if flag == "--config" else flag)
        else:
            kept += spelt
    return Line(_line(kept), left_out)


def resolving(words: Sequence[str], secrets: Collection[str]) -> str:
    """The line that settles rows in doubt: with what leads to the journal of a batch, and says how old a doubt has to be. The
    environment says the same the next time."""
    again = Again(argparse.Namespace(words=list(words), provider=None))
    again._own = ROWS
    return again.command("batch", "--resolve")


def words_of(out: str, config: Mapping[str, Any]) -> List[str]:
    """The command line of a batch that a program runs with these configuration keys."""
    pairs = [f"{key}={_text(key, value)}" for key, value in config.items() if value is not None]
    return ["batch", f"--out={out}", *(word for pair in pairs for word in ("-c", pair))]


def _command(words: Sequence[str]) -> Command:
    """The command that a line calls."""
    found = [row for row in commands(options.parser()) if tuple(words[: len(row.words)]) == row.words]
    return max(found, key=lambda row: len(row.words))


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
