"""aigc config, and the profile that a command runs with."""

from __future__ import annotations

import argparse
import os
from contextlib import suppress
from typing import Dict, List, Optional

from .. import journal, profiles
from ..client import Client
from ..describe import _config_keys
from ..enums import Status
from ..errors import AigcError, InvalidArgumentError, JournalError, LibraryLoadError
from . import exits, options
from .output import Output

_WITH_PROVIDER = ("generate", "submit", "batch", "call", "list")


def choose(args: argparse.Namespace) -> None:
    """Names the profile, for this process, as a user of the package would: by AIGC_PROFILE. The choice is the first of
    --profile, -c profile=NAME, AIGC_PROFILE and what the file says. Without a file there is none."""
    if not hasattr(args, "profile") or (args.command == "config" and args.action != "show"):
        return
    named = args.profile if args.profile is not None else dict(getattr(args, "config", None) or []).get("profile")
    if named is not None:
        os.environ["AIGC_PROFILE"] = named or profiles.NONE
    if args.command in _WITH_PROVIDER and getattr(args, "provider", "") is None:
        with suppress(LibraryLoadError):  # A wrong command line is told first.
            # A journal says nothing about it, and that of a batch can be a server.
            args.provider = profiles.configuration({"journal.path": ""}).provider
        if args.provider is None and args.command != "batch":  # Its rows can name it.
            raise InvalidArgumentError(
                "--provider is missing: alibaba or tencent, or provider = \"...\" in the configuration file",
                status=Status.INVALID_ARGUMENT,
            )


def config(args: argparse.Namespace, output: Output) -> int:
    """keys, show, path or check."""
    actions = {"keys": _keys, "show": _show, "path": _path, "check": _check}
    return actions[args.action or "keys"](args, output)


def _keys(args: argparse.Namespace, output: Output) -> int:
    for row in _config_keys():
        text = f"{row.key:34} {row.type:24} {row.default or '-':20} {row.text}"
        output.result(text, vital=False, **{**row._asdict(), "key_type": row.type, "type": "key"})
    return exits.OK


def _show(args: argparse.Namespace, output: Output) -> int:
    """Every key with its value and who says so. Secrets are not shown."""
    found = profiles.configuration(options.settings(args))
    if found.profile is not None:
        output.note(f"aigc: profile {found.profile.name} of {found.profile.path}")
    rows = {row.key: row for row in found.values}
    for key in _config_keys():
        row = rows.get(key.key)
        if row is None and not args.all:
            continue
        value = key.default if row is None else "(secret)" if row.value is None else row.value
        source = "default" if row is None else row.source.replace("program", "command line")
        text = f"{key.key:34} {value or '-':30} {source}"
        output.result(text, vital=False, type="value", key=key.key, value=value, source=source)
    for (provider, operation), fields in sorted(found.profile.defaults.items() if found.profile else ()):
        for name, value in fields.items():
            text = f"{f'{provider}.{operation}.{name}':34} {value!s:30} profile {found.profile.name if found.profile else ''}"
            output.result(text, vital=False, type="field", provider=provider, operation=operation, name=name, value=value)
    return exits.OK


def _path(args: argparse.Namespace, output: Output) -> int:
    path = profiles.configuration(profile=profiles.NONE).file
    if path is None:
        why = "this program has more rights than its caller" if profiles.is_privileged() else "AIGC_CONFIG_FILE or HOME"
        output.note(f"aigc: there is no configuration file: {why}")
        return exits.FAILURE
    output.result(str(path), vital=False, type="path", path=str(path), exists=path.exists())
    if not path.exists():
        output.note("aigc: there is no such file; nothing is read")
    return exits.OK


def _check(args: argparse.Namespace, output: Output) -> int:
    """Every profile, and every value by the library's own checks: what is called good here, a client can be made of."""
    settings = options.settings(args)
    found = profiles.configuration(settings, profile=profiles.NONE)
    if found.file is None or not (found.file.exists() or found.file.is_symlink()):
        code = _path(args, output)
        _make(settings, None)  # What the environment and the command line say.
        return code
    if found.problem is not None:
        raise InvalidArgumentError(found.problem, status=Status.INVALID_ARGUMENT)
    codes: List[int] = []
    told = set()
    for name in [*found.profiles, None]:  # The last one: the profile that would be taken.
        try:
            one = profiles.configuration(settings, profile=name).profile
            _make(settings, name)
        except AigcError as error:
            if error.message not in told:
                output.error(error)
            told.add(error.message)
            codes.append(exits.of(error))
            continue
        if name is None or one is None:
            continue
        count = len(one.settings) + sum(map(len, one.defaults.values()))
        output.result(f"{name}: good, {count} values", vital=False, type="profile", name=name, values=count)
    return exits.worst(codes)


def _make(settings: Dict[str, str], profile: Optional[str]) -> None:
    """Raises what a client of these settings would raise: it is made, sends nothing, and is gone. A journal is only looked at."""
    named = profiles.configuration(settings, profile=profile).value("journal.path")
    Client({**settings, "journal.path": ""}, profile=profile).close(0)
    if not named or "://" in named:  # A server's is for batches only.
        return
    if journal.is_made(named):
        report = journal.check(named)
        if not report["ok"]:
            problems = "; ".join(report["problems"][:3])
            raise JournalError(f"the journal {named} is damaged: {problems}", status=Status.JOURNAL)
        return
    place = named if os.path.isdir(named) else os.path.dirname(os.path.abspath(named))
    if (place == named or not os.path.lexists(named)) and os.path.isdir(place) and os.access(place, os.W_OK | os.X_OK):
        return  # The first job makes it.
    Client({**settings, "journal.path": named}, profile=profile).close(0)  # Refused, and nothing is made.
